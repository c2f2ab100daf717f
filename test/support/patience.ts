/** Milliseconds after which what has not happened is taken to hang: far more than a machine that is ten times slower needs. */
export const PATIENCE = 300_000;
