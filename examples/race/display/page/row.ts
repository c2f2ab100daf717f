import { element } from "../../../shared/dom.ts";
import type { Service } from "../../services/service.ts";
import { formatTime } from "../text.ts";
import { positionOf } from "./scale.ts";

export type RowState = "idle" | "running" | "won" | "late" | "nothing" | "failed" | "cancelled";

const WORDS: Record<RowState, string> = {
  idle: "",
  running: "searching",
  won: "first",
  late: "too late",
  nothing: "found nothing",
  failed: "failed",
  cancelled: "cancelled",
};

/** The row of one service: a checkbox, a bar for the time, and what became of its request. */
export class Row {
  readonly service: Service;
  readonly node: HTMLLIElement;
  readonly checkbox: HTMLInputElement;
  private readonly _time: HTMLElement;
  private readonly _word: HTMLElement;
  private readonly _note: HTMLElement;
  private _state: RowState;

  constructor(service: Service) {
    this.service = service;
    this.checkbox = element("input", "checkbox");
    this.checkbox.type = "checkbox";
    this.checkbox.checked = true;
    this.checkbox.setAttribute("aria-label", `${service.name} takes part`);
    this._time = element("span", "time");
    this._word = element("span", "word");
    this._note = element("span", "note");
    this._state = "idle";
    const name = element("span", "name", service.name);
    const label = element("label", "service", this.checkbox, name, element("span", "description", service.description));
    const track = element("div", "track", element("div", "bar"));
    const facts = element("div", "facts", this._time, this._word, this._note);
    this.node = element("li", "row", label, track, facts);
    this.node.dataset.service = service.name;
    this.show("idle");
  }

  get state(): RowState {
    return this._state;
  }

  get takesPart(): boolean {
    return this.checkbox.checked;
  }

  show(state: RowState, time?: number): void {
    this._state = state;
    this.node.dataset.state = this.takesPart ? state : "off";
    this._word.textContent = WORDS[state];
    this._time.textContent = time === undefined ? "" : formatTime(time);
    this._note.textContent = "";
    this.setBar(time ?? 1);
  }

  /** Draws the bar as long as a time. */
  setBar(time: number): void {
    this.node.style.setProperty("--length", String(positionOf(time)));
  }

  /** Writes a remark below the time. */
  setNote(text: string): void {
    this._note.textContent = text;
  }
}
