// What a connection that breaks does to what is under way. The connection to the server is made up here: it never answers.

import { describe, expect, test } from "vitest";
import { go, select, sleep } from "../../src/index.js";
import { Link } from "../../src/nats/nats-link.js";
import { NatsMeeting } from "../../src/nats/nats-meeting.js";
import { ensureStream } from "../../src/nats/nats-queue.js";
import { PeerLostError } from "../../src/remote.js";

/** A link, and what was published on it. */
function silent(): { readonly link: Link; readonly published: [subject: string, text: string][] } {
  const published: [string, string][] = [];
  const connection = {
    isClosed: () => false,
    subscribe: () => ({ drain: async () => {}, unsubscribe: () => {} }),
    publish: (subject: string, text: string) => published.push([subject, text]),
  };
  const parts = { createInbox: () => "_INBOX.a", nextId: () => "id", headers: () => null };
  const keeping = { storage: "memory", replicas: 1 } as const;
  const none = null as never;
  return { link: new Link("b", connection as never, none, none, none, keeping, parts as never), published };
}

describe("BU-14: a new connection", () => {
  test("what the server has not answered is sent again at once", async () => {
    const { link } = silent();
    let attempts = 0;
    const result = link.persist<string>(() => {
      attempts++;
      return attempts < 3 ? new Promise(() => {}) : Promise.resolve("done");
    });
    expect(attempts).toBe(1);
    link.again();
    await Promise.resolve();
    while (attempts < 2) await sleep(0);
    link.again();
    expect(await result).toBe("done");
    expect(attempts).toBe(3);
    expect(link.reconnected.size).toBe(0);
  });

  test("what waits to try again does so at once", async () => {
    const { link } = silent();
    let over = false;
    const pausing = link.pause(3_600_000).then(() => {
      over = true;
    });
    expect(over).toBe(false);
    link.again();
    await pausing;
    expect(over).toBe(true);
  });

  test("a case of a select offers its value again, and a send of its own fails if no answer comes", async () => {
    const { link, published } = silent();
    const meet = new NatsMeeting<string>(link, "meet", undefined);
    const offers = (): string[] => published.filter(([subject]) => subject === "mr.b.m.meet").map(([, text]) => text);
    const choosing = go(() => select({ send: meet.send("a"), late: sleep(3_600_000) }));
    const sending = go(() => meet.send("b"));
    while (offers().length < 2) await sleep(0);
    expect(offers().sort()).toEqual(['[0,"b"]', "[1]"]);
    link.again();
    await expect(sending).rejects.toBeInstanceOf(PeerLostError);
    // It is not known whether the value was received, so it is not offered again.
    expect(offers().filter((text) => text !== "[1]")).toEqual(['[0,"b"]']);
    while (offers().length < 3) await sleep(1);
    choosing.cancel();
    await choosing.then(undefined, () => {});
    meet.leave(null);
  });
});

describe("BU-1: two processes open a channel at the same moment", () => {
  const refused = (code: number): Error =>
    Object.assign(new Error(`code ${code}`), { name: "JetStreamApiError", code });

  /** A server that knows the subject of a stream already, and its name after so many looks. */
  const making = (looks: number): Link => {
    const streams = {
      add: async () => {
        throw refused(10065);
      },
      info: async () => {
        if (looks-- > 0) throw refused(10059);
        return { config: { sealed: false } };
      },
    };
    const keeping = { storage: "memory", replicas: 1 };
    const link = { keeping, jsm: { streams }, persist: (act: () => unknown) => act(), pause: async () => {} };
    return link as unknown as Link;
  };

  test("a stream that the other one is making is waited for", async () => {
    expect(await ensureStream(making(3), "stream", {}, false)).toEqual({ sealed: false });
  });

  test("a subject that belongs to another stream is an error", async () => {
    await expect(ensureStream(making(Infinity), "stream", {}, false)).rejects.toMatchObject({ code: 10065 });
  });
});
