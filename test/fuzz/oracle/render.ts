// Renders a program of the small language as JavaScript that uses millrace.

import type { Routine } from "../../../src/index.js";
import * as millrace from "../../../src/index.js";
import * as testing from "../../../src/testing.js";
import { type Block, blocksOf, type Op, type Program, type Statement, type Term } from "./language.js";

/** How operations are written: in a `function*` or in an `async function*`. */
export interface RenderOptions {
  readonly async?: boolean;
}

/** The source of `main`. */
export function render(program: Program, { async = false }: RenderOptions = {}): string {
  return new Renderer(async ? "async function*" : "function*").main(program);
}

/** The program as a generator function. */
export function mainOf(program: Program, options: RenderOptions = {}): () => Routine<string> {
  const names = [...Object.keys(HELPERS), ...USED];
  const values = [...Object.values(HELPERS), ...USED.map((name) => (API as Record<string, unknown>)[name])];
  return new Function(...names, `"use strict"; return ${render(program, options)}`)(...values) as () => Routine<string>;
}

const API = { ...millrace, ...testing };
const USED = [
  ...[
    "always",
    "cell",
    "channel",
    "choose",
    "DONE",
    "daemon",
    "dropping",
    "forever",
    "go",
    "invariant",
    "loop",
    "never",
  ],
  ...["pause", "promiseChannel", "receiveAny", "scope", "select", "Semaphore", "settle", "sleep", "sliding", "timeout"],
];

/** The text of a value in a log. */
function text(value: unknown): string {
  if (value === millrace.CLOSED) return "closed";
  if (value === millrace.EMPTY) return "empty";
  if (value === undefined) return "-";
  return typeof value === "object" && value !== null ? "object" : String(value);
}

/** The text of an exception. */
function errorText(error: unknown): string {
  if (error instanceof millrace.CancelledError) return "cancelled";
  if (error instanceof millrace.TimeoutError) return "timeout";
  if (error instanceof AggregateError) return "many";
  return (error as Error).message;
}

const HELPERS = {
  text,
  errorText,
  any: (value: unknown) => {
    if (typeof value === "symbol") return text(value);
    const { key, value: received } = value as { readonly key: string; readonly value: unknown };
    return `${key.slice(1)}=${text(received)}`;
  },
};

/** Statements that make what tasks use. A variable that is assigned when tasks run already counts as shared, a constant does not. */
const MADE: readonly Statement["does"][] = ["channel", "timeout", "lock", "cell", "start"];

class Renderer {
  private readonly _function: string;

  constructor(kind: string) {
    this._function = kind;
  }

  main(program: Program): string {
    return `${this._function} main() ${this._body(program, "return log;")}`;
  }

  /** A body with its variables and its log. */
  private _body(block: Block, end: string, margin = ""): string {
    const inner = `${margin}  `;
    const lines = this._lines(block, inner, "const ");
    const names = [...new Set(assigned(block.filter(({ does }) => !MADE.includes(does))))];
    const declared = names.length > 0 ? `${inner}let ${names.join(", ")};\n` : "";
    return `{\n${inner}let log = "";\n${declared}${lines}${end === "" ? "" : `${inner}${end}\n`}${margin}}`;
  }

  private _block(block: Block, margin: string): string {
    return this._lines(block, margin, "");
  }

  /** The statements of a block; `declares` stands before those that make what tasks use. */
  private _lines(block: Block, margin: string, declares: string): string {
    const lines = block.map((statement) => {
      const line = this._statement(statement, margin);
      return `${margin}${MADE.includes(statement.does) ? declares : ""}${line.slice(margin.length)}\n`;
    });
    return lines.join("");
  }

  private _statement(statement: Statement, margin: string): string {
    const note = (name: string): string => `log += text(${name}) + ",";`;
    switch (statement.does) {
      case "perform": {
        const { operation, to } = statement;
        const performed = `yield* ${this._operation(operation, margin)}`;
        if (operation.op === "receiveAny") return `${margin}${to} = any(${performed}); ${note(to)}`;
        return `${margin}${to} = ${performed}; ${note(to)}`;
      }
      case "select": {
        const { cases, mode, hasDefault, key, to } = statement;
        const list = cases.map((each, at) => `c${at}: ${this._operation(each, margin)}`).join(", ");
        const options = [mode === "random" ? "" : `mode: "${mode}"`, hasDefault ? 'default: "default"' : ""];
        const shown = options.filter((each) => each !== "").join(", ");
        return (
          `${margin}({ key: ${key}, value: ${to} } = yield* select({ ${list} }${shown === "" ? "" : `, { ${shown} }`}));\n` +
          `${margin}${key} = ${key}.replace("c", ""); log += ${key} + ":" + text(${to}) + ",";`
        );
      }
      case "choose": {
        const values = Array.from({ length: statement.values }, (_, value) => value);
        return `${margin}${statement.to} = yield* choose(${values.join(", ")}); ${note(statement.to)}`;
      }
      case "channel":
        return `${margin}${statement.to} = ${channelOf(statement)};`;
      case "timeout":
        return `${margin}${statement.to} = timeout(${statement.ms});`;
      case "lock":
        return `${margin}${statement.to} = new Semaphore(${statement.permits});`;
      case "release":
        return `${margin}${statement.lease}.release();`;
      case "cell":
        return `${margin}${statement.to} = cell(${statement.initial});`;
      case "read":
        return `${margin}${statement.to} = ${statement.cell}.value; ${note(statement.to)}`;
      case "write":
        return `${margin}${statement.cell}.value = ${statement.value};`;
      case "invariant":
        return `${margin}invariant("never ${statement.not}", () => ${statement.cell}.value !== ${statement.not});`;
      case "object":
        return `${margin}${statement.to} = { count: 0 };`;
      case "change":
        return `${margin}if (typeof ${statement.object} === "object") ${statement.object}.count++;`;
      case "look":
        return `${margin}${statement.to} = typeof ${statement.object} === "object" ? ${statement.object}.count : text(${statement.object}); ${note(statement.to)}`;
      case "same":
        return `${margin}${statement.to} = ${statement.one} === ${statement.other}; ${note(statement.to)}`;
      case "trySend":
        return `${margin}${statement.to} = ${statement.channel}.trySend(${statement.value}); ${note(statement.to)}`;
      case "tryReceive":
        return `${margin}${statement.to} = ${statement.channel}.tryReceive(); ${note(statement.to)}`;
      case "length":
      case "closed":
        return `${margin}${statement.to} = ${statement.channel}.${statement.does}; ${note(statement.to)}`;
      case "close": {
        const cause = statement.cause === null ? "" : `new Error("${statement.cause}")`;
        return `${margin}${statement.to} = ${statement.channel}.close(${cause}); ${note(statement.to)}`;
      }
      case "discard":
        return `${margin}${statement.channel}.cancel();`;
      case "start": {
        const { body, within, daemon, to } = statement;
        const start = within === null ? "go" : `${within}.go`;
        const started = `${start}(${this._function} task() ${this._body(body, "return log;", margin)})`;
        return `${margin}${to} = ${daemon ? `daemon(${started})` : started};`;
      }
      case "cancel":
        return `${margin}${statement.task}.cancel();`;
      case "quit":
        return `${margin}${statement.scope}.cancel();`;
      case "throw":
        return `${margin}throw new Error("${statement.message}");`;
      case "return":
        return `${margin}return log;`;
      case "if": {
        const test = `if (text(${statement.of}) === "${statement.is}")`;
        const otherwise =
          statement.else.length === 0 ? "" : ` else {\n${this._block(statement.else, `${margin}  `)}${margin}}`;
        return `${margin}${test} {\n${this._block(statement.then, `${margin}  `)}${margin}}${otherwise}`;
      }
      case "try":
        return this._try(statement, margin);
      case "loop": {
        const { initial, state, body, next } = statement;
        const { of, plus, modulo, done } = next;
        const sum = `((typeof ${of} === "number" ? ${of} : 0) + ${plus}) % ${modulo}`;
        const end = done === null ? `return ${sum};` : `const next = ${sum}; return next === ${done} ? DONE : next;`;
        return `${margin}yield* loop(${initial}, function* (${state}) ${this._body(body, end, margin)});`;
      }
      case "forever":
        return `${margin}yield* forever(function* () ${this._body(statement.body, "", margin)});`;
    }
  }

  private _try({ body, caught, handler, finally: last }: Extract<Statement, { does: "try" }>, margin: string): string {
    const inner = `${margin}  `;
    let shown = `${margin}try {\n${this._block(body, inner)}${margin}}`;
    if (caught !== null) {
      shown += ` catch (error) {\n${inner}${caught} = errorText(error); log += "!" + ${caught} + ",";\n`;
      shown += `${this._block(handler, inner)}${margin}}`;
    }
    if (last.length > 0) shown += ` finally {\n${this._block(last, inner)}${margin}}`;
    return shown;
  }

  private _operation(op: Op, margin: string): string {
    switch (op.op) {
      case "send":
        return `${op.channel}.send(${op.value})`;
      case "receive":
      case "whenClosed":
        return `${op.channel}.${op.op}()`;
      case "receiveAny":
        return `receiveAny({ ${op.channels.map((name, at) => `c${at}: ${name}`).join(", ")} })`;
      case "sleep":
        return `sleep(${op.ms})`;
      case "late":
        return `${op.timeout}.receive()`;
      case "join":
        return op.task;
      case "whenOver":
        return `${op.task}.whenOver()`;
      case "always":
        return `always(${op.value})`;
      case "acquire":
        return `${op.lock}.acquire()`;
      case "scope": {
        const deadline = op.deadline === null ? "" : `, { deadline: ${op.deadline} }`;
        return `scope(${this._function} body(${op.name}) ${this._body(op.body, "return log;", margin)}${deadline})`;
      }
      default:
        return `${op.op}()`;
    }
  }
}

function channelOf({ flavour, capacity }: { readonly flavour: string; readonly capacity: number }): string {
  if (flavour === "promise") return "promiseChannel()";
  if (flavour === "unbuffered") return "channel()";
  return flavour === "buffered" ? `channel(${capacity})` : `channel(${flavour}(${capacity}))`;
}

/** The variables that a body assigns, but for those of bodies inside. */
function assigned(block: Block): Term[] {
  return block.flatMap((statement) => {
    const own = ["to", "key", "caught"].flatMap(
      (field) => (statement as unknown as Record<string, string | null>)[field] ?? [],
    );
    const blocks = statement.does === "if" || statement.does === "try" ? blocksOf(statement) : [];
    return [...own, ...blocks.flatMap(assigned)];
  });
}
