// Which objects a program may still refer to, so that the names of all others are free: a round of a loop makes its objects under the
// names of an earlier round.
//
// The variables of a task are not visible. But a task cannot refer to more than what it has made, what it has been given, and what the
// task that started it could refer to by then: that is a set for each local state, computed along its path. What objects hold
// is added: the contents of channels, the values of cells, the results of tasks. (A collector of garbage marks in the same way.)

import type { LocalLts } from "../process/local-lts.js";
import { CellModel, ChannelModel, TaskModel } from "../process/model-objects.js";
import type { RegionStates } from "../process/model-scopes.js";
import { RegionModel } from "../process/model-scopes.js";
import { Thrown } from "../process/operation-cases.js";
import type { Unfolder } from "../process/unfolder.js";
import type { Contents } from "./channel-contents.js";

/** In place of an object, in a set: a function or an instance of a class, which may refer to any object. */
export const ANYTHING = -1;

type Refs = ReadonlySet<number>;

const NOTHING: Refs = new Set();

/** The part of a model that refers to values. */
interface State {
  readonly unfolder: Unfolder;
  readonly lts: LocalLts;
  readonly contents: Contents;
  readonly regionStates: RegionStates;
  readonly ofTask: readonly number[];
  readonly delivered: number;
  nodeOf(task: number): number;
  contentOf(channel: number): number;
  cellValue(cell: number): number;
  regionState(region: number): number;
  reason(task: number): number;
}

export class References {
  private readonly _model: State;
  /** For each node what its task may refer to. */
  private readonly _atNode: (Refs | undefined)[];
  /** What a value refers to, by its id. */
  private readonly _inValue: (Refs | undefined)[];

  constructor(model: State) {
    this._model = model;
    this._atNode = [];
    this._inValue = [];
  }

  /**
   * The objects in use in the current state, as places in `Sandbox.objects`, while a task is on its way to a node, and is about to make the
   * object with the given number: what it refers to at the node that it leaves does not count.
   */
  inUse(task: number, node: number, from: number): Refs {
    const { _model: model } = this;
    const inUse = new Set(this._before(node));
    const made = model.lts.made(node);
    for (let nth = 0; nth < from; nth++)
      inUse.add(this._placeOf(made[nth]!.slot.objects[model.lts.generation(node, nth)]!));
    for (let other = 0; other < model.ofTask.length; other++) if (other !== task) this._addTask(other, inUse);
    if (model.delivered !== -1) addAll(this._ofValue(model.delivered), inUse);
    for (const { from: nodes } of model.unfolder.sandbox.invariants.values()) {
      for (const said of nodes) addAll(this._at(said), inUse);
    }
    // The set grows while it is iterated over.
    for (const place of inUse) if (place !== ANYTHING) this._addHeld(place, inUse);
    return inUse;
  }

  /** Adds what a task refers to that is not over. */
  private _addTask(task: number, inUse: Set<number>): void {
    const { _model: model } = this;
    const node = model.nodeOf(task);
    if (node === -1 || model.lts.isEnd(node)) return;
    addAll(this._at(node), inUse);
    const reason = model.reason(task);
    if (reason !== -1) addAll(this._ofValue(reason), inUse);
  }

  /** Adds what an object holds. */
  private _addHeld(place: number, inUse: Set<number>): void {
    const { _model: model } = this;
    const { contents } = model;
    const object = model.unfolder.sandbox.objects[place]!;
    const add = (value: number): void => {
      if (value !== -1) addAll(this._ofValue(value), inUse);
    };
    if (object instanceof ChannelModel) {
      const content = model.contentOf(object.index);
      for (const value of contents.values(content)) add(value);
      add(Math.max(-1, contents.cause(content)));
    } else if (object instanceof CellModel) add(model.cellValue(object.index));
    else if (object instanceof TaskModel) this._addResult(object.index, inUse);
    else if (object instanceof RegionModel) {
      const { failures, reason } = model.regionStates.at(model.regionState(object.index));
      for (const value of [...failures, reason]) add(value);
    }
  }

  private _addResult(task: number, inUse: Set<number>): void {
    const { _model: model } = this;
    const node = model.nodeOf(task);
    if (node !== -1 && model.lts.isEnd(node)) this._addIn(model.lts.result(node), inUse, []);
  }

  /** What a task at a node may refer to. */
  private _at(node: number): Refs {
    const { lts } = this._model;
    const turn = lts.resumesAt(node);
    const path: number[] = [];
    let at = lts.base(turn === -1 ? node : turn);
    for (; at !== -1 && this._atNode[at] === undefined; at = lts.parent(at)) path.push(at);
    for (let next = path.pop(); next !== undefined; next = path.pop()) this._atNode[next] = this._computed(next);
    return this._atNode[lts.base(turn === -1 ? node : turn)]!;
  }

  private _computed(node: number): Refs {
    const { lts } = this._model;
    const before = this._before(node);
    const made = lts.made(node);
    if (made.length === 0) return before;
    const refs = new Set(before);
    for (const [nth, { slot }] of made.entries()) refs.add(this._placeOf(slot.objects[lts.generation(node, nth)]!));
    return refs;
  }

  /** What a task may refer to when it comes to a node, before it makes anything on the way. */
  private _before(node: number): Refs {
    const { lts, unfolder } = this._model;
    const parent = lts.parent(node);
    if (parent === -1) {
      const spawn = unfolder.spawnOf(node);
      const starter = spawn === -1 ? -1 : unfolder.spawns[spawn]!.starter;
      return starter === -1 ? NOTHING : this._at(starter);
    }
    const refs = new Set(this._at(parent));
    const { size } = refs;
    this._addIn(
      lts.valueOf(parent, lts.label(node)!, (id) => unfolder.values.at(id)),
      refs,
      [],
    );
    return refs.size === size ? this._at(parent) : refs;
  }

  private _ofValue(id: number): Refs {
    const known = this._inValue[id];
    if (known !== undefined) return known;
    const refs = new Set<number>();
    this._addIn(this._model.unfolder.values.at(id), refs, []);
    return (this._inValue[id] = refs);
  }

  /** Adds what a value refers to. */
  private _addIn(value: unknown, refs: Set<number>, above: readonly unknown[]): void {
    if (typeof value === "function") refs.add(ANYTHING);
    if (typeof value !== "object" || value === null || above.includes(value)) return;
    const place = this._model.unfolder.sandbox.placeOf(value);
    if (place !== undefined) refs.add(place);
    else if (value instanceof TaskModel || isBytes(value)) return;
    else for (const part of partsOf(value) ?? [() => {}]) this._addIn(part, refs, [...above, value]);
  }

  private _placeOf(object: object): number {
    return this._model.unfolder.sandbox.placeOf(object)!;
  }
}

function addAll(from: Refs, to: Set<number>): void {
  for (const place of from) to.add(place);
}

const isBytes = (value: object): boolean =>
  ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Date;

/** All that data consist of; null if the value may hold something that is not visible. */
function partsOf(value: object): unknown[] | null {
  if (value instanceof Thrown) return [value.cause];
  if (value instanceof Map) return [...value.entries()].flat().concat(fieldsOf(value));
  if (value instanceof Set) return [...value, ...fieldsOf(value)];
  if (Array.isArray(value) || value instanceof Error) return fieldsOf(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? fieldsOf(value) : null;
}

/** The values of all fields; a getter is a function. */
function fieldsOf(value: object): unknown[] {
  const fields = Object.getOwnPropertyDescriptors(value) as Record<PropertyKey, PropertyDescriptor>;
  // The stack of an error is a text, and in some engines a getter.
  const keys = Reflect.ownKeys(fields).filter((key) => !(value instanceof Error && key === "stack"));
  return keys.map((key) => ("value" in fields[key]! ? fields[key]!.value : fields[key]!.get));
}
