// Web Locks as a death certificate: each side holds a lock of its own name for as long as it lives, and the other side asks for it.
// That it is granted means that the holder is gone, also if it was terminated or has crashed.
//
// A lock is seen only within one origin and one partition of storage, and a lock that is not held would be granted at once. So it
// is asked for only after it was seen held. If it never is, the caller has to watch the peer in another way.

import { upon } from "../../operation/upon.js";
import { sleep } from "../../time/sleep.js";

/** How often a lock is looked for that the peer may not hold yet: after 1, 2, 4 … milliseconds. */
const LOOKS = 10;

/** Milliseconds for messages that the holder has posted, which a lock overtakes. */
const OVERTAKES = 100;

function manager(): LockManager | undefined {
  return typeof navigator === "object" ? navigator.locks : undefined;
}

/** Whether this host has Web Locks. They may still be refused, as in a frame with a sandbox. */
export function hasLocks(): boolean {
  return typeof manager()?.request === "function";
}

/** Holds a lock, and returns the way to release it. Does nothing where there are no locks. */
export function holdLock(name: string): () => void {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  manager()
    ?.request(name, () => held)
    .catch(nothing);
  return release;
}

/**
 * Calls `released` when a lock that the peer holds is released, or `unseen` if no holder of the lock is seen from here. Returns the
 * way to stop waiting.
 */
export function whenReleased(name: string, released: () => void, unseen: () => void): () => void {
  const locks = manager();
  const stop = new AbortController();
  const { signal } = stop;
  const miss = (): void => {
    if (!signal.aborted) unseen();
  };
  const later = (ms: number, then: () => void): void => {
    if (signal.aborted) return;
    const wait = upon(sleep(ms), then);
    signal.addEventListener("abort", () => wait[Symbol.dispose](), { once: true });
  };
  const ask = (): void => {
    locks!.request(name, { mode: "shared", signal }, () => later(OVERTAKES, released)).catch(miss);
  };
  const look = (looks: number): void => {
    if (signal.aborted) return;
    const found = ({ held }: LockManagerSnapshot): void => {
      if (held?.some((lock) => lock.name === name)) ask();
      else if (looks < LOOKS) later(2 ** looks, () => look(looks + 1));
      else miss();
    };
    locks!.query().then(found).catch(miss);
  };
  if (locks === undefined) void Promise.resolve().then(miss);
  else look(0);
  return () => stop.abort();
}

function nothing(): void {}
