// Which events have nothing to do with each other: in either order they lead to the same state, and neither makes the other
// possible or impossible.

import { DEFAULT, FREE, LOOK, READ, SETTLE, STRIDE, WRITE } from "../../../src/testing/explore/process/cases.js";
import type { Model } from "../../../src/testing/explore/semantics/enabled.js";
import { ALONE, END, FIELDS, MEET, PASS, REFUSE, SHUT, TAKE } from "../../../src/testing/explore/semantics/events.js";

/** Events that can happen in one state, `FIELDS` numbers each, and the nodes of their tasks, two each. */
export interface Events {
  readonly events: Int32Array;
  readonly nodes: Int32Array;
}

export class Independence {
  private readonly _model: Model;
  /** For each node the channels that its cases are about. */
  private readonly _channels: (readonly number[] | undefined)[];

  constructor(model: Model) {
    this._model = model;
    this._channels = [];
  }

  /** Whether two events of a state have nothing to do with each other. */
  holds({ events, nodes }: Events, one: number, other: number): boolean {
    const a = one * FIELDS;
    const b = other * FIELDS;
    if (events[a] === PASS || events[b] === PASS) return false;
    if (events[a + 1] === events[b + 1] || events[a + 1] === events[b + 3]) return false;
    if (events[a + 3] !== -1 && (events[a + 3] === events[b + 1] || events[a + 3] === events[b + 3])) return false;
    // Where a plain call follows right after another, nobody comes between the two.
    if (this._leadsOn(nodes, one) || this._leadsOn(nodes, other)) return false;
    if (
      events[a]! <= TAKE &&
      events[b]! <= TAKE &&
      !this._ordered(events, nodes, a) &&
      !this._ordered(events, nodes, b)
    ) {
      return !this._sameEnd(events, a, b);
    }
    return !this._disturbs(events, nodes, a, b) && !this._disturbs(events, nodes, b, a);
  }

  private _leadsOn(nodes: Int32Array, event: number): boolean {
    const { leadsOn, base } = this._model.trie;
    const other = nodes[event * 2 + 1]!;
    return leadsOn[base[nodes[event * 2]!]!]! || (other !== -1 && leadsOn[base[other]!]!);
  }

  /** Both use the same end of a buffer; where something gives way, a buffer has but one. */
  private _sameEnd(events: Int32Array, a: number, b: number): boolean {
    if (events[a + 5] !== events[b + 5] || events[a] === MEET) return false;
    return events[a] === events[b] || this._model.learner.stage.channels[events[a + 5]!]!.overflow !== "park";
  }

  /** Whether it depends on how the other cases of its task stand: a choice that goes by order. */
  private _ordered(events: Int32Array, nodes: Int32Array, a: number): boolean {
    const cases = this._model.trie.cases[nodes[(a / FIELDS) * 2]!]!;
    if (cases[events[a + 2]! * STRIDE + 3] !== FREE) return true;
    if (events[a] !== MEET) return false;
    return this._model.trie.cases[nodes[(a / FIELDS) * 2 + 1]!]![events[a + 4]! * STRIDE + 3] !== FREE;
  }

  /** Whether the first changes something that the second depends on. */
  private _disturbs(events: Int32Array, nodes: Int32Array, a: number, b: number): boolean {
    const kind = events[a]!;
    const channel = events[a + 5]!;
    if (this._quiet(events, nodes, a) || this._quiet(events, nodes, b)) return true;
    if (kind === SHUT) return this._mentions(nodes, b, channel);
    if (kind === END) return channel === events[b + 5] && events[b] !== END;
    if (kind === ALONE) return this._writes(events, nodes, a, b);
    if (kind === MEET || kind === REFUSE) return false;
    if (events[b]! <= TAKE && this._sameEnd(events, a, b)) return true;
    return (this._ordered(events, nodes, b) || this._looks(events, nodes, b)) && this._mentions(nodes, b, channel);
  }

  /** The first writes to the cell that the second looks at, or writes to. */
  private _writes(events: Int32Array, nodes: Int32Array, a: number, b: number): boolean {
    if (this._kindOf(events, nodes, a) !== WRITE) return false;
    const kind = this._kindOf(events, nodes, b);
    if (kind !== LOOK && kind !== WRITE) return false;
    return this._cellOf(events, nodes, a) === this._cellOf(events, nodes, b);
  }

  private _cellOf(events: Int32Array, nodes: Int32Array, a: number): number {
    return this._model.trie.cases[nodes[(a / FIELDS) * 2]!]![events[a + 2]! * STRIDE + 1]!;
  }

  private _mentions(nodes: Int32Array, b: number, channel: number): boolean {
    const first = nodes[(b / FIELDS) * 2]!;
    const other = nodes[(b / FIELDS) * 2 + 1]!;
    return this._channelsOf(first).includes(channel) || (other !== -1 && this._channelsOf(other).includes(channel));
  }

  private _kindOf(events: Int32Array, nodes: Int32Array, a: number): number {
    return events[a] === ALONE ? this._model.trie.cases[nodes[(a / FIELDS) * 2]!]![events[a + 2]! * STRIDE]! : -1;
  }

  private _looks(events: Int32Array, nodes: Int32Array, b: number): boolean {
    const kind = this._kindOf(events, nodes, b);
    return kind === READ || kind === DEFAULT;
  }

  /** It happens only when nothing else can. */
  private _quiet(events: Int32Array, nodes: Int32Array, a: number): boolean {
    return this._kindOf(events, nodes, a) === SETTLE;
  }

  private _channelsOf(node: number): readonly number[] {
    const known = this._channels[node];
    if (known !== undefined) return known;
    const cases = this._model.trie.cases[node]!;
    const channels: number[] = [];
    for (let at = 0; at < cases.length; at += STRIDE) channels.push(cases[at + 1]!);
    return (this._channels[node] = channels);
  }
}
