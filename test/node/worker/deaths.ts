/** How a worker dies, and what is known of it then. */
export interface Death {
  readonly kind: "thread" | "process";
  readonly deed: string;
  /** Whether its parent kills it. */
  readonly killed: boolean;
}

/** How what waited for the worker has ended, by its name, and how the worker has. */
export interface Outcome {
  readonly waited: Readonly<Record<string, string>>;
  readonly exit: string;
}
