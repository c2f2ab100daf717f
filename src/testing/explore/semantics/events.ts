// The transitions of the whole program, as numbers. A transition that is enabled in a state, or was taken, is an event:
// `FIELDS` numbers in an array, which are
//
//   kind       one of the kinds below
//   task       the task that takes part, and the index of its case; for DELAY the milliseconds that pass, and the number of
//   case       the set of clocks that stand still meanwhile; 0 for none
//   other      the receiver of a rendezvous, and the index of its case; for INTERNAL the task that it waits for; -1 for none
//   otherCase  (for CLOSE, the group of tasks that were parked in a send when the channel closed)
//   channel    the channel, or -1

/** A sender and a receiver meet on a channel without a buffer. */
export const RENDEZVOUS = 0;
/** A send puts a value into a buffer. */
export const ENQUEUE = 1;
/** A receive takes a value from a buffer. */
export const DEQUEUE = 2;
/** A send finds its channel closed. */
export const SEND_CLOSED = 3;
/** A receive finds its channel closed and drained. */
export const RECEIVE_CLOSED = 4;
/** A task takes a case alone, such as a join, a sleep or a plain call (the τ of process algebra). */
export const INTERNAL = 5;
/** A channel is closed. */
export const CLOSE = 6;
/** Time passes (the delay transition of timed automata). */
export const DELAY = 7;

/** A task joins the queues of the locks that it waits for. */
export const QUEUE = 8;

/** Numbers for each event. */
export const FIELDS = 6;

/** Whether a kind of transition passes a value through a channel. */
export function isTransfer(kind: number): boolean {
  return kind === RENDEZVOUS || kind === ENQUEUE || kind === DEQUEUE;
}
