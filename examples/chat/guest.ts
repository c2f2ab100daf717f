/** What happens when a guest is too slow: the guest misses the oldest or the newest messages, or is disconnected. */
export const POLICIES = ["slide", "drop", "disconnect"] as const;
export type Policy = (typeof POLICIES)[number];

/** A guest, as the address of the socket describes it. */
export interface Guest {
  readonly name: string;
  readonly room: string;
  readonly policy: Policy;
  /** How long the server waits after each message to this guest, in milliseconds: it simulates a slow connection. */
  readonly pace: number;
}

const MAX_LENGTH = 24;

export function guestFrom(query: URLSearchParams): Guest {
  const word = (key: string, otherwise: string): string => query.get(key)?.trim().slice(0, MAX_LENGTH) || otherwise;
  const policy = POLICIES.find((known) => known === query.get("policy")) ?? "slide";
  const pace = Math.min(Math.max(Number(query.get("pace")) || 0, 0), 5000);
  return { name: word("name", "guest"), room: word("room", "mill"), policy, pace };
}

export function addressOf(server: string, { name, room, policy, pace }: Guest): string {
  return `${server.replace(/^http/, "ws")}?${new URLSearchParams({ name, room, policy, pace: String(pace) })}`;
}
