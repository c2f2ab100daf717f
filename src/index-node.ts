// `millrace` in Node: as elsewhere, and two things more. What plain code still awaits fails when the event loop is empty, and tasks
// keep the context of the host.

import { watchEndOfLoop } from "./lifetime/end-of-loop.js";
import { followHostContext } from "./lifetime/host-context.js";

export * from "./index.js";

watchEndOfLoop(followHostContext());
