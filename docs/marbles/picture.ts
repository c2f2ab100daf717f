// Draws a recorded scene. Time runs from left to right, inputs are above the box with the code, outputs below. The picture has its
// own background, and colours for the light and the dark scheme, so that it is readable on any page.

import { type End, FRAME, type Line, type Mark, type Span, type Value } from "./stage.ts";

/** A recorded scene. */
export interface Recorded {
  readonly title: string;
  readonly says: string;
  readonly code: readonly string[];
  readonly lines: readonly Line[];
  /** Milliseconds. */
  readonly length: number;
}

const WIDTH = 760;
const LEFT = 128;
const RIGHT = 20;
const ROW = 44;
const RADIUS = 12;
const CODE = 20;
const HUES = 8;

const STYLE = `
.ground { fill: #ffffff; stroke: #d0d7de; }
.box { fill: #f6f8fa; stroke: #d0d7de; }
.line { stroke: #8c959f; stroke-width: 1.5; }
.rest, .tick { stroke: #d8dee4; stroke-width: 1; }
.wait { stroke-width: 4; stroke-linecap: round; stroke-dasharray: 0.1 7; fill: none; }
.end { stroke: #57606a; stroke-width: 2.5; stroke-linecap: round; fill: none; }
.bad { stroke: #cf222e; }
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #57606a; }
.code { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #24292f; white-space: pre; }
.name { font-weight: 600; fill: #24292f; text-anchor: end; }
.value { font-weight: 600; text-anchor: middle; }
.small { font-size: 10.5px; }
.time { font-size: 10.5px; text-anchor: middle; }
${hues("", [
  ["#ffd7d5", "#cf222e", "#82071e"],
  ["#cfe5ff", "#0969da", "#0a3069"],
  ["#c6f0cf", "#1a7f37", "#044f1e"],
  ["#fdeaa8", "#9a6700", "#4d2d00"],
  ["#e9dcff", "#8250df", "#3e1f79"],
  ["#ffe0c8", "#bc4c00", "#5c2200"],
  ["#c5eeee", "#1b7c83", "#0b4145"],
  ["#ffd9ec", "#bf3989", "#611347"],
])}
.plain { fill: #eaeef2; stroke: #6e7781; }
.plain-text { fill: #24292f; }
@media (prefers-color-scheme: dark) {
.ground { fill: #0d1117; stroke: #30363d; }
.box { fill: #161b22; stroke: #30363d; }
.line { stroke: #6e7681; }
.rest, .tick { stroke: #30363d; }
.end { stroke: #8b949e; }
.bad { stroke: #f85149; }
text { fill: #8b949e; }
.code, .name { fill: #e6edf3; }
${hues("", [
  ["#67060c", "#f85149", "#ffdcd7"],
  ["#0c2d6b", "#388bfd", "#cae8ff"],
  ["#0f5323", "#3fb950", "#d2fadb"],
  ["#593e00", "#d29922", "#f8e3a1"],
  ["#3c1e70", "#a371f7", "#eddeff"],
  ["#5a1e02", "#f0883e", "#ffdfb6"],
  ["#0b4145", "#39c5cf", "#d2f7f7"],
  ["#5e103e", "#f778ba", "#ffdaec"],
])}
.plain { fill: #30363d; stroke: #8b949e; }
.plain-text { fill: #e6edf3; }
}`.trim();

function hues(prefix: string, of: readonly (readonly [string, string, string])[]): string {
  return of
    .map(
      ([fill, stroke, text], hue) =>
        `${prefix}.h${hue} { fill: ${fill}; stroke: ${stroke}; } .h${hue}-line { stroke: ${stroke}; } .h${hue}-text { fill: ${text}; }`,
    )
    .join("\n");
}

/**
 * The colour of each value. Each value of the inputs gets a colour, in order of time. Without inputs, the texts of spans get colours
 * first, then the values of the outputs. Another text has the colour of its first letter.
 */
class Palette {
  private readonly _hues: Map<unknown, number>;

  constructor(lines: readonly Line[]) {
    this._hues = new Map();
    const inputs = lines.filter(({ side }) => side === "input");
    const marks = (inputs.length > 0 ? inputs : lines).flatMap((line) => line.marks);
    const spans = marks.filter((mark) => mark.kind === "has" && mark.text !== "") as Span[];
    const values = marks.filter((mark) => mark.kind === "value") as Value[];
    for (const { text } of spans.sort((a, b) => a.at - b.at)) this._add(text);
    for (const { value } of values.sort((a, b) => a.since - b.since)) this._add(value);
  }

  of(value: unknown): string {
    const hue = this._hues.get(value) ?? (typeof value === "string" ? this._hues.get(value[0]) : undefined);
    return hue === undefined ? "plain" : `h${hue}`;
  }

  private _add(value: unknown): void {
    if (typeof value !== "object" && !this._hues.has(value)) this._hues.set(value, this._hues.size % HUES);
  }
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

class Canvas {
  readonly parts: string[];
  readonly palette: Palette;
  private readonly _scale: number;
  private readonly _length: number;

  constructor(palette: Palette, length: number) {
    this.parts = [];
    this.palette = palette;
    this._length = length;
    this._scale = (WIDTH - LEFT - RIGHT) / length;
  }

  x(at: number): number {
    return round(LEFT + Math.min(at, this._length) * this._scale);
  }

  add(part: string): void {
    this.parts.push(part);
  }

  /** Draws the lines of code in a box, and returns the height of the box. */
  box(code: readonly string[], y: number): number {
    const height = code.length * CODE + 16;
    this.add(`<rect class="box" x="12" y="${y}" width="${WIDTH - 24}" height="${height}" rx="6"/>`);
    for (const [index, line] of code.entries()) {
      this.add(`<text class="code" x="24" y="${y + 22 + index * CODE}">${escaped(line)}</text>`);
    }
    return height;
  }

  row(line: Line, y: number, hue: string): void {
    const end = line.marks.find(isEnd);
    this.add(`<g><text class="name" x="${LEFT - 22}" y="${y + 4}">${escaped(line.name)}</text>`);
    const last = end === undefined ? WIDTH - RIGHT : this.x(end.at);
    this.add(`<line class="line" x1="${LEFT - 12}" y1="${y}" x2="${last}" y2="${y}"/>`);
    let free = LEFT - RADIUS;
    for (const mark of line.marks) free = this._mark(mark, y, free, hue);
    this.add("</g>");
  }

  axis(y: number, from: number): void {
    const step = this._length > 300 ? 5 : 2;
    for (let at = 0; at <= this._length; at += FRAME * step) {
      const x = this.x(at);
      this.parts.unshift(`<line class="tick" x1="${x}" y1="${from}" x2="${x}" y2="${y}"/>`);
      this.add(`<text class="time" x="${x}" y="${y + 14}">${at === 0 ? "0 ms" : at}</text>`);
    }
  }

  /** Draws a mark to the right of the marks already drawn. Returns the x from which the line is free. */
  private _mark(mark: Mark, y: number, free: number, hue: string): number {
    if (mark.kind === "value") return this._value(mark, y, free);
    return isEnd(mark) ? this._end(mark, y, free) : this._span(mark, y, free, hue);
  }

  private _end({ at, kind, text }: End, y: number, free: number): number {
    const x = Math.max(this.x(at), free + 3);
    const bar = `M${x} ${y - 11}v22`;
    const shape = { closed: bar, failed: `M${x - 7} ${y - 7}l14 14m0 -14l-14 14`, cancelled: `${bar}m6 -4l-12 -14` }[
      kind
    ];
    this.add(`<path class="end${kind === "failed" ? " bad" : ""}" d="${shape}"/>`);
    if (kind !== "closed") this.add(`<text class="small" x="${x + 12}" y="${y + 4}">${escaped(text)}</text>`);
    return x + 20;
  }

  private _value({ value, since, at }: Value, y: number, free: number): number {
    const pieces = piecesOf(value);
    const width = pieces === null ? 2 * RADIUS : pieces.reduce((sum, { text }) => sum + room(text), 10);
    if (at > since) {
      // The value was offered at `since` and taken later, or never.
      const hue = this.palette.of(value);
      const from = Math.max(this.x(since), free + 4);
      const until = at === Number.POSITIVE_INFINITY ? WIDTH - RIGHT : this.x(at);
      this.add(`<circle class="${hue}" cx="${from}" cy="${y}" r="3.5"/>`);
      if (until > from) this.add(`<path class="wait ${hue}-line" d="M${from} ${y}H${until}"/>`);
      if (at === Number.POSITIVE_INFINITY) return free;
    }
    const x = round(Math.max(this.x(at), free + width / 2));
    if (pieces === null) this._marble(value, x, y);
    else this._pill(pieces, x, y, width);
    return round(x + width / 2 + 1);
  }

  private _marble(value: unknown, x: number, y: number): void {
    const hue = this.palette.of(value);
    const text = String(value);
    this.add(`<circle class="${hue}" cx="${x}" cy="${y}" r="${RADIUS}"/>`);
    this.add(
      `<text class="value ${text.length > 2 ? "small " : ""}${hue}-text" x="${x}" y="${y + 4.5}">${escaped(text)}</text>`,
    );
  }

  private _pill(pieces: readonly Piece[], x: number, y: number, width: number): void {
    const left = round(x - width / 2);
    const whole = pieces.length === 1 && pieces[0]!.text.length > 1 ? this.palette.of(pieces[0]!.value) : "plain";
    this.add(
      `<rect class="${whole}" x="${left}" y="${y - RADIUS}" width="${round(width)}" height="${2 * RADIUS}" rx="${RADIUS}"/>`,
    );
    let at = left + 5;
    for (const { text, value } of pieces) {
      const hue = value === undefined ? "plain" : this.palette.of(value);
      const centre = round(at + room(text) / 2);
      if (hue !== whole) this.add(`<circle class="${hue}" cx="${centre}" cy="${y}" r="8.5"/>`);
      this.add(`<text class="value small ${hue}-text" x="${centre}" y="${y + 4}">${escaped(text)}</text>`);
      at += room(text);
    }
  }

  private _span({ at, until, kind, text }: Span, y: number, free: number, own: string): number {
    const [from, to] = [Math.max(this.x(at), free), this.x(until)];
    if (kind === "waits") {
      if (to > from) this.add(`<path class="wait ${own}-line" d="M${from} ${y}H${to}"/>`);
      return to - RADIUS; // the next mark may be centred at the end of the wait
    }
    const known = this.palette.of(text);
    const hue = known === "plain" ? own : known;
    this.add(`<rect class="${hue}" x="${from}" y="${y - 10}" width="${round(to - from)}" height="20" rx="5"/>`);
    if (text !== "") {
      const centre = round((from + to) / 2);
      this.add(`<text class="value small ${hue}-text" x="${centre}" y="${y + 4}">${escaped(text)}</text>`);
    }
    return to;
  }
}

function isEnd(mark: Mark): mark is End {
  return mark.kind === "closed" || mark.kind === "failed" || mark.kind === "cancelled";
}

interface Piece {
  readonly text: string;
  readonly value?: unknown;
}

const room = (text: string): number => (text.length === 1 ? 18 : 7 + text.length * 6.5);

const round = (n: number): number => Math.round(n * 10) / 10;

/** The pieces of a value that is not drawn as a single marble; null for a marble. */
function piecesOf(value: unknown): Piece[] | null {
  if (Array.isArray(value)) return value.map((part) => ({ text: String(part), value: part }));
  if (typeof value === "object" && value !== null && "key" in value && "value" in value) {
    return [{ text: `${String(value.key)}:` }, { text: String(value.value), value: value.value }];
  }
  const text = String(value);
  return text.length > 2 ? [{ text, value }] : null;
}

/** Returns the text of an SVG. */
export function picture({ title, says, code, lines, length }: Recorded): string {
  const canvas = new Canvas(new Palette(lines), length);
  let y = 12;
  const rows = (side: Line["side"]): void => {
    for (const [index, line] of lines.filter((line) => line.side === side).entries()) {
      canvas.row(line, y + ROW / 2, `h${(index + 1) % HUES}`);
      y += ROW;
    }
  };
  rows("input");
  const axisFrom = y === 12 ? y + code.length * CODE + 24 : 12;
  if (y > 12) y += 4;
  y += canvas.box(code, y) + 8;
  rows("output");
  canvas.axis(y, axisFrom);
  const height = y + 26;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="desc">${escaped(says)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="10"/>`,
    ...canvas.parts,
    "</svg>",
    "",
  ].join("\n");
}
