// Names that are the same in every run. The name of a task consists of its parent's path, the name of its body, and the number
// of tasks that its parent had started before. The name of a channel consists of its creator's path and such a count. No
// counter is global, so a task that is added elsewhere renames no other task. A path holds no task, so the name of a running
// task keeps no ended task alive.

// Channels and tasks hold the path of their creator, and so the root. Its symbol makes `structuredClone` and `postMessage` throw:
// without it they would copy a channel without its methods and its receivers.

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
  /** The numbers of tasks started and of channels created by this task. */
  tasks: number;
  channels: number;

  constructor(parent: Path | null, name: string, index: number) {
    this.parent = parent;
    this.stays = parent === null ? STAYS : undefined;
    this._name = name;
    this._index = index;
    this.tasks = this.channels = 0;
  }

  toString(): string {
    const parts: string[] = [];
    for (let path: Path = this; path.parent !== null; path = path.parent) parts.push(`${path._name}#${path._index}`);
    return parts.reverse().join("/");
  }

  /** The name of a task or channel of this task: its own name and its index. */
  child(name: string, index: number): string {
    const own = this.toString();
    return own === "" ? `${name}#${index}` : `${own}/${name}#${index}`;
  }
}
