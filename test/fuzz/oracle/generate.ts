// Random programs of the small language. Each kind of programs has its weak places: `KINDS` says how often each is drawn.

import type { Block, Flavour, Name, Op, Program, Statement } from "./language.js";

/** Returns numbers below n, the same for the same seed (mulberry32). */
export function numbersOf(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * n);
  };
}

/** What may be used at a place of a program. */
interface Place {
  readonly channels: readonly Name[];
  /** Channels that carry objects. */
  readonly carriers: readonly Name[];
  readonly tasks: readonly Name[];
  readonly cells: readonly Name[];
  readonly timeouts: readonly Name[];
  readonly locks: readonly Name[];
  /** The scope around it. */
  readonly scope: Name | null;
  readonly inLoop: boolean;
  readonly depth: number;
}

type Weights = Readonly<Record<string, number>>;

const NOWHERE: Place = {
  ...{
    channels: [],
    carriers: [],
    tasks: [],
    cells: [],
    timeouts: [],
    locks: [],
    scope: null,
    inLoop: false,
    depth: 0,
  },
};

class Generator {
  readonly below: (n: number) => number;
  private _names = 0;

  constructor(seed: number) {
    this.below = numbersOf(seed);
  }

  name(letter: string): Name {
    return `${letter}${this._names++}`;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  weighted(weights: Weights): string {
    const entries = Object.entries(weights);
    let left = this.below(entries.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [what, weight] of entries) if ((left -= weight) < 0) return what;
    return entries[0]![0];
  }

  channel(flavour: Flavour, capacity: number): Statement & { readonly to: Name } {
    return { does: "channel", flavour, capacity, to: this.name("c") };
  }

  anyChannel(flavours: Weights): Statement & { readonly to: Name } {
    const flavour = this.weighted(flavours) as Flavour;
    const capacity = flavour === "unbuffered" ? 0 : flavour === "promise" ? 1 : 1 + (this.chance(25) ? 1 : 0);
    return this.channel(flavour, capacity);
  }

  perform(operation: Op): Statement {
    return { does: "perform", operation, to: this.name("v") };
  }

  start(body: Block, within: Name | null = null, daemon = false): Statement & { readonly to: Name } {
    return { does: "start", body, within, daemon, to: this.name("t") };
  }

  /** An operation of one of the given kinds, as far as the place allows; a pause otherwise. */
  operation(place: Place, weights: Weights, nested: Weights = {}): Op {
    const { channels, tasks, timeouts, locks } = place;
    const what = this.weighted(weights);
    if (what === "send" && channels.length > 0)
      return { op: "send", channel: this.pick(channels), value: this.below(2) };
    if (what === "receive" && channels.length > 0) return { op: "receive", channel: this.pick(channels) };
    if (what === "whenClosed" && channels.length > 0) return { op: "whenClosed", channel: this.pick(channels) };
    if (what === "receiveAny" && channels.length > 1) return { op: "receiveAny", channels: channels.slice(0, 2) };
    if (what === "sleep") return { op: "sleep", ms: this.below(8) === 0 ? 0 : 1 + this.below(3) };
    if (what === "late" && timeouts.length > 0) return { op: "late", timeout: this.pick(timeouts) };
    if (what === "join" && tasks.length > 0) return { op: "join", task: this.pick(tasks) };
    if (what === "whenOver" && tasks.length > 0) return { op: "whenOver", task: this.pick(tasks) };
    if (what === "always") return { op: "always", value: this.below(3) };
    if (what === "settle") return { op: "settle" };
    if (what === "never") return { op: "never" };
    if (what === "acquire" && locks.length > 0) return { op: "acquire", lock: this.pick(locks) };
    if (what === "scope" && place.depth < 2) return this.scope(place, nested);
    if (what === "pause" || channels.length === 0) return { op: "pause" };
    return { op: this.pick(["send", "receive"] as const), channel: this.pick(channels), value: this.below(2) } as Op;
  }

  select(place: Place, weights: Weights, hasDefault: number, priority: number): Statement {
    const cases = Array.from({ length: 2 + (this.chance(20) ? 1 : 0) }, () => this.operation(place, weights));
    const mode = this.chance(priority) ? "priority" : this.chance(15) ? "fair" : "random";
    // A pause is never ready, so a default goes before it.
    return {
      does: "select",
      cases,
      mode,
      hasDefault: this.chance(hasDefault),
      key: this.name("k"),
      to: this.name("v"),
    };
  }

  scope(place: Place, weights: Weights): Op & { readonly op: "scope" } {
    const name = this.name("s");
    const inner = { ...place, scope: name, depth: place.depth + 1 };
    const body: Statement[] = [];
    for (let nth = this.below(3); nth > 0; nth--)
      body.push(this.start(this.block({ ...inner, depth: 3 }, weights, 1 + this.below(2)), name));
    body.push(...this.block({ ...inner, tasks: [...place.tasks, ...tasksOf(body)] }, weights, this.below(3)));
    return { op: "scope", name, body, deadline: this.chance(30) ? 1 + this.below(3) : null };
  }

  block(place: Place, weights: Weights, steps: number): Statement[] {
    const block: Statement[] = [];
    let here = place;
    for (let nth = 0; nth < steps; nth++) {
      const added = this.step(here, weights);
      block.push(...added);
      const tasks = tasksOf(added);
      const timeouts = added.flatMap((each) => (each.does === "timeout" ? [each.to] : []));
      if (tasks.length > 0 || timeouts.length > 0)
        here = { ...here, tasks: [...here.tasks, ...tasks], timeouts: [...here.timeouts, ...timeouts] };
    }
    return block;
  }

  /** One step, which is one statement or a few that belong together. */
  step(place: Place, weights: Weights): Statement[] {
    const { channels, tasks, cells, carriers, locks, scope } = place;
    const what = this.weighted(weights);
    const any = (): Name => this.pick(channels);
    const to = (): Name => this.name("v");
    switch (what) {
      case "select":
        return [this.select(place, { ...operations(weights), ...CASES }, 25, 35)];
      case "ordered":
        return [this.select(place, { send: 2, receive: 4, join: 4, whenOver: 2, whenClosed: 4 }, 50, 80)];
      case "trySend":
        if (channels.length > 0) return [{ does: "trySend", channel: any(), value: this.below(2), to: to() }];
        break;
      case "tryReceive":
      case "length":
      case "closed":
        if (channels.length > 0) return [{ does: what, channel: any(), to: to() }];
        break;
      case "close":
        if (channels.length > 0)
          return [{ does: "close", channel: any(), cause: this.chance(20) ? "cause" : null, to: to() }];
        break;
      case "closeBoth":
        return channels.slice(0, 2).map((channel) => ({ does: "close", channel, cause: null, to: to() }));
      case "discard":
        if (channels.length > 0) return [{ does: "discard", channel: any() }];
        break;
      case "choose":
        return [{ does: "choose", values: 2, to: to() }];
      case "timeout":
        return [{ does: "timeout", ms: 1 + this.below(3), to: this.name("m") }];
      case "read":
        if (cells.length > 0) return [{ does: "read", cell: this.pick(cells), to: to() }];
        break;
      case "write":
        if (cells.length > 0) return [{ does: "write", cell: this.pick(cells), value: this.below(3) }];
        break;
      case "start":
        if (place.depth < 2) {
          const inner = { ...place, depth: place.depth + 1, inLoop: false };
          return [this.start(this.block(inner, weights, 1 + this.below(2)))];
        }
        break;
      case "cancel":
        if (tasks.length > 0) return [{ does: "cancel", task: this.pick(tasks) }];
        break;
      case "quit":
        if (scope !== null) return [{ does: "quit", scope }];
        break;
      case "throw":
        return [{ does: "throw", message: "thrown" }];
      case "try":
        return [this.try(place, weights)];
      case "test":
        return this.test(place, weights);
      case "critical":
        if (locks.length > 0) return this.critical(place, weights);
        break;
      case "token":
        if (carriers.length > 0) return this.token(place);
        break;
    }
    return [this.perform(this.operation(place, operations(weights), weights))];
  }

  /** What happened decides what comes next. */
  test(place: Place, weights: Weights): Statement[] {
    const first = this.perform(this.operation(place, operations(weights)));
    const of = (first as { readonly to: Name }).to;
    const inner = this.chance(40)
      ? [this.perform({ op: "never" })]
      : this.block({ ...place, depth: 3 }, weights, 1 + this.below(2));
    return [first, { does: "if", of, is: this.pick(["0", "1", "closed", "true", "false"]), then: inner, else: [] }];
  }

  try(place: Place, weights: Weights): Statement {
    const inner = { ...place, depth: place.depth + 1 };
    const caught = this.chance(60) ? this.name("e") : null;
    const last = caught === null || this.chance(30) ? this.block({ ...inner, depth: 3 }, weights, 1) : [];
    const body = this.block(inner, weights, 1 + this.below(2));
    return { does: "try", body, caught, handler: [], finally: last };
  }

  critical(place: Place, weights: Weights): Statement[] {
    const lease = this.name("v");
    const lock = this.pick(place.locks);
    const inside = this.block({ ...place, depth: 3, locks: this.chance(40) ? place.locks : [] }, weights, 1);
    return [{ does: "perform", operation: { op: "acquire", lock }, to: lease }, ...inside, { does: "release", lease }];
  }

  /** An object that is sent away, and perhaps comes back. */
  token({ carriers }: Place): Statement[] {
    const [mine, back, same, count] = [this.name("o"), this.name("v"), this.name("v"), this.name("v")];
    const [out, home] = [this.pick(carriers), this.pick(carriers)];
    const steps: Statement[] = [{ does: "object", to: mine }];
    if (this.chance(40)) steps.push({ does: "change", object: mine });
    steps.push(this.perform({ op: "send", channel: out, value: mine }));
    steps.push({ does: "perform", operation: { op: "receive", channel: home }, to: back });
    steps.push({ does: "same", one: mine, other: back, to: same });
    if (this.chance(60)) steps.push({ does: "look", object: back, to: count });
    return steps;
  }

  /** Takes an object, changes it perhaps, and passes it on. */
  pass({ carriers }: Place): Statement[] {
    const got = this.name("v");
    const steps: Statement[] = [
      { does: "perform", operation: { op: "receive", channel: this.pick(carriers) }, to: got },
    ];
    if (this.chance(50)) steps.push({ does: "change", object: got });
    steps.push(this.perform({ op: "send", channel: this.pick(carriers), value: got }));
    return steps;
  }

  /** Passes what it receives from one channel on to another. */
  relay(from: Name, to: Name): Statement[] {
    const got = this.name("v");
    return [
      { does: "perform", operation: { op: "receive", channel: from }, to: got },
      this.perform({ op: "send", channel: to, value: this.chance(80) ? got : this.below(2) }),
    ];
  }

  /** Asks for something: sends a channel of its own, and waits for the answer there. */
  ask(server: Name): Statement[] {
    const reply = this.anyChannel(CHANNELS);
    const patient = this.chance(30);
    const wait: Op = { op: "receive", channel: reply.to };
    const late = this.name("m");
    const got = this.name("v");
    const ask: Statement[] = [reply, this.perform({ op: "send", channel: server, value: reply.to })];
    if (!patient) return [...ask, { does: "perform", operation: wait, to: got }];
    const cases: Op[] = [wait, { op: "late", timeout: late }];
    const mode = this.chance(50) ? "priority" : "random";
    ask.push({ does: "timeout", ms: 1 + this.below(2), to: late });
    return [...ask, { does: "select", cases, mode, hasDefault: false, key: this.name("k"), to: got }];
  }

  /** Answers one question, at once or later, perhaps in a task of its own. */
  answer(server: Name): Statement[] {
    const [to, value] = [this.name("v"), this.below(2)];
    const received: Statement = { does: "perform", operation: { op: "receive", channel: server }, to };
    const answer: Statement[] = [this.perform({ op: "send", channel: to, value })];
    if (this.chance(30)) answer.unshift(this.perform({ op: "sleep", ms: 1 + this.below(2) }));
    return [received, ...(this.chance(25) ? [this.start(answer)] : answer)];
  }

  /** Waits for some tasks. */
  joins(tasks: readonly Name[], percent: number): Statement[] {
    return tasks.filter(() => this.chance(percent)).map((task) => this.perform({ op: "join", task }));
  }
}

/** What is an operation among weights. */
function operations(weights: Weights): Weights {
  const found = Object.entries(weights).filter(([what]) => OPERATIONS.has(what));
  return found.length === 0 ? { send: 1, receive: 1 } : Object.fromEntries(found);
}

const OPERATIONS = new Set([
  ...["send", "receive", "whenClosed", "receiveAny", "sleep", "late", "join", "whenOver", "always", "settle", "pause"],
  ...["acquire", "scope", "never"],
]);

/** In a select neither of these stands: a pause is always next, and `receiveAny` and scopes have statements of their own. */
const CASES: Weights = { pause: 0, receiveAny: 0, scope: 0, settle: 0, always: 0 };

const tasksOf = (block: Block): Name[] => block.flatMap((each) => (each.does === "start" ? [each.to] : []));

const namesOf = (block: readonly Statement[]): Name[] => block.map((each) => (each as { readonly to: Name }).to);

const CHANNELS: Weights = { unbuffered: 5, buffered: 4 };
const ALL_CHANNELS: Weights = { unbuffered: 3, buffered: 3, sliding: 2, dropping: 2, promise: 2 };

/** Some channels, some tasks that do what the weights say, some steps of `main`, and joins. */
function tasks(
  g: Generator,
  weights: Weights,
  channels: Weights = CHANNELS,
  extra: readonly Statement[] = [],
): Program {
  const made = Array.from({ length: 1 + g.below(2) }, () => g.anyChannel(channels));
  const cells = extra.flatMap((each) => (each.does === "cell" ? [each.to] : []));
  const locks = extra.flatMap((each) => (each.does === "lock" ? [each.to] : []));
  let place: Place = { ...NOWHERE, channels: namesOf(made), cells, locks };
  const program: Statement[] = [...made, ...extra];
  for (let nth = 1 + g.below(3); nth > 0; nth--) {
    const task = g.start(g.block({ ...place, depth: 1 }, weights, 1 + g.below(3)));
    program.push(task);
    place = { ...place, tasks: [...place.tasks, task.to] };
  }
  program.push(...g.block(place, weights, g.below(3)));
  program.push(...g.joins(place.tasks, 50));
  return program;
}

const BASIC: Weights = { send: 6, receive: 6, select: 3, trySend: 1, tryReceive: 1, join: 1, choose: 1, close: 1 };

/** A loop for ever, or with a state; the first step of a round parks. */
function loop(g: Generator, place: Place, weights: Weights, depth: number): Statement {
  const [state, inner] = [g.name("n"), { ...place, inLoop: true, depth: 2 }];
  const body: Statement[] = [];
  const plainFirst = g.chance(30);
  if (plainFirst) body.push(...g.step(inner, { length: 1, closed: 1, tryReceive: 1, trySend: 1, close: 1, read: 1 }));
  if (g.chance(15)) body.push(g.start(g.block(inner, { send: 2, receive: 2, trySend: 1 }, 1)));
  if (depth > 0 && g.chance(35)) body.push(loop(g, place, weights, depth - 1));
  body.push(g.perform(parking(g, place)));
  if (g.chance(40)) body.push(...g.step(inner, weights));
  if (g.chance(50)) return { does: "forever", body };
  const modulo = 2 + g.below(2);
  const done = g.chance(60) ? g.below(modulo) : null;
  const initial = g.below(modulo);
  return { does: "loop", initial, state, body, next: { of: state, plus: 1, modulo, done } };
}

/** An operation that parks, or takes part in a hand-over. */
function parking(g: Generator, place: Place): Op {
  return g.operation(place, { send: 5, receive: 5, pause: 1, sleep: 1 });
}

/** Two tasks that hand over for ever. */
function busy(g: Generator): Statement[] {
  const channel = g.anyChannel(CHANNELS);
  const { to } = channel;
  const isDaemon = g.chance(30);
  const send: Statement = { does: "forever", body: [g.perform({ op: "send", channel: to, value: 0 })] };
  const receive: Statement = { does: "forever", body: [g.perform({ op: "receive", channel: to })] };
  return [channel, g.start([send], null, isDaemon), g.start([receive], null, isDaemon)];
}

/** Tasks with the same body, each with channels of its own; one of them may differ. */
function alike(g: Generator, shape: "ring" | "star" | "chain" | "workers"): Program {
  const size = 2 + g.below(2);
  const own = Array.from({ length: size + (shape === "chain" ? 1 : 0) }, () => g.anyChannel(CHANNELS));
  const hub = g.anyChannel(CHANNELS);
  const program: Statement[] = [...own, hub];
  const odd = g.chance(50) ? g.below(size) : -1;
  const weights: Weights = { send: 5, receive: 5, select: 2, trySend: 1, tryReceive: 1, choose: 1 };
  const steps = 1 + g.below(2);
  const isLoop = g.chance(30);
  const seed = g.below(2 ** 30);
  const bodyOf = (nth: number): Block => {
    // The same numbers for each task, so that the bodies are alike.
    const alike = new Generator(nth === odd ? seed + 1 : seed);
    const [mine, next] = [own[nth]!.to, own[(nth + 1) % own.length]!.to];
    const channels = { ring: [mine, next], star: [mine, hub.to], chain: [mine, next], workers: [hub.to] }[shape];
    const place = { ...NOWHERE, channels, depth: 2 };
    const block = alike.block(place, weights, steps);
    return isLoop ? [{ does: "forever", body: [alike.perform(parking(alike, place)), ...block.slice(1)] }] : block;
  };
  for (let nth = 0; nth < size; nth++) program.push(g.start(rename(bodyOf(nth), `_${nth}`)));
  const place = { ...NOWHERE, channels: [hub.to, ...namesOf(own).slice(0, 2)], tasks: tasksOf(program) };
  program.push(...g.block(place, weights, g.below(4)));
  program.push(...g.joins(place.tasks, 30));
  return program;
}

/** Gives the variables that a block assigns other names. */
function rename(block: Block, suffix: string): Block {
  const names = new Set<string>();
  const text = JSON.stringify(block, (key, value) => {
    if (["to", "key", "caught", "state", "name"].includes(key) && typeof value === "string") names.add(value);
    return value as unknown;
  });
  return JSON.parse(text, (_, value) =>
    typeof value === "string" && names.has(value) ? `${value}${suffix}` : value,
  ) as Block;
}

/** A program of each kind, and how often it is drawn. */
export const KINDS: Readonly<Record<string, readonly [weight: number, make: (g: Generator) => Program]>> = {
  basic: [4, (g) => tasks(g, BASIC)],
  orders: [
    6,
    (g) => {
      const weights = {
        ...{ ordered: 6, send: 3, receive: 3, trySend: 2, tryReceive: 2, close: 3, closeBoth: 1, join: 2, length: 1 },
        ...{ closed: 1, whenOver: 1, whenClosed: 1 },
      };
      return tasks(g, weights);
    },
  ],
  tests: [2, (g) => tasks(g, { ...BASIC, test: 5, choose: 2, ordered: 2 })],
  starts: [2, (g) => tasks(g, { ...BASIC, start: 4, join: 3, ordered: 2 })],
  closing: [
    3,
    (g) =>
      tasks(g, {
        send: 4,
        receive: 5,
        close: 5,
        whenClosed: 2,
        ordered: 3,
        tryReceive: 2,
        trySend: 2,
        closed: 2,
        discard: 1,
      }),
  ],
  cells: [
    2,
    (g) => {
      const cell: Statement & { readonly to: Name } = { does: "cell", initial: 0, to: g.name("x") };
      const more: Statement[] = g.chance(50) ? [{ does: "invariant", cell: cell.to, not: 2 }] : [];
      return tasks(g, { ...BASIC, read: 6, write: 5, pause: 2 }, CHANNELS, [cell, ...more]);
    },
  ],
  loops: [
    5,
    (g) => {
      const made = Array.from({ length: 1 + g.below(2) }, () => g.anyChannel(CHANNELS));
      const place = { ...NOWHERE, channels: namesOf(made) };
      const program: Statement[] = [...made];
      for (let nth = 1 + g.below(2); nth > 0; nth--) {
        const body: Block = g.chance(70)
          ? [loop(g, place, BASIC, 1)]
          : g.block({ ...place, depth: 2 }, BASIC, 1 + g.below(3));
        program.push(g.start(body));
      }
      program.push(...g.block({ ...place, tasks: tasksOf(program) }, BASIC, g.below(3)));
      if (g.chance(40)) program.push(loop(g, place, BASIC, 1));
      return program;
    },
  ],
  time: [
    4,
    (g) => {
      const weights = { ...BASIC, sleep: 5, timeout: 3, late: 3, select: 6, close: 0 };
      return tasks(g, weights);
    },
  ],
  busy: [
    3,
    (g) => {
      const weights = {
        sleep: 6,
        send: 2,
        receive: 2,
        select: 4,
        timeout: 2,
        late: 3,
        throw: 1,
        trySend: 1,
        cancel: 1,
      };
      return [...busy(g), ...tasks(g, weights)];
    },
  ],
  buffers: [4, (g) => tasks(g, { ...BASIC, receiveAny: 3, trySend: 3, tryReceive: 3, length: 2 }, ALL_CHANNELS)],
  settle: [2, (g) => tasks(g, { ...BASIC, settle: 5, trySend: 3, tryReceive: 3, ordered: 3, sleep: 3 })],
  throws: [2, (g) => tasks(g, { ...BASIC, throw: 2, try: 3, join: 4, sleep: 1 })],
  ring: [2, (g) => alike(g, "ring")],
  star: [2, (g) => alike(g, "star")],
  chain: [2, (g) => alike(g, "chain")],
  workers: [2, (g) => alike(g, "workers")],
  relay: [
    3,
    (g) => {
      const made = Array.from({ length: 2 + g.below(2) }, () => g.anyChannel(CHANNELS));
      const names = namesOf(made);
      const program: Statement[] = [...made];
      for (let nth = 0; nth + 1 < names.length; nth++) {
        const relay = g.relay(names[nth]!, names[nth + 1]!);
        const again = g.chance(40);
        for (let copies = 1 + g.below(2); copies > 0; copies--) {
          const body = rename(again ? [{ does: "forever", body: relay }] : relay, `_${copies}`);
          program.push(g.start(body, null, again && g.chance(60)));
        }
      }
      for (const value of [0, 1]) {
        program.push(g.start([g.perform({ op: "send", channel: names[0]!, value })]));
      }
      const last = names.at(-1)!;
      for (let nth = 1 + g.below(2); nth > 0; nth--) program.push(g.perform({ op: "receive", channel: last }));
      return program;
    },
  ],
  reply: [
    3,
    (g) => {
      const server = g.anyChannel(CHANNELS);
      const program: Statement[] = [server];
      const answers: Statement = { does: "forever", body: g.answer(server.to) };
      program.push(g.start(g.chance(70) ? [answers] : g.answer(server.to), null, g.chance(60)));
      for (let nth = g.below(3); nth > 0; nth--) {
        const asks = g.ask(server.to);
        const body: Block = g.chance(30) ? [{ does: "forever", body: asks }] : asks;
        program.push(g.start(body, null, g.chance(20)));
      }
      return [...program, ...g.ask(server.to), ...g.joins(tasksOf(program).slice(1), 40)];
    },
  ],
  identity: [
    3,
    (g) => {
      const made = Array.from({ length: 1 + g.below(2) }, () => g.anyChannel(CHANNELS));
      const place = { ...NOWHERE, carriers: namesOf(made) };
      const program: Statement[] = [...made];
      for (let nth = 1 + g.below(2); nth > 0; nth--) {
        const steps = g.chance(70) ? g.pass(place) : g.token(place);
        program.push(g.start(g.chance(20) ? [{ does: "forever", body: g.pass(place) }] : steps));
      }
      program.push(...(g.chance(80) ? g.token(place) : g.pass(place)), ...g.joins(tasksOf(program), 50));
      return program;
    },
  ],
  cancel: [4, (g) => tasks(g, { ...BASIC, cancel: 6, try: 4, sleep: 2, join: 2, whenOver: 2, select: 2, pause: 2 })],
  scopes: [4, (g) => tasks(g, { ...BASIC, scope: 6, quit: 2, throw: 1, try: 3, sleep: 2, cancel: 1 })],
  locks: [
    3,
    (g) => {
      const locks: Statement[] = Array.from({ length: 1 + g.below(2) }, () => ({
        ...{ does: "lock" as const, permits: 1 + (g.chance(20) ? 1 : 0), to: g.name("l") },
      }));
      const weights = { critical: 8, pause: 3, send: 1, receive: 1, trySend: 1, tryReceive: 1, join: 1, cancel: 1 };
      return tasks(g, weights, CHANNELS, locks);
    },
  ],
};

/** The kind and the program of a seed. */
export function generate(
  seed: number,
  only: readonly string[] = Object.keys(KINDS),
): { kind: string; program: Program } {
  const g = new Generator(seed);
  const kind = g.weighted(Object.fromEntries(only.map((name) => [name, KINDS[name]![0]])));
  const program = KINDS[kind]![1](g);
  return { kind, program: !EAGER.includes(kind) && g.chance(30) ? patient(g, program) : program };
}

/** Operations that may wait for ever wait for some time only, so that more programs end whatever happens. */
function patient(g: Generator, block: Block): Block {
  return block.map((statement) => {
    if (statement.does === "perform" && WAITS.has(statement.operation.op)) {
      const cases: Op[] = [statement.operation, { op: "sleep", ms: 3 }];
      return { does: "select", cases, mode: "random", hasDefault: false, key: g.name("k"), to: statement.to };
    }
    if (statement.does === "start") return { ...statement, body: patient(g, statement.body) };
    return statement;
  });
}

const WAITS = new Set(["send", "receive", "whenClosed", "join"]);

/** Kinds whose programs use what a receive yields as something that a timeout is not. */
const EAGER = ["identity", "relay", "reply"];
