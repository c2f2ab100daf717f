/** Sets the name of a body, which is part of the names of its tasks. Bundlers rename functions whose names collide. */
export function named<F extends object>(name: string, body: F): F {
  return Object.defineProperty(body, "name", { value: name });
}
