// A schedule as a Mermaid sequence diagram. A rendezvous is an arrow between two tasks, a value that is stored or taken is an
// arrow to or from a channel, and every other step is a note. Names have aliases and are escaped, so no name breaks the diagram.

import type { Schedule, Step } from "./schedule.js";

/**
 * Draws a schedule as a [Mermaid](https://mermaid.js.org) sequence diagram, which many Markdown viewers show. Tasks and buffered
 * channels stand side by side. Time, and steps of a single task, are notes. The parked tasks come last.
 *
 * @param schedule - The schedule of a {@link ScheduleError} or of a failed verdict.
 * @returns The source text of the diagram.
 * @example
 * ```ts
 * import { channel, go } from "millrace";
 * import { toMermaid, verify } from "millrace/testing";
 *
 * const verdict = await verify(function* () {
 *   const orders = channel<string>(0, { name: "orders" });
 *   go(function* cook() {
 *     yield* orders.receive();
 *     yield* orders.receive();
 *   });
 *   yield* orders.send("soup");
 * });
 * const lines = verdict.status === "failed" ? toMermaid(verdict.schedule).split("\n") : [];
 * console.log(lines[3]); //     t0->>t1: orders ! #34;soup#34;
 * ```
 */
export function toMermaid(schedule: Schedule): string {
  const drawing = new Drawing();
  for (const step of schedule.steps) drawing.step(step);
  for (const { task, waitsFor } of schedule.waiting) drawing.note(task, `blocked: ${waitsFor}`);
  if (schedule.cycle.length > 0) drawing.across(`cycle: ${[...schedule.cycle, schedule.cycle[0]].join(" → ")}`);
  return drawing.toString();
}

/** A placeholder for all participants, which are known only at the end. No text contains a star, as it is escaped. */
const ACROSS = "Note over *";

class Drawing {
  /** The alias of each task and channel, by kind and name. */
  private readonly _aliases: Map<string, string>;
  private readonly _participants: string[];
  private readonly _lines: string[];

  constructor() {
    this._aliases = new Map();
    this._participants = [];
    this._lines = [];
  }

  step(step: Step): void {
    const { task, what, cells, peer, channel, act } = step;
    const text = cells[task] ?? what;
    if (task === "clock") this.across(what);
    else if (peer !== undefined) this._arrow(this._task(task), this._task(peer), text);
    else if (channel === undefined) this.note(task, text);
    else if (act === "receive") this._arrow(this._channel(channel), this._task(task), text);
    else this._arrow(this._task(task), this._channel(channel), text);
  }

  note(task: string, text: string): void {
    this._lines.push(`Note over ${this._task(task)}: ${escaped(text)}`);
  }

  /** Adds a note over all participants, including those that take part only in later steps. */
  across(text: string): void {
    this._lines.push(`${ACROSS}: ${escaped(text)}`);
  }

  toString(): string {
    if (this._aliases.size === 0 && this._lines.length > 0) this._task("clock");
    const all = [...this._aliases.values()];
    const over = `Note over ${all.length > 1 ? `${all[0]},${all.at(-1)}` : all[0]}`;
    const lines = this._lines.map((line) => (line.startsWith(ACROSS) ? line.replace(ACROSS, over) : line));
    return ["sequenceDiagram", ...[...this._participants, ...lines].map((line) => `    ${line}`)].join("\n");
  }

  private _arrow(from: string, to: string, text: string): void {
    this._lines.push(`${from}->>${to}: ${escaped(text)}`);
  }

  private _task(name: string): string {
    return this._alias("t", name);
  }

  private _channel(name: string): string {
    return this._alias("c", name);
  }

  private _alias(kind: "t" | "c", name: string): string {
    const present = this._aliases.get(kind + name);
    if (present !== undefined) return present;
    const alias = kind + this._aliases.size;
    this._aliases.set(kind + name, alias);
    this._participants.push(`participant ${alias} as ${escaped(name)}`);
    return alias;
  }
}

/** Escapes every character that may have a meaning in a diagram, as a character code. */
function escaped(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[^\p{L}\p{N} _.,!?()/=|'→-]/gu, (sign) => `#${sign.codePointAt(0)};`);
}
