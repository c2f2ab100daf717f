// Makes a program smaller as long as a test stays true.

import type { Block, Op, Program, Statement } from "./language.js";

/** Programs that are a little smaller. */
export function* smaller(block: Block): Generator<Block> {
  for (let at = 0; at < block.length; at++) yield [...block.slice(0, at), ...block.slice(at + 1)];
  for (let at = 0; at < block.length; at++) {
    for (const statements of simpler(block[at]!)) yield [...block.slice(0, at), ...statements, ...block.slice(at + 1)];
  }
}

function* simpler(statement: Statement): Generator<Statement[]> {
  switch (statement.does) {
    case "perform":
      for (const operation of simplerOp(statement.operation)) yield [{ ...statement, operation }];
      return;
    case "select": {
      const { cases, to } = statement;
      for (const each of cases) yield [{ does: "perform", operation: each, to }];
      for (let at = 0; at < cases.length; at++) {
        if (cases.length > 2) yield [{ ...statement, cases: cases.filter((_, other) => other !== at) }];
      }
      if (statement.hasDefault) yield [{ ...statement, hasDefault: false }];
      if (statement.mode !== "random") yield [{ ...statement, mode: "random" }];
      for (let at = 0; at < cases.length; at++) {
        for (const op of simplerOp(cases[at]!))
          yield [{ ...statement, cases: cases.map((each, other) => (other === at ? op : each)) }];
      }
      return;
    }
    case "channel":
      if (statement.flavour !== "unbuffered") yield [{ ...statement, flavour: "unbuffered", capacity: 0 }];
      if (statement.flavour !== "unbuffered" && statement.flavour !== "buffered")
        yield [{ ...statement, flavour: "buffered", capacity: 1 }];
      if (statement.capacity > 1) yield [{ ...statement, capacity: 1 }];
      return;
    case "close":
      if (statement.cause !== null) yield [{ ...statement, cause: null }];
      return;
    case "start":
      if (statement.daemon) yield [{ ...statement, daemon: false }];
      for (const body of smaller(statement.body)) yield [{ ...statement, body }];
      return;
    case "loop":
    case "forever":
      if (statement.does === "loop") yield [{ does: "forever", body: statement.body }];
      if (statement.does === "forever") yield [...statement.body];
      for (const body of smaller(statement.body)) yield [{ ...statement, body }];
      return;
    case "if":
      yield [...statement.then];
      yield [...statement.else];
      for (const then of smaller(statement.then)) yield [{ ...statement, then }];
      for (const otherwise of smaller(statement.else)) yield [{ ...statement, else: otherwise }];
      return;
    case "try":
      yield [...statement.body];
      if (statement.caught !== null && statement.finally.length > 0) {
        yield [{ ...statement, caught: null, handler: [] }];
        yield [{ ...statement, finally: [] }];
      }
      for (const body of smaller(statement.body)) yield [{ ...statement, body }];
      for (const handler of smaller(statement.handler)) yield [{ ...statement, handler }];
      for (const last of smaller(statement.finally)) {
        if (last.length > 0 || statement.caught !== null) yield [{ ...statement, finally: last }];
      }
  }
}

function* simplerOp(op: Op): Generator<Op> {
  if (op.op === "sleep" && op.ms > 1) yield { ...op, ms: 1 };
  if (op.op !== "scope") return;
  if (op.deadline !== null) yield { ...op, deadline: null };
  for (const body of smaller(op.body)) yield { ...op, body };
}

/** A program that is as small as possible while the test is true of it. */
export async function shrunk(program: Program, test: (program: Program) => Promise<boolean>): Promise<Program> {
  let least = program;
  for (let again = true; again; ) {
    again = false;
    for (const candidate of smaller(least)) {
      if (!(await test(candidate).catch(() => false))) continue;
      least = candidate;
      again = true;
      break;
    }
  }
  return least;
}
