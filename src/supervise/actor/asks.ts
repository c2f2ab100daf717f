// Questions to an actor that have no answer yet. A question is known by its message. When the actor takes the message, the question
// belongs to that life of the actor, and fails with it; a message that still waits in the mailbox is left to the next life.
//
// Most often there is one question at a time, which needs neither the map nor the set: a message in a map needs a hash.

import type { Exit } from "../exit.js";
import { reasonOf } from "../exit.js";

/** A question that waits for its answer. */
export interface Question {
  /** The actor that has taken it, or null while it waits in a mailbox. */
  holder: Asks | null;
  fail(error: unknown): void;
}

export class Asks {
  /** The oldest question that waits in the mailbox, and its message; null if it is in the map. */
  private _first: Question | null;
  private _message: unknown;
  /** The others by their messages, of which several may be the same; the oldest first. */
  private _waiting: Map<unknown, Question[]> | null;
  /** A question that the actor has taken, and the others. */
  private _current: Question | null;
  private _taken: Set<Question> | null;
  /** The questions of a mailbox that several actors share. */
  private readonly _shared: Asks | null;

  constructor(shared: Asks | null = null) {
    this._message = undefined;
    this._first = this._waiting = this._current = this._taken = null;
    this._shared = shared;
  }

  get empty(): boolean {
    return (this._first ?? this._waiting ?? this._current) === null && !(this._taken !== null && this._taken.size > 0);
  }

  add(message: unknown, question: Question): void {
    if (this._first === null && this._waiting === null) {
      this._first = question;
      this._message = message;
      return;
    }
    this._waiting ??= new Map();
    const same = this._waiting.get(message);
    if (same === undefined) this._waiting.set(message, [question]);
    else same.push(question);
  }

  /** The question is answered, or given up. */
  remove(message: unknown, question: Question): void {
    const { holder } = question;
    if (holder === null) this._pull(message, question);
    else if (holder._current === question) holder._current = null;
    else holder._taken?.delete(question);
  }

  /** The actor has taken a message from its mailbox. */
  take(message: unknown): void {
    const question = (this._shared ?? this)._pull(message, null);
    if (question === null) return;
    question.holder = this;
    if (this._current === null) this._current = question;
    else (this._taken ??= new Set()).add(question);
  }

  /** A life of the actor has ended. */
  lifeEnded(exit: Exit, name: string): void {
    const questions = [...(this._current === null ? [] : [this._current]), ...(this._taken ?? [])];
    this._current = this._taken = null;
    fail(questions, exit, name);
  }

  /** The actor has ended. */
  over(exit: Exit, name: string): void {
    this.lifeEnded(exit, name);
    const questions = [...(this._first === null ? [] : [this._first]), ...(this._waiting?.values() ?? [])].flat();
    this._first = this._waiting = null;
    this._message = undefined;
    fail(questions, exit, name);
  }

  /** Takes out a question that waits: the given one, or the oldest with the message. Returns null if there is none. */
  private _pull(message: unknown, given: Question | null): Question | null {
    const first = this._first;
    if (first !== null && (given === null ? message === this._message : given === first)) {
      this._first = null;
      this._message = undefined;
      return first;
    }
    const same = this._waiting?.get(message);
    if (same === undefined) return null;
    const at = given === null ? 0 : same.indexOf(given);
    if (at < 0) return null;
    const [question] = same.splice(at, 1);
    if (same.length === 0) this._waiting!.delete(message);
    if (this._waiting!.size === 0) this._waiting = null;
    return question!;
  }
}

function fail(questions: readonly Question[], exit: Exit, name: string): void {
  if (questions.length === 0) return;
  const error = reasonOf(exit, `Actor ${name}`);
  for (const question of questions) question.fail(error);
}
