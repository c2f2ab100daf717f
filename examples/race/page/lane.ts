import { element } from "../../shared/dom.ts";
import type { Lap } from "../lap.ts";
import type { Service } from "../service.ts";
import { place, time } from "./scale.ts";

/** How a lane looks: waiting, growing, or how it ended. */
export type State = "idle" | "running" | "won" | "second" | Exclude<Lap["end"], "found">;

const WORDS: Record<State, string> = {
  idle: "",
  running: "searching",
  won: "first",
  second: "too late",
  nothing: "found nothing",
  failed: "failed",
  cancelled: "cancelled",
};

/** One service's lane: whether it takes part, and how far it has come. */
export class Lane {
  readonly service: Service;
  readonly node: HTMLLIElement;
  readonly box: HTMLInputElement;
  private readonly _clock: HTMLElement;
  private readonly _word: HTMLElement;
  private readonly _note: HTMLElement;
  private _state: State;

  constructor(service: Service) {
    this.service = service;
    this.box = element("input", "box");
    this.box.type = "checkbox";
    this.box.checked = true;
    this.box.setAttribute("aria-label", `${service.name} takes part`);
    this._clock = element("span", "clock");
    this._word = element("span", "word");
    this._note = element("span", "note");
    this._state = "idle";
    const name = element("span", "name", service.name);
    const label = element("label", "entrant", this.box, name, element("span", "manner", service.manner));
    const track = element("div", "track", element("div", "bar"));
    const facts = element("div", "facts", this._clock, this._word, this._note);
    this.node = element("li", "lane", label, track, facts);
    this.node.dataset.service = service.name;
    this.show("idle");
  }

  get state(): State {
    return this._state;
  }

  get takesPart(): boolean {
    return this.box.checked;
  }

  show(state: State, ms?: number): void {
    this._state = state;
    this.node.dataset.state = this.takesPart ? state : "out";
    this._word.textContent = WORDS[state];
    this._clock.textContent = ms === undefined ? "" : time(ms);
    this._note.textContent = "";
    this.reach(ms ?? 1);
  }

  /** How long it has been at it. */
  reach(ms: number): void {
    this.node.style.setProperty("--reach", String(place(ms)));
  }

  /** What there is to say below its time. */
  note(text: string): void {
    this._note.textContent = text;
  }
}
