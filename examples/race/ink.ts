import { styleText } from "node:util";

/** Colours text, or leaves it alone. */
export interface Ink {
  strong: (text: string) => string;
  good: (text: string) => string;
  bad: (text: string) => string;
  faint: (text: string) => string;
}

const plain = (text: string) => text;

/** Colour for a terminal that takes it, plain text for pipes and files. */
export function inkFor(stream: NodeJS.WriteStream): Ink {
  if (!stream.isTTY || process.env.NO_COLOR) return { strong: plain, good: plain, bad: plain, faint: plain };
  return {
    strong: (text) => styleText("bold", text),
    good: (text) => styleText("cyan", text),
    bad: (text) => styleText("red", text),
    faint: (text) => styleText("dim", text),
  };
}
