// The process of one search service. It gets the features from the process that started it, sends back its port, and ends
// when that process disconnects.

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { alt, type Channel, CLOSED, go, promiseChannel, type Routine, settled, timeout } from "millrace";
import { ENGINES } from "./engines.ts";
import type { Feature } from "./features.ts";
import { cleanText } from "./question.ts";
import type { ServerReport } from "./service.ts";

const MAX_REPORTS = 500;
/** Milliseconds that a request for a report waits for the search to arrive or to end. */
const REPORT_WAIT = 3000;

const engine = ENGINES[process.argv[2] ?? ""];
if (engine === undefined) throw new Error(`Cannot serve: no engine is called ${process.argv[2]}`);
const [features] = (await once(process, "message")) as [Feature[]];
const search = await engine.open(features);
const reports = new Map<string, Channel<ServerReport>>();

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  const report = reportOf(searchParams.get("race") ?? "");
  const question = cleanText(searchParams.get("question") ?? "");
  if (pathname === "/report") go(sendReport, report, response);
  else if (pathname === "/search" && question !== "") go(sendAnswer, question, report, response);
  else sendJson(response, pathname === "/search" ? 400 : 404, {});
});

process.once("disconnect", () => process.exit());
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));

/** Searches step by step. After each step other requests get their turn, and a closed connection stops the search. */
function* sendAnswer(question: string, report: Channel<ServerReport>, response: ServerResponse): Routine<void> {
  const started = performance.now();
  const steps = search(question);
  let progress = 0;
  let status: ServerReport["status"] = "stopped";
  for (;;) {
    yield* settled(setImmediate());
    if (response.closed) break;
    const step = steps.next();
    if (step.done) {
      sendJson(response, 200, step.value);
      [progress, status] = [1, "answered"];
      break;
    }
    progress = step.value;
  }
  report.trySend({ status, progress, time: performance.now() - started });
}

function* sendReport(report: Channel<ServerReport>, response: ServerResponse): Routine<void> {
  const result = yield* alt(report.receive(), timeout(REPORT_WAIT).receive());
  sendJson(response, 200, result === CLOSED ? { status: "no request", progress: 0, time: 0 } : result);
}

/** The channel for the report on one race. The search and the request for the report may come in either order. */
function reportOf(race: string): Channel<ServerReport> {
  const existing = reports.get(race);
  if (existing !== undefined) return existing;
  const report = promiseChannel<ServerReport>();
  reports.set(race, report);
  const [oldest] = reports.keys();
  if (reports.size > MAX_REPORTS && oldest !== undefined) reports.delete(oldest);
  return report;
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "access-control-allow-origin": "*",
  });
  response.end(text);
}
