import { formatTime } from "../text.ts";
import { timeAt } from "./scale.ts";

/** The slider that sets the deadline. */
export class DeadlineSlider {
  private readonly _input: HTMLInputElement;
  private readonly _label: HTMLElement;
  /** The element that gets the position as a CSS variable. */
  private readonly _section: HTMLElement;

  constructor(input: HTMLInputElement, label: HTMLElement, section: HTMLElement, onMove: () => void) {
    this._input = input;
    this._label = label;
    this._section = section;
    input.addEventListener("input", () => {
      this._draw();
      onMove();
    });
    this._draw();
  }

  /** The deadline in milliseconds. */
  get deadline(): number {
    return timeAt(this._position);
  }

  private get _position(): number {
    return Number(this._input.value) / Number(this._input.max);
  }

  private _draw(): void {
    const text = formatTime(this.deadline);
    this._label.textContent = text;
    this._input.setAttribute("aria-valuetext", text);
    this._section.style.setProperty("--deadline-at", String(this._position));
  }
}
