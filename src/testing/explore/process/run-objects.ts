// The objects of the program while it is unfolded. A task is run many times, and each run makes its own objects: where one run sends
// an object, and another run receives it, the second is given a copy of its own, as it would be given an object that no other run
// has. Plain data is numbered by its shape, so objects of equal shape lead to the same local states.
//
// What has no shape (functions, symbols, instances of classes) is named by its origin: the local state at which a run had it first,
// and how many others the run had there before. The same history gives it the same name, in every run. A run keeps a table of
// the names of what it has, so that what comes back to it is its own object, not that of the run that was first.
//
// Whether a program tells two equal objects apart, with `===` or as keys of a map, cannot be seen. So each local state at which a task
// has received an object is unfolded twice: in the second run, a `likeness`, each object that is received is one that the run has
// already, wherever one of equal shape is there. If the task behaves differently, the search restarts with the refinement
// `IDENTITY`, under which all objects are named by their origin.

import { isPrototype, propertiesOf, sortOf } from "../../report/structure.js";
import { copyOf, freeze, isUnique, shapeOf, type Unique, type Values, visit } from "../../report/values.js";
import { Unmodelled } from "./cases.js";
import { Refuted } from "./refinements.js";

//
// What two tasks may have must not be changed. A receiver that changes what it has received is an exception, once the search has
// restarted with the refinement `HANDOVER`: then the sender must not notice. So each local state of a task that has sent an equal
// object is unfolded a second time, and the object is changed there as soon as it is sent.

/** The refinement under which two objects are equal only if they are the same object. */
export const IDENTITY = "identity of objects";
/** The refinement under which a receiver may change what it has received. */
export const HANDOVER = "objects that change hands";

/** Objects with a number are changed by a receiver, and then look like this. */
export interface Move {
  readonly id: number;
  readonly after: object;
}

/** An object that other tasks may have as well. */
interface Held {
  readonly id: number;
  content: string;
  /** Whether it was received, and not given to another task since. */
  isOwn: boolean;
}

/** The part of a run that its objects depend on. */
interface Holder {
  readonly node: number;
  readonly loops: ReadonlyMap<object, unknown>;
  readonly objects: RunObjects;
}

/** What one run has. */
export class RunObjects {
  /** The name of each object that has one, and the object of each name. */
  readonly names: Map<Unique, string>;
  readonly objects: Map<string, Unique>;
  /** The objects that other tasks may have as well. */
  readonly held: Map<object, Held>;
  /** How many objects have got a name at the current local state. */
  named: number;
  /** Whether it has received an object, which may be one that it has already. */
  received: boolean;
  /** Whether it is given what it has already, where that has the shape of what it receives. */
  readonly isLikeness: boolean;
  /** In an audit, where all tasks run together: the object that was sent last, by its number. */
  readonly sent: Map<number, unknown> | null;
  /** What is changed in it as soon as it is sent. */
  readonly move: Move | null;
  /** The loop of which a round has begun since the run went on. */
  loop: string;
  /** The first object of each name, and the names that were given to another one later. */
  private readonly _first: Map<string, Unique>;
  readonly renewed: Set<string>;
  /** What it had when it entered each loop. */
  private readonly _entered: Map<object, ReadonlySet<Unique>>;

  constructor(isLikeness: boolean, sent: Map<number, unknown> | null, move: Move | null = null) {
    this.names = new Map();
    this.objects = new Map();
    this.held = new Map();
    this.named = 0;
    this.received = false;
    this.isLikeness = isLikeness;
    this.sent = sent;
    this.move = move;
    this.loop = "";
    this._first = new Map();
    this.renewed = new Set();
    this._entered = new Map();
  }

  learn(name: string, object: Unique): void {
    this.names.set(object, name);
    if (!this.objects.has(name)) this.objects.set(name, object);
    const first = this._first.get(name);
    if (first === undefined) this._first.set(name, object);
    else if (first !== object) this.renewed.add(name);
  }

  /** A round depends on nothing but its state: of what earlier rounds of the loop had, only the state is left. */
  beginRound(loop: object, state: unknown): void {
    const entered = this._entered.get(loop);
    if (entered === undefined) this._entered.set(loop, new Set([...this.names.keys(), ...this.held.keys()]));
    else this._forget(entered, state);
  }

  private _forget(entered: ReadonlySet<Unique>, state: unknown): void {
    const kept = new Set(entered);
    visit(state, (part) => kept.add(part).has(part));
    for (const [object, name] of this.names) {
      if (kept.has(object)) continue;
      this.names.delete(object);
      if (this.objects.get(name) === object) this.objects.delete(name);
    }
    for (const object of this.held.keys()) if (!kept.has(object)) this.held.delete(object);
  }
}

/** Called when a run is given what has a name that it has already, and that was first given at a node in a loop. */
export type Redelivered = (name: string, node: number) => void;

export class ProgramObjects {
  /** Whether any run has received an object, so that the identity of objects may matter. */
  anyReceived: boolean;
  /** Whether objects are equal only if they are the same object. */
  readonly byIdentity: boolean;
  /** What receivers change, as far as is known. */
  readonly moves: Move[];
  private readonly _handsOver: boolean;
  private readonly _values: Values;
  private readonly _nameOf: (object: object) => string | undefined;
  private readonly _freezes: boolean;
  private readonly _redelivered: Redelivered;
  /** Names by origin, and by object. */
  private readonly _origins: Map<string, string>;
  private readonly _names: Map<Unique, string>;
  /** The local states of names that were given in a round of a loop: another round may make another object of that name. */
  private readonly _repeated: Map<string, number>;
  /** What was sent first, by its number; `values` has a copy, which stays as it is. */
  private readonly _originals: Map<number, unknown>;
  /** Numbers for what stands in objects without being a part of their data. */
  private readonly _parts: Map<Unique, number>;
  /** The changes since they were asked for, and the keys of all. */
  private readonly _changes: Map<string, Move>;
  private readonly _asked: Set<string>;

  /** @param nameOf - The name of a model object. */
  constructor(
    values: Values,
    nameOf: (object: object) => string | undefined,
    byIdentity: boolean,
    freezes: boolean,
    handsOver: boolean,
    redelivered: Redelivered,
  ) {
    this.anyReceived = false;
    this._values = values;
    this._nameOf = nameOf;
    this.byIdentity = byIdentity;
    this._freezes = freezes;
    this._handsOver = handsOver;
    this._redelivered = redelivered;
    this.moves = [];
    this._origins = new Map();
    this._names = new Map();
    this._repeated = new Map();
    this._originals = new Map();
    this._parts = new Map();
    this._changes = new Map();
    this._asked = new Set();
  }

  // What a run gives away.

  /** The number of a value that a run sends, or will send if no other case happens first. */
  sentId(run: Holder, value: unknown): number {
    if (!isUnique(value)) return this._values.idOf(value);
    this._assertVisible(value);
    return this.handedId(run, this._freezes ? freeze(value) : value);
  }

  /** The number of an argument or a result: like what is sent, another task may have it from now on. */
  handedId(run: Holder, value: unknown): number {
    const id = this.idOf(run, value);
    if (isUnique(value)) this._giveAway(run, value, id);
    return id;
  }

  /** The number of a value that a run has. */
  idOf(run: Holder, value: unknown): number {
    if (!isUnique(value)) return this._values.idOf(value);
    if (this.byIdentity) this._nameAll(run, value);
    const text = shapeOf(value, (part) => this._described(run, part));
    const id = this._values.idOfText(text, () => this._kept(value));
    if (!this._originals.has(id)) this._originals.set(id, value);
    run.objects.sent?.set(id, value);
    return id;
  }

  /** The number of a value that the model makes, such as the error of a cancelled task. */
  madeId(value: unknown): number {
    if (!isUnique(value)) return this._values.idOf(value);
    return this._values.idOfText(
      // The class of an error is no part of a run, even if a run had such an error first.
      shapeOf(value, (part) => (isPrototype(part) ? this._modelName(part) : this._known(part))),
      () => value,
    );
  }

  /** A text that is the same for two states of a loop if rounds that begin in them are the same. */
  stateKey(run: Holder, state: unknown): string {
    return shapeOf(state, (part) => {
      const name = this._modelName(part) ?? run.objects.names.get(part);
      return name === undefined && this._isWhole(part) ? this._name(run, part) : name;
    });
  }

  private _kept(value: Unique): unknown {
    return this.byIdentity ? value : copyOf(value, (part) => this._whole(part));
  }

  private _assertVisible(value: Unique): void {
    visit(value, (part) => {
      if (typeof part !== "object" || this._nameOf(part) !== undefined) return false;
      if (sortOf(part) !== "hidden") return true;
      throw new Unmodelled(`a task sends an object that may hold what cannot be seen: ${typeOf(part)}`);
    });
  }

  // What other tasks may have as well must not be changed.

  private _giveAway(run: Holder, value: Unique, id: number): void {
    const { held } = run.objects;
    visit(value, (part) => {
      const own = typeof part === "object" ? held.get(part) : undefined;
      if (own !== undefined) {
        this._assertMayChange(run, part as object, own);
        own.isOwn = false;
      }
      return this.byIdentity || this._whole(part) === undefined;
    });
    this._hold(run, value, id, false);
  }

  private _hold({ objects }: Holder, value: Unique, id: number, isOwn: boolean): void {
    if (typeof value !== "object" || objects.held.has(value) || this._nameOf(value) !== undefined) return;
    if (sortOf(value) !== "hidden") objects.held.set(value, { id, content: this._content(value), isOwn });
  }

  private _content(value: object): string {
    return shapeOf(value, (part) => {
      const name = this._modelName(part);
      if (name !== undefined || part === value || !this._isWhole(part)) return name;
      const number = this._parts.get(part) ?? this._parts.size;
      this._parts.set(part, number);
      return `${number}`;
    });
  }

  /** Of what other tasks may have, a run may change only what was handed over to it. */
  assertUnchanged(run: Holder): void {
    // In an audit a task has the very objects that others may change.
    if (run.objects.sent !== null || run.objects.move !== null) return;
    for (const [object, held] of run.objects.held) this._assertMayChange(run, object, held);
  }

  private _assertMayChange({ objects }: Holder, object: object, held: Held): void {
    const content = objects.sent === null && objects.move === null ? this._content(object) : held.content;
    if (content === held.content) return;
    if (!held.isOwn || this.byIdentity) throw new Unmodelled("a task changes an object that another task may have");
    if (!this._handsOver) throw new Refuted(HANDOVER);
    held.content = content;
    this._changes.set(`${held.id} ${content}`, { id: held.id, after: object });
  }

  /** The changes that have not been asked for before. */
  newMoves(): Move[] {
    const moves: Move[] = [];
    for (const [key, { id, after }] of this._changes) {
      if (this._asked.has(key)) continue;
      this._asked.add(key);
      moves.push({ id, after: copyOf(after, (part) => this._whole(part)) as object });
    }
    this._changes.clear();
    this.moves.push(...moves);
    return moves;
  }

  /** A run has sent objects with a number: they change at once. */
  move({ objects }: Holder, id: number): void {
    for (const [object, held] of objects.held) {
      if (held.id === id && !held.isOwn) become(object, objects.move!.after, (part) => this._whole(part));
    }
  }

  // What a run is given.

  /** The value with a number, for a run. */
  given(run: Holder, id: number, isMove: boolean): unknown {
    const value = this._values.at(id);
    if (!isUnique(value)) return value;
    const { sent, isLikeness } = run.objects;
    // A second run may change what it is given, which must not be what another run has.
    const like = isLikeness && !this._handsOver ? (this._originals.get(id) ?? value) : value;
    return this.give(run, sent?.get(id) ?? like, id, isMove);
  }

  /** What a run is given in place of a value of another run; `isMove` says that no other task receives it as well. */
  give(run: Holder, value: unknown, id = -1, isMove = false): unknown {
    if (!isUnique(value)) return value;
    if (this.byIdentity) visit(value, (part) => this._nameMade(part));
    const given = run.objects.sent === null ? this._own(run, value) : value;
    this._receive(run, given as Unique);
    this._hold(run, given as Unique, id, isMove);
    return given;
  }

  private _own(run: Holder, value: Unique): unknown {
    const own = (part: Unique): Unique | undefined => this._ownOf(run, part);
    if ((this.byIdentity || (run.objects.isLikeness && !this._handsOver)) && !differs(value, own)) return value;
    const learn = (part: object, made: object): void => {
      const name = this._names.get(part);
      if (name !== undefined) this._learn(run, name, made);
    };
    return copyOf(value, (part) => own(part) ?? this._whole(part), learn);
  }

  /** What a run has that is the same as a part of what it is given. */
  private _ownOf(run: Holder, part: Unique): Unique | undefined {
    if (this._modelName(part) !== undefined) return part;
    const { objects, isLikeness } = run.objects;
    const name = this._names.get(part);
    if (name === undefined) return isLikeness && !this._isWhole(part) ? this._alike(run, part as object) : undefined;
    const own = objects.get(name);
    const node = own === undefined ? undefined : this._repeated.get(name);
    if (node !== undefined) this._redelivered(name, node);
    return own;
  }

  /** An object of equal shape that a run has. */
  private _alike({ objects }: Holder, part: object): object | undefined {
    const describe = (inside: Unique): string | undefined => this._known(inside);
    const shape = shapeOf(part, describe);
    let alike: object | undefined;
    for (const held of objects.held.keys()) {
      visit(held, (inside) => {
        if (typeof inside !== "object" || this._isWhole(inside)) return true;
        if (inside === part || (alike === undefined && shapeOf(inside, describe) === shape)) alike = inside;
        return true;
      });
    }
    return alike;
  }

  private _receive(run: Holder, value: Unique): void {
    visit(value, (part) => {
      const name = this._names.get(part);
      if (name !== undefined) this._learn(run, name, part);
      if (typeof part !== "object" || this._modelName(part) !== undefined) return false;
      const isData = !this._isWhole(part) || this.byIdentity;
      if (isData) run.objects.received = this.anyReceived = true;
      return isData;
    });
  }

  // Names.

  private _modelName(part: Unique): string | undefined {
    return typeof part === "symbol" ? undefined : this._nameOf(part);
  }

  private _known(part: Unique): string | undefined {
    return this._modelName(part) ?? this._names.get(part);
  }

  /** Whether something is no data, and stands as it is where it is given to another task. */
  private _isWhole(part: Unique): boolean {
    return typeof part !== "object" || typeof sortOf(part) === "string" || isPrototype(part);
  }

  private _whole(part: Unique): Unique | undefined {
    return this._modelName(part) !== undefined || this._isWhole(part) ? part : undefined;
  }

  private _described(run: Holder, part: Unique): string | undefined {
    const name = this._modelName(part);
    if (name !== undefined) return name;
    return this.byIdentity || this._isWhole(part) ? this._name(run, part) : undefined;
  }

  private _nameAll(run: Holder, value: Unique): void {
    visit(value, (part) => {
      if (this._modelName(part) !== undefined) return false;
      this._name(run, part);
      return true;
    });
  }

  /** The name of something that a run has: the one that it got first, in this run or in an earlier one. */
  private _name(run: Holder, part: Unique): string {
    const known = run.objects.names.get(part);
    if (known !== undefined) return known;
    const origin = `${run.node} ${run.objects.loop} ${run.objects.named++}`;
    const name = this._origins.get(origin) ?? this._names.get(part) ?? origin;
    this._origins.set(origin, name);
    if (name === origin && run.loops.size > 0 && !isPrototype(part)) this._repeated.set(name, run.node);
    this._learn(run, name, part);
    return name;
  }

  /** Names a part of what the model has made. */
  private _nameMade(part: Unique): boolean {
    if (this._modelName(part) !== undefined) return false;
    if (!this._names.has(part)) this._names.set(part, `made ${this._names.size}`);
    return true;
  }

  private _learn(run: Holder, name: string, part: Unique): void {
    run.objects.learn(name, part);
    if (!this._names.has(part)) this._names.set(part, name);
  }
}

/** Makes an object like another one, of the same kind: in place, and likewise the parts that both have. */
function become(object: object, after: object, whole: (part: Unique) => Unique | undefined): void {
  const sort = sortOf(after);
  if (typeof sort === "string" || sort !== sortOf(object)) return;
  const before = new Map(propertiesOf(object, sort));
  for (const [key] of before) if (!Reflect.has(after, key)) Reflect.deleteProperty(object, key);
  for (const [key, property] of propertiesOf(after, sort)) {
    const [own, value] = [before.get(key)?.value as unknown, property.value as unknown];
    const both = isUnique(own) && isUnique(value) && typeof own === "object" && typeof value === "object";
    if (both && sortOf(own) === sortOf(value) && whole(value) === undefined) become(own, value, whole);
    else
      Reflect.defineProperty(object, key, { ...property, ...("value" in property && { value: copyOf(value, whole) }) });
  }
  sort.become?.(object, copyOf(after, whole) as object);
}

/** Whether any part of a value stands for another object. */
function differs(value: Unique, own: (part: Unique) => Unique | undefined): boolean {
  let differs = false;
  visit(value, (part) => {
    const other = own(part);
    differs ||= other !== undefined && other !== part;
    return other === undefined;
  });
  return differs;
}

const typeOf = (value: object): string => (value.constructor as Function | undefined)?.name ?? "an object";
