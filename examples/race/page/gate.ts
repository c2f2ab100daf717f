import { time, timeAt } from "./scale.ts";

/** The deadline: a gate that is moved along the lanes' scale. */
export class Gate {
  private readonly _slider: HTMLInputElement;
  private readonly _label: HTMLElement;
  private readonly _board: HTMLElement;

  constructor(slider: HTMLInputElement, label: HTMLElement, board: HTMLElement, moved: () => void) {
    this._slider = slider;
    this._label = label;
    this._board = board;
    slider.addEventListener("input", () => {
      this._draw();
      moved();
    });
    this._draw();
  }

  get deadline(): number {
    return timeAt(this._place);
  }

  private get _place(): number {
    return Number(this._slider.value) / Number(this._slider.max);
  }

  private _draw(): void {
    const text = time(this.deadline);
    this._label.textContent = text;
    this._slider.setAttribute("aria-valuetext", text);
    this._board.style.setProperty("--gate-at", String(this._place));
  }
}
