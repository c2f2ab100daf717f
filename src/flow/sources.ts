// The sources of combinators that take several: one by one, or as a list with options behind it.

import type { ReceiveChannel } from "../ends.js";
import { assertSource, type FlowOptions, release } from "./release.js";

/** The channels that carry the values of a tuple. */
export type Channels<T extends readonly unknown[]> = { readonly [K in keyof T]: ReceiveChannel<T[K]> };

/** Several sources, and what was told of them. */
export interface Sources<O extends FlowOptions> {
  readonly list: readonly ReceiveChannel<unknown>[];
  readonly options: O;
  /** Nothing more will be taken from any of them. */
  release(reason: unknown): void;
}

/** Reads both forms. */
export function sourcesOf<O extends FlowOptions>(verb: string, given: readonly unknown[]): Sources<O> {
  const [first, second] = given;
  const listed = Symbol.iterator in Object(first);
  const list = [...(listed ? (first as Iterable<unknown>) : given)] as ReceiveChannel<unknown>[];
  const options: O = (listed && (second as O | undefined)) || ({} as O);
  for (const source of list) assertSource(verb, source);
  return {
    list,
    options,
    release(reason) {
      for (const source of list) release(source, options, reason);
    },
  };
}
