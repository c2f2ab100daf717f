// Pipelines while a program is unfolded. As on the scheduler, each worker is a task, which receives a value, performs the stage and
// sends the result. What the workers share stands in the state: each has a place in the order of delivery from the event in which
// its value leaves the source to the event in which its result is delivered, and it sends only in the first place. A worker
// remembers nothing from one value to the next, so each value is a round of a loop, and workers are alike.
//
// When a stage fails or the output is cancelled, other workers are cancelled wherever they are: such programs are not modelled.

import { CLOSED, type OwnedChannel, type ReceiveChannel, type SendChannel } from "../../../channel/ends.js";
import type { Operation, Routine } from "../../../operation/operation.js";
import { named } from "../../../structures/named.js";
import type { Body } from "../../../task/task.js";
import { isValue, type Settleable, settle } from "../../../task/work.js";
import { Round } from "../../program/loop.js";
import type { ChannelModel, DeliveryOrder } from "./model-objects.js";
import { receiveFrom } from "./model-sources.js";

/** What `pipeline` is given. */
export interface PipelineParts {
  readonly source: () => ReceiveChannel<unknown>;
  readonly n: number;
  readonly work: (value: unknown) => Settleable<unknown>;
  readonly options: { readonly ordered?: boolean };
}

/** What a pipeline asks of the sandbox. */
export interface Crews {
  output(onCancel: () => void): ChannelModel<unknown> & OwnedChannel<unknown>;
  /** Starts tasks that are named as those of their starter, and a task that is given an operation that waits for their end. */
  crew(body: Body<never, void>, count: number, order: DeliveryOrder | null, end: CrewEnd): void;
  /** Notes an exception in code of the program, and rethrows it if it belongs to the sandbox. */
  refuse(what: string, error?: unknown): never;
}

export type CrewEnd = (ended: Operation<unknown>) => Routine<void>;

/** Undefined if the arguments are wrong, or workers are started on demand. */
export function pipelineModel(
  crews: Crews,
  { source: take, n, work, options }: PipelineParts,
): OwnedChannel<unknown> | undefined {
  if (!(Number.isInteger(n) && n >= 1) || typeof options !== "object" || options === null) return undefined;
  const source = take();
  const { ordered = true } = options;
  const out = crews.output(() => crews.refuse("a pipeline is cancelled"));
  const order = ordered ? { channel: out.index, tasks: [] } : null;
  // What the workers use is no argument: it is no value of the program.
  const worker = named("pipeline", () => delivering(crews, source, out, work));
  crews.crew(worker, n, order, function* end(ended) {
    yield* ended;
    let cause: unknown;
    try {
      yield* source.receive();
    } catch (error) {
      cause = error;
    }
    out.close(cause);
  });
  return out;
}

function* delivering(
  crews: Crews,
  source: ReceiveChannel<unknown>,
  out: SendChannel<unknown>,
  work: PipelineParts["work"],
): Routine<void> {
  const round = new Round(undefined, false);
  for (;;) {
    yield* round;
    const value = yield* nextValue(receiveFrom(source));
    if (value === CLOSED) return;
    const result = yield* resultOf(crews, work, value);
    if (!(yield* out.send(result))) crews.refuse("a pipeline is closed");
  }
}

/** The next value. The cause with which the source has ended goes to the output, once all workers have ended. */
function* nextValue(next: Operation<unknown>): Routine<unknown> {
  try {
    return yield* next;
  } catch {
    return CLOSED;
  }
}

function* resultOf(crews: Crews, work: PipelineParts["work"], value: unknown): Routine<unknown> {
  try {
    const made = work(value);
    return isValue(made) ? made : yield* settle(made);
  } catch (error) {
    return crews.refuse("a stage of a pipeline fails", error);
  }
}
