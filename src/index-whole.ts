// `millrace` outside of the bundle of a page in production: as there, and it follows tools that fake timers, and hosts that are no
// pages.

import { followHost } from "./scheduler/whole-host.js";

export * from "./index.js";

followHost();
