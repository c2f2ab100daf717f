// A worker pool with fan-in: three workers take jobs from one channel as they become free, and send results to another. The
// task that waits for all workers closes the channel of results.

import {
  CLOSED,
  type Closed,
  channel,
  go,
  type ReceiveChannel,
  type Routine,
  type SendChannel,
  scope,
  sleep,
} from "millrace";

interface Result {
  readonly worker: string;
  readonly job: number;
  readonly square: number;
}

function* worker(name: string, jobs: ReceiveChannel<number>, results: SendChannel<Result>): Routine<void> {
  for (let job: number | Closed; (job = yield* jobs.receive()) !== CLOSED; ) {
    yield* sleep(1 + (job % 3));
    yield* results.send({ worker: name, job, square: job * job });
  }
}

function* pool(jobs: ReceiveChannel<number>, results: SendChannel<Result>): Routine<void> {
  // A scope ends when all tasks that it started have ended.
  yield* scope(function* (workers) {
    for (const name of ["ann", "bob", "cid"]) workers.go(worker, name, jobs, results);
  });
  results.close();
}

function* main(): Routine<Result[]> {
  const jobs = channel<number>();
  const results = channel<Result>();
  go(pool, jobs, results);
  go(function* () {
    for (let job = 1; job <= 9; job++) yield* jobs.send(job);
    jobs.close();
  });
  const done: Result[] = [];
  for (let result: Result | Closed; (result = yield* results.receive()) !== CLOSED; ) done.push(result);
  return done;
}

// Who did what, and in which order the results came in, is a matter of time; what was done is not.
const done = (await go(main)).sort((a, b) => a.job - b.job);
console.log(done.map(({ job, square }) => `${job}² = ${square}`).join(", "));
console.log(`workers that had something to do: ${[...new Set(done.map(({ worker }) => worker))].sort().join(", ")}`);

// Prints:
//   1² = 1, 2² = 4, 3² = 9, 4² = 16, 5² = 25, 6² = 36, 7² = 49, 8² = 64, 9² = 81
//   workers that had something to do: ann, bob, cid
