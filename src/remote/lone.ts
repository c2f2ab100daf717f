// A send that is performed alone, as opposed to a send that is a case of a select: alone, it may give its value away before it completes.

import { Operation } from "../operation/operation.js";

/** A send that finds out whether it stands alone. */
export abstract class Lone extends Operation<boolean> {
  /** Whether it is performed alone, until it has completed. */
  firm: boolean;

  constructor() {
    super();
    this.firm = false;
  }

  // A choice polls and blocks its cases itself, so what begins here stands alone.
  override [Symbol.iterator](): ReturnType<Operation<boolean>[typeof Symbol.iterator]> {
    this.firm = true;
    return super[Symbol.iterator]();
  }

  override [Symbol.asyncIterator](): ReturnType<Operation<boolean>[typeof Symbol.asyncIterator]> {
    this.firm = true;
    return super[Symbol.asyncIterator]();
  }

  override then<A = boolean, B = never>(
    onValue?: ((value: boolean) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.firm = true;
    return super.then(onValue, onError);
  }
}
