// A send that was parked when its channel closed is delivered all the same; one that came too late is refused. Which it was
// depends on when its task came to it.

import { DEFAULT, SEND, STRIDE } from "../process/cases.js";
import { PARKED } from "../process/local-lts.js";
import type { State } from "./state.js";

/** Tasks that may be parked with a send to a channel, but for one: no plain call is, nor a choice with a default. */
export function sendersOf(state: State, channel: number, but: number): number[] {
  const senders: number[] = [];
  if (state.learner.stage.channels[channel]!.overflow !== "park") return senders;
  for (let task = 0; task < state.ofTask.length; task++) {
    const node = state.nodeOf(task);
    if (node === -1 || task === but || state.trie.kind[node] !== PARKED || state.trie.call[node]) continue;
    const cases = state.trie.cases[node]!;
    let offers = false;
    let parks = true;
    for (let at = 0; at < cases.length; at += STRIDE) {
      offers ||= cases[at] === SEND && cases[at + 1] === channel;
      parks &&= cases[at] !== DEFAULT;
    }
    if (offers && parks) senders.push(task);
  }
  return senders;
}

/** Whether a task, but for one, was parked with a send when a channel closed, and still is. */
export function hasLate(state: State, channel: number, but: number): boolean {
  for (let task = 0; task < state.ofTask.length; task++) {
    if (task !== but && state.trie.late[state.nodeOf(task)]?.includes(channel)) return true;
  }
  return false;
}
