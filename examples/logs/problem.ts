/** Something that could not be read. It travels with what could, so that it ends nothing. */
export interface Problem {
  readonly where: string;
  readonly what: string;
}

export function isProblem(item: object): item is Problem {
  return "what" in item;
}

/** What an exception says, in a few words. */
export function problem(where: string, error: unknown): Problem {
  return { where, what: error instanceof Error ? error.message : String(error) };
}
