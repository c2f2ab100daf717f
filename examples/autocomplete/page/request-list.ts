import { element } from "../../shared/dom.ts";
import type { RequestState } from "../request-state.ts";

const KEPT = 9;

/** The requests that the server received, the newest first. */
export class RequestList {
  private readonly _list: HTMLElement;
  private readonly _items: Map<number, HTMLElement>;

  constructor(list: HTMLElement) {
    this._list = list;
    this._items = new Map();
  }

  show({ id, query, state, ms }: RequestState): void {
    const item = this._items.get(id) ?? this._add(id);
    const time = state === "working" ? "" : ` after ${ms} ms`;
    item.dataset.state = state;
    item.replaceChildren(element("span", "query", query), element("span", "word", `${state}${time}`));
  }

  private _add(id: number): HTMLElement {
    const item = element("li", "request");
    this._items.set(id, item);
    this._list.prepend(item);
    if (this._list.children.length > KEPT) this._list.lastElementChild!.remove();
    return item;
  }
}
