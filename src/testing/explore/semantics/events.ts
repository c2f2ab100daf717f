// What can happen in a state, as numbers.

/** A value is handed over. */
export const MEET = 0;
export const STORE = 1;
export const TAKE = 2;
/** A send finds the channel closed. */
export const REFUSE = 3;
/** A receive finds the end. */
export const END = 4;
/** A case happens that takes no other task and changes no channel. */
export const ALONE = 5;
export const SHUT = 6;
/** Time passes. */
export const PASS = 7;

/**
 * Numbers for each event: its kind, the task and its case, the other task and its case, the channel. Where a channel is shut
 * the fourth names the group of tasks that were parked there.
 */
export const FIELDS = 6;
