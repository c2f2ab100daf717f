// What clients and nodes say to each other, over the connection of examples/client: the text of a question is a request as JSON, and
// the text of its answer an answer.

import type { Line } from "./room.ts";

export type Request =
  /** Makes a session the only one of a user. */
  | { readonly do: "login"; readonly user: string; readonly session: string }
  /** Answers with the session of a user, or null. */
  | { readonly do: "whoami"; readonly user: string }
  /** Appends to a room. Answers with the position. May be sent again with the same id. */
  | { readonly do: "say"; readonly room: string; readonly id: string; readonly from: string; readonly text: string }
  /** Answers with the lines of a room. */
  | { readonly do: "read"; readonly room: string };

export interface Results {
  readonly login: null;
  readonly whoami: string | null;
  readonly say: number;
  readonly read: readonly Line[];
}

/** What was acknowledged is done. If the outcome is unknown, it was done, or not, or will be. */
export type Answer = { readonly done: Results[Request["do"]] } | { readonly unknown: string };
