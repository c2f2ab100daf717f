// Gives a test an empty scheduler: its state is set aside, and restored afterwards. No other file accesses the private fields of
// the scheduler.

import { PlainPerformance } from "../../operation/plain-performance.js";
import { Alarms } from "../../scheduler/alarms.js";
import type { Host } from "../../scheduler/host.js";
import { Path } from "../../scheduler/path.js";
import type { Policy, Runnable } from "../../scheduler/roles.js";
import { scheduler } from "../../scheduler/scheduler.js";
import { Bag } from "../../structures/bag.js";
import { Ring } from "../../structures/ring.js";
import { Task } from "../../task/task.js";

/** Whether a task, or an `await` of plain code, is one of the isolated program. */
type IsOwn = (entry: Task<unknown> | PlainPerformance<unknown>) => boolean;

/**
 * The run queue of an isolated program. While the program waits for its own promises, those of other code may resume tasks of that
 * code: they wait in the queue that was set aside.
 */
class OwnQueue extends Ring<Runnable> {
  private readonly _isOwn: IsOwn;
  private readonly _aside: () => Ring<Runnable>;

  constructor(isOwn: IsOwn, aside: () => Ring<Runnable>) {
    super(64);
    this._isOwn = isOwn;
    this._aside = aside;
  }

  override push(entry: Runnable): void {
    if (!(entry instanceof Task || entry instanceof PlainPerformance) || this._isOwn(entry)) super.push(entry);
    else this._aside().push(entry);
  }
}

/** The state of a scheduler that has nothing to do. */
const afresh = (): State => ({
  ...{
    current: null,
    streak: 0,
    root: new Path(null, "", 0),
    maker: null,
    notices: null,
    cancelled: { ending: 0, cleaning: 0 },
    seekers: null,
  },
  ...{
    _young: new Bag(),
    _old: new Bag(),
    _alarms: new Alarms(),
    _failures: [],
    _later: [],
    _unheld: [],
  },
  _background: new Alarms(true),
});

type State = Record<string, unknown>;

/** What is set aside. */
const ASIDE: readonly string[] = [...Object.keys(afresh()), "_ready"];

/** The scheduler with an empty state, a host and a policy of its own. To dispose of it drops all tasks that were started in it. */
export class Isolation implements Disposable {
  private readonly _host: Host;
  private readonly _outer: Host;
  /** The state that was set aside. */
  private _kept: State;

  constructor(host: Host, policy: Policy, isOwn: IsOwn) {
    this._host = host;
    this._outer = scheduler.host;
    // From here on, what other code performs is resumed by a task, or by an `await` of plain code.
    scheduler.identifyAll();
    this._kept = setAside(this._outer);
    const aside = (): Ring<Runnable> => this._kept._ready as Ring<Runnable>;
    become(host, { ...afresh(), policy, _ready: new OwnQueue(isOwn, aside) });
  }

  [Symbol.dispose](): void {
    become(this._outer, this._kept);
  }

  /** Does some work in the state that was set aside, as other code of the process may use the scheduler meanwhile. */
  async apart<R>(work: () => Promise<R>): Promise<R> {
    const inside = setAside(this._host);
    become(this._outer, this._kept);
    try {
      return await work();
    } finally {
      this._kept = setAside(this._outer);
      become(this._host, inside);
    }
  }
}

/** The present state of the scheduler, of which no timer is set any more. */
function setAside(host: Host): State {
  const inside = scheduler as unknown as State & { readonly _alarms: Alarms; readonly _background: Alarms };
  const state: State = { policy: scheduler.policy };
  for (const name of ASIDE) state[name] = inside[name];
  inside._alarms.disarm(host);
  inside._background.disarm(host);
  return state;
}

function become(host: Host, state: State): void {
  Object.assign(scheduler, state, { host, parked: null });
  scheduler.wakeOn();
}
