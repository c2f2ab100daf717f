import { element } from "../../shared/dom.ts";
import type { Told } from "../line.ts";

const KEPT = 500;

/** What was said, and where something is missing. */
export class Lines {
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

  show(told: Told): void {
    const atEnd = this._list.scrollTop + this._list.clientHeight >= this._list.scrollHeight - 8;
    const missed = told.missed - this._missed;
    this._missed = told.missed;
    if (missed > 0) this._list.append(element("li", "gap", `missed ${missed}`));
    this._list.append(
      told.kind === "said"
        ? element("li", "line", element("b", "name", told.name), " ", element("span", "text", told.text))
        : element("li", "notice", `${told.name} ${told.kind}`),
    );
    while (this._list.children.length > KEPT) this._list.firstElementChild!.remove();
    if (atEnd) this._list.scrollTop = this._list.scrollHeight;
  }
}
