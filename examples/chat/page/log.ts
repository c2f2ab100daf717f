import { element } from "../../shared/dom.ts";
import type { Delivery } from "../message.ts";

const KEPT = 500;

/** The messages of the room, with a mark in each place where messages are missing. */
export class Log {
  private readonly _list: HTMLElement;
  private _missed: number;

  constructor(list: HTMLElement) {
    this._list = list;
    this._missed = 0;
  }

  clear(): void {
    this._list.replaceChildren();
    this._missed = 0;
  }

  show(delivery: Delivery): void {
    const atEnd = this._list.scrollTop + this._list.clientHeight >= this._list.scrollHeight - 8;
    const missed = delivery.missed - this._missed;
    this._missed = delivery.missed;
    if (missed > 0) this._list.append(element("li", "gap", `missed ${missed}`));
    this._list.append(
      delivery.kind === "said"
        ? element("li", "line", element("b", "name", delivery.name), " ", element("span", "text", delivery.text))
        : element("li", "notice", `${delivery.name} ${delivery.kind}`),
    );
    while (this._list.children.length > KEPT) this._list.firstElementChild!.remove();
    if (atEnd) this._list.scrollTop = this._list.scrollHeight;
  }
}
