// A client that asks questions over a connection. It connects again when the connection is lost, fails the questions that were
// on their way, and notices a peer that has become silent. All its state belongs to one task.

import {
  type Channel,
  CLOSED,
  type Closed,
  channel,
  type Operation,
  type ReceiveChannel,
  type Routine,
  random,
  type SendChannel,
  scope,
  select,
  sleep,
  timeout,
  withTimeout,
} from "millrace";

/** A question, or its answer, which has the same id. The id 0 is a sign of life, to which the peer answers. */
export interface Message {
  readonly id: number;
  readonly text: string;
}

/** An open connection. `incoming` closes when the peer hangs up. */
export interface Connection {
  readonly outgoing: SendChannel<Message>;
  readonly incoming: ReceiveChannel<Message>;
}

export interface ClientOptions {
  /** Opens a connection, or throws. Tests pass one that stays in the program. */
  readonly connect: () => Routine<Connection>;
  /** How long a question may take, in milliseconds, with the time for connecting. */
  readonly timeout: number;
  /** After this time without a message, the peer is asked for a sign of life; after twice this time it is given up. */
  readonly heartbeat: number;
  /** A random share of the delay before the next connection; `random` by default. Tests pass one that is the same each time. */
  readonly chance?: () => number;
}

interface Question {
  readonly text: string;
  readonly answer: Channel<string>;
}

export class Client {
  private readonly _options: ClientOptions;
  private readonly _questions = channel<Question>(0, { name: "questions" });

  constructor(options: ClientOptions) {
    this._options = options;
  }

  /** Yields the answer. Throws if it takes longer than the timeout, or if the connection is lost before it arrives. */
  ask(text: string): Operation<string> {
    const asked = scope(() => this._ask(text)).map((answer) => {
      if (answer === CLOSED) throw new Error("Connection lost before the answer");
      return answer;
    });
    return withTimeout(this._options.timeout, asked);
  }

  /** Connects, and connects again when the connection is lost or cannot be opened, until the task is cancelled. */
  *run(): Routine<never> {
    for (let failures = 0; ; failures++) {
      try {
        const connection = yield* this._options.connect();
        failures = 0;
        yield* this._talk(connection);
      } catch {
        // The connection broke, or could not be opened: try again.
      }
      yield* sleep((this._options.chance ?? random)() * Math.min(5_000, 100 * 2 ** failures));
    }
  }

  private *_ask(text: string): Routine<string | Closed> {
    const answer = channel<string>(1, { name: `answer to ${text}` });
    yield* this._questions.send({ text, answer });
    return yield* answer.receive();
  }

  /** Sends questions and hands out answers until the connection is lost. */
  private *_talk({ outgoing, incoming }: Connection): Routine<void> {
    const { heartbeat } = this._options;
    const waiting = new Map<number, Channel<string>>();
    let lastId = 0;
    let silent = false;
    let quiet = timeout(heartbeat);
    try {
      for (;;) {
        const step = yield* select({ message: incoming, question: this._questions, quiet });
        if (step.value === CLOSED && (step.key !== "quiet" || silent)) return;
        if (step.key === "question" && step.value !== CLOSED) {
          waiting.set(++lastId, step.value.answer);
          yield* outgoing.send({ id: lastId, text: step.value.text });
          continue;
        }
        silent = step.key === "quiet";
        quiet = timeout(heartbeat);
        if (step.key === "message" && step.value !== CLOSED) {
          waiting.get(step.value.id)?.trySend(step.value.text);
          waiting.delete(step.value.id);
        } else {
          yield* outgoing.send({ id: 0, text: "still there?" });
        }
      }
    } finally {
      outgoing.close();
      incoming.cancel();
      for (const answer of waiting.values()) answer.close();
    }
  }
}
