// State packing: the values of each component are numbered in the order of their first use, and a packed state stores these
// numbers in as few bits as they need (collapse compression, as in SPIN: Holzmann, 1997). No field crosses a word boundary.

const BITS = 32;
/** Numbers above are looked up in a map. */
const MOST_LISTED = 0x10000;

/** Where the fields are. */
interface Layout {
  readonly words: number;
  /** For each component its word, how far it is shifted, and its mask before that. */
  readonly word: Int32Array;
  readonly shift: Int32Array;
  readonly mask: Int32Array;
}

export class Packing {
  /** Words of a packed state. */
  words: number;
  private _layout: Layout;
  /** For each component its values by number, 0 first; and the number of each value. */
  private readonly _values: number[][];
  private readonly _codes: Int32Array[];
  private readonly _farCodes: Map<number, number>[];

  constructor() {
    this._values = [];
    this._codes = [];
    this._farCodes = [];
    this._layout = layoutOf([]);
    this.words = this._layout.words;
  }

  /** Packs the value of a component; false if its field is too narrow, and `widen` is to be called first. */
  put(packed: Int32Array, component: number, value: number): boolean {
    const { word, shift, mask } = this._layout;
    const code = this._codeOf(component, value);
    if (component >= mask.length) return code === 0;
    if (code > mask[component]! >>> 0) return false;
    const [at, by] = [word[component]!, shift[component]!];
    packed[at] = (packed[at]! & ~(mask[component]! << by)) | (code << by);
    return true;
  }

  /** Copies a packed state, from a place on, into a vector. */
  unpack(data: Int32Array, from: number, into: Int32Array): void {
    const { word, shift, mask } = this._layout;
    for (let component = 0; component < mask.length; component++) {
      const code = (data[from + word[component]!]! >>> shift[component]!) & mask[component]!;
      into[component] = this._values[component]![code]!;
    }
    into.fill(0, mask.length);
  }

  /** Widens the fields to fit all values so far and some more; returns the given states packed anew. */
  widen(data: Int32Array, states: number): Int32Array {
    const old = this._layout;
    const layout = layoutOf(this._values.map(({ length }) => BITS - Math.clz32(length + (length >> 1))));
    this._layout = layout;
    this.words = layout.words;
    const packed = new Int32Array(layout.words * Math.max(1024, Math.ceil(states * 1.5)));
    for (let component = 0; component < old.mask.length; component++) {
      const [word, shift, mask] = [old.word[component]!, old.shift[component]!, old.mask[component]!];
      const [at, by] = [layout.word[component]!, layout.shift[component]!];
      for (let state = 0; state < states; state++) {
        packed[state * layout.words + at]! |= ((data[state * old.words + word]! >>> shift) & mask) << by;
      }
    }
    return packed;
  }

  private _codeOf(component: number, value: number): number {
    if (value === 0) return 0;
    const codes = this._codes[component];
    const code = codes !== undefined && value < codes.length ? codes[value]! : 0;
    return code !== 0 ? code : this._count(component, value);
  }

  /** The place of a value that may not have been met. */
  private _count(component: number, value: number): number {
    while (this._values.length <= component) {
      this._values.push([0]);
      this._codes.push(new Int32Array(16));
      this._farCodes.push(new Map());
    }
    const far = value >= MOST_LISTED || value < 0;
    const known = far ? this._farCodes[component]!.get(value) : undefined;
    if (known !== undefined) return known;
    const code = this._values[component]!.push(value) - 1;
    if (far) this._farCodes[component]!.set(value, code);
    else this._list(component, value, code);
    return code;
  }

  private _list(component: number, value: number, code: number): void {
    let codes = this._codes[component]!;
    if (value >= codes.length) {
      const longer = new Int32Array(value * 2);
      longer.set(codes);
      this._codes[component] = codes = longer;
    }
    codes[value] = code;
  }
}

/** Fields of so many bits, each in the first word that has room for it. */
function layoutOf(bits: readonly number[]): Layout {
  const used: number[] = [0];
  const word = new Int32Array(bits.length);
  const shift = new Int32Array(bits.length);
  const mask = Int32Array.from(bits, (count) => (count >= BITS ? -1 : (1 << count) - 1));
  for (const [component, count] of bits.entries()) {
    let at = used.findIndex((filled) => filled + count <= BITS);
    if (at === -1) at = used.push(0) - 1;
    word[component] = at;
    shift[component] = used[at]!;
    used[at]! += count;
  }
  return { words: used.length, word, shift, mask };
}
