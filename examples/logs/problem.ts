/** A file or line that could not be read. It is a value like the entries, so that it does not end the analysis. */
export interface Problem {
  readonly where: string;
  readonly what: string;
}

export function isProblem(item: object): item is Problem {
  return "what" in item;
}

/** A problem with the message of an exception. */
export function problem(where: string, error: unknown): Problem {
  return { where, what: error instanceof Error ? error.message : String(error) };
}
