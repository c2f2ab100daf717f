import { element } from "../../shared/dom.ts";
import type { Seen } from "../seen.ts";

const KEPT = 9;

/** What the server saw, the newest first: one lane for each request. */
export class Lanes {
  private readonly _list: HTMLElement;
  private readonly _lanes: Map<number, HTMLElement>;

  constructor(list: HTMLElement) {
    this._list = list;
    this._lanes = new Map();
  }

  show({ id, query, state, ms }: Seen): void {
    const lane = this._lanes.get(id) ?? this._add(id);
    const time = state === "working" ? "" : ` after ${ms} ms`;
    lane.dataset.state = state;
    lane.replaceChildren(element("span", "query", query), element("span", "word", `${state}${time}`));
  }

  private _add(id: number): HTMLElement {
    const lane = element("li", "lane");
    this._lanes.set(id, lane);
    this._list.prepend(lane);
    if (this._list.children.length > KEPT) this._list.lastElementChild!.remove();
    return lane;
  }
}
