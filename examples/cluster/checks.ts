// What must hold, whatever was killed. Each check returns what is wrong; an empty list if nothing is.

import { violation } from "./history.ts";
import type { Notes } from "./load.ts";
import type { Line } from "./room.ts";

/** The logs of the rooms as they are in the end. */
export type Logs = ReadonlyMap<string, readonly Line[]>;

/** Each register, by itself, is linearizable: then all are together. */
export function linearizable({ histories }: Pick<Notes, "histories">): string[] {
  const wrong: string[] = [];
  for (const [register, history] of histories) {
    const why = violation(history);
    if (why !== null) wrong.push(`the ${register} is not linearizable: ${why}`);
  }
  return wrong;
}

/** Each line that was acknowledged is there, and no line is there twice. */
export function onceEach({ acknowledged }: Pick<Notes, "acknowledged">, logs: Logs): string[] {
  const wrong: string[] = [];
  for (const [room, lines] of logs) {
    const ids = new Set<string>();
    for (const { id } of lines) {
      if (ids.has(id)) wrong.push(`${id} is in ${room} twice`);
      ids.add(id);
    }
    for (const said of acknowledged)
      if (said.room === room && !ids.has(said.id)) wrong.push(`${said.id} was acknowledged, and is not in ${room}`);
  }
  return wrong;
}

/** What was read of a room is how its log begins. */
export function beginnings({ logs: read }: Pick<Notes, "logs">, logs: Logs): string[] {
  return read.flatMap(({ room, lines }) => {
    const at = lines.findIndex(({ id }, n) => logs.get(room)?.[n]?.id !== id);
    return at === -1 ? [] : [`${lines[at]!.id} was read in ${room} at ${at}, where it is not`];
  });
}

/** The tokens of the hosts that appended to a room never decrease, and no two hosts have the same. */
export function oneHost(logs: Logs): string[] {
  const wrong: string[] = [];
  for (const [room, lines] of logs) {
    for (let n = 1; n < lines.length; n++) {
      const [earlier, later] = [lines[n - 1]!, lines[n]!];
      if (later.token < earlier.token) wrong.push(`token ${later.token} comes after ${earlier.token} in ${room}`);
      else if (later.token === earlier.token && later.host !== earlier.host)
        wrong.push(`${earlier.host} and ${later.host} appended to ${room} with token ${later.token}`);
    }
  }
  return wrong;
}
