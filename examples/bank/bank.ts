// A bank that keeps its word: a deposit that was acknowledged is in the journal, whatever fails. It is a tree of three levels.
//
//   bank ─┬─ ledger            writes to the journal, one entry at a time
//         ├─ tellers ─┬─ ann   an actor each: takes deposits, and asks the ledger
//         │           └─ bob
//         └─ web               answers over HTTP
//
// Rest for one: what starts after the ledger uses it, so it is restarted with it. Nothing of this handles failures by itself.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { go, never, type Routine, settled, sleep, withTimeout } from "millrace";
import {
  type Actor,
  type ActorContext,
  actor,
  ask,
  type ChildContext,
  type Mailbox,
  type Reply,
  type Supervisor,
  supervise,
} from "millrace/supervise";

export interface Deposit {
  /** Chosen by the customer, so that a deposit that is sent again is booked once. */
  readonly id: string;
  readonly account: string;
  readonly amount: number;
}

export interface Request extends Deposit {
  readonly reply: Reply<void>;
}

/** The disk: it outlives everything in the tree. */
export class Journal {
  readonly entries = new Map<string, Deposit>();

  /** Writes an entry, which takes a while. */
  *write({ id, account, amount }: Deposit): Routine<void> {
    yield* sleep(1);
    this.entries.set(id, { id, account, amount });
  }
}

function* bookkeeping(journal: Journal, mailbox: Mailbox<Request>): Routine<void> {
  for (;;) {
    const request = yield* mailbox.receive();
    if (typeof request === "symbol") return;
    yield* journal.write(request);
    request.reply();
  }
}

/** Serves `POST /account?id=…&amount=…` on a port. */
function* web(port: number, tellers: readonly Actor<Request>[], { ready }: ChildContext): Routine<void> {
  const server = createServer((request, response) => {
    go(answer, tellers, request, response);
  });
  try {
    yield* settled(
      new Promise<void>((resolve, reject) => {
        server.once("error", reject).listen(port, "127.0.0.1", resolve);
      }),
    );
    ready();
    yield* never();
  } finally {
    server.once("listening", () => server.close()); // if it was killed before
    server.close();
    server.closeAllConnections();
  }
}

function* answer(
  tellers: readonly Actor<Request>[],
  request: IncomingMessage,
  response: ServerResponse,
): Routine<void> {
  try {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://bank");
    const deposit = {
      id: searchParams.get("id") ?? "",
      account: pathname.slice(1),
      amount: Number(searchParams.get("amount")),
    };
    const teller = tellers[deposit.id.length % tellers.length]!;
    yield* withTimeout(
      500,
      ask(teller, (reply: Reply<void>) => ({ ...deposit, reply })),
    );
    response.end("booked");
  } catch (error) {
    // What failed is restarted elsewhere. The customer is told at once, and tries again.
    response.writeHead(503).end(String(error));
  }
}

/** Opens the bank. */
export function openBank(port: number, journal: Journal): Supervisor {
  const ledger = actor<Request>(
    function* ledger(mailbox) {
      yield* bookkeeping(journal, mailbox);
    },
    { name: "ledger" },
  );
  const teller = function* (mailbox: Mailbox<Request>, _: ActorContext<Request>): Routine<void> {
    for (;;) {
      const deposit = yield* mailbox.receive();
      if (typeof deposit === "symbol") return;
      yield* ask(ledger, (reply: Reply<void>) => ({ ...deposit, reply }));
      deposit.reply();
    }
  };
  const ann = actor<Request>(teller, { name: "ann" });
  const bob = actor<Request>(teller, { name: "bob" });
  return supervise(
    {
      ledger,
      tellers: { children: { ann, bob }, options: { intensity: 1_000 } },
      web: {
        body: (context) => web(port, [ann, bob], context),
        startUp: "ready",
        backoff: { min: 5, max: 100 },
      },
    },
    { name: "bank", strategy: "rest-for-one", intensity: 1_000 },
  );
}
