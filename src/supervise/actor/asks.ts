// Questions to an actor that have no answer yet. A question is known by its message. When the actor takes the message, the question
// belongs to that life of the actor, and fails with it; a message that still waits in the mailbox is left to the next life.

import type { Exit } from "../exit.js";
import { reasonOf } from "../exit.js";

/** A question that waits for its answer. */
export interface Question {
  /** The actor that has taken it, or null while it waits in a mailbox. */
  holder: Asks | null;
  fail(error: unknown): void;
}

export class Asks {
  private readonly _waiting: Map<unknown, Question>;
  private readonly _taken: Set<Question>;
  /** The questions of a mailbox that several actors share. */
  private readonly _shared: Asks | null;

  constructor(shared: Asks | null = null) {
    this._waiting = new Map();
    this._taken = new Set();
    this._shared = shared;
  }

  add(message: unknown, question: Question): void {
    this._waiting.set(message, question);
  }

  /** The question is answered, or given up. */
  remove(message: unknown, question: Question): void {
    if (question.holder !== null) question.holder._taken.delete(question);
    else if (this._waiting.get(message) === question) this._waiting.delete(message);
  }

  /** The actor has taken a message from its mailbox. */
  take(message: unknown): void {
    const { _waiting: waiting } = this._shared ?? this;
    if (waiting.size === 0) return;
    const question = waiting.get(message);
    if (question === undefined) return;
    waiting.delete(message);
    question.holder = this;
    this._taken.add(question);
  }

  /** A life of the actor has ended. */
  lifeEnded(exit: Exit, name: string): void {
    if (this._taken.size > 0) fail(this._taken, exit, name);
  }

  /** The actor has ended. */
  over(exit: Exit, name: string): void {
    this.lifeEnded(exit, name);
    if (this._waiting.size > 0) fail(this._waiting, exit, name);
  }
}

function fail(questions: Map<unknown, Question> | Set<Question>, exit: Exit, name: string): void {
  const all = [...questions.values()];
  questions.clear();
  const error = reasonOf(exit, `Actor ${name}`);
  for (const question of all) question.fail(error);
}
