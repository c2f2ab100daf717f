/** Sets the name of a body, which the names of its tasks show: bundlers rename a function whose name is taken. */
export function named<F extends object>(name: string, body: F): F {
  return Object.defineProperty(body, "name", { value: name });
}
