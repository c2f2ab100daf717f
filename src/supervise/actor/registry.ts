// Names of actors. A name vanishes with its actor.

import { Operation, type WaitsFor } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { Waiters } from "../../operation/waiters.js";
import { shown } from "../../structures/errors.js";
import { ChildError } from "../errors.js";
import type { Actor } from "../types.js";
import { assertActor, endOf } from "./monitor.js";

/**
 * Names for actors, made by {@link registry}.
 *
 * @typeParam Names - For each name the type of the messages of its actor.
 */
export interface Registry<Names extends object> {
  /**
   * Gives an actor a name, until the actor ends or the result is disposed of. An actor may have several names.
   *
   * @throws ChildError, `"already-started"`, if the name is taken.
   */
  register<N extends keyof Names & string>(name: N, actor: Actor<Names[N]>): Disposable;
  /** The actor of a name; undefined if there is none. */
  get<N extends keyof Names & string>(name: N): Actor<Names[N]> | undefined;
  /**
   * Waits for an actor of a name.
   *
   * Parks when: the name is free. Yields: the actor. If cancelled: it stops waiting.
   */
  whenRegistered<N extends keyof Names & string>(name: N): Operation<Actor<Names[N]>>;
  /** The names that are taken, in the order in which they were. */
  names(): (keyof Names & string)[];
}

interface Entry {
  readonly actor: Actor<never>;
  readonly ended: Disposable;
}

class Names {
  readonly entries = new Map<string, Entry>();
  readonly waiting = new Map<string, Waiters>();

  register(name: string, actor: Actor<never>): Disposable {
    if (typeof name !== "string") throw new TypeError(`Cannot register: a name must be a string, got ${shown(name)}`);
    assertActor(`register ${name}`, actor);
    if (this.entries.has(name))
      throw new ChildError(`Cannot register ${name}: the name must be free, got one that is taken`, "already-started");
    const free = (): void => {
      if (this.entries.get(name) !== entry) return;
      this.entries.delete(name);
      entry.ended[Symbol.dispose]();
    };
    let over = false;
    const ended = upon(endOf(actor), () => {
      over = true;
      if (this.entries.get(name)?.actor === actor) this.entries.delete(name);
    });
    const entry: Entry = { actor, ended };
    if (!over) {
      this.entries.set(name, entry);
      this.waiting.get(name)?.completeAll(actor);
      this.waiting.delete(name);
    }
    return { [Symbol.dispose]: free };
  }

  get(name: string): Actor<never> | undefined {
    return this.entries.get(name)?.actor;
  }

  whenRegistered(name: string): Operation<Actor<never>> {
    return new Registered(this, name);
  }

  names(): string[] {
    return [...this.entries.keys()];
  }
}

class Registered extends Operation<Actor<never>> {
  private readonly _names: Names;
  private readonly _name: string;

  constructor(names: Names, name: string) {
    super();
    this._names = names;
    this._name = name;
  }

  poll(): boolean {
    this.value = this._names.get(this._name);
    return this.value !== undefined;
  }

  block(): void {
    const { waiting } = this._names;
    let waiters = waiting.get(this._name);
    if (waiters === undefined) waiting.set(this._name, (waiters = new Waiters()));
    waiters.join(this);
  }

  override unblock(): void {
    const { waiting } = this._names;
    const waiters = waiting.get(this._name);
    waiters?.leave(this);
    if (waiters?.first === null) waiting.delete(this._name);
  }

  override waitsFor(): WaitsFor {
    return { what: `an actor with the name ${this._name}`, external: false };
  }
}

/**
 * Makes a registry: names for actors, with the type of messages for each name. A name vanishes when its actor ends. There is no global
 * registry; make one where the actors that share it are made.
 *
 * @typeParam N - For each name the type of the messages of its actor.
 * @example
 * ```ts
 * import { actor, registry } from "millrace/supervise";
 *
 * const names = registry<{ logger: string; counter: number }>();
 * names.register("logger", actor((line: string) => console.log(line))); // started
 * const logger = await names.whenRegistered("logger");
 * await logger.send("started");
 * await logger.stop();
 * console.log(names.names().length); // 0
 * ```
 */
export function registry<N extends object>(): Registry<N> {
  return new Names() as unknown as Registry<N>;
}
