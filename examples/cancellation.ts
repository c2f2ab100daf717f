// Cancellation ends a go block as `return` would: at the `yield*` where it is parked, after its `finally` blocks, which may
// park too. In a scope the first failure cancels the other tasks. A scope takes an AbortSignal, and has one.

import { type AsyncRoutine, CancelledError, go, type Routine, scope, settled, sleep } from "millrace";

// 1. A task is cancelled from outside. `catch` does not see it, `finally` does.
function* guest(): Routine<void> {
  try {
    yield* sleep(60_000);
  } catch {
    console.log("never printed");
  } finally {
    yield* sleep(1);
    console.log("1. the guest has tidied up");
  }
}

const staying = go(guest);
await sleep(1);
staying.cancel("the house is closing");
try {
  await staying;
} catch (error) {
  if (error instanceof CancelledError) console.log(`1. cancelled, because ${error.cause}`);
}

// 2. One of three fails: the others are cancelled, and the scope throws the failure once they have ended.
function* sibling(name: string): Routine<void> {
  try {
    yield* sleep(60_000);
  } finally {
    console.log(`2. ${name} was cancelled`);
  }
}

function* family(): Routine<void> {
  yield* scope(function* (home) {
    home.go(sibling, "ann");
    home.go(sibling, "bob");
    yield* sleep(1);
    throw new Error("the roof came down");
  });
}

try {
  await go(family);
} catch (error) {
  console.log(`2. ${(error as Error).message}`);
}

// 3. A signal from outside ends a scope, and the scope's own signal ends what only knows signals.
function request(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      console.log("3. the request was aborted");
      reject(signal.reason);
    });
  });
}

async function* fetching(): AsyncRoutine<void> {
  const controller = new AbortController();
  go(function* () {
    yield* sleep(1);
    controller.abort("no longer needed");
  });
  try {
    yield* scope(
      async function* ({ signal }) {
        yield* settled(request(signal));
      },
      { signal: controller.signal },
    );
  } catch (error) {
    if (error instanceof CancelledError) console.log(`3. cancelled, because ${error.cause}`);
  }
}

await go(fetching);

// Prints:
//   1. the guest has tidied up
//   1. cancelled, because the house is closing
//   2. ann was cancelled
//   2. bob was cancelled
//   2. the roof came down
//   3. the request was aborted
//   3. cancelled, because no longer needed
