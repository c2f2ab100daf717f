// A scheduler with nothing to do, for as long as a test takes: what it had is set aside and put back. This is the one place
// that reaches into it.

import { Alarms } from "../../scheduler/alarms.js";
import type { Host } from "../../scheduler/host.js";
import { Path } from "../../scheduler/path.js";
import type { Policy } from "../../scheduler/roles.js";
import { scheduler } from "../../scheduler/scheduler.js";
import { List } from "../../structures/list.js";
import { Ring } from "../../structures/ring.js";

/** All that the scheduler has to do, and knows of who does it. */
const afresh = (): Record<string, unknown> => ({
  ...{ current: null, root: new Path(null, "", 0), maker: null, ending: 0, young: new List() },
  ...{ _ready: new Ring(64), _old: new List(), _alarms: new Alarms(), _failures: [] },
});

/**
 * Sets everything aside, as if nothing had been started yet, on a host and under a policy; disposing of the result drops what
 * was started since, and goes on with the rest.
 */
export function isolate(host: Host, policy: Policy): Disposable {
  const inside = scheduler as unknown as Record<string, unknown> & { readonly _alarms: Alarms };
  const outer = scheduler.host;
  const kept: Record<string, unknown> = { policy: scheduler.policy };
  for (const name of Object.keys(afresh())) kept[name] = inside[name];
  inside._alarms.disarm(outer);
  become(host, { ...afresh(), policy });
  return { [Symbol.dispose]: () => become(outer, kept) };
}

function become(host: Host, state: Record<string, unknown>): void {
  Object.assign(scheduler, state, { host, parked: null, streak: 0 });
  scheduler.wakeOn();
}
