// Children that do as a test says, and a log of what they do.

import { type Channel, CLOSED, channel, go, type Routine, sleep } from "millrace";
import type { ChildContext, Supervisor, SupervisorEvent } from "millrace/supervise";
import { virtualTime } from "../support/virtual.js";

/** Runs a go block in virtual time to its end, and returns its result. */
export async function inVirtualTime<T>(body: () => Routine<T>): Promise<T> {
  using time = virtualTime();
  const task = go(body);
  let over = false;
  const outcome = task.then(
    (value) => {
      over = true;
      return value;
    },
    (error) => {
      over = true;
      throw error;
    },
  );
  outcome.catch(() => {});
  for (let steps = 0; steps < 100 && !over; steps++) await time.advance(1_000);
  if (!over) throw new Error(`The test is stuck: ${task}`);
  return outcome;
}

/** What a child is told to do. */
export type Order = "return" | "ignore" | { readonly error: unknown } | { readonly wait: number };

export class Stage {
  readonly log: string[] = [];
  private readonly _orders = new Map<string, Channel<Order>>();
  private readonly _failing = new Map<string, number>();
  private readonly _stopping = new Map<string, (name: string) => Routine<void>>();

  /** A body that logs its start and its end, and waits for orders. */
  readonly body = (name: string): ((context: ChildContext) => Routine<unknown>) => {
    const stage = this;
    const orders = this._ordersOf(name);
    return function* (context): Routine<unknown> {
      const failing = stage._failing.get(name) ?? 0;
      if (failing > 0) {
        stage._failing.set(name, failing - 1);
        stage.log.push(`!${name}`);
        throw new Error(`${name} cannot start`);
      }
      stage.log.push(`+${name}`);
      context.ready();
      try {
        for (let order: Order | typeof CLOSED; (order = yield* orders.receive()) !== CLOSED; ) {
          if (typeof order === "object" && "error" in order) throw order.error;
          if (order === "return") return name;
          if (typeof order === "object") yield* sleep(order.wait);
        }
        return name;
      } finally {
        const stopping = stage._stopping.get(name);
        if (stopping !== undefined) yield* stopping(name);
        stage.log.push(`-${name}`);
      }
    };
  };

  /** The bodies of several children by their names. */
  bodies(...names: string[]): Record<string, (context: ChildContext) => Routine<unknown>> {
    return Object.fromEntries(names.map((name) => [name, this.body(name)]));
  }

  /** Tells a child what to do, and lets everything happen that follows without time. */
  *tell(name: string, order: Order): Routine<void> {
    this._ordersOf(name).trySend(order);
    yield* sleep(0.001);
  }

  fail(name: string, error: unknown = new Error(`${name} failed`)): Routine<void> {
    return this.tell(name, { error });
  }

  /** The next `times` starts of a child fail. */
  failStarts(name: string, times: number): void {
    this._failing.set(name, times);
  }

  /** What a child does in its `finally`. */
  whenStopping(name: string, body: (name: string) => Routine<void>): void {
    this._stopping.set(name, body);
  }

  /** Returns the log so far, and clears it. */
  seen(): string {
    return this.log.splice(0).join(" ");
  }

  private _ordersOf(name: string): Channel<Order> {
    let orders = this._orders.get(name);
    if (orders === undefined) this._orders.set(name, (orders = channel(16)));
    return orders;
  }
}

/** The events that a supervisor has told so far, each as a short text. */
export function eventsOf(supervisor: Supervisor): string[] {
  const texts: string[] = [];
  for (let event; typeof (event = supervisor.events.tryReceive()) === "object"; ) texts.push(textOf(event));
  return texts;
}

export function textOf(event: SupervisorEvent): string {
  const name = event.path.join("/");
  switch (event.type) {
    case "started":
      return `started ${name} ${event.incarnation}`;
    case "exited":
      return `exited ${name} ${event.exit.kind}`;
    case "restarting":
      return `restarting ${name} after ${event.delay}`;
    case "gave-up":
      return `gave up ${name}`;
    case "shutdown-error":
      return `shutdown error ${name} ${event.exit.kind}`;
  }
}

/** What an operation throws. */
export function* thrownBy(operation: Routine<unknown>): Routine<unknown> {
  try {
    yield* operation;
  } catch (error) {
    return error;
  }
  throw new Error("It did not throw");
}
