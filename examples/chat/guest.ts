/** What becomes of lines for somebody who is too slow: the oldest or the newest are missed, or he has to leave. */
export const POLICIES = ["slide", "drop", "disconnect"] as const;
export type Policy = (typeof POLICIES)[number];

/** Who comes, and how, as the address of his socket says. */
export interface Guest {
  readonly name: string;
  readonly room: string;
  readonly policy: Policy;
  /** How long his line takes for each message, in milliseconds: for watching the policies at work. */
  readonly pace: number;
}

const LONGEST = 24;

export function guestFrom(query: URLSearchParams): Guest {
  const word = (key: string, otherwise: string): string => query.get(key)?.trim().slice(0, LONGEST) || otherwise;
  const policy = POLICIES.find((known) => known === query.get("policy")) ?? "slide";
  const pace = Math.min(Math.max(Number(query.get("pace")) || 0, 0), 5000);
  return { name: word("name", "somebody"), room: word("room", "mill"), policy, pace };
}

export function addressOf(server: string, { name, room, policy, pace }: Guest): string {
  return `${server.replace(/^http/, "ws")}?${new URLSearchParams({ name, room, policy, pace: String(pace) })}`;
}
