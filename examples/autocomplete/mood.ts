/** How the server is today: how long it takes for an answer, and how often it fails instead. */
interface Mood {
  readonly ms: readonly [least: number, most: number];
  readonly fails: number;
}

export const MOODS = {
  quick: { ms: [5, 40], fails: 0 },
  moody: { ms: [40, 1400], fails: 0.15 },
  slow: { ms: [4000, 6000], fails: 0 },
  down: { ms: [5, 40], fails: 1 },
} satisfies Record<string, Mood>;

export type MoodName = keyof typeof MOODS;

export function isMood(name: unknown): name is MoodName {
  return typeof name === "string" && Object.hasOwn(MOODS, name);
}

/** What happens to one request in this mood. */
export function fateIn(name: MoodName): { ms: number; fails: boolean } {
  const { ms, fails }: Mood = MOODS[name];
  return { ms: ms[0] + Math.random() * (ms[1] - ms[0]), fails: Math.random() < fails };
}
