// A schedule as a Mermaid sequence diagram: who meets whom is an arrow between tasks, what is stored or taken an arrow to or
// from a channel, all else a note. Names stand behind aliases and are escaped, so that no name can break the diagram.

import type { Schedule, Step } from "./schedule.js";

/**
 * A schedule as a [Mermaid](https://mermaid.js.org) sequence diagram, to be pasted where Markdown is shown: tasks and
 * buffered channels side by side, time and what a task does alone as notes, at the end who is blocked.
 *
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

/** Stands for all that take part until all are known. No text holds a star. */
const ACROSS = "Note over *";

class Drawing {
  /** An alias for each task and channel, by whether it is one or the other, and its name. */
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

  /** A note over all that take part, those included that have not done anything yet. */
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
    const known = this._aliases.get(kind + name);
    if (known !== undefined) return known;
    const alias = kind + this._aliases.size;
    this._aliases.set(kind + name, alias);
    this._participants.push(`participant ${alias} as ${escaped(name)}`);
    return alias;
  }
}

/** Whatever might mean something in a diagram is written by its number. */
function escaped(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[^\p{L}\p{N} _.,!?()/=|'→-]/gu, (sign) => `#${sign.codePointAt(0)};`);
}
