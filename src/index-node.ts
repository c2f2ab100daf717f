// `millrace` in Node: as elsewhere, and three things more. What plain code still awaits fails when the event loop is empty, tasks
// keep the context of the host, and in development there are warnings of operations that are never performed.

import { watchEndOfLoop } from "./lifetime/end-of-loop.js";
import { followHostContext } from "./lifetime/host-context.js";
import { isDevelopment, warnInProcess } from "./lifetime/warnings.js";

export * from "./index.js";

watchEndOfLoop(followHostContext());
if (isDevelopment()) warnInProcess();
