import type { Outcome, Result } from "../../race.ts";
import type { ServerReport, Service } from "../../services/service.ts";
import { countFeatures, serverSummary } from "../text.ts";
import { Row, type RowState } from "./row.ts";

const STATES: Record<Result["status"], RowState> = {
  answered: "late",
  "found nothing": "nothing",
  failed: "failed",
  cancelled: "cancelled",
};

/** The table of the services, with a row for each. */
export class Table {
  private readonly _rows: Map<Service, Row>;
  private _started: number;

  constructor(list: HTMLElement, services: Service[], onChange: () => void) {
    this._rows = new Map(services.map((service) => [service, new Row(service)]));
    this._started = 0;
    for (const row of this._rows.values()) {
      list.append(row.node);
      row.checkbox.addEventListener("change", onChange);
    }
  }

  /** The services that are ticked. */
  get services(): Service[] {
    return [...this._rows.values()].filter((row) => row.takesPart).map((row) => row.service);
  }

  clear(): void {
    for (const row of this._rows.values()) row.show("idle");
  }

  start(): void {
    this._started = performance.now();
    for (const row of this._rows.values()) row.show(row.takesPart ? "running" : "idle");
  }

  /** Makes the bars of the running services as long as the race has taken so far. */
  extendBars(): void {
    const time = performance.now() - this._started;
    for (const row of this._rows.values()) if (row.state === "running") row.setBar(time);
  }

  showResult({ service, status, time }: Result): void {
    this._rows.get(service)?.show(STATES[status], time);
  }

  showWinner({ winner }: Outcome): void {
    if (winner?.answer === undefined) return;
    const row = this._rows.get(winner.service);
    row?.show("won", winner.time);
    row?.setNote(countFeatures(winner.answer.matches));
  }

  showReport(service: Service, report: ServerReport): void {
    this._rows.get(service)?.setNote(`server ${serverSummary(report)}`);
  }
}
