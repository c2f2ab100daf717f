// When a worker of the test runner has nothing left to do, its event loop is empty. That is the end of the tests, not a
// deadlock of what they left awaiting, so the check of EN-2 is off here; test/node/ends.test.ts runs it in processes.

import { replaceHost } from "millrace/host";

replaceHost({ whenEmpty() {} });
