// A small language of concurrent programs. A program is plain data, so it can be generated, interpreted (interpreter.ts), rendered
// to JavaScript that uses millrace (render.ts), and made smaller (shrink.ts).
//
// A variable is assigned at one place of the text, and seen by what stands behind that place and by the bodies inside. Each body
// logs what its operations yield, and a task returns its log. So the result of `main` tells what happened. The body of a loop has
// a log of its own for each round, which no code reads.

/** The name of a variable. */
export type Name = string;

/** A number, or a variable. */
export type Term = number | Name;

export type Flavour = "unbuffered" | "buffered" | "sliding" | "dropping" | "promise";

/** An operation, which is performed by itself or as a case of a select. */
export type Op =
  | { readonly op: "send"; readonly channel: Name; readonly value: Term }
  | { readonly op: "receive" | "whenClosed"; readonly channel: Name }
  | { readonly op: "receiveAny"; readonly channels: readonly Name[] }
  | { readonly op: "sleep"; readonly ms: number }
  | { readonly op: "late"; readonly timeout: Name }
  | { readonly op: "join" | "whenOver"; readonly task: Name }
  | { readonly op: "always"; readonly value: Term }
  | { readonly op: "never" | "pause" | "settle" }
  | { readonly op: "acquire"; readonly lock: Name }
  | { readonly op: "scope"; readonly name: Name; readonly body: Block; readonly deadline: number | null };

export type Block = readonly Statement[];

/** How a loop goes on: with the sum of a variable and a number, modulo another; it ends when that is `done`. */
export interface Next {
  readonly of: Name;
  readonly plus: number;
  readonly modulo: number;
  readonly done: number | null;
}

export type Statement =
  | { readonly does: "perform"; readonly operation: Op; readonly to: Name }
  | {
      readonly does: "select";
      readonly cases: readonly Op[];
      readonly mode: "random" | "priority" | "fair";
      readonly hasDefault: boolean;
      /** Gets the index of the case, or `default`. */
      readonly key: Name;
      readonly to: Name;
    }
  | { readonly does: "choose"; readonly values: number; readonly to: Name }
  | { readonly does: "channel"; readonly flavour: Flavour; readonly capacity: number; readonly to: Name }
  | { readonly does: "timeout"; readonly ms: number; readonly to: Name }
  | { readonly does: "lock"; readonly permits: number; readonly to: Name }
  | { readonly does: "release"; readonly lease: Name }
  | { readonly does: "cell"; readonly initial: number; readonly to: Name }
  | { readonly does: "read"; readonly cell: Name; readonly to: Name }
  | { readonly does: "write"; readonly cell: Name; readonly value: Term }
  /** The cell never holds this number. */
  | { readonly does: "invariant"; readonly cell: Name; readonly not: number }
  | { readonly does: "object"; readonly to: Name }
  /** Adds one to the count in an object. */
  | { readonly does: "change"; readonly object: Name }
  | { readonly does: "look"; readonly object: Name; readonly to: Name }
  | { readonly does: "same"; readonly one: Name; readonly other: Name; readonly to: Name }
  | { readonly does: "trySend"; readonly channel: Name; readonly value: Term; readonly to: Name }
  | { readonly does: "tryReceive" | "length" | "closed"; readonly channel: Name; readonly to: Name }
  | { readonly does: "close"; readonly channel: Name; readonly cause: string | null; readonly to: Name }
  | { readonly does: "discard"; readonly channel: Name }
  | {
      readonly does: "start";
      readonly body: Block;
      /** The scope that it is started in. */
      readonly within: Name | null;
      readonly daemon: boolean;
      readonly to: Name;
    }
  | { readonly does: "cancel"; readonly task: Name }
  | { readonly does: "quit"; readonly scope: Name }
  /** Whether the text of a variable is a given one. */
  | { readonly does: "if"; readonly of: Name; readonly is: string; readonly then: Block; readonly else: Block }
  | { readonly does: "throw"; readonly message: string }
  | { readonly does: "return" }
  | {
      readonly does: "try";
      readonly body: Block;
      /** Gets the text of the exception; null if nothing is caught. */
      readonly caught: Name | null;
      readonly handler: Block;
      readonly finally: Block;
    }
  | { readonly does: "loop"; readonly initial: number; readonly state: Name; readonly body: Block; readonly next: Next }
  | { readonly does: "forever"; readonly body: Block };

/** The body of `main`. */
export type Program = Block;

/** The blocks inside a statement. */
export function blocksOf(statement: Statement): Block[] {
  switch (statement.does) {
    case "perform":
      return statement.operation.op === "scope" ? [statement.operation.body] : [];
    case "select":
      return statement.cases.flatMap((each) => (each.op === "scope" ? [each.body] : []));
    case "if":
      return [statement.then, statement.else];
    case "try":
      return [statement.body, statement.handler, statement.finally];
    case "start":
    case "loop":
    case "forever":
      return [statement.body];
    default:
      return [];
  }
}

/** Whether a program has a statement, at any depth, for which a test is true. */
export function has(block: Block, test: (statement: Statement) => boolean): boolean {
  return block.some((statement) => test(statement) || blocksOf(statement).some((inner) => has(inner, test)));
}

/** The number of statements, at any depth. */
export function sizeOf(block: Block): number {
  return block.reduce((sum, each) => sum + 1 + blocksOf(each).reduce((inner, part) => inner + sizeOf(part), 0), 0);
}

export const isLoop = ({ does }: Statement): boolean => does === "loop" || does === "forever";
