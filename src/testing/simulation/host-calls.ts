// What a program under test asks of the host, past the scheduler: the date, random numbers, timers, requests. While the code of the
// program runs, the global functions for it are replaced. The date is that of the virtual clock. What would happen outside of the
// program, such as a timer of the host, cannot be explored, and is refused.
//
// The functions are replaced only while code of the program runs, never while other code of the process may.

/** Thrown if a program does something, or waits for something, that cannot be explored: a timer of the host, I/O. */
export class Escaped extends Error {}

/** The answers to a program. */
export interface HostAnswers {
  /** The time of `Date`, and of `performance.now()`, in milliseconds. */
  date(): number;
  time(): number;
  /** A number for `Math.random()`. */
  random(): number;
  /** Called when the program begins something outside of it; null if it may. */
  readonly outside: ((what: string, instead: string) => never) | null;
  /** Called with what a listener of an event throws, which the host would report later. */
  threw?(error: unknown): void;
  /** Called when the program makes one signal of several. */
  combine?(signals: readonly unknown[]): void;
}

/** What to use instead of timers, of requests and of random numbers. */
const TIME = "use sleep(), timeout() or a ticker";
const EVENTS = "give the program what would come from there over a channel, and choose() among the possible values";
export const CHANCE = "use choose() with the values that matter";

/** Global functions and classes that begin something outside of a program. */
const DOORS: Readonly<Record<string, string>> = {
  ...{
    setTimeout: TIME,
    setInterval: TIME,
    setImmediate: TIME,
    requestAnimationFrame: TIME,
    requestIdleCallback: TIME,
  },
  ...{ fetch: EVENTS, XMLHttpRequest: EVENTS, WebSocket: EVENTS, EventSource: EVENTS, Worker: EVENTS },
  ...{ MessageChannel: EVENTS, BroadcastChannel: EVENTS },
};

type Globals = Record<string, unknown>;

type Listener = EventListenerOrEventListenerObject;

const isListener = (given: unknown): given is Listener =>
  typeof given === "function" || (typeof given === "object" && given !== null);

/** A listener whose exceptions do not get to the host. */
function guarded(listener: Listener, threw: (error: unknown) => void): EventListener {
  return function (this: unknown, event) {
    try {
      if (typeof listener === "function") listener.call(this as never, event);
      else listener.handleEvent(event);
    } catch (error) {
      threw(error);
    }
  };
}

/** A property that is replaced. */
interface Replaced {
  readonly owner: Globals;
  readonly name: string;
  readonly by: unknown;
  kept: PropertyDescriptor | undefined;
}

export class HostCalls {
  private readonly _replaced: Replaced[];
  private _depth: number;

  constructor(answers: HostAnswers) {
    this._replaced = [];
    this._depth = 0;
    const globals = globalThis as unknown as Globals;
    this._replace(
      globals,
      "Date",
      dateAt(Date, () => answers.date()),
    );
    if (typeof performance === "object") this._replace(ownerOf(performance, "now"), "now", () => answers.time());
    this._replace(Math as unknown as Globals, "random", () => answers.random());
    if (answers.combine !== undefined && typeof AbortSignal === "function" && "any" in AbortSignal) {
      const { any } = AbortSignal;
      this._replace(AbortSignal as unknown as Globals, "any", (signals: Iterable<AbortSignal>) => {
        const all = [...signals];
        answers.combine!(all);
        return any.call(AbortSignal, all);
      });
    }
    if (answers.threw !== undefined && typeof EventTarget === "function") this._replaceListening(answers.threw);
    const { outside } = answers;
    if (outside === null) return;
    for (const [name, instead] of Object.entries(DOORS)) {
      const refuse = (): never => outside(`${name}()`, instead);
      const door = new Proxy(class {}, { apply: refuse, construct: refuse });
      if (typeof globals[name] === "function") this._replace(globals, name, door);
    }
    if (typeof AbortSignal === "function" && "timeout" in AbortSignal)
      this._replace(AbortSignal as unknown as Globals, "timeout", () => outside("AbortSignal.timeout()", TIME));
  }

  /** Listeners of the program get an exception handler of their own. */
  private _replaceListening(threw: (error: unknown) => void): void {
    const { addEventListener, removeEventListener } = EventTarget.prototype;
    const guards = new WeakMap<Listener, EventListener>();
    const guardOf = (listener: Listener): EventListener => {
      const guard = guards.get(listener) ?? guarded(listener, threw);
      guards.set(listener, guard);
      return guard;
    };
    const owner = EventTarget.prototype as unknown as Globals;
    this._replace(
      owner,
      "addEventListener",
      function (this: EventTarget, type: string, listener: unknown, how?: never) {
        addEventListener.call(this, type, isListener(listener) ? guardOf(listener) : (listener as null), how);
      },
    );
    this._replace(
      owner,
      "removeEventListener",
      function (this: EventTarget, type: string, listener: unknown, how?: never) {
        removeEventListener.call(this, type, listener as null, how);
        if (isListener(listener)) removeEventListener.call(this, type, guardOf(listener), how);
      },
    );
  }

  private _replace(owner: Globals, name: string, by: unknown): void {
    const { configurable = false } = Object.getOwnPropertyDescriptor(owner, name) ?? {};
    if (configurable) this._replaced.push({ owner, name, by, kept: undefined });
  }

  /** Code of the program begins to run. Calls may be nested. */
  enter(): void {
    if (this._depth++ > 0) return;
    for (const each of this._replaced) {
      const { owner, name, by } = each;
      const kept = Object.getOwnPropertyDescriptor(owner, name);
      each.kept = kept;
      if (kept?.writable === true) owner[name] = by;
      else Object.defineProperty(owner, name, { value: by, configurable: true, enumerable: kept?.enumerable === true });
    }
  }

  leave(): void {
    if (--this._depth > 0) return;
    for (const { owner, name, kept } of this._replaced) {
      if (kept?.writable === true) owner[name] = kept.value;
      else if (kept !== undefined) Object.defineProperty(owner, name, kept);
    }
  }

  /** Does work during which code of the program runs again and again: to replace the functions takes longer than a step of it. */
  within<R>(work: () => R): R {
    this.enter();
    try {
      return work();
    } finally {
      this.leave();
    }
  }

  /** Lets microtasks run that code of the program has begun. Returns early when `arrived` says so. */
  async settle(arrived: () => boolean, most: number): Promise<void> {
    this.enter();
    try {
      for (let ticks = most; ticks > 0 && !arrived(); ticks--) await null;
    } finally {
      this.leave();
    }
  }
}

/** Microtasks in a row that a body usually takes between two operations, and far more than any takes. */
export const SOME_TICKS = 64;
export const ALL_TICKS = 10_000;

/** The object in the chain of prototypes that has a property. */
function ownerOf(object: object, name: string): Globals {
  let owner: object | null = object;
  while (owner !== null && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner) as object | null;
  return (owner ?? object) as Globals;
}

/** `Date` with another clock. Its instances are those of the real one. */
function dateAt(real: DateConstructor, now: () => number): DateConstructor {
  const dated: DateConstructor = new Proxy(real, {
    get: (target, key, receiver) => (key === "now" ? now : Reflect.get(target, key, receiver)),
    apply: () => new real(now()).toString(),
    construct: (target, args, made) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, made === dated ? target : made) as object,
  });
  return dated;
}
