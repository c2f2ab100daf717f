// `millrace` in Node: as elsewhere (see index-whole.ts), and three things more. What plain code still awaits fails when the event loop is empty, tasks
// keep the context of the host, and in development there are warnings of operations that are never performed.

import { watchEndOfLoop } from "./lifetime/end-of-loop.js";
import { followHostContext } from "./lifetime/host-context.js";
import { isDevelopment, warnInProcess } from "./lifetime/warnings.js";
import { followHost } from "./scheduler/whole-host.js";

export * from "./index.js";

followHost();
watchEndOfLoop(followHostContext());
if (isDevelopment()) warnInProcess();
