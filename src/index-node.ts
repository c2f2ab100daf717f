// `millrace` in Node: as elsewhere, and what plain code still awaits fails when the event loop is empty.

import { watchEndOfLoop } from "./lifetime/end-of-loop.js";

export * from "./index.js";

watchEndOfLoop();
