/** The state of one request, as the server sees it. The server publishes it when the request arrives and when it ends. */
export interface RequestState {
  readonly id: number;
  readonly query: string;
  readonly state: "working" | "answered" | "failed" | "aborted";
  /** Milliseconds since the request arrived. */
  readonly ms: number;
}
