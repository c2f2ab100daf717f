// A connection that is closed before its medium is there: what was sent still arrives.

import { expect, test } from "vitest";
import { go, sleep, withTimeout } from "../../src/index.js";
import { acceptor, type Connection, connect } from "../../src/remote.js";
import { socketPair } from "./sockets.js";

const LIMIT = 30_000;

/** Notes the questions of a client, and how its connection ends. */
function noting(connection: Connection): { notes: number[]; end: () => Promise<unknown> } {
  const notes: number[] = [];
  connection.serve("note", (n: number) => void notes.push(n));
  return { notes, end: async () => withTimeout(LIMIT, connection.whenClosed()) };
}

/** Asks a question that is not waited for, and closes the connection. */
async function askAndClose(client: Connection): Promise<void> {
  const asked = go(() => client.ask("note", 1));
  const refused = expect(asked).rejects.toThrow("was closed here");
  await sleep(1);
  client.close(new Error("that was all"));
  await refused;
}

const LAST = { kind: "failed", error: { name: "PeerLostError", cause: { message: "that was all" } } };

test("over a socket that is not open yet", async () => {
  const [near, far] = socketPair();
  near.readyState = 0;
  const { notes, end } = noting(connect(far));
  await askAndClose(connect(near));
  near.readyState = 1;
  near.emit("open", {});
  expect(await end()).toMatchObject(LAST);
  expect(notes).toEqual([1]);
});

test.each(["before the first socket", "after a socket has broken"])("over a session, %s", async (when) => {
  const ends: ReturnType<typeof noting>[] = [];
  const { accept } = acceptor((connection) => ends.push(noting(connection)));
  let isUp = when !== "before the first socket";
  let sockets = 0;
  const open = () => {
    if (!isUp) throw new Error("the network is down");
    sockets++;
    const [near, far] = socketPair();
    accept(far);
    return near;
  };
  let last: ReturnType<typeof open> | undefined;
  const client = connect(() => (last = open()));
  if (isUp) {
    await client.ask("note", 0);
    isUp = false;
    last!.cut();
  }
  await askAndClose(client);
  isUp = true;
  while (ends.length === 0) await sleep(1);
  expect(await ends[0]!.end()).toMatchObject(LAST);
  expect(ends[0]!.notes).toEqual(when === "before the first socket" ? [1] : [0, 1]);
  // It was needed for no more than that.
  const before = sockets;
  await sleep(200);
  expect(sockets).toBe(before);
});
