// Time is drawn to a logarithmic scale, so that 3 ms and 300 ms can be told apart on one lane.

export const LONGEST = 2000;
export const MARKS: readonly number[] = [1, 3, 10, 30, 100, 300, 1000];

/** Where a time lies on a lane, from 0 at 1 ms or less to 1 at the longest. */
export function place(ms: number): number {
  return Math.min(1, Math.max(0, Math.log(ms) / Math.log(LONGEST)));
}

/** The time that lies there, round enough to be read. */
export function timeAt(place: number): number {
  const ms = LONGEST ** place;
  const unit = ms < 100 ? 1 : ms < 1000 ? 5 : 50;
  return Math.round(ms / unit) * unit;
}

export function time(ms: number): string {
  if (ms >= 999.5) return `${Number((ms / 1000).toFixed(2))} s`;
  return ms < 9.95 && !Number.isInteger(ms) ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}
