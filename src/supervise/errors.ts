// The errors that callers of a supervisor catch.

import { textOf } from "../structures/errors.js";
import type { Child } from "./types.js";

/** Thrown by `ready()` and `start()` when a child did not start. `cause` is its error. */
export class StartError extends Error {
  /** The id of the child. */
  readonly child: string;

  constructor(child: string, cause: unknown) {
    super(`Cannot start child ${JSON.stringify(child)}: ${textOf(cause)}`, { cause });
    this.name = "StartError";
    this.child = child;
  }
}

/** The reason with which a supervisor ends when its children fail too often. `cause` is the last failure. */
export class MaxRestartsError extends Error {
  readonly code = "max-restarts";
  /** The id of the child that failed last. */
  readonly child: string;

  constructor(message: string, child: string, cause: unknown) {
    super(message, { cause });
    this.name = "MaxRestartsError";
    this.child = child;
  }
}

/** Why a supervisor refused a request. */
export type Refusal =
  | "already-started"
  | "already-present"
  | "running"
  | "restarting"
  | "not-found"
  | "max-children"
  | "not-running";

/** Thrown by the administration of a supervisor. `code` says why the request was refused. */
export class ChildError extends Error {
  readonly code: Refusal;
  /** The child that has the id already. */
  readonly child: Child | undefined;

  constructor(message: string, code: Refusal, child?: Child) {
    super(message);
    this.name = "ChildError";
    this.code = code;
    this.child = child;
  }
}
