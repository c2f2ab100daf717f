// The sources of combinators that have several.

import type { ReceiveChannel } from "../../channel/ends.js";
import { assertOptions } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { type FlowOptions, release, releases } from "../ends/release.js";
import { assertSource, type Input, sourceOf } from "../ends/source.js";

/** A tuple of sources that yield the values of a tuple. */
export type Channels<T extends readonly unknown[]> = { readonly [K in keyof T]: Input<T[K]> };

/** Several sources, and the options for them. */
export interface Sources<O extends FlowOptions> {
  readonly list: readonly ReceiveChannel<unknown>[];
  readonly options: O;
  /** Gives up all of them; undefined if none is to be released. */
  readonly release: ((reason: unknown) => void) | undefined;
}

/** Throws unless it gets a list of receive channels. */
export function sourcesOf<O extends FlowOptions>(
  verb: string,
  given: Iterable<Input<unknown>>,
  options: O,
): Sources<O> {
  if (!(Symbol.iterator in Object(given)))
    throw new TypeError(`Cannot ${verb}: sources must be a list of receive channels, got ${shown(given)}`);
  assertOptions(verb, options);
  const all = [...given];
  for (const source of all) assertSource(verb, source);
  const list = all.map((source) => sourceOf(verb, source));
  return { list, options, release: releaseOf(list, options) };
}

/** Returns how to give up sources; undefined if none is to be released. */
export function releaseOf(
  list: readonly ReceiveChannel<unknown>[],
  options: FlowOptions,
): ((reason: unknown) => void) | undefined {
  if (!list.some((source) => releases(source, options))) return undefined;
  return (reason) => {
    for (const source of list) release(source, options, reason);
  };
}
