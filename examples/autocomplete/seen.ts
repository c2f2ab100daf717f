/** What the server saw of one request. It is told when it comes in, and when it is over. */
export interface Seen {
  readonly id: number;
  readonly query: string;
  readonly state: "working" | "answered" | "failed" | "aborted";
  /** How long it has been at it. */
  readonly ms: number;
}
