// One life of a worker, as its parent sees it: a thread or process, the connection to it, and the routine that lasts as long as both.
//
// The whole life is two questions. The first is answered when the file of the worker has called `expose`, the second when its `main`
// has ended: with what it returned, or with what it threw. A third one asks the worker to stop. To give up the second would not do: a
// question that is given up before its handler has had a turn is never handled.

import { alt } from "../choice/select.js";
import { settled } from "../operation/bridge.js";
import type { Operation, Routine } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { connect } from "../remote/connect.js";
import type { Connection } from "../remote/connection.js";
import { Ending, KILLED, nothing } from "../supervise/exit.js";
import { sleep } from "../time/sleep.js";
import { type Spawned, spawn } from "./spawn.js";
import type { WorkerOptions, WorkerSource } from "./types.js";

/** The names of the questions. */
export const READY = "millrace/ready";
export const MAIN = "millrace/main";
export const STOP = "millrace/stop";

/** Milliseconds to begin, and milliseconds for what `main` has left behind, such as output that is being written. */
const BEGINS_WITHIN = 30_000;
const LINGERS = 500;

export class Life<T> {
  readonly connection: Connection;
  private readonly _spawned: Spawned;
  private readonly _gone: Ending;

  constructor(source: WorkerSource, options: WorkerOptions, name: string) {
    const spawned = spawn(source, options, name);
    this._spawned = spawned;
    this._gone = new Ending();
    this.connection = connect(spawned.like, { name, limits: { handshake: BEGINS_WITHIN, ...options.limits } });
    spawned.whenGone(() => this._gone.end(KILLED));
  }

  /** Lasts until the worker is gone. If cancelled, the worker is asked to stop; if by force, it is killed. */
  *run(ready: () => void): Routine<T> {
    const { connection } = this;
    // Asked at once, so that the worker can tell its parent from one that has connected by itself.
    let asked: Disposable | undefined;
    const main = new Promise<T>((resolve, reject) => {
      asked = upon(connection.ask<undefined, T>(MAIN, undefined), resolve, reject);
    });
    main.catch(nothing);
    let answered = false;
    try {
      yield* connection.ask<undefined, void>(READY, undefined);
      ready();
      const value = yield* settled(main);
      answered = true;
      return value;
    } catch (error) {
      answered = true;
      throw error;
    } finally {
      asked?.[Symbol.dispose]();
      if (!answered) upon(connection.ask(STOP, undefined), nothing, nothing);
      yield* this.farewell(answered);
    }
  }

  kill(): void {
    this._spawned.kill();
  }

  /** Waits until the worker is gone. */
  private *farewell(answered: boolean): Routine<void> {
    try {
      const { connection } = this;
      // Its connection is closed here when it has answered, and there when it has stopped. One that is lost has nothing left to do.
      const isLost = answered && connection.closed;
      if (answered) connection.close();
      else yield* alt(this.gone(), connection.whenClosed());
      if (!isLost && this._spawned.tellsEnd) yield* alt(this.gone(), sleep(LINGERS));
    } finally {
      this.end();
    }
  }

  /** Lets nothing of it remain. */
  end(): void {
    this.connection.close();
    if (this._gone.exit === null) this._spawned.kill();
  }

  private gone(): Operation<unknown> {
    return this._gone.watch(`worker ${this.connection.name}`);
  }
}
