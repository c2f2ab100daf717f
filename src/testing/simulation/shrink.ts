// Makes a failing schedule simpler: fewer decisions that differ from zero, and smaller ones, as long as it fails in the
// same way. Delta debugging (Zeller): halves first, then quarters, down to single decisions.

/** Runs a schedule: the decisions that it really took if it fails as before, null if it does not. */
export type Attempt = (decisions: readonly number[]) => Promise<readonly number[] | null>;

/** Attempts at the most; shrinking is worth seconds, not minutes. */
const MOST = 400;

const weight = (decisions: readonly number[]): number => decisions.filter((decision) => decision > 0).length;

/** The simplest schedule found that still fails. */
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

/** Fewer decisions that differ from zero; then a shorter list; then smaller decisions. */
function simpler(one: readonly number[], other: readonly number[]): boolean {
  const [a, b] = [trimmed(one), trimmed(other)];
  if (weight(a) !== weight(b)) return weight(a) < weight(b);
  if (a.length !== b.length) return a.length < b.length;
  return sum(a) < sum(b);
}

const sum = (decisions: readonly number[]): number => decisions.reduce((total, decision) => total + decision, 0);

/** Without the zeros at its end: a list that ends early goes on with zeros. */
export function trimmed(decisions: readonly number[]): readonly number[] {
  return decisions.slice(0, decisions.findLastIndex((decision) => decision > 0) + 1);
}
