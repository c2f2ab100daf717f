// Compiles the language to instructions with jumps. Each task body, loop body and scope body is a `Code` of its own.
// Variables are slots; a body begins with a copy of the slots of the code around it.

import {
  type Block,
  type Flavour,
  has,
  isLoop,
  type Name,
  type Next,
  type Op,
  type Program,
  type Statement,
  type Term,
} from "./language.js";

/** A number, or a slot as a number below zero: slot n is -1 - n. Numbers of programs are not negative. */
export type Operand = number;

export interface Case {
  readonly op: Op["op"];
  /** The slot of the channel, task, timeout or lock. */
  readonly of: number;
  /** The slots of the channels of a `receiveAny`. */
  readonly channels: readonly number[];
  /** What is sent or yielded; milliseconds. */
  readonly value: Operand;
  readonly body: Code | null;
  readonly deadline: number | null;
}

export type Instruction =
  | { readonly do: "perform"; readonly cases: readonly Case[]; readonly select: Select | null; readonly to: number }
  | { readonly do: "channel"; readonly flavour: Flavour; readonly capacity: number; readonly to: number }
  | { readonly do: "timeout"; readonly ms: number; readonly to: number }
  | { readonly do: "lock"; readonly permits: number; readonly to: number }
  | { readonly do: "release"; readonly of: number }
  | { readonly do: "cell"; readonly initial: number; readonly to: number }
  | { readonly do: "read"; readonly of: number; readonly to: number }
  | { readonly do: "write"; readonly of: number; readonly value: Operand }
  | { readonly do: "invariant"; readonly of: number; readonly not: number }
  | { readonly do: "object"; readonly to: number }
  | { readonly do: "change"; readonly of: number }
  | { readonly do: "look"; readonly of: number; readonly to: number }
  | { readonly do: "same"; readonly of: number; readonly other: number; readonly to: number }
  | { readonly do: "trySend"; readonly of: number; readonly value: Operand; readonly to: number }
  | { readonly do: "tryReceive" | "length" | "closed"; readonly of: number; readonly to: number }
  | { readonly do: "close"; readonly of: number; readonly cause: string | null; readonly to: number }
  | { readonly do: "discard"; readonly of: number }
  | {
      readonly do: "start";
      readonly code: Code;
      readonly within: number;
      readonly daemon: boolean;
      readonly to: number;
    }
  | { readonly do: "cancel" | "quit"; readonly of: number }
  | { readonly do: "unless"; readonly of: number; readonly is: string; readonly to: number }
  | { readonly do: "jump"; readonly to: number }
  | { readonly do: "throw"; readonly message: string }
  | { readonly do: "return" }
  /** Begins a part whose exceptions go to `to`; those of a `finally`, with cancellation and `return`, too. */
  | { readonly do: "guard"; readonly to: number; readonly isFinally: boolean }
  | { readonly do: "unguard" }
  /** Takes the text of the exception. */
  | { readonly do: "caught"; readonly to: number }
  /** Begins and ends a `finally` that is entered in the normal way. */
  | { readonly do: "finally" }
  | { readonly do: "endFinally" }
  | { readonly do: "loop"; readonly code: Code; readonly initial: number };

/** How a choice is made, and where its key goes. */
export interface Select {
  readonly inOrder: boolean;
  readonly hasDefault: boolean;
  /** The slot of the key; -1 for a `choose`. */
  readonly key: number;
}

export interface Code {
  readonly id: number;
  readonly instructions: readonly Instruction[];
  /** The number of slots that it begins with. */
  readonly captured: number;
  /** The slot of the state of a loop, and how it goes on; null for other bodies, and for `forever`. */
  readonly loop: { readonly state: number; readonly next: (Omit<Next, "of"> & { readonly of: number }) | null } | null;
}

/** A compiled program. */
export interface Compiled {
  readonly main: Code;
  /** Whether a loop makes objects, whose names are then used again. */
  readonly recycles: boolean;
  readonly loops: boolean;
}

const makes = (statement: Statement): boolean =>
  ["channel", "timeout", "object", "lock", "cell", "start"].includes(statement.does) ||
  (statement.does === "perform" && statement.operation.op === "scope") ||
  (statement.does === "select" && statement.cases.some(({ op }) => op === "scope"));

export function compile(program: Program): Compiled {
  const compiler = new Compiler();
  const main = compiler.code(program, new Map(), null);
  const recycles = has(program, (each) => isLoop(each) && has((each as { readonly body: Block }).body, makes));
  return { main, recycles, loops: has(program, isLoop) };
}

class Compiler {
  private _codes = 0;

  code(
    block: Block,
    around: ReadonlyMap<Name, number>,
    loop: Extract<Statement, { does: "loop" | "forever" }> | null,
    first?: Name,
  ): Code {
    const slots = new Map(around);
    const captured = slots.size;
    if (first !== undefined) slots.set(first, slots.size);
    let state = -1;
    if (loop?.does === "loop") slots.set(loop.state, (state = slots.size));
    const body = new BodyCompiler(this, slots);
    body.block(block);
    const next = loop?.does === "loop" ? { ...loop.next, of: slots.get(loop.next.of)! } : null;
    return {
      id: this._codes++,
      instructions: body.instructions,
      captured,
      loop: loop === null ? null : { state, next },
    };
  }
}

class BodyCompiler {
  readonly instructions: Instruction[] = [];
  private readonly _compiler: Compiler;
  private readonly _slots: Map<Name, number>;

  constructor(compiler: Compiler, slots: Map<Name, number>) {
    this._compiler = compiler;
    this._slots = slots;
  }

  block(block: Block): void {
    for (const statement of block) this._statement(statement);
  }

  private _slot(name: Name): number {
    const slot = this._slots.get(name);
    if (slot === undefined) throw new Error(`Cannot compile: there is no variable ${name}`);
    return slot;
  }

  private _make(name: Name): number {
    const known = this._slots.get(name);
    if (known !== undefined) return known;
    this._slots.set(name, this._slots.size);
    return this._slots.size - 1;
  }

  private _operand(term: Term): Operand {
    return typeof term === "number" ? term : -1 - this._slot(term);
  }

  private _case(op: Op): Case {
    const plain: Case = { op: op.op, of: -1, channels: [], value: 0, body: null, deadline: null };
    switch (op.op) {
      case "send":
        return { ...plain, of: this._slot(op.channel), value: this._operand(op.value) };
      case "receive":
      case "whenClosed":
        return { ...plain, of: this._slot(op.channel) };
      case "receiveAny":
        return { ...plain, channels: op.channels.map((name) => this._slot(name)) };
      case "sleep":
        return { ...plain, value: op.ms };
      case "late":
        return { ...plain, of: this._slot(op.timeout) };
      case "join":
      case "whenOver":
        return { ...plain, of: this._slot(op.task) };
      case "always":
        return { ...plain, value: this._operand(op.value) };
      case "acquire":
        return { ...plain, of: this._slot(op.lock) };
      case "scope":
        return { ...plain, body: this._compiler.code(op.body, this._slots, null, op.name), deadline: op.deadline };
      default:
        return plain;
    }
  }

  private _statement(statement: Statement): void {
    const { instructions: out } = this;
    switch (statement.does) {
      case "perform":
        out.push({
          do: "perform",
          cases: [this._case(statement.operation)],
          select: null,
          to: this._make(statement.to),
        });
        return;
      case "select": {
        const cases = statement.cases.map((each) => this._case(each));
        const inOrder = statement.mode === "priority";
        const select = { inOrder, hasDefault: statement.hasDefault, key: this._make(statement.key) };
        out.push({ do: "perform", cases, select, to: this._make(statement.to) });
        return;
      }
      case "choose": {
        const cases = Array.from({ length: statement.values }, (_, value) => this._case({ op: "always", value }));
        out.push({
          do: "perform",
          cases,
          select: { inOrder: false, hasDefault: false, key: -1 },
          to: this._make(statement.to),
        });
        return;
      }
      case "channel":
        out.push({
          do: "channel",
          flavour: statement.flavour,
          capacity: statement.capacity,
          to: this._make(statement.to),
        });
        return;
      case "timeout":
        out.push({ do: "timeout", ms: statement.ms, to: this._make(statement.to) });
        return;
      case "lock":
        out.push({ do: "lock", permits: statement.permits, to: this._make(statement.to) });
        return;
      case "release":
        out.push({ do: "release", of: this._slot(statement.lease) });
        return;
      case "cell":
        out.push({ do: "cell", initial: statement.initial, to: this._make(statement.to) });
        return;
      case "read":
        out.push({ do: "read", of: this._slot(statement.cell), to: this._make(statement.to) });
        return;
      case "write":
        out.push({ do: "write", of: this._slot(statement.cell), value: this._operand(statement.value) });
        return;
      case "invariant":
        out.push({ do: "invariant", of: this._slot(statement.cell), not: statement.not });
        return;
      case "object":
        out.push({ do: "object", to: this._make(statement.to) });
        return;
      case "change":
        out.push({ do: "change", of: this._slot(statement.object) });
        return;
      case "look":
        out.push({ do: "look", of: this._slot(statement.object), to: this._make(statement.to) });
        return;
      case "same":
        out.push({
          do: "same",
          of: this._slot(statement.one),
          other: this._slot(statement.other),
          to: this._make(statement.to),
        });
        return;
      case "trySend":
        out.push({
          ...{ do: "trySend", of: this._slot(statement.channel), value: this._operand(statement.value) },
          to: this._make(statement.to),
        });
        return;
      case "tryReceive":
      case "length":
      case "closed":
        out.push({ do: statement.does, of: this._slot(statement.channel), to: this._make(statement.to) });
        return;
      case "close":
        out.push({
          do: "close",
          of: this._slot(statement.channel),
          cause: statement.cause,
          to: this._make(statement.to),
        });
        return;
      case "discard":
        out.push({ do: "discard", of: this._slot(statement.channel) });
        return;
      case "start": {
        const within = statement.within === null ? -1 : this._slot(statement.within);
        const code = this._compiler.code(statement.body, this._slots, null);
        out.push({ do: "start", code, within, daemon: statement.daemon, to: this._make(statement.to) });
        return;
      }
      case "cancel":
        out.push({ do: "cancel", of: this._slot(statement.task) });
        return;
      case "quit":
        out.push({ do: "quit", of: this._slot(statement.scope) });
        return;
      case "throw":
        out.push({ do: "throw", message: statement.message });
        return;
      case "return":
        out.push({ do: "return" });
        return;
      case "loop":
      case "forever":
        out.push({
          do: "loop",
          code: this._compiler.code(statement.body, this._slots, statement),
          initial: statement.does === "loop" ? statement.initial : 0,
        });
        return;
      case "if":
        this._if(statement);
        return;
      case "try":
        this._try(statement);
    }
  }

  /** Adds a jump whose target is set later. */
  private _placeholder(): number {
    return this.instructions.push({ do: "jump", to: -1 }) - 1;
  }

  private _here(): number {
    return this.instructions.length;
  }

  private _if({ of, is, then, else: otherwise }: Extract<Statement, { does: "if" }>): void {
    const { instructions: out } = this;
    const test = this._placeholder();
    this.block(then);
    const end = this._placeholder();
    out[test] = { do: "unless", of: this._slot(of), is, to: this._here() };
    this.block(otherwise);
    out[end] = { do: "jump", to: this._here() };
  }

  private _try({ body, caught, handler, finally: last }: Extract<Statement, { does: "try" }>): void {
    const { instructions: out } = this;
    const outer = last.length > 0 ? this._placeholder() : -1;
    if (caught === null) {
      this.block(body);
    } else {
      const inner = this._placeholder();
      this.block(body);
      out.push({ do: "unguard" });
      const end = this._placeholder();
      out[inner] = { do: "guard", to: this._here(), isFinally: false };
      out.push({ do: "caught", to: this._make(caught) });
      this.block(handler);
      out[end] = { do: "jump", to: this._here() };
    }
    if (last.length === 0) return;
    out.push({ do: "unguard" }, { do: "finally" });
    out[outer] = { do: "guard", to: this._here(), isFinally: true };
    this.block(last);
    out.push({ do: "endFinally" });
  }
}
