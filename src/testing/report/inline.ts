// Values in one line of a report: short JSON, and names for what JSON does not have.

import { shown } from "../../structures/errors.js";
import { isView, type Sort, sortOf } from "./structure.js";

/** The characters after which the rest of a value is left out. */
const LONGEST = 44;
/** The depth below which objects are left out. */
const DEEPEST = 4;

/** Formats a value in short: `{"seq":1,"bit":0}`, `Job {"id":1}`, `Map {"a" => 1}`. */
export function inline(value: unknown): string {
  try {
    return new Inline().of(value, 0);
  } catch {
    return shown(value);
  }
}

class Inline {
  private readonly _around: object[];
  private _left: number;

  constructor() {
    this._around = [];
    this._left = LONGEST;
  }

  of(value: unknown, depth: number): string {
    if (typeof value === "string") return this._spend(JSON.stringify(clipped(value)));
    if (typeof value !== "object" || value === null) return this._spend(Object.is(value, -0) ? "-0" : shown(value));
    if (this._around.includes(value)) return this._spend("[circular]");
    const words = inWords(value);
    if (words !== null) return this._spend(words);
    if (depth === DEEPEST) return this._spend("…");
    this._around.push(value);
    const text = this._parts(value, depth + 1);
    this._around.pop();
    return text;
  }

  private _parts(value: object, depth: number): string {
    if (Array.isArray(value)) return this._list("[", value.length, (at) => this._property(value, at, depth), "]");
    const name = classOf(value);
    const sort = sortOf(value);
    if (typeof sort !== "string") {
      if (isView(sort) || sort.tag === "Buffer") return this._bytes(`${name} `, value as Uint8Array, depth);
      if (sort.tag === "Map" || sort.tag === "Set") return this._held(this._spend(`${name} `), value, sort, depth);
    }
    const keys = Object.keys(value);
    const head = name === "Object" || name === "" ? "" : this._spend(name);
    if (head !== "" && keys.length === 0) return head;
    const property = (at: number): string =>
      `${this._spend(`${JSON.stringify(keys[at]!)}:`)}${this._property(value, keys[at]!, depth)}`;
    return this._list(head === "" ? "{" : `${head} {`, keys.length, property, "}");
  }

  private _property(object: object, key: string | number, depth: number): string {
    const property = Object.getOwnPropertyDescriptor(object, key);
    if (property === undefined) return this._spend("");
    return "value" in property ? this.of(property.value, depth) : this._spend("(getter)");
  }

  private _bytes(head: string, view: Uint8Array, depth: number): string {
    if (view.length === undefined) return this._spend(`${head}(${view.byteLength} bytes)`);
    return this._list(`${this._spend(head)}[`, view.length, (at) => this.of(view[at], depth), "]");
  }

  private _held(head: string, value: object, sort: Sort, depth: number): string {
    const held = sort.holds(value);
    if (sort.tag === "Set") return this._list(`${head}{`, held.length, (at) => this.of(held[at], depth), "}");
    const entry = (at: number): string =>
      `${this.of(held[at * 2], depth)}${this._spend(" => ")}${this.of(held[at * 2 + 1], depth)}`;
    return this._list(`${head}{`, held.length / 2, entry, "}");
  }

  private _list(open: string, count: number, part: (at: number) => string, close: string): string {
    const parts: string[] = [];
    for (let at = 0; at < count; at++) {
      if (this._left <= 0) {
        parts.push("…");
        break;
      }
      parts.push(part(at));
      this._left--;
    }
    return `${open}${parts.join()}${close}`;
  }

  private _spend(text: string): string {
    this._left -= text.length;
    return text;
  }
}

function clipped(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** Objects whose parts say less than a word: errors, dates, and what has a name in the program, such as channels and tasks. */
function inWords(value: object): string | null {
  if (value instanceof Error) return clipped(`${value.name}: ${value.message}`);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Date (invalid)" : `Date ${value.toISOString()}`;
  if (value instanceof RegExp) return String(value);
  if (Array.isArray(value)) return null;
  const words = shown(value);
  if (words.startsWith("an object")) return null;
  const { name } = value as { readonly name?: unknown };
  return words === "a channel" && typeof name === "string" ? name : words.replace(/ \(.*$/, "");
}

function classOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as object | null;
  const made: unknown = prototype === null ? null : Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof made === "function" ? made.name : "";
}
