// The time scale of the table. It is logarithmic, so that both 3 ms and 300 ms are easy to read.

/** The longest time on the scale, in milliseconds. The page may be opened with another one: `?longest=10000`. */
const LONGEST = Number(new URLSearchParams(location.search).get("longest") ?? 2000);

/** The times that are written above the scale. */
export const MARKS: readonly number[] = [1, 3, 10, 30, 100, 300, 1000];

/** The position of a time on the scale: 0 for 1 ms or less, 1 for the longest time. */
export function positionOf(ms: number): number {
  return Math.min(1, Math.max(0, Math.log(ms) / Math.log(LONGEST)));
}

/** The time at a position on the scale, rounded. */
export function timeAt(position: number): number {
  const ms = LONGEST ** position;
  const unit = ms < 100 ? 1 : ms < 1000 ? 5 : 50;
  return Math.round(ms / unit) * unit;
}
