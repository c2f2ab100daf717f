// Arrays of numbers that grow, and hashes of what stands in them.

export function grown(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

export function mix(component: number, value: number): number {
  let mixed = Math.imul(component + 1, 0x9e3779b1) ^ Math.imul(value, 0x85ebca6b);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return mixed ^ (mixed >>> 12);
}
