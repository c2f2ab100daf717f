export const LONGEST = 120;

/** One line of text, without control characters. */
export function line(text: string): string {
  return text.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
}

/** What is asked of the services: one line of sensible length; empty if nothing is left. */
export function tidy(text: string): string {
  return [...line(text)].slice(0, LONGEST).join("").trim();
}
