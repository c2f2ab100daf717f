// A queue of jobs: the most important job first, a number of workers, a limited rate, retries, and a pause.

import {
  type Buffer,
  channel,
  type Operation,
  pausable,
  RateLimiter,
  type Routine,
  retry,
  watch,
  workers,
} from "millrace";

export interface Job {
  readonly name: string;
  /** Jobs with a higher priority come first; of equal jobs, the older one. */
  readonly priority: number;
  readonly run: () => Operation<void> | Routine<void>;
}

export interface JobQueueOptions {
  readonly workers: number;
  /** How many jobs wait in the queue before `add` parks. */
  readonly capacity: number;
  readonly perSecond: number;
  readonly attempts: number;
  /** Called with a job whose last attempt has failed. The other jobs go on. */
  readonly onFailed: (job: Job, error: unknown) => void;
}

/** A buffer that gives the value with the highest priority first. */
class ByPriority implements Buffer<Job> {
  private readonly _jobs: Job[] = []; // in the order in which they are taken
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this._jobs.length;
  }

  get full(): boolean {
    return this._jobs.length >= this.capacity;
  }

  push(job: Job): void {
    const at = this._jobs.findLastIndex(({ priority }) => priority >= job.priority);
    this._jobs.splice(at + 1, 0, job);
  }

  shift(): Job {
    return this._jobs.shift()!;
  }
}

export class JobQueue {
  private readonly _options: JobQueueOptions;
  private readonly _jobs;
  private readonly _rate;
  private readonly _paused = watch(false);

  constructor(options: JobQueueOptions) {
    this._options = options;
    this._jobs = channel<Job>(new ByPriority(options.capacity));
    this._rate = new RateLimiter({ limit: options.perSecond, per: 1000 });
  }

  /** Adds a job. Parks while the queue is full; yields false if the queue was closed. */
  add(job: Job): Operation<boolean> {
    return this._jobs.send(job);
  }

  /** Lets the workers finish the job that they have, and take no other. */
  pause(): void {
    this._paused.set(true);
  }

  resume(): void {
    this._paused.set(false);
  }

  /** Accepts no more jobs. `run` completes when those in the queue are done. */
  close(): void {
    this._jobs.close();
  }

  /** Runs the jobs until the queue is closed and empty. */
  run(): Operation<void> {
    return workers(pausable(this._jobs, this._paused), this._options.workers, (job) => this._do(job));
  }

  private *_do(job: Job): Routine<void> {
    try {
      yield* this._rate.acquire();
      yield* retry(job.run, { attempts: this._options.attempts });
    } catch (error) {
      this._options.onFailed(job, error);
    }
  }
}
