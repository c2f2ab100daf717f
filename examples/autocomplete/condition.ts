/** A condition of the server: the range of its response times in milliseconds, and the share of its requests that fail. */
interface Condition {
  readonly ms: readonly [least: number, most: number];
  readonly failureRate: number;
}

export const CONDITIONS = {
  quick: { ms: [5, 40], failureRate: 0 },
  unreliable: { ms: [40, 1400], failureRate: 0.15 },
  slow: { ms: [4000, 6000], failureRate: 0 },
  down: { ms: [5, 40], failureRate: 1 },
} satisfies Record<string, Condition>;

export type ConditionName = keyof typeof CONDITIONS;

/** The condition with this name; "unreliable" if there is none. */
export function conditionFrom(name: string | null): ConditionName {
  return name !== null && Object.hasOwn(CONDITIONS, name) ? (name as ConditionName) : "unreliable";
}

/** The response time of one request in this condition, and whether the request fails, both at random. */
export function randomOutcome(name: ConditionName): { ms: number; fails: boolean } {
  const { ms, failureRate }: Condition = CONDITIONS[name];
  return { ms: ms[0] + Math.random() * (ms[1] - ms[0]), fails: Math.random() < failureRate };
}
