// The work in a thread of threads.js.

import { expose } from "threads/worker";
import { digest, spin } from "./parallel-work.mjs";

expose({ digest, spin });
