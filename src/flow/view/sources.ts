// The sources of combinators that have several.

import type { ReceiveChannel } from "../../channel/ends.js";
import { shown } from "../../structures/errors.js";
import { assertSource, type FlowOptions, release, releases, takeOver } from "../ends/release.js";

/** A tuple of channels that yield the values of a tuple. */
export type Channels<T extends readonly unknown[]> = { readonly [K in keyof T]: ReceiveChannel<T[K]> };

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
  given: Iterable<ReceiveChannel<unknown>>,
  options: O,
): Sources<O> {
  if (!(Symbol.iterator in Object(given)))
    throw new TypeError(`Cannot ${verb}: sources must be a list of receive channels, got ${shown(given)}`);
  const list = [...given];
  for (const source of list) assertSource(verb, source);
  return { list, options, release: releaseOf(list, options) };
}

/** Takes over sources. Returns how to give them up; undefined if none is to be released. */
export function releaseOf(
  list: readonly ReceiveChannel<unknown>[],
  options: FlowOptions,
): ((reason: unknown) => void) | undefined {
  for (const source of list) takeOver(source);
  if (!list.some((source) => releases(source, options))) return undefined;
  return (reason) => {
    for (const source of list) release(source, options, reason);
  };
}
