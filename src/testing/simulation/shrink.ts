// Simplifies a failing schedule as long as it fails in the same way: fewer decisions that differ from zero, then smaller ones.
// This is delta debugging (Zeller): halves of the list first, then quarters, down to single decisions.

/** Runs a schedule. Returns the decisions that it took if it fails as before, and null otherwise. */
export type Attempt = (decisions: readonly number[]) => Promise<readonly number[] | null>;

/** The most attempts, so that shrinking takes seconds and not minutes. */
const MOST = 400;

const weight = (decisions: readonly number[]): number => decisions.filter((decision) => decision > 0).length;

/** Returns the simplest schedule found that still fails. */
export async function shrink(decisions: readonly number[], attempt: Attempt): Promise<readonly number[]> {
  let best = trimmed(decisions);
  let left = MOST;
  const tries = async (changed: readonly number[]): Promise<boolean> => {
    if (left-- <= 0) return false;
    const taken = await attempt(changed);
    if (taken === null || !simpler(taken, best)) return false;
    best = trimmed(taken);
    return true;
  };
  for (let before: readonly number[] | null = null; before !== best && left > 0; ) {
    before = best;
    for (let size = Math.ceil(best.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
      for (let at = 0; at < best.length; at += size) {
        if (weight(best.slice(at, at + size)) > 0)
          await tries(best.map((d, place) => (inside(place, at, size) ? 0 : d)));
      }
    }
    for (let at = 0; at < best.length; at++) {
      if (best[at]! > 1) await tries(best.map((d, place) => (place === at ? 1 : d)));
    }
  }
  return best;
}

const inside = (place: number, at: number, size: number): boolean => place >= at && place < at + size;

/** Whether one schedule is simpler: fewer decisions that differ from zero; then a shorter list; then smaller decisions. */
function simpler(one: readonly number[], other: readonly number[]): boolean {
  const [a, b] = [trimmed(one), trimmed(other)];
  if (weight(a) !== weight(b)) return weight(a) < weight(b);
  if (a.length !== b.length) return a.length < b.length;
  return sum(a) < sum(b);
}

const sum = (decisions: readonly number[]): number => decisions.reduce((total, decision) => total + decision, 0);

/** Removes the zeros at the end of a list, as a list that ends early continues with zeros. */
export function trimmed(decisions: readonly number[]): readonly number[] {
  return decisions.slice(0, decisions.findLastIndex((decision) => decision > 0) + 1);
}
