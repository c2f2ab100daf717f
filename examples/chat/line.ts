/** What is heard in a room. */
export type Line =
  | { readonly kind: "said"; readonly room: string; readonly name: string; readonly text: string }
  | {
      readonly kind: "joined" | "left";
      readonly room: string;
      readonly name: string;
      readonly people: readonly string[];
    };

/** A line as it is sent to one guest, with how many he has missed since he came. */
export type Told = Line & { readonly missed: number };

/** The codes a socket is closed with when the server does it. */
export const HAS_LEFT = 1000;
export const GOING_DOWN = 1001;
export const TOO_SLOW = 4008;
