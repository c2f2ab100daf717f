// Gives a test an empty scheduler: its state is set aside, and restored afterwards. No other file accesses the private fields of
// the scheduler.

import { Alarms } from "../../scheduler/alarms.js";
import type { Host } from "../../scheduler/host.js";
import { Path } from "../../scheduler/path.js";
import type { Policy } from "../../scheduler/roles.js";
import { scheduler } from "../../scheduler/scheduler.js";
import { List } from "../../structures/list.js";
import { Ring } from "../../structures/ring.js";

/** The state of a scheduler that has nothing to do. */
const afresh = (): Record<string, unknown> => ({
  ...{
    current: null,
    root: new Path(null, "", 0),
    maker: null,
    notices: null,
    ending: 0,
    cleaning: 0,
    young: new List(),
    seekers: null,
  },
  ...{ _ready: new Ring(64), _old: new List(), _alarms: new Alarms(), _failures: [], _later: [], _unheld: [] },
  _background: new Alarms(true),
});

/**
 * Sets the state of the scheduler aside, and gives it an empty state, a host and a policy. To dispose of the result is to drop
 * all tasks that were started since, and to restore the state.
 */
export function isolate(host: Host, policy: Policy): Disposable {
  const inside = scheduler as unknown as Record<string, unknown> & {
    readonly _alarms: Alarms;
    readonly _background: Alarms;
  };
  const outer = scheduler.host;
  const kept: Record<string, unknown> = { policy: scheduler.policy };
  for (const name of Object.keys(afresh())) kept[name] = inside[name];
  inside._alarms.disarm(outer);
  inside._background.disarm(outer);
  become(host, { ...afresh(), policy });
  return { [Symbol.dispose]: () => become(outer, kept) };
}

function become(host: Host, state: Record<string, unknown>): void {
  Object.assign(scheduler, state, { host, parked: null, streak: 0 });
  scheduler.wakeOn();
}
