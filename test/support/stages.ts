// The five forms in which what users hand to combinators may answer.

import { type AsyncRoutine, type Routine, type Settleable, sleep } from "millrace";

/** One form: something that takes so long, then yields a value or throws an error. */
export interface StageForm {
  readonly form: string;
  /** Whether it can be told to stop: a promise goes on by itself. */
  readonly stops: boolean;
  readonly make: <T>(ms: number, value: T, log?: Log) => Settleable<T>;
  readonly fail: (ms: number, error: unknown) => Settleable<never>;
}

/** What is noted of a stage. */
export interface Log {
  begun?(): void;
  /** Its `finally` ran, or its operation was withdrawn; whether it was done by then. */
  over?(done: boolean): void;
}

function* routine<T>(ms: number, value: T, log: Log): Routine<T> {
  let done = false;
  try {
    log.begun?.();
    yield* sleep(ms);
    done = true;
    return value;
  } finally {
    log.over?.(done);
  }
}

async function* asyncRoutine<T>(ms: number, value: T, log: Log): AsyncRoutine<T> {
  let done = false;
  try {
    log.begun?.();
    yield* sleep(ms);
    await null;
    done = true;
    return value;
  } finally {
    log.over?.(done);
  }
}

const thrower = (error: unknown) => (): never => {
  throw error;
};

export const waiting: readonly StageForm[] = [
  {
    form: "a promise",
    stops: false,
    make(ms, value, log = {}) {
      log.begun?.();
      return sleep(ms).then(() => {
        log.over?.(true);
        return value;
      });
    },
    fail: (ms, error) => sleep(ms).then(thrower(error)),
  },
  {
    form: "an operation",
    stops: true,
    make(ms, value, log = {}) {
      log.begun?.();
      return sleep(ms).map(() => {
        log.over?.(true);
        return value;
      });
    },
    fail: (ms, error) => sleep(ms).map(thrower(error)),
  },
  {
    form: "a routine",
    stops: true,
    make: (ms, value, log = {}) => routine(ms, value, log),
    *fail(ms, error) {
      yield* sleep(ms);
      throw error;
    },
  },
  {
    form: "an async routine",
    stops: true,
    make: (ms, value, log = {}) => asyncRoutine(ms, value, log),
    async *fail(ms, error) {
      yield* sleep(ms);
      throw error;
    },
  },
];

/** With the one that answers at once. */
export const stageForms: readonly StageForm[] = [
  {
    form: "a value",
    stops: false,
    make(_, value, log = {}) {
      log.begun?.();
      log.over?.(true);
      return value;
    },
    fail: (_, error) => thrower(error)(),
  },
  ...waiting,
];
