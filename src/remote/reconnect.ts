// The side that opens sockets: it opens another one when one breaks, sooner at first and then less often.

import { upon } from "../operation/upon.js";
import { random } from "../scheduler/scheduler.js";
import { sleep } from "../time/sleep.js";
import { type PortLike, portOf } from "./port/port.js";
import { Session, type SessionOptions } from "./session.js";

/** Opens a port, each time that one is needed. */
export type OpenPort = () => PortLike | PromiseLike<PortLike>;

const SHORTEST = 50;
const LONGEST = 5000;

/** A session over the ports that a function opens. */
export function reconnecting(open: OpenPort, options: SessionOptions): Session {
  let failures = 0;
  let pause: Disposable | null = null;
  const session = new Session("", options, again, () => pause?.[Symbol.dispose]());

  function again(_: Session, hadMet: boolean): void {
    failures = hadMet ? 0 : failures + 1;
    const longest = Math.min(LONGEST, SHORTEST * 2 ** failures);
    pause = upon(sleep(longest * (0.5 + random() / 2), { unref: true }), attempt);
  }

  function attempt(): void {
    Promise.resolve()
      .then(open)
      .then((like) => {
        const port = portOf(like);
        if (session.ended) {
          port.close();
          return;
        }
        port.start(session.listenerOf(port));
        session.resume(port, null);
      })
      .catch((error: unknown) => session.failed(error));
  }

  attempt();
  return session;
}
