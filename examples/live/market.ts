import { type Broadcast, broadcast, channel, type ReceiveChannel, type Routine, sleep } from "millrace";

/** A price, with a number that shows whether one is missing. */
export interface Price {
  readonly number: number;
  readonly symbol: string;
  readonly cents: number;
}

/** What a subscriber wants: each price, or the newest one whenever it is ready for one. */
export interface Wish {
  readonly policy: "wait" | "slide";
}

const SYMBOLS = ["OAT", "RYE", "SPELT", "WHEAT"];
const EACH_MS = 20;

/** Makes prices, and gives them to each subscriber by its policy. */
export class Market {
  private readonly _prices = channel<Price>();
  private readonly _subscribers: Broadcast<Price> = broadcast(this._prices);

  /** A channel of prices. One that waits for a slow subscriber has room for a minute of prices, and then holds up the market. */
  subscribe({ policy }: Wish): ReceiveChannel<Price> {
    return policy === "slide"
      ? this._subscribers.subscribe({ policy: "slide", capacity: 1 })
      : this._subscribers.subscribe({ policy: "wait", capacity: 3000 });
  }

  *open(): Routine<void> {
    const cents = new Map(SYMBOLS.map((symbol, at) => [symbol, 2000 + 500 * at]));
    for (let number = 1; ; number++) {
      const symbol = SYMBOLS[number % SYMBOLS.length]!;
      // A walk that needs no chance, so that every run shows the same.
      const moved = cents.get(symbol)! + Math.round(30 * Math.sin(number / 7) + 10 * Math.cos(number / 3));
      cents.set(symbol, moved);
      yield* this._prices.send({ number, symbol, cents: moved });
      yield* sleep(EACH_MS);
    }
  }
}
