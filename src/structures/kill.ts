// The reason of a cancellation that stands for the death of a task: the faults of a simulation cancel with it, and a supervisor
// takes such an end for a failure.

export const KILL: unique symbol = Symbol.for("millrace.KILL");
