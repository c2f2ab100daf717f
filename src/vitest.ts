/**
 * Matchers for vitest: verdicts of `verify` as expectations. Without `maxMs`, a verification ends before the time of its test
 * does, and the verdict is `bounded`.
 *
 * @module millrace/vitest
 */

import { expect, test as plain } from "vitest";
import type { AsyncRoutine, Routine } from "./operation/operation.js";
import { shown } from "./structures/errors.js";
import { boundOf, effortOf } from "./testing/report/report.js";
import type { FailureKind, Verdict, VerifyOptions } from "./testing/report/verdict.js";
import { verify } from "./testing/verify.js";

type Main<T> = () => Routine<T> | AsyncRoutine<T>;

/** The matchers for programs. */
export interface ProgramMatchers {
  /** Proves that no schedule of the program deadlocks, leaks a task or throws. Fails with the shortest failing schedule. */
  toBeDeadlockFree(options?: VerifyOptions<unknown>): Promise<void>;
  /** Proves the same, and that the program returns this value in every schedule. */
  toAlwaysReturn(value: unknown, options?: VerifyOptions<unknown>): Promise<void>;
  /** Passes if some schedule of the program fails in this way. */
  toFailWith(kind: FailureKind, options?: VerifyOptions<unknown>): Promise<void>;
}

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: an interface is extended with the parameters that it was declared with
  interface Matchers<T = any> extends ProgramMatchers {}
}

/** The result of a matcher. */
interface Outcome {
  readonly pass: boolean;
  readonly message: () => string;
}

/** What is used of a test of vitest. */
interface Running {
  readonly timeout: number;
  readonly result?: { readonly startTime?: number | undefined } | undefined;
}

/** The part of the time of a test that a verification may take: the report takes some, too. */
const PART = 0.8;

/** The time that a test has left, as a limit; none if the test has no limit of its own. */
function timeLeft(test: Running | undefined): VerifyOptions<unknown> {
  if (test === undefined || !(test.timeout > 0 && test.timeout < Infinity)) return {};
  const begun = test.result?.startTime ?? Date.now();
  return { maxMs: Math.max(1, (test.timeout - (Date.now() - begun)) * PART) };
}

async function verdictOn(
  matcher: string,
  main: unknown,
  options: VerifyOptions<unknown> | undefined,
  test: Running | undefined,
): Promise<Verdict<unknown>> {
  if (typeof main === "function") return await verify(main as Main<unknown>, { ...timeLeft(test), ...options });
  throw new TypeError(`Cannot match with ${matcher}: the program must be a function*, got ${shown(main)}`);
}

/** Throws if a limit was reached: then neither the expectation nor its negation is decided. */
function decided(verdict: Verdict<unknown>): Verdict<unknown> {
  if (verdict.status !== "bounded") return verdict;
  throw new Error(`Cannot decide the expectation or its negation: ${summary(verdict)}`);
}

/** A verdict as a line or as a report. */
function summary(verdict: Verdict<unknown>): string {
  if (verdict.status === "failed") return verdict.report;
  return verdict.status === "proved" ? `proved: ${effortOf(verdict)}` : `bounded: ${boundOf(verdict)}`;
}

expect.extend({
  async toBeDeadlockFree(main: unknown, options?: VerifyOptions<unknown>): Promise<Outcome> {
    const verdict = decided(await verdictOn("toBeDeadlockFree", main, options, this.task));
    return { pass: verdict.status === "proved", message: () => summary(verdict) };
  },

  async toAlwaysReturn(main: unknown, value: unknown, options?: VerifyOptions<unknown>): Promise<Outcome> {
    const same = (found: unknown): boolean => this.equals(found, value);
    const verdict = decided(await verdictOn("toAlwaysReturn", main, { ...options, outcomes: same }, this.task));
    const wanted = `Expected ${this.utils.stringify(value)} under every schedule. `;
    return { pass: verdict.status === "proved", message: () => wanted + summary(verdict) };
  },

  async toFailWith(main: unknown, kind: FailureKind, options?: VerifyOptions<unknown>): Promise<Outcome> {
    const verdict = await verdictOn("toFailWith", main, options, this.task);
    const pass = verdict.status === "failed" && verdict.kind === kind;
    return { pass, message: () => `Expected a schedule that fails with ${kind}. ${summary(verdict)}` };
  },
});

/** Verifies a program as one test, and annotates the test with the verdict. */
function schedules<T>(name: string, main: Main<T>, options: VerifyOptions<T> = {}): void {
  plain(name, async ({ annotate, signal, task }) => {
    const verdict = await verify(main, { name, signal, ...timeLeft(task), ...options } as VerifyOptions<T>);
    if (verdict.status !== "proved") throw new Error(summary(verdict));
    await annotate(summary(verdict));
  });
}

/** Vitest's `test`, with `test.schedules(name, main, options)`, which verifies a program as one test. */
export const test: typeof plain & { readonly schedules: typeof schedules } = Object.assign(plain.extend({}), {
  schedules,
}) as typeof plain & { readonly schedules: typeof schedules };
