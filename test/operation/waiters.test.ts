import { go, Operation, pause, type Routine, select, sleep, Waiters } from "millrace";
import { describe, expect, test } from "vitest";

/** Waits in a queue for a value. */
class Ticket extends Operation<string> {
  constructor(
    private readonly queue: Waiters<Ticket>,
    readonly name: string,
  ) {
    super();
  }

  poll(): boolean {
    return false;
  }

  block(): void {
    this.queue.join(this);
  }

  override unblock(): void {
    this.queue.leave(this);
  }
}

const names = (queue: Waiters<Ticket>): string[] => [...queue].map(({ name }) => name);

function* waits(ticket: Ticket, seen: string[]): Routine<void> {
  seen.push(`${ticket.name} ${yield* ticket}`);
}

/** A queue in which some tickets wait, and what they have yielded. */
async function queueOf(...which: string[]): Promise<{ queue: Waiters<Ticket>; seen: string[] }> {
  const queue = new Waiters<Ticket>();
  const seen: string[] = [];
  for (const name of which) go(waits, new Ticket(queue, name), seen);
  await pause();
  return { queue, seen };
}

describe("Waiters", () => {
  test("keeps operations in the order in which they began to wait; first is the oldest", async () => {
    const { queue } = await queueOf("a", "b", "c");
    expect(names(queue)).toEqual(["a", "b", "c"]);
    expect([queue.first?.name, queue.empty]).toEqual(["a", false]);
  });

  test("of which none waits is empty, and has no first and no next", () => {
    const queue = new Waiters<Ticket>();
    expect([queue.empty, queue.first, queue.next(), [...queue]]).toEqual([true, null, null, []]);
  });

  test("next() takes the oldest out; completing it resumes its task", async () => {
    const { queue, seen } = await queueOf("a", "b");
    queue.next()?.complete("served");
    await pause();
    expect([names(queue), seen]).toEqual([["b"], ["a served"]]);
  });

  test("completeAll() completes all in their order", async () => {
    const { queue, seen } = await queueOf("a", "b", "c");
    queue.completeAll("open");
    await pause();
    expect([queue.empty, seen]).toEqual([true, ["a open", "b open", "c open"]]);
  });

  test("joinFirst() puts an operation in front of the others", async () => {
    const { queue } = await queueOf("a", "b");
    const ticket = new Ticket(queue, "c");
    queue.joinFirst(ticket);
    expect(names(queue)).toEqual(["c", "a", "b"]);
  });

  test("takeAll() moves all to a new queue: an operation that joins meanwhile is not in it, one that leaves is gone", async () => {
    const { queue } = await queueOf("a", "b", "c");
    const all = queue.takeAll();
    const second = [...all][1]!;
    queue.leave(second);
    queue.join(second);
    expect([names(all), names(queue)]).toEqual([["a", "c"], ["b"]]);
  });

  test("is left by an operation that loses a select, and leaving twice does nothing", async () => {
    const queue = new Waiters<Ticket>();
    const ticket = new Ticket(queue, "a");
    const { key } = await select({ ticket, late: sleep(1) });
    queue.leave(ticket);
    expect([key, queue.empty]).toEqual(["late", true]);
  });
});
