// What the test suites of other systems state of supervisors and actors, in their numbers here. Each is cited by at least one test
// beside this file, behind the rule that it belongs to: "SV-1 (S1): …".

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const statements: Readonly<Record<string, string>> = {
  // supervisor_SUITE of Erlang/OTP
  S1: "children start in order, each when the one before has started",
  S2: "if a child does not start at first, those before it are stopped in reverse order, and nothing is tried again",
  S3: "a child may be ignored: its spec is kept, and a temporary one is dropped",
  S4: "the defaults",
  S5: "wrong specs are refused before any child starts; unknown keys are tolerated",
  S6: "a significant child is neither permanent, nor without an automatic shutdown",
  S7: "permanent: restarted after every exit",
  S8: "transient: restarted after a failure; otherwise the spec stays",
  S9: "temporary: never restarted, and dropped, also if another child failed",
  S10: "the arguments of temporary children are not retained",
  S11: "one-for-one: only the child that failed is restarted",
  S12: "one-for-all: all are stopped in reverse order, then started in order",
  S13: "rest-for-one: those after the child are stopped and started with it",
  S14: "a child that does not start during the restart of a group",
  S15: "a pool: one template, arguments of each child, stopped at the same time",
  S16: "a child of a pool that is ignored when it is restarted is removed",
  S17: "more restarts than the intensity allows end the supervisor",
  S18: "with an intensity of 0 the first failure does",
  S19: "an attempt that fails counts",
  S20: "the window of the period slides, and includes its bound",
  S21: "the restart of a group counts once",
  S22: "requests are served between attempts, and ending the child ends them",
  S23: "exits that lead to no restart do not count",
  S24: "children are stopped in reverse order, one at a time, each with its grace",
  S25: "a child that fails while it stops is told, and the stop goes on",
  S26: "no child can hang the stop",
  S27: "a child that ends while it is stopped is not restarted",
  S28: "many children cost no more for each",
  S29: "the answers of the administration",
  S30: "the children are listed with the youngest first, and counted",
  S31: "a child that cannot be started is an answer, and the supervisor goes on",
  S32: "a supervisor that is restarted begins with its static children",
  S33: "automatic shutdown: never, any, all",
  S34: "a significant child that fails is restarted",
  S35: "neither a request nor a stop with the group shuts down",
  S36: "a tree that has shut down may be significant itself",
  T1: "a transient supervisor that gives up is not restarted",
  T2: "intensities multiply along a branch",
  T3: "rest-for-one counts a failure of a pipeline once",
  // gen_server_SUITE of Erlang/OTP
  G1: "a question to an actor that is gone fails at once",
  G2: "a question fails with the actor that handles it",
  G3: "a late answer is dropped",
  G4: "an answer may come later, from anywhere",
  G5: "a message without a wait never throws and never parks, also to an actor that is gone",
  G6: "messages of one sender arrive in order",
  G7: "a stop is over when the last code has run; again it is over at once",
  G8: "questions do not slow down with the messages that wait for the asker",
  G9: "an end that was asked for is not reported as a failure",
  G10: "a start may time out, be ignored, or fail; a name is taken once",
  // SupervisionSpec, RoutersSpec and AskSpec of Pekko
  P1: "without a supervisor a failure stops the actor",
  P2: "the message in progress is not delivered again; the mailbox and the address stay",
  P3: "a limit within a time: it resets, and 0 stops at the first failure",
  P4: "what a life has started is stopped before the next begins; messages wait meanwhile",
  P5: "the delays of a backoff",
  P6: "timers of the old life are cancelled",
  P7: "restarts without a limit do not hold for starts that fail",
  R1: "a router of its own actors",
  R2: "a router of other actors, which may be none",
  A1: "questions: gone, late, answered with an error, or not asked",
};

const folder = new URL("./", import.meta.url);
const titles = readdirSync(folder)
  .filter((name) => name.endsWith(".test.ts"))
  .flatMap((name) => readFileSync(new URL(name, folder), "utf8").match(/\b(?:SV|AC)-[^(\n]*\([A-Z0-9, ]+\): /g) ?? []);
const cited = new Set(titles.flatMap((title) => title.match(/\b[STGPRA]\d+\b/g) ?? []));

describe("statements of other systems", () => {
  test.each(Object.entries(statements))("%s is cited: %s", (name) => {
    expect(cited).toContain(name);
  });

  test("no other name is cited", () => {
    expect([...cited].filter((name) => !(name in statements))).toEqual([]);
  });
});
