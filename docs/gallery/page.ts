// Writes the gallery of bugs as a page. Each section shows what happened in Go, the program, the schedule that fails, and the
// repaired program. The texts of the programs come from bugs.ts, and the schedules from verify().

import { readFileSync } from "node:fs";
import type { Routine } from "millrace";
import { verify } from "millrace/testing";
import * as bugs from "./bugs.ts";

interface Bug {
  readonly program: keyof typeof bugs;
  readonly title: string;
  readonly story: string;
  readonly repair: string;
}

const all: readonly Bug[] = [
  {
    program: "moby33293",
    title: "moby 33293: an error that is never received",
    story:
      "A function made a channel for errors and returned that channel to its caller. If something failed, it sent the error " +
      "to that channel before it returned. At that time the channel had no receiver, so the function blocked and never " +
      "returned.",
    repair: "The channel has capacity 1, so the error can be sent before the caller receives it.",
  },
  {
    program: "moby4395",
    title: "moby 4395: a result without a receiver",
    story:
      "A goroutine did some work and sent the result. The function that had started it returned early because of an error, " +
      "and never received the result, so the goroutine stayed blocked.",
    repair: "The channel has capacity 1, so the worker sends its result and ends.",
  },
  {
    program: "kubernetes5316",
    title: "kubernetes 5316: a request that times out before its handler ends",
    story:
      "A handler ran in a goroutine of its own. The server waited for the handler's result, its error, or a timeout. After " +
      "a timeout the server no longer received from either channel, so every slow request left one blocked goroutine " +
      "behind.",
    repair: "Both channels have capacity 1, so the handler can send without a receiver.",
  },
  {
    program: "kubernetes38669",
    title: "kubernetes 38669: a watch that cannot be stopped",
    story:
      "A watch first sent its initial events. Only then did it receive further events, or the close of its input. If the " +
      "initial events were not received, the watch stayed blocked and never noticed that its input was closed.",
    repair: "The capacity of the channel is large enough for the initial events.",
  },
  {
    program: "grpc660",
    title: "grpc 660: a client that stops during a call",
    story:
      "In a benchmark client each call sent a message when it was done. The client waited for that message or for the " +
      "signal to stop. If the signal came first, the message of the current call had no receiver.",
    repair: "The channel of each call has capacity 1.",
  },
  {
    program: "grpc1424",
    title: "grpc 1424: a watcher that ends without a signal",
    story:
      "A dialer waited until the watcher of a load balancer was ready. When the watcher's channel of addresses was closed, " +
      "the watcher ended without signalling the dialer, so the dialer waited for ever.",
    repair: "When the watcher ends, it closes the channel on which the dialer waits.",
  },
  {
    program: "grpc1275",
    title: "grpc 1275: a reader of a closed stream",
    story:
      "A reader waited for data from a stream. Closing the stream should have sent an end marker to the reader, but did " +
      "not. So the reader, and every goroutine that waited for the reader, stayed blocked.",
    repair: "Closing the stream sends the end marker to the reader.",
  },
  {
    program: "etcd6857",
    title: "etcd 6857: a request to a stopped node",
    story:
      "A node answered status requests in its main loop. After the node had stopped, the loop no longer ran, so a goroutine " +
      "that sent a status request waited for ever. In Go the test hung in 19 of 100 runs.",
    repair: "The sender of a status request also waits for the node's stop.",
  },
  {
    program: "cockroach24808",
    title: "cockroach 24808: a queue that is full before its worker starts",
    story:
      "When a compactor started, it sent a suggestion to its own queue before it started the worker that receives from the " +
      "queue. The queue had capacity 1. If another suggestion had been sent before the start, the queue was full, and the " +
      "compactor blocked.",
    repair: "If the queue is full, it already holds a suggestion, and the compactor does not send another one.",
  },
  {
    program: "cockroach35931",
    title: "cockroach 35931: a full input that is cancelled first",
    story:
      "To cancel a flow, a message was sent to each input of a processor, one after the other. If the first input was full " +
      "while the processor was receiving from the second, the send to the first input blocked, and the message to the " +
      "second was never sent.",
    repair: "A task of its own sends the message to each input.",
  },
  {
    program: "syncthing5795",
    title: "syncthing 5795: a loop that waits for its own end",
    story:
      "A connection closed itself from within the loop that handles its messages. Closing waits until the loop has stopped, " +
      "and the loop waits until closing is complete.",
    repair: "Closing runs in a task of its own.",
  },
];

const programs = new Map<string, () => Routine<void>>(Object.entries(bugs));
const source = readFileSync(new URL("bugs.ts", import.meta.url), "utf8");
const names = (from: string): string[] =>
  new RegExp(`import \\{([^}]*)\\} from "${from}";`)
    .exec(source)![1]!
    .split(",")
    .map((name) => name.trim());

/** Each function by its name: its text, and whether it is a helper of programs. */
const parts = new Map(
  [...source.matchAll(/^(export )?function\*? (\w+)[\s\S]*?\n}\n/gm)].map(([text, exported, name]) => [
    name!,
    { text: text.replace("export ", "").trimEnd(), helps: exported === undefined },
  ]),
);

/** The text of a program, preceded by its helpers. */
function textOf(program: string): string {
  const { text } = parts.get(program)!;
  const helpers = [...parts].filter(([name, { helps }]) => helps && new RegExp(`\\b${name}\\b`).test(text));
  return [...helpers.map(([, helper]) => helper.text), text].join("\n\n");
}

/** The imports that a text uses. */
function importsOf(text: string): string {
  const used = (from: string): string[] =>
    names(from).filter((name) => new RegExp(`\\b${name.replace("type ", "")}\\b`).test(text));
  const tools = [...used("millrace/testing"), "verify"];
  return `import { ${used("millrace").join(", ")} } from "millrace";\nimport { ${tools.join(", ")} } from "millrace/testing";`;
}

async function section({ program, title, story, repair }: Bug): Promise<string> {
  const found = await verify(programs.get(program)!, { name: program });
  if (found.status !== "failed") throw new Error(`${program} must fail, but is ${found.status}`);
  const repaired = await verify(programs.get(`${program}Fixed`)!);
  if (repaired.status !== "proved") throw new Error(`${program}Fixed must be proved, but is ${repaired.status}`);
  const code = [
    importsOf(textOf(program)),
    textOf(program),
    `const verdict = await verify(${program});\nif (verdict.status === "failed") console.log(verdict.kind); // ${found.kind}`,
  ];
  const fixed = `const verdict = await verify(${program}Fixed);\nconsole.log(verdict.status); // proved`;
  return [
    `## ${title}`,
    story,
    `\`\`\`ts\n${code.join("\n\n")}\n\`\`\``,
    `\`\`\`text\n${reportOf(found.report)}\n\`\`\``,
    repair,
    `\`\`\`ts\n${[importsOf(textOf(`${program}Fixed`)), textOf(`${program}Fixed`), fixed].join("\n\n")}\n\`\`\``,
  ].join("\n\n");
}

/** A report without the parts that differ from run to run: times, and the folder. */
function reportOf(report: string): string {
  return report
    .split("\n")
    .map((line) =>
      line
        .replace(/, [\d.]+ ms\)/, ")")
        .replace(/ +\S*bugs\.ts:\d+:\d+/, "")
        .trimEnd(),
    )
    .join("\n");
}

/** The whole page. */
export async function drawPage(): Promise<string> {
  const sections: string[] = [];
  for (const bug of all) sections.push(await section(bug));
  return [
    "# Real bugs, and the schedules that show them",
    "This page shows deadlocks and leaks that were found in large Go programs. GoKer (Yuan and others, “GoBench: a " +
      "benchmark suite of real-world Go concurrency bugs”, CGO 2021) reduced each bug to the goroutines and channels that " +
      "matter. Here each bug is written with millrace. `verify` finds the shortest schedule that fails, and proves the " +
      "repaired program. [Proving a program free of deadlock](proofs.md) describes how it works.",
    "`npm run gallery` generates this page, and a test checks that it is up to date.",
    ...sections,
  ].join("\n\n");
}
