// Two ends of a socket in one thread: what one sends, the other gets later, in order.

type Listener = (event: never) => void;

const { port1, port2 } = new MessageChannel();
const jobs: (() => void)[] = [];
port2.onmessage = () => jobs.shift()!();
(port2 as { unref?(): void }).unref?.();

/** Runs a job in a later turn of the event loop, after those that were given before. */
function later(job: () => void): void {
  jobs.push(job);
  port1.postMessage(0);
}

/** One end, with what a connection uses of a `WebSocket`. */
export class TestSocket {
  readyState = 1;
  readonly sent: string[] = [];
  other: TestSocket | undefined;
  private readonly listeners = new Map<string, Set<Listener>>();

  addEventListener(type: string, listener: Listener): void {
    const all = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, all.add(listener));
  }

  removeEventListener(type: string, listener: Listener): void {
    this.listeners.get(type)?.delete(listener);
  }

  send(data: string): void {
    if (this.readyState !== 1) return;
    this.sent.push(data);
    const { other } = this;
    later(() => {
      if (other?.readyState === 1) other.emit("message", { data });
    });
  }

  close(code = 1000, reason = ""): void {
    if (this.readyState === 3) return;
    const { other } = this;
    later(() => {
      for (const end of [this, other]) end?.end(code, reason);
    });
  }

  /** Ends at once, and what is under way is lost. */
  cut(): void {
    this.other?.end(1006, "");
    this.end(1006, "");
  }

  emit(type: string, event: object): void {
    for (const listener of [...(this.listeners.get(type) ?? [])]) listener(event as never);
  }

  private end(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit("close", { code, reason });
  }
}

/** Two ends that are connected. */
export function socketPair(): [TestSocket, TestSocket] {
  const one = new TestSocket();
  const other = new TestSocket();
  one.other = other;
  other.other = one;
  return [one, other];
}
