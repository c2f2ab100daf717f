import { styleText } from "node:util";

/** How parts of the report are emphasised. */
export interface Colours {
  strong: (text: string) => string;
  good: (text: string) => string;
  bad: (text: string) => string;
  faint: (text: string) => string;
}

const plain = (text: string) => text;

/** Colours for a terminal; plain text for pipes and files, and when NO_COLOR is set. */
export function coloursFor(stream: NodeJS.WriteStream): Colours {
  if (!stream.isTTY || process.env.NO_COLOR) return { strong: plain, good: plain, bad: plain, faint: plain };
  return {
    strong: (text) => styleText("bold", text),
    good: (text) => styleText("cyan", text),
    bad: (text) => styleText("red", text),
    faint: (text) => styleText("dim", text),
  };
}
