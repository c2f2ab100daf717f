// Amounts that commands take from and give back to: pieces of a product, cents of a customer. They are decided in memory, at once, and
// stored with others in one commit; what is taken is missing from the moment of the decision, so nothing is given away twice. They are
// made of the log again whenever the child that holds them is started.

import type { Routine } from "millrace";
import type { EventStore } from "../store/store.ts";
import type { Event, Stored } from "../store/types.ts";

export type Entries = readonly (readonly [of: string, amount: number])[];

export class Amounts {
  private readonly _amounts: Map<string, number>;

  constructor() {
    this._amounts = new Map();
  }

  /** Folds all events of a log. */
  static of<E extends Event>(store: EventStore<E>, change: (event: Stored<E>) => Entries): Amounts {
    const amounts = new Amounts();
    for (let page = store.readAll(); page.length > 0; page = store.readAll(page.at(-1)!.position))
      for (const event of page) amounts.add(change(event));
    return amounts;
  }

  add(entries: Entries): void {
    for (const [of, amount] of entries) this._amounts.set(of, this.get(of) + amount);
  }

  get(of: string): number {
    return this._amounts.get(of) ?? 0;
  }

  /** Takes all entries or none. Returns what there is too little of, or undefined. */
  take(entries: Entries): string | undefined {
    for (const [of, amount] of entries) if (this.get(of) < amount) return of;
    this.add(negative(entries));
    return undefined;
  }
}

/** Takes the entries if they are there, and stores what was decided: once for a key, however often it is asked. */
export function* take<E extends Event>(
  store: EventStore<E>,
  amounts: Amounts,
  { stream, key, entries }: { readonly stream: string; readonly key: string; readonly entries: Entries },
  decided: (missing: string | undefined) => E,
): Routine<void> {
  const missing = amounts.take(entries);
  let stored = false;
  try {
    const { repeated } = yield* store.append(stream, [decided(missing)], { key });
    stored = !repeated;
  } finally {
    if (!stored && missing === undefined) amounts.add(entries);
  }
}

export function negative(entries: Entries): Entries {
  return entries.map(([of, amount]) => [of, -amount] as const);
}
