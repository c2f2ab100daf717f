/** Gives a body the name that its tasks are to show: bundlers rename a function whose name is taken where they put it. */
export function named<F extends object>(name: string, body: F): F {
  return Object.defineProperty(body, "name", { value: name });
}
