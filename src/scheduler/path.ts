// Names that are the same in every run. The name of a task consists of its parent's path, the name of its body, and the number
// of tasks that its parent had started before. The name of a channel consists of its creator's path and such a count. No
// counter is global, so a task that is added elsewhere renames no other task. A path holds no task, so the name of a running
// task keeps no ended task alive.
//
// A path holds the paths of its ancestors, and in a chain in which each task starts the next one and ends they would never
// be freed. So the tree is cut into segments of 16 generations. The paths of the first segment are held by all below. Each
// later segment hangs from the end of the first one, with the number of generations between, which are left out. A name has
// at most 32 parts, and depends on nothing but the place in the tree.

/** The number of generations of a segment. */
const SEGMENT = 16;

// Channels and tasks hold the path of their creator, and so the root. Its symbol makes `structuredClone` and `postMessage` throw:
// without it they would copy a channel without its methods and its receivers.

import type { Home } from "./holders.js";

const STAYS: symbol = /* @__PURE__ */ Symbol(
  "Cannot clone: a channel or task of millrace stays in its thread, so post its values instead",
);

/** The place of a task in the tree of tasks. Made only for tasks that start tasks or create channels. */
export class Path {
  readonly parent: Path | null;
  /** Not cloneable in the root; otherwise undefined. */
  readonly stays: symbol | undefined;
  private readonly _name: string;
  private readonly _index: number;
  private readonly _depth: number;
  /** The numbers of tasks started and of channels created by this task. */
  tasks: number;
  channels: number;
  /** The scope whose tasks have this path as their origin. */
  home: Home | null;

  constructor(parent: Path | null, name: string, index: number) {
    this._depth = parent === null ? 0 : parent._depth + 1;
    this.parent = this._depth > SEGMENT && this._depth % SEGMENT === 1 ? parent!._head() : parent;
    this.stays = parent === null ? STAYS : undefined;
    this._name = name;
    this._index = index;
    this.tasks = this.channels = 0;
    this.home = null;
  }

  toString(): string {
    const parts: string[] = [];
    for (let path: Path = this; path.parent !== null; path = path.parent) {
      parts.push(`${path._name}#${path._index}`);
      const left = path._depth - path.parent._depth - 1;
      if (left > 0) parts.push(`(${left} more)`);
    }
    return parts.reverse().join("/");
  }

  /** The name of a task or channel of this task: its own name and its index. */
  child(name: string, index: number): string {
    const own = this.toString();
    return own === "" ? `${name}#${index}` : `${own}/${name}#${index}`;
  }

  /** The last path of the first segment. */
  private _head(): Path {
    let path: Path = this;
    while (path._depth > SEGMENT) path = path.parent!;
    return path;
  }
}
