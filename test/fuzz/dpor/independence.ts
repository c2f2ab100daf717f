// The independence relation of events: two events are independent if they lead to the same state in either order, and neither
// enables or disables the other.

import {
  CANCEL_CHANNEL,
  DEFAULT,
  KINDS,
  READ_CELL,
  READS_CHANNEL,
  SETTLE,
  STRIDE,
  UNORDERED,
  WRITE_CELL,
} from "../../../src/testing/explore/process/cases.js";
import {
  CLOSE,
  DELAY,
  FIELDS,
  INTERNAL,
  isTransfer,
  RECEIVE_CLOSED,
  RENDEZVOUS,
  SEND_CLOSED,
} from "../../../src/testing/explore/semantics/events.js";
import type { Model } from "../../../src/testing/explore/semantics/model.js";

/** The enabled events of a state, `FIELDS` numbers each, and the nodes of their tasks, two each. */
export interface Events {
  readonly events: Int32Array;
  readonly nodes: Int32Array;
}

export class Independence {
  private readonly _model: Model;
  /** For each node the channels of its cases. */
  private readonly _channels: (readonly number[] | undefined)[];

  constructor(model: Model) {
    this._model = model;
    this._channels = [];
  }

  /** Whether two events of a state are independent. */
  holds({ events, nodes }: Events, one: number, other: number): boolean {
    const a = one * FIELDS;
    const b = other * FIELDS;
    if (events[a] === DELAY || events[b] === DELAY) return false;
    if (events[a + 1] === events[b + 1] || events[a + 1] === events[b + 3]) return false;
    if (events[a + 3] !== -1 && (events[a + 3] === events[b + 1] || events[a + 3] === events[b + 3])) return false;
    // No other task runs between two plain calls of an atomic sequence.
    if (this._leadsOn(nodes, one) || this._leadsOn(nodes, other)) return false;
    if (
      isTransfer(events[a]!) &&
      isTransfer(events[b]!) &&
      !this._ordered(events, nodes, a) &&
      !this._ordered(events, nodes, b)
    ) {
      return !this._sameEnd(events, a, b);
    }
    return !this._disturbs(events, nodes, a, b) && !this._disturbs(events, nodes, b, a);
  }

  private _leadsOn(nodes: Int32Array, event: number): boolean {
    const { lts } = this._model;
    const other = nodes[event * 2 + 1]!;
    const leads = (node: number): boolean => lts.precedesAtomic(lts.base(node));
    return leads(nodes[event * 2]!) || (other !== -1 && leads(other));
  }

  /** Whether both use the same end of a buffer. The two ends of a buffer that drops values count as one. */
  private _sameEnd(events: Int32Array, a: number, b: number): boolean {
    if (events[a + 5] !== events[b + 5] || events[a] === RENDEZVOUS) return false;
    return events[a] === events[b] || this._model.channel(events[a + 5]!).overflow !== "park";
  }

  /** Whether an event belongs to an ordered choice, so that it depends on the other cases of its task. */
  private _ordered(events: Int32Array, nodes: Int32Array, a: number): boolean {
    const cases = this._model.lts.cases(nodes[(a / FIELDS) * 2]!);
    if (cases[events[a + 2]! * STRIDE + 3] !== UNORDERED) return true;
    if (events[a] !== RENDEZVOUS) return false;
    return this._model.lts.cases(nodes[(a / FIELDS) * 2 + 1]!)[events[a + 4]! * STRIDE + 3] !== UNORDERED;
  }

  /** Whether the first event changes something that the second depends on. */
  private _disturbs(events: Int32Array, nodes: Int32Array, a: number, b: number): boolean {
    const kind = events[a]!;
    const channel = events[a + 5]!;
    if (this._quiet(events, nodes, a) || this._quiet(events, nodes, b)) return true;
    if (kind === CLOSE) return this._mentions(nodes, b, channel);
    if (kind === RECEIVE_CLOSED) return channel === events[b + 5] && events[b] !== RECEIVE_CLOSED;
    if (kind === INTERNAL) return this._writes(events, nodes, a, b) || this._discards(events, nodes, a, b);
    if (kind === RENDEZVOUS || kind === SEND_CLOSED) return false;
    if (isTransfer(events[b]!) && this._sameEnd(events, a, b)) return true;
    return (this._ordered(events, nodes, b) || this._looks(events, nodes, b)) && this._mentions(nodes, b, channel);
  }

  /** The first writes to the cell that the second looks at, or writes to. */
  private _writes(events: Int32Array, nodes: Int32Array, a: number, b: number): boolean {
    if (this._kindOf(events, nodes, a) !== WRITE_CELL) return false;
    const kind = this._kindOf(events, nodes, b);
    if (kind !== READ_CELL && kind !== WRITE_CELL) return false;
    return this._cellOf(events, nodes, a) === this._cellOf(events, nodes, b);
  }

  /** The first cancels a channel that the task of the second mentions. */
  private _discards(events: Int32Array, nodes: Int32Array, a: number, b: number): boolean {
    if (this._kindOf(events, nodes, a) !== CANCEL_CHANNEL) return false;
    return this._mentions(nodes, b, this._cellOf(events, nodes, a));
  }

  private _cellOf(events: Int32Array, nodes: Int32Array, a: number): number {
    return this._model.lts.cases(nodes[(a / FIELDS) * 2]!)[events[a + 2]! * STRIDE + 1]!;
  }

  private _mentions(nodes: Int32Array, b: number, channel: number): boolean {
    const first = nodes[(b / FIELDS) * 2]!;
    const other = nodes[(b / FIELDS) * 2 + 1]!;
    return this._channelsOf(first).includes(channel) || (other !== -1 && this._channelsOf(other).includes(channel));
  }

  private _kindOf(events: Int32Array, nodes: Int32Array, a: number): number {
    return events[a] === INTERNAL ? this._model.lts.cases(nodes[(a / FIELDS) * 2]!)[events[a + 2]! * STRIDE]! : -1;
  }

  private _looks(events: Int32Array, nodes: Int32Array, b: number): boolean {
    const kind = this._kindOf(events, nodes, b);
    return kind === DEFAULT || KINDS[kind]?.uses.includes(READS_CHANNEL) === true;
  }

  /** Whether an event is enabled only when no other event is. */
  private _quiet(events: Int32Array, nodes: Int32Array, a: number): boolean {
    return this._kindOf(events, nodes, a) === SETTLE;
  }

  private _channelsOf(node: number): readonly number[] {
    const known = this._channels[node];
    if (known !== undefined) return known;
    const cases = this._model.lts.cases(node);
    const channels: number[] = [];
    for (let at = 0; at < cases.length; at += STRIDE) channels.push(cases[at + 1]!);
    return (this._channels[node] = channels);
  }
}
