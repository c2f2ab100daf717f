// An editable combobox with a list, as the ARIA Authoring Practices describe it: the focus stays in the field, and
// aria-activedescendant names the active option of the list.

import { element } from "../../shared/dom.ts";
import type { Suggestion } from "../suggestion.ts";

export class Combobox {
  private readonly _input: HTMLInputElement;
  private readonly _list: HTMLElement;
  private readonly _choose: (suggestion: Suggestion) => void;
  private _suggestions: readonly Suggestion[];
  /** The index of the active option, or -1 while the text is active. */
  private _active: number;
  private _dismissed: boolean;
  private _chosen: string;

  constructor(input: HTMLInputElement, list: HTMLElement, choose: (suggestion: Suggestion) => void) {
    this._input = input;
    this._list = list;
    this._choose = choose;
    this._suggestions = [];
    this._active = -1;
    this._dismissed = false;
    this._chosen = "";
    input.addEventListener("keydown", (event) => this._press(event));
    input.addEventListener("input", () => {
      this._dismissed = false;
    });
    input.addEventListener("blur", () => this._expand(false));
    // Without this, a click on an option would take the focus from the field.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", ({ target }) => {
      const option = (target as Element).closest("[role=option]");
      if (option !== null) this._take([...list.children].indexOf(option));
    });
  }

  /** The name of the option that was chosen last, or "" before the first choice. */
  get chosen(): string {
    return this._chosen;
  }

  /** Shows the suggestions. The list stays closed if Escape has closed it since the last input. */
  show(suggestions: readonly Suggestion[], typed: string): void {
    this._suggestions = suggestions;
    this._list.replaceChildren(...suggestions.map((suggestion, at) => option(suggestion, at, typed.length)));
    this._activate(-1);
    this._expand(!this._dismissed && document.activeElement === this._input);
  }

  private get _open(): boolean {
    return !this._list.hidden;
  }

  private _press(event: KeyboardEvent): void {
    const { length } = this._suggestions;
    const { key } = event;
    if (event.isComposing) return;
    if (key === "ArrowDown" && length > 0) this._move(this._active + 1);
    else if (key === "ArrowUp" && length > 0) this._move(this._active === -1 ? length - 1 : this._active - 1);
    else if (key === "Enter" && this._open && this._active >= 0) this._take(this._active);
    else if (key === "Escape") this._dismiss();
    else return;
    event.preventDefault();
  }

  /** Activates the option at this index. Beyond either end of the list the text is active. */
  private _move(to: number): void {
    this._expand(true);
    this._activate(to === this._suggestions.length ? -1 : to);
  }

  private _dismiss(): void {
    if (!this._open) this._write("");
    this._dismissed = true;
    this._expand(false);
  }

  private _take(at: number): void {
    const suggestion = this._suggestions[at]!;
    this._chosen = suggestion.name;
    this._write(suggestion.name);
    this.show([], "");
    this._choose(suggestion);
  }

  /** Replaces the text of the field, as if you had typed it. */
  private _write(text: string): void {
    this._input.value = text;
    this._input.dispatchEvent(new InputEvent("input"));
  }

  private _activate(at: number): void {
    this._active = at;
    for (const [index, node] of [...this._list.children].entries()) node.ariaSelected = String(index === at);
    const node = this._list.children[at];
    if (node === undefined) this._input.removeAttribute("aria-activedescendant");
    else this._input.setAttribute("aria-activedescendant", node.id);
    node?.scrollIntoView({ block: "nearest" });
  }

  private _expand(open: boolean): void {
    this._list.hidden = !(open && this._suggestions.length > 0);
    this._input.ariaExpanded = String(this._open);
    if (!this._open) this._activate(-1);
  }
}

function option({ name, path }: Suggestion, at: number, typed: number): HTMLElement {
  const label = element("span", "name", element("mark", "typed", name.slice(0, typed)), name.slice(typed));
  const node = element("div", "option", label, " ", element("span", "path", path));
  node.id = `option-${at}`;
  node.role = "option";
  return node;
}
