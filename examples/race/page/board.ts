import { features } from "../answer.ts";
import { describeFate, type Fate } from "../fate.ts";
import type { Lap } from "../lap.ts";
import type { Outcome } from "../race.ts";
import type { Service } from "../service.ts";
import { Lane } from "./lane.ts";

/** All lanes. */
export class Board {
  private readonly _lanes: Map<Service, Lane>;
  private _started: number;

  constructor(list: HTMLElement, services: Service[], changed: () => void) {
    this._lanes = new Map(services.map((service) => [service, new Lane(service)]));
    this._started = 0;
    for (const lane of this._lanes.values()) {
      list.append(lane.node);
      lane.box.addEventListener("change", changed);
    }
  }

  get entrants(): Service[] {
    return [...this._lanes.values()].filter((lane) => lane.takesPart).map((lane) => lane.service);
  }

  clear(): void {
    for (const lane of this._lanes.values()) lane.show("idle");
  }

  start(): void {
    this._started = performance.now();
    for (const lane of this._lanes.values()) lane.show(lane.takesPart ? "running" : "idle");
  }

  /** Lets the lanes that are still running grow. */
  grow(): void {
    const ms = performance.now() - this._started;
    for (const lane of this._lanes.values()) if (lane.state === "running") lane.reach(ms);
  }

  leave({ service, end, ms }: Lap): void {
    this._lanes.get(service)?.show(end === "found" ? "second" : end, ms);
  }

  finish(outcome: Outcome, laps: Lap[]): void {
    if (outcome.end !== "won") return;
    const lap = laps.find(({ service }) => service === outcome.service);
    const lane = this._lanes.get(outcome.service);
    lane?.show("won", lap?.ms);
    lane?.note(features(outcome.answer.matches));
  }

  testify(service: Service, fate: Fate): void {
    this._lanes.get(service)?.note(`server ${describeFate(fate)}`);
  }
}
