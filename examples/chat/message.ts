/** What is published in a room. */
export type Message =
  | { readonly kind: "said"; readonly room: string; readonly name: string; readonly text: string }
  | {
      readonly kind: "joined" | "left";
      readonly room: string;
      readonly name: string;
      readonly people: readonly string[];
    };

/** A message as it is sent to one guest, with the number of messages that the guest has missed since joining. */
export type Delivery = Message & { readonly missed: number };

/** The codes with which the server closes a socket. */
export const HAS_LEFT = 1000;
export const GOING_DOWN = 1001;
export const TOO_SLOW = 4008;
