// Permutations of tasks, interned as numbers, with their products. 0 is the identity.

export class Permutations {
  private readonly _permutations: (readonly number[])[];
  private readonly _ids: Map<string, number>;
  private readonly _composed: Map<number, number>;

  constructor() {
    this._permutations = [[]];
    this._ids = new Map([["", 0]]);
    this._composed = new Map();
  }

  /** The number of a permutation; tasks beyond its end are mapped to themselves. */
  idOf(places: readonly number[]): number {
    let length = places.length;
    while (length > 0 && places[length - 1] === length - 1) length--;
    const key = places.slice(0, length).join();
    const known = this._ids.get(key);
    if (known !== undefined) return known;
    const id = this._permutations.push(places.slice(0, length)) - 1;
    this._ids.set(key, id);
    return id;
  }

  /** The image of a task. */
  of(id: number, task: number): number {
    return this._permutations[id]![task] ?? task;
  }

  /** The product: the first permutation, then the second. */
  compose(first: number, second: number): number {
    if (first === 0 || second === 0) return first + second;
    const key = first * 0x200000 + second;
    let composed = this._composed.get(key);
    if (composed === undefined) {
      const length = Math.max(this._permutations[first]!.length, this._permutations[second]!.length);
      composed = this.idOf(Array.from({ length }, (_, task) => this.of(second, this.of(first, task))));
      this._composed.set(key, composed);
    }
    return composed;
  }
}
