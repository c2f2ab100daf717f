export const LONGEST = 120;

/** What is asked of the services: one line of sensible length, without control characters; empty if nothing is left. */
export function tidy(text: string): string {
  const line = text.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
  return [...line].slice(0, LONGEST).join("").trim();
}
