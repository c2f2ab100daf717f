import type { Service } from "./service.ts";

/** How one service left the race: with something found, with nothing, by failing, or because the race was decided. */
export interface Lap {
  service: Service;
  end: "found" | "nothing" | "failed" | "cancelled";
  /** Since the start of the race. */
  ms: number;
}
