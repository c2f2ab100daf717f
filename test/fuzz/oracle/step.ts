// What one turn of a task does to a state, and what the passing of time does. Everything that is left open (which case of a
// select, which parked operation is served) is a decision, which the caller makes.

import type { Case, Code, Instruction, Operand } from "./bytecode.js";
import {
  type Alarm,
  BETWEEN,
  type Chan,
  CLOSED,
  type Completion,
  caseOf,
  copyChannel,
  copyTask,
  EMPTY,
  entryOf,
  type Frame,
  type Lock,
  NOTHING,
  OVER,
  PARKED,
  READY,
  type Region,
  START,
  type State,
  type Task,
  TRYING,
  taskOf,
  type Value,
} from "./state.js";

/** Thrown if a task runs on without parking. */
export class Busy extends Error {}

/** The most instructions of one turn. */
const MOST = 2000;

// Indices of `Task.made`.
const TASKS = 0;
const CHANNELS = 1;
const TIMERS = 2;
const CELLS = 3;
const OBJECTS = 4;
const LOCKS = 5;

/** How programs are interpreted. */
export interface Semantics {
  /**
   * Whether an operation may be late, even after plain code that stands before it, and parked operations are served in any order.
   * Otherwise an operation may give way after it completes, and parked operations are served first in, first out.
   */
  readonly high: boolean;
  /** Whether a task may give way at an operation that is ready from the start, too, and at the begin of a round. */
  readonly givesWayAlways: boolean;
  /** Whether the names of things that no code refers to any more are used again. */
  readonly recycles: boolean;
}

/** Numbers for names, the same in all states. */
export class Names {
  private readonly _ids = new Map<string, number>();
  private readonly _counts = new Map<string, number>();

  id(kind: string, maker: number, nth: number): number {
    const key = `${kind}${maker}/${nth}`;
    let id = this._ids.get(key);
    if (id === undefined) {
      id = this._counts.get(kind) ?? 0;
      this._counts.set(kind, id + 1);
      this._ids.set(key, id);
    }
    return id;
  }
}

export const reference = (kind: string, id: number): string => `@${kind}${id}`;
const idOf = (value: Value): number => Number((value as string).slice(2));

/** The text of a value in a log. */
const textOf = (value: Value): string => (typeof value === "string" && value[0] === "@" ? "object" : String(value));

export function newTask(id: number, frames: Frame[], home: number, daemon: boolean, region: Region | null): Task {
  return {
    ...{ id, daemon, home, frames, status: START, won: -2, got: NOTHING, throws: false, open: 0, child: -1 },
    ...{ cancelled: false, stopping: false, cleaning: false, forced: false, ended: "", result: "", handled: false },
    ...{ made: [0, 0, 0, 0, 0, 0], region, key: null },
  };
}

export function newFrame(code: Code, slots: readonly Value[]): Frame {
  return { code, pc: 0, slots: slots.slice(), log: "", guards: [], pending: [], caught: "" };
}

export class Step {
  private readonly _semantics: Semantics;
  private readonly _names: Names;
  /** The decisions, and how many there were at each. */
  readonly taken: number[];
  readonly options: number[];
  private _at: number;
  private _state: State;
  /** Tasks and channels that are copies of this step. */
  private readonly _own: Set<object>;
  private _running: number;
  private _instructions: number;

  constructor(semantics: Semantics, names: Names) {
    this._semantics = semantics;
    this._names = names;
    this.taken = [];
    this.options = [];
    this._at = 0;
    this._state = null as never;
    this._own = new Set();
    this._running = -1;
    this._instructions = 0;
  }

  /** All states that some work on a copy of a state leads to, one for each combination of decisions. */
  each(state: State, work: (step: Step) => void, then: (next: State) => void): void {
    this.taken.length = this.options.length = 0;
    for (;;) {
      this._at = 0;
      this._own.clear();
      this._state = state.copy();
      this._instructions = 0;
      work(this);
      then(this._state);
      for (;;) {
        const last = this.taken.length - 1;
        if (last < 0) return;
        if (++this.taken[last]! < this.options[last]!) break;
        this.taken.pop();
        this.options.pop();
      }
    }
  }

  private _decide(options: number): number {
    if (options <= 1) return 0;
    if (this._at === this.taken.length) {
      this.taken.push(0);
      this.options.push(options);
    }
    return this.taken[this._at++]!;
  }

  private _task(id: number): Task {
    const { tasks } = this._state;
    const task = tasks[id]!;
    if (this._own.has(task)) return task;
    const copy = copyTask(task);
    this._own.add(copy);
    tasks[id] = copy;
    return copy;
  }

  private _channel(id: number): Chan {
    const { channels } = this._state;
    const channel = channels[id]!;
    if (this._own.has(channel)) return channel;
    const copy = copyChannel(channel);
    this._own.add(copy);
    channels[id] = copy;
    return copy;
  }

  private _lock(id: number): Lock {
    const { locks } = this._state;
    const lock = locks[id]!;
    if (this._own.has(lock)) return lock;
    const copy = { free: lock.free, waiting: lock.waiting.slice() };
    this._own.add(copy);
    locks[id] = copy;
    return copy;
  }

  // Turns.

  /** A task that is not parked has its turn. */
  turn(id: number): void {
    const task = this._task(id);
    this._running = id;
    if (task.region !== null) this._superviseTurn(task, task.region);
    else if (task.stopping && !(task.status === TRYING || (task.status === BETWEEN && this._decide(2) === 0))) {
      // A task that has cancelled itself goes on as long as its operations complete at once.
      task.stopping = false;
      task.cleaning = true;
      if (task.status === READY && task.won !== -2) this._giveBack(task);
      task.won = -2;
      if (this._unwind(task, { how: "cancel", error: "" })) this._execute(task);
    } else if (task.status === TRYING) {
      this._try(task, topOf(task));
    } else if (task.status === READY) {
      if (this._deliver(task)) this._execute(task);
    } else {
      this._execute(task);
    }
    this._running = -1;
  }

  /** Nothing else can happen: those that wait for that go on. */
  settle(): void {
    const { settlers } = this._state;
    this._state.settlers = [];
    for (const entry of settlers) this._complete(entry, NOTHING, false);
  }

  /** Time passes until the first alarm is due. All alarms that are due then ring; each at a time of its own if they may be late. */
  pass(): void {
    const state = this._state;
    const ms = Math.min(...state.alarms.map(({ left }) => left));
    state.alarms = state.alarms.map(({ left, entry }) => ({ left: left - ms, entry }));
    state.timers = state.timers.map((left) => Math.max(0, left - ms));
    if (this._semantics.high) return;
    while (state.alarms[0]?.left === 0) this.ring(state.alarms[0].entry);
  }

  /** An alarm that is due rings. */
  ring(entry: number): void {
    const state = this._state;
    state.alarms = state.alarms.filter((each) => each.entry !== entry);
    if (entry < 0) this._failRegion(-1 - entry, "timeout", true);
    else this._complete(entry, this._case(entry).op === "late" ? CLOSED : NOTHING, false);
  }

  private _case(entry: number): Case {
    return caseAt(this._state.tasks[taskOf(entry)]!, caseOf(entry));
  }

  /** What the operation has yielded goes to the code; false if that ends the task. */
  private _deliver(task: Task): boolean {
    const frame = topOf(task);
    const { select, cases, to } = performed(frame);
    const { won } = task;
    let { got: value, throws } = task;
    task.won = -2;
    task.got = NOTHING;
    task.throws = false;
    task.open = 0;
    if (won >= 0) {
      const { op, of } = cases[won]!;
      if (op === "join") [value, throws] = this._outcome(idOf(frame.slots[of]!));
      else if (op === "scope") [value, throws] = this._outcome(task.child);
      task.child = -1;
    }
    if (throws) return this._unwind(task, { how: "throw", error: value as string });
    const key = won === -1 ? "default" : String(won);
    frame.slots[to] = value;
    if (select !== null && select.key !== -1) {
      frame.slots[select.key] = key;
      frame.log += `${key}:`;
    }
    frame.log += `${textOf(value)},`;
    frame.pc++;
    return true;
  }

  /** What a join yields, or throws. */
  private _outcome(id: number): [value: Value, throws: boolean] {
    const { ended, result } = this._state.tasks[id]!;
    if (ended === "done") return [result, false];
    if (ended === "cancelled") return ["cancelled", true];
    this._task(id).handled = true;
    return [result, true];
  }

  /** The task ends before it resumes with what it was given. */
  private _giveBack(task: Task): void {
    const frame = topOf(task);
    if (task.won < 0) return;
    const { op, of } = performed(frame).cases[task.won]!;
    if (op === "acquire") this._release(idOf(frame.slots[of]!));
    task.child = -1;
  }

  private _execute(task: Task): void {
    for (;;) {
      if (++this._instructions > MOST) throw new Busy();
      const frame = topOf(task);
      const { instructions } = frame.code;
      if (frame.pc >= instructions.length) {
        if (this._endOfBody(task, frame)) return;
        continue;
      }
      const instruction = instructions[frame.pc]!;
      if (instruction.do === "perform") {
        if (this._arrive(task, frame)) return;
      } else if (this._plain(task, frame, instruction)) {
        return;
      }
    }
  }

  /** The code has come to an operation; true if the turn ends. */
  private _arrive(task: Task, frame: Frame): boolean {
    if (this._semantics.high) {
      task.status = TRYING;
      return true;
    }
    return this._try(task, frame);
  }

  /** Tries the operation; the turn ends, unless the code goes on at once. True if the turn ends. */
  private _try(task: Task, frame: Frame): boolean {
    const { cases, select } = performed(frame);
    task.open = cases[0]?.op === "receiveAny" ? 2 ** cases[0].channels.length - 1 : 0;
    if (!this._poll(task, cases, select?.inOrder === true, select?.hasDefault === true)) {
      this._park(task, cases);
      return true;
    }
    task.status = READY;
    const { high, givesWayAlways } = this._semantics;
    const isReady =
      select === null && (cases[0]!.op === "always" || (cases[0]!.op === "sleep" && cases[0]!.value <= 0));
    const goesOn = isReady && !givesWayAlways && !high ? !task.cleaning : task.stopping && this._decide(2) === 0;
    if (!goesOn) return true;
    if (!this._deliver(task)) return true;
    if (!high) return false;
    this._execute(task);
    return true;
  }

  // Operations.

  private _poll(task: Task, cases: readonly Case[], inOrder: boolean, hasDefault: boolean): boolean {
    const ready: number[] = [];
    for (let at = 0; at < cases.length; at++) {
      if (!this._isReady(task, cases[at]!)) continue;
      ready.push(at);
      if (inOrder) break;
    }
    if (ready.length === 0) {
      task.won = hasDefault ? -1 : -2;
      task.got = hasDefault ? "default" : NOTHING;
      return hasDefault;
    }
    const won = ready[this._decide(ready.length)]!;
    task.won = won;
    this._take(task, cases[won]!);
    return true;
  }

  private _operand(frame: Frame, operand: Operand): Value {
    return operand < 0 ? frame.slots[-1 - operand]! : operand;
  }

  /** Whether an operation can complete now. It changes nothing, but that sources that have ended leave a `receiveAny`. */
  private _isReady(task: Task, { op, of, value, channels }: Case): boolean {
    const frame = topOf(task);
    const state = this._state;
    switch (op) {
      case "send":
        return canSend(state.channels[idOf(frame.slots[of]!)]!);
      case "receive":
        return canReceive(state.channels[idOf(frame.slots[of]!)]!);
      case "receiveAny":
        return this._sourcesReady(task, frame, channels).length > 0 || task.open === 0;
      case "sleep":
        return value <= 0;
      case "late":
        return state.timers[idOf(frame.slots[of]!)] === 0;
      case "join":
      case "whenOver":
        return state.tasks[idOf(frame.slots[of]!)]!.status === OVER;
      case "whenClosed":
        return state.channels[idOf(frame.slots[of]!)]!.closed;
      case "acquire": {
        const lock = state.locks[idOf(frame.slots[of]!)]!;
        return lock.free > 0 && lock.waiting.length === 0;
      }
      default:
        return op === "always";
    }
  }

  /** The sources of a `receiveAny` that have something to yield. Those that have ended leave. */
  private _sourcesReady(task: Task, frame: Frame, channels: readonly number[]): number[] {
    const ready: number[] = [];
    for (let at = 0; at < channels.length; at++) {
      if ((task.open & (1 << at)) === 0) continue;
      const channel = this._state.channels[idOf(frame.slots[channels[at]!]!)]!;
      if (!canReceive(channel)) continue;
      if (isDrained(channel) && channel.cause === null) task.open &= ~(1 << at);
      else ready.push(at);
    }
    return ready;
  }

  /** Completes an operation that is ready. */
  private _take(task: Task, { op, of, value, channels }: Case): void {
    const frame = topOf(task);
    task.got = NOTHING;
    switch (op) {
      case "send":
        task.got = this._send(idOf(frame.slots[of]!), this._operand(frame, value));
        return;
      case "receive":
        this._receiveFor(task, idOf(frame.slots[of]!));
        return;
      case "receiveAny": {
        const ready = this._sourcesReady(task, frame, channels);
        if (ready.length === 0) {
          task.got = CLOSED;
          return;
        }
        const at = ready[this._decide(ready.length)]!;
        this._receiveFor(task, idOf(frame.slots[channels[at]!]!));
        if (!task.throws) task.got = `${at}=${textOf(task.got)}`;
        return;
      }
      case "late":
        task.got = CLOSED;
        return;
      case "always":
        task.got = this._operand(frame, value);
        return;
      case "acquire":
        this._lock(idOf(frame.slots[of]!)).free--;
        task.got = `@L${idOf(frame.slots[of]!)}`;
    }
  }

  private _receiveFor(task: Task, id: number): void {
    const [value, throws] = this._receive(id);
    task.got = value;
    task.throws = throws;
  }

  /** The index of the operation that is served next. */
  private _served(waiting: readonly number[]): number {
    return this._semantics.high ? this._decide(waiting.length) : 0;
  }

  /** A send that is ready. */
  private _send(id: number, value: Value): boolean {
    const channel = this._channel(id);
    if (channel.closed) return false;
    if (channel.flavour === "promise") {
      if (channel.buffer.length > 0) return true;
      channel.buffer.push(value);
      this._serveAll(channel.receivers.splice(0), value, false);
      return true;
    }
    if (channel.receivers.length > 0) {
      const [entry] = channel.receivers.splice(this._served(channel.receivers), 1);
      this._complete(entry!, value, false);
      return true;
    }
    push(channel, value);
    return true;
  }

  /** A receive that is ready: what it yields or throws. */
  private _receive(id: number): [value: Value, throws: boolean] {
    const channel = this._channel(id);
    if (channel.flavour === "promise") {
      if (channel.buffer.length > 0) return [channel.buffer[0]!, false];
      return channel.cause === null ? [CLOSED, false] : [channel.cause, true];
    }
    if (channel.buffer.length > 0) {
      const value = channel.buffer.shift()!;
      this._refill(channel);
      return [value, false];
    }
    if (channel.senders.length > 0) return [this._takeSender(channel), false];
    return channel.cause === null ? [CLOSED, false] : [channel.cause, true];
  }

  private _refill(channel: Chan): void {
    while (channel.senders.length > 0 && channel.buffer.length < channel.capacity) {
      channel.buffer.push(this._takeSender(channel));
    }
  }

  /** The value of a parked send, which completes. */
  private _takeSender(channel: Chan): Value {
    const [entry] = channel.senders.splice(this._served(channel.senders), 1);
    const sender = this._state.tasks[taskOf(entry!)]!;
    const value = this._operand(topOf(sender), this._case(entry!).value);
    this._complete(entry!, true, false);
    return value;
  }

  /**
   * Completes all operations of a queue, in place: a select that stands in it twice leaves. The order matters only among cases of
   * the same task.
   */
  private _serveAll(queue: number[], value: Value, throws: boolean): void {
    while (queue.length > 0) {
      const task = taskOf(queue[0]!);
      const same = queue.flatMap((entry, at) => (taskOf(entry) === task ? [at] : []));
      const [entry] = queue.splice(same[this._served(same)]!, 1);
      // It may have left since.
      if (this._state.tasks[task]!.status === PARKED) this._complete(entry!, value, throws);
    }
  }

  private _park(task: Task, cases: readonly Case[]): void {
    const frame = topOf(task);
    const state = this._state;
    task.status = PARKED;
    for (let at = 0; at < cases.length; at++) {
      const { op, of, value, channels, body, deadline } = cases[at]!;
      const entry = entryOf(task.id, at);
      const target = of === -1 ? -1 : idOf(frame.slots[of] ?? NOTHING);
      switch (op) {
        case "send":
          this._channel(target).senders.push(entry);
          break;
        case "receive":
          this._channel(target).receivers.push(entry);
          break;
        case "receiveAny":
          for (let source = 0; source < channels.length; source++) {
            if ((task.open & (1 << source)) === 0) continue;
            this._channel(idOf(frame.slots[channels[source]!]!)).receivers.push(entryOf(task.id, source));
          }
          break;
        case "sleep":
          this._addAlarm({ left: value, entry });
          break;
        case "late":
          this._addAlarm({ left: state.timers[target]!, entry });
          break;
        case "join":
        case "whenOver":
          state.waiting[target] = [...(state.waiting[target] ?? []), entry];
          break;
        case "whenClosed":
          this._channel(target).closers.push(entry);
          break;
        case "settle":
          state.settlers = [...state.settlers, entry];
          break;
        case "acquire":
          this._lock(target).waiting.push(entry);
          break;
        case "pause":
          this._complete(entry, NOTHING, false);
          break;
        case "scope":
          task.child = this._startScope(task, frame, body!, deadline);
          state.waiting[task.child] = [...(state.waiting[task.child] ?? []), entry];
      }
      if (task.status !== PARKED) break;
    }
    if (task.forced) task.stopping = true;
    if (task.stopping) this._stop(task);
  }

  private _addAlarm(alarm: Alarm): void {
    const { alarms } = this._state;
    const at = alarms.findIndex(({ left }) => left > alarm.left);
    this._state.alarms = at === -1 ? [...alarms, alarm] : [...alarms.slice(0, at), alarm, ...alarms.slice(at)];
  }

  /** A parked operation completes: its other cases leave their queues, and its task is ready. */
  private _complete(entry: number, value: Value, throws: boolean): void {
    const task = this._task(taskOf(entry));
    let at = caseOf(entry);
    const { cases } = performed(topOf(task));
    let got = value;
    if (cases[0]?.op === "receiveAny") {
      if (value === CLOSED && !throws) {
        task.open &= ~(1 << at);
        if (task.open !== 0) return;
      } else if (!throws) {
        got = `${at}=${textOf(value)}`;
      }
      at = 0;
    }
    this._unlink(task, cases, at);
    if (cases[at]!.op === "acquire") got = `@L${idOf(topOf(task).slots[cases[at]!.of]!)}`;
    task.status = READY;
    task.won = at;
    task.got = got;
    task.throws = throws;
  }

  /** Removes a parked task from all queues; a scope that did not win is cancelled. */
  private _unlink(task: Task, cases: readonly Case[], won: number): void {
    const frame = topOf(task);
    const state = this._state;
    const mine = (entry: number): boolean => entry >= 0 && taskOf(entry) === task.id;
    const without = (entries: readonly number[]): number[] => entries.filter((entry) => !mine(entry));
    if (state.alarms.some(({ entry }) => mine(entry))) state.alarms = state.alarms.filter(({ entry }) => !mine(entry));
    if (state.settlers.some(mine)) state.settlers = without(state.settlers);
    for (let at = 0; at < cases.length; at++) {
      const { op, of, channels } = cases[at]!;
      if (op === "send" || op === "receive" || op === "whenClosed" || op === "receiveAny") {
        for (const slot of op === "receiveAny" ? channels : [of]) {
          const id = idOf(frame.slots[slot]!);
          const { senders, receivers, closers } = state.channels[id]!;
          if (![senders, receivers, closers].some((queue) => queue.some(mine))) continue;
          const channel = this._channel(id);
          // In place: the queue may be in the midst of being served.
          for (const queue of [channel.senders, channel.receivers, channel.closers]) remove(queue, mine);
        }
      } else if (op === "join" || op === "whenOver") {
        const id = idOf(frame.slots[of]!);
        if (state.waiting[id]?.some(mine)) state.waiting[id] = without(state.waiting[id]!);
      } else if (op === "scope") {
        if (state.waiting[task.child]?.some(mine)) state.waiting[task.child] = without(state.waiting[task.child]!);
        if (at !== won) {
          this._cancel(task.child, false);
          task.child = -1;
        }
      } else if (op === "acquire" && at !== won) {
        const lock = this._lock(idOf(frame.slots[of]!));
        remove(lock.waiting, mine);
      }
    }
  }

  private _release(id: number): void {
    const lock = this._lock(id);
    lock.free++;
    while (lock.free > 0 && lock.waiting.length > 0) {
      const [entry] = lock.waiting.splice(this._served(lock.waiting), 1);
      lock.free--;
      this._complete(entry!, NOTHING, false);
    }
  }

  private _close(id: number, cause: string | null): boolean {
    const channel = this._channel(id);
    if (channel.closed) return false;
    channel.closed = true;
    const isKept = channel.flavour === "promise" && channel.buffer.length > 0;
    if (!isKept) channel.cause = cause;
    const value = cause ?? CLOSED;
    if (channel.flavour === "promise") {
      if (!isKept) this._serveAll(channel.receivers.splice(0), value, cause !== null);
      this._serveAll(channel.closers.splice(0), NOTHING, false);
      return true;
    }
    const inBoth = channel.closers.some((one) => channel.receivers.some((other) => taskOf(one) === taskOf(other)));
    const ways = this._semantics.high && inBoth ? this._decide(2) : 0;
    if (ways === 0) this._serveAll(channel.closers, NOTHING, false);
    this._serveAll(channel.receivers, value, cause !== null);
    if (ways === 1) this._serveAll(channel.closers, NOTHING, false);
    return true;
  }

  /** `cancel()` on a channel: what is stored and what is being sent is discarded. */
  private _discard(id: number): void {
    const channel = this._channel(id);
    if (channel.flavour === "promise") {
      this._close(id, null);
      this._channel(id).buffer = [];
      return;
    }
    const wasClosed = channel.closed;
    channel.closed = true;
    channel.buffer = [];
    const senders = channel.senders.splice(0);
    const receivers = channel.receivers.splice(0);
    if (!wasClosed) this._serveAll(channel.closers, NOTHING, false);
    this._serveAll(senders, false, false);
    this._serveAll(receivers, channel.cause ?? CLOSED, channel.cause !== null);
  }

  // Plain code.

  /** An instruction that is no operation; true if the turn ends. */
  private _plain(task: Task, frame: Frame, instruction: Exclude<Instruction, { do: "perform" }>): boolean {
    const state = this._state;
    const { slots } = frame;
    const note = (to: number, value: Value): void => {
      slots[to] = value;
      frame.log += `${textOf(value)},`;
    };
    frame.pc++;
    switch (instruction.do) {
      case "channel": {
        const { flavour, capacity } = instruction;
        const id = this._nameFor(task, CHANNELS, "C");
        const fresh = { id, flavour, capacity, buffer: [], closed: false, cause: null, senders: [], receivers: [] };
        state.channels[id] = { ...fresh, closers: [], key: null };
        slots[instruction.to] = reference("C", id);
        return false;
      }
      case "timeout": {
        const id = this._nameFor(task, TIMERS, "M");
        while (state.timers.length < id) state.timers.push(0);
        state.timers[id] = Math.max(0, instruction.ms);
        slots[instruction.to] = reference("M", id);
        return false;
      }
      case "lock": {
        const id = this._nameFor(task, LOCKS, "K");
        state.locks[id] = { free: instruction.permits, waiting: [] };
        slots[instruction.to] = reference("K", id);
        return false;
      }
      case "cell": {
        const id = this._nameFor(task, CELLS, "V");
        while (state.cells.length < id) state.cells.push(0);
        state.cells[id] = instruction.initial;
        slots[instruction.to] = reference("V", id);
        return false;
      }
      case "object": {
        const id = this._nameFor(task, OBJECTS, "O");
        while (state.objects.length < id) state.objects.push(0);
        state.objects[id] = 0;
        slots[instruction.to] = reference("O", id);
        return false;
      }
      case "release":
        this._release(idOf(slots[instruction.of]!));
        return false;
      case "read":
        note(instruction.to, state.cells[idOf(slots[instruction.of]!)]!);
        return false;
      case "write":
        state.cells[idOf(slots[instruction.of]!)] = this._operand(frame, instruction.value) as number;
        // The verifier checks in the midst of a turn, too.
        if (this._semantics.high && !holds(state)) state.violated = true;
        return false;
      case "invariant":
        state.invariants = [...state.invariants, { cell: idOf(slots[instruction.of]!), not: instruction.not }];
        return false;
      case "change": {
        const value = slots[instruction.of]!;
        if (isObject(value)) state.objects[idOf(value)]!++;
        return false;
      }
      case "look": {
        const value = slots[instruction.of]!;
        note(instruction.to, isObject(value) ? state.objects[idOf(value)]! : textOf(value));
        return false;
      }
      case "same":
        note(instruction.to, slots[instruction.of] === slots[instruction.other]);
        return false;
      case "trySend": {
        const id = idOf(slots[instruction.of]!);
        const value = this._operand(frame, instruction.value);
        note(instruction.to, canSend(state.channels[id]!) && this._send(id, value));
        return false;
      }
      case "tryReceive": {
        const id = idOf(slots[instruction.of]!);
        if (!canReceive(state.channels[id]!)) {
          note(instruction.to, EMPTY);
          return false;
        }
        const [value, throws] = this._receive(id);
        if (throws) return !this._unwind(task, { how: "throw", error: value as string });
        note(instruction.to, value);
        return false;
      }
      case "length": {
        note(instruction.to, state.channels[idOf(slots[instruction.of]!)]!.buffer.length);
        return false;
      }
      case "closed":
        note(instruction.to, state.channels[idOf(slots[instruction.of]!)]!.closed);
        return false;
      case "close":
        note(instruction.to, this._close(idOf(slots[instruction.of]!), instruction.cause));
        return false;
      case "discard":
        this._discard(idOf(slots[instruction.of]!));
        return false;
      case "start": {
        const home = instruction.within === -1 ? -1 : idOf(slots[instruction.within]!);
        const id = this._start(
          task,
          [newFrame(instruction.code, capturedBy(instruction.code, slots))],
          home,
          instruction.daemon,
          null,
        );
        slots[instruction.to] = reference("T", id);
        return false;
      }
      case "cancel":
        this._cancel(idOf(slots[instruction.of]!), false);
        return false;
      case "quit":
        this._cancelRegion(idOf(slots[instruction.of]!), false);
        return false;
      default:
        return this._control(task, frame, instruction);
    }
  }

  private _control(task: Task, frame: Frame, instruction: Instruction): boolean {
    switch (instruction.do) {
      case "unless":
        if (textOf(frame.slots[instruction.of] ?? NOTHING) !== instruction.is) frame.pc = instruction.to;
        return false;
      case "jump":
        frame.pc = instruction.to;
        return false;
      case "throw":
        return !this._unwind(task, { how: "throw", error: instruction.message });
      case "return":
        return !this._unwind(task, { how: "return", error: "" });
      case "guard":
        frame.guards.push(instruction.isFinally ? -1 - instruction.to : instruction.to);
        return false;
      case "unguard":
        frame.guards.pop();
        return false;
      case "caught":
        frame.slots[instruction.to] = frame.caught;
        frame.log += `!${frame.caught},`;
        frame.caught = "";
        return false;
      case "finally":
        frame.pending.push({ how: "normal", error: "" });
        return false;
      case "endFinally": {
        const completion = frame.pending.pop()!;
        return completion.how !== "normal" && !this._unwind(task, completion);
      }
      case "loop": {
        const inner = newFrame(instruction.code, capturedBy(instruction.code, frame.slots));
        const { state } = instruction.code.loop!;
        if (state !== -1) inner.slots[state] = instruction.initial;
        task.frames.push(inner);
        return this._round(task);
      }
      default:
        throw new Error(`Unknown instruction ${instruction.do}`);
    }
  }

  /** A round begins; true if the task gives way there. */
  private _round(task: Task): boolean {
    const { high, givesWayAlways } = this._semantics;
    if (!high && !givesWayAlways) return false;
    task.status = BETWEEN;
    return true;
  }

  /** Leaves the code, through its guards; false if the task is over. */
  private _unwind(task: Task, completion: Completion): boolean {
    for (;;) {
      const frame = task.frames.at(-1);
      if (frame === undefined) break;
      const guard = frame.guards.pop();
      if (guard === undefined) {
        task.frames.pop();
        // `return` leaves the body only.
        if (completion.how === "return" && task.frames.length > 0) throw new Error("Cannot return from a loop");
        if (completion.how === "return") {
          this._finish(task, frame.log);
          return false;
        }
        continue;
      }
      if (guard < 0) {
        frame.pending.push(completion);
        frame.pc = -1 - guard;
        return true;
      }
      if (completion.how !== "throw") continue;
      frame.caught = completion.error;
      frame.pc = guard;
      return true;
    }
    if (completion.how === "throw") this._end(task, "failed", completion.error);
    else this._end(task, "cancelled", "");
    return false;
  }

  /** The end of a body, or of a round; true if the turn ends. */
  private _endOfBody(task: Task, frame: Frame): boolean {
    const { loop } = frame.code;
    if (loop === null) {
      this._finish(task, frame.log);
      return true;
    }
    let state: Value = NOTHING;
    if (loop.next !== null) {
      const { of, plus, modulo, done } = loop.next;
      const from = frame.slots[of];
      state = ((typeof from === "number" ? from : 0) + plus) % modulo;
      if (state === done) {
        task.frames.pop();
        return false;
      }
    }
    task.frames.pop();
    const outer = topOf(task);
    const next = newFrame(frame.code, capturedBy(frame.code, outer.slots));
    if (loop.state !== -1) next.slots[loop.state] = state;
    task.frames.push(next);
    return this._round(task);
  }

  private _finish(task: Task, log: string): void {
    const isCancelled = task.cancelled && !task.stopping;
    this._end(task, isCancelled ? "cancelled" : "done", isCancelled ? "" : log);
  }

  private _end(task: Task, ended: "done" | "failed" | "cancelled", result: string): void {
    task.frames = [];
    task.status = OVER;
    task.ended = ended;
    task.result = result;
    task.stopping = task.cleaning = task.forced = false;
    task.made = [];
    const entries = [...(this._state.waiting[task.id] ?? [])];
    this._state.waiting[task.id] = undefined;
    if (task.home !== -1) this._memberOver(task);
    this._serveAll(entries, NOTHING, false);
  }

  // Tasks and scopes.

  private _nameFor(maker: Task, kind: number, letter: string): number {
    if (!this._semantics.recycles) return this._names.id(letter, maker.id, maker.made[kind]!++);
    for (let nth = 0; ; nth++) {
      const id = this._names.id(letter, maker.id, nth);
      if (!this._isUsed(letter, id)) return id;
    }
  }

  /** Whether something may still be referred to. */
  private _isUsed(letter: string, id: number): boolean {
    const name = reference(letter, id);
    const lease = letter === "K" ? reference("L", id) : name;
    const { tasks, channels } = this._state;
    if (letter === "T") {
      const task = tasks[id];
      if (task === undefined) return false;
      if (task.status !== OVER || (task.ended === "failed" && !task.handled)) return true;
    }
    const refers = (value: Value): boolean => value === name || value === lease;
    for (const task of tasks) {
      if (task === undefined || task.status === OVER) continue;
      if (task.child === id && letter === "T") return true;
      if (refers(task.got) || task.frames.some(({ slots }) => slots.some(refers))) return true;
      if (task.region !== null && (task.region.slots.some(refers) || (letter === "T" && task.region.body === id)))
        return true;
    }
    return channels.some((channel) => channel?.buffer.some(refers));
  }

  private _start(maker: Task, frames: Frame[], home: number, daemon: boolean, region: Region | null): number {
    const id = this._nameFor(maker, TASKS, "T");
    const task = newTask(id, frames, home, daemon, region);
    this._own.add(task);
    this._state.tasks[id] = task;
    this._state.waiting[id] = undefined;
    if (home !== -1) {
      const supervisor = this._task(home);
      supervisor.region!.members.push(id);
      if (isEnding(supervisor.region!)) this._cancel(id, false);
    }
    return id;
  }

  private _startScope(task: Task, frame: Frame, code: Code, deadline: number | null): number {
    const slots = capturedBy(code, frame.slots);
    const lists = { members: [], failures: [] };
    const region = { code, slots, deadline, phase: 0, body: -1, cancelled: false, aborted: false, ...lists };
    return this._start(task, [], -1, false, region);
  }

  private _cancel(id: number, force: boolean): void {
    if (this._state.tasks[id]!.status === OVER) return;
    const task = this._task(id);
    if (task.cancelled) {
      if (!force) return;
      task.forced = task.stopping = true;
      this._stop(task);
      return;
    }
    task.cancelled = task.stopping = true;
    if (force) task.forced = true;
    this._stop(task);
  }

  /** Takes a parked task out of its queues, so that it returns in its turn. */
  private _stop(task: Task): void {
    if (task.id === this._running && task.status !== PARKED) return;
    if (task.status === TRYING || task.status === BETWEEN) {
      task.won = -2;
      task.status = READY;
      return;
    }
    if (task.status !== PARKED) return;
    if (task.region === null) {
      const { cases, select } = performed(topOf(task));
      if (select === null && cases[0]!.op === "scope") {
        this._cancel(task.child, false);
        return;
      }
      this._unlink(task, cases, -1);
    }
    task.won = -2;
    task.got = NOTHING;
    task.status = READY;
  }

  private _superviseTurn(task: Task, region: Region): void {
    if (task.stopping && region.phase === 0) {
      this._end(task, "cancelled", "");
    } else if (region.phase === 0) {
      region.phase = 1;
      // First of all, so that its end is noticed first.
      region.body = this._start(task, [], task.id, false, null);
      const body = this._task(region.body);
      const slots = region.slots.slice();
      slots[region.code.captured] = reference("S", task.id);
      body.frames = [newFrame(region.code, slots)];
      if (region.deadline !== null) this._addAlarm({ left: region.deadline, entry: -1 - task.id });
      task.status = PARKED;
    } else if (task.stopping) {
      task.stopping = false;
      task.cleaning = true;
      region.phase = 2;
      region.aborted = true;
      this._cancelRegion(task.id, true);
      task.status = PARKED;
      if (region.members.length === 0) this._endRegion(task, region);
    } else {
      this._endRegion(task, region);
    }
  }

  /** All tasks of a scope are over, and its own task ends. */
  private _endRegion(task: Task, region: Region): void {
    this._state.alarms = this._state.alarms.filter(({ entry }) => entry !== -1 - task.id);
    const body = this._state.tasks[region.body]!;
    if (region.failures.length > 0) {
      this._end(task, "failed", region.failures.length === 1 ? region.failures[0]! : "many");
    } else if (region.phase === 2) {
      this._end(task, "cancelled", "");
    } else if (!region.cancelled || (!region.aborted && body.ended === "done")) {
      if (body.ended === "done") this._end(task, "done", body.result);
      else this._end(task, "failed", "cancelled");
    } else {
      this._end(task, "failed", "cancelled");
    }
  }

  private _memberOver(member: Task): void {
    const task = this._task(member.home);
    const region = task.region!;
    remove(region.members, (id) => id === member.id);
    if (member.ended === "failed") {
      member.handled = true;
      this._failRegion(task.id, member.result, false);
    } else if (member.id === region.body && member.ended === "cancelled" && !isEnding(region)) {
      this._cancelRegion(task.id, false);
    }
    if (region.members.length === 0 && task.status === PARKED) task.status = READY;
  }

  private _failRegion(id: number, error: string, force: boolean): void {
    const region = this._task(id).region!;
    const isFirst = !isEnding(region);
    region.failures = [...region.failures, error];
    if (isFirst) this._stopMembers(region, false);
    else if (force) this._stopMembers(region, true);
  }

  private _cancelRegion(id: number, _aborts: boolean): void {
    const task = this._task(id);
    const region = task.region!;
    if (task.status === OVER || (region.phase > 0 && region.members.length === 0) || isEnding(region)) return;
    region.cancelled = true;
    this._stopMembers(region, false);
  }

  private _stopMembers(region: Region, force: boolean): void {
    for (const member of [...region.members]) this._cancel(member, force);
  }
}

const topOf = (task: Task): Frame => task.frames[task.frames.length - 1]!;

/** The operation that a frame stands at. */
function performed(frame: Frame): Extract<Instruction, { do: "perform" }> {
  return frame.code.instructions[frame.pc] as Extract<Instruction, { do: "perform" }>;
}

function caseAt(task: Task, at: number): Case {
  const { cases } = performed(topOf(task));
  return cases[0]?.op === "receiveAny" ? cases[0] : cases[at]!;
}

const capturedBy = (code: Code, slots: readonly Value[]): Value[] =>
  Array.from({ length: code.captured }, (_, at) => slots[at] ?? NOTHING);

const isEnding = ({ failures, cancelled }: Region): boolean => failures.length > 0 || cancelled;

/** Whether all invariants hold. */
export const holds = ({ invariants, cells }: State): boolean =>
  invariants.every(({ cell, not }) => cells[cell] !== not);

const isObject = (value: Value): boolean => typeof value === "string" && value.startsWith("@O");

function canSend({ closed, flavour, capacity, buffer, receivers }: Chan): boolean {
  if (closed || receivers.length > 0 || flavour === "promise") return true;
  return flavour === "sliding" || flavour === "dropping" || buffer.length < capacity;
}

function canReceive({ closed, buffer, senders }: Chan): boolean {
  return closed || buffer.length > 0 || senders.length > 0;
}

const isDrained = ({ buffer, senders }: Chan): boolean => buffer.length === 0 && senders.length === 0;

function push(channel: Chan, value: Value): void {
  const { flavour, capacity, buffer } = channel;
  if (buffer.length >= capacity) {
    if (flavour === "dropping") return;
    buffer.shift();
  }
  buffer.push(value);
}

function remove<T>(list: T[], test: (each: T) => boolean): void {
  for (let at = list.length - 1; at >= 0; at--) if (test(list[at]!)) list.splice(at, 1);
}
