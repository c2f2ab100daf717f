/** A question, as it is put to all services of one race. */
export interface Question {
  /** Identifies the race. With it a server can be asked later what it did for this question. */
  id: string;
  text: string;
  /** Milliseconds in which the services have to answer. */
  deadline: number;
}

export const MAX_LENGTH = 120;

/** The text on one line, without control characters. */
export function oneLine(text: string): string {
  return text.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
}

/** The text on one line, cut to the maximum length. Empty if no visible character is left. */
export function cleanText(text: string): string {
  return [...oneLine(text)].slice(0, MAX_LENGTH).join("").trim();
}
