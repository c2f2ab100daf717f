// Names that are the same in every run: a task is its parent's path, its body's name and how many its parent had started
// before; a channel its creator's path and such a count. No counter is global, so a task added elsewhere renames nobody.
// A path refers to no task: the names of the living keep none of the dead.

/** Where a task stands in the tree of who started whom. Made only for tasks that start or create something. */
export class Path {
  readonly parent: Path | null;
  private readonly _name: string;
  private readonly _index: number;
  /** How many tasks and channels were started and created here. */
  tasks: number;
  channels: number;

  constructor(parent: Path | null, name: string, index: number) {
    this.parent = parent;
    this._name = name;
    this._index = index;
    this.tasks = this.channels = 0;
  }

  toString(): string {
    const parts: string[] = [];
    for (let path: Path = this; path.parent !== null; path = path.parent) parts.push(`${path._name}#${path._index}`);
    return parts.reverse().join("/");
  }

  /** The name of what was the `index`-th here. */
  child(name: string, index: number): string {
    const own = this.toString();
    return own === "" ? `${name}#${index}` : `${own}/${name}#${index}`;
  }
}
