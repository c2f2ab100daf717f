// The gallery of bugs as a page: for each what happened in Go, the program, the schedule that breaks it, and its repair, taken
// from the programs and from what verify() finds.

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
    title: "moby 33293: an error that nobody hears of",
    story:
      "A function made a channel for errors, sent to it what had failed, and returned it, so that its caller could read from it. " +
      "When something had failed it never came to return.",
    repair: "The channel has one place, so that the error can be left there.",
  },
  {
    program: "moby4395",
    title: "moby 4395: the result comes when everybody has gone",
    story:
      "A goroutine did some work and sent the result. Who had started it returned early, on an error, and never read it.",
    repair: "The channel has one place: the worker leaves its result there, and ends.",
  },
  {
    program: "kubernetes5316",
    title: "kubernetes 5316: a request that is over before its handler is",
    story:
      "A handler ran in a goroutine of its own; the server waited for its result, its error, or the end of a time limit. When " +
      "the time was up nobody read from either channel any more, and with every slow request one more goroutine stayed.",
    repair: "Both channels have one place.",
  },
  {
    program: "kubernetes38669",
    title: "kubernetes 38669: a watch that does not hear that it is to stop",
    story:
      "A watch first delivered its initial events, and only then listened for more, or for the end. When nobody took the first " +
      "events it never got to where it would have heard of the end.",
    repair: "The channel has places for the initial events.",
  },
  {
    program: "grpc660",
    title: "grpc 660: a client that stops in the midst of a call",
    story:
      "A benchmark client let each call tell when it was done, and listened for that or for the signal to stop. If the signal came " +
      "first, the call that was on its way could tell nobody.",
    repair: "Each call has a place for what it tells.",
  },
  {
    program: "grpc1424",
    title: "grpc 1424: who waits is not told of the end",
    story:
      "A dialer waited until the watcher of a load balancer was ready. The watcher ended when its channel of addresses closed, and " +
      "did not say so.",
    repair: "The watcher closes what others wait for, however it ends.",
  },
  {
    program: "grpc1275",
    title: "grpc 1275: data that a closed stream never brings",
    story:
      "A reader waited for data of a stream. Closing the stream should have sent it the end, and did not, so whoever waited for " +
      "the reader waited in vain.",
    repair: "Closing the stream sends the reader the end.",
  },
  {
    program: "etcd6857",
    title: "etcd 6857: asking a node that has stopped",
    story:
      "A node answered questions about its status in its main loop. Asked after it was stopped it had nobody to answer, and the " +
      "one who asked waited for ever. In Go it hung in 19 of 100 runs of the test.",
    repair: "Who asks also listens whether the node has stopped.",
  },
  {
    program: "cockroach24808",
    title: "cockroach 24808: a queue that is full before anybody reads",
    story:
      "At its start a compactor put a suggestion into its own queue, of one place, before it started the worker who reads from it. " +
      "If it had been sent a suggestion before its start, the place was taken.",
    repair: "If the queue is full there is a suggestion in it, and that is enough.",
  },
  {
    program: "cockroach35931",
    title: "cockroach 35931: the one that is full is told first",
    story:
      "To cancel a flow, a message was sent to each input of a processor, one after the other. If the first was full, while the " +
      "processor waited for the second, the message that it would have read was never sent.",
    repair: "Each input is told by a task of its own.",
  },
  {
    program: "syncthing5795",
    title: "syncthing 5795: a loop that waits for its own end",
    story:
      "A connection closed itself from within the loop that handles its messages: closing waits until that loop has stopped, and " +
      "the loop waits until closing is through.",
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

/** Each function by its name: its text, and whether it only helps programs. */
const parts = new Map(
  [...source.matchAll(/^(export )?function\*? (\w+)[\s\S]*?\n}\n/gm)].map(([text, exported, name]) => [
    name!,
    { text: text.replace("export ", "").trimEnd(), helps: exported === undefined },
  ]),
);

/** The text of a program, with what helps it. */
function textOf(program: string): string {
  const { text } = parts.get(program)!;
  const helpers = [...parts].filter(([name, { helps }]) => helps && new RegExp(`\\b${name}\\b`).test(text));
  return [...helpers.map(([, helper]) => helper.text), text].join("\n\n");
}

/** Only what it uses. */
function importsOf(text: string): string {
  const used = (from: string): string[] =>
    names(from).filter((name) => new RegExp(`\\b${name.replace("type ", "")}\\b`).test(text));
  const tools = [...used("millrace/testing"), "verify"];
  return `import { ${used("millrace").join(", ")} } from "millrace";\nimport { ${tools.join(", ")} } from "millrace/testing";`;
}

async function section({ program, title, story, repair }: Bug): Promise<string> {
  const found = await verify(programs.get(program)!, { name: program });
  if (found.status !== "failed") throw new Error(`${program} must fail, and is ${found.status}`);
  const repaired = await verify(programs.get(`${program}Fixed`)!);
  if (repaired.status !== "proved") throw new Error(`${program} must be proved once it is repaired`);
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

/** Without what differs from run to run: times, and the folder. */
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
    "# Real bugs, and the schedules that break them",
    "Goroutines that wait for each other for ever, found in large Go programs and boiled down by GoKer (Yuan and others, " +
      "“GoBench: a benchmark suite of real-world Go concurrency bugs”, CGO 2021) to the channels that matter. Each is written here " +
      "as it would be with millrace; `verify` finds the shortest schedule that breaks it, and proves its repair. " +
      "[Proving a program free of deadlock](proofs.md) tells how. This page is written by `npm run gallery`, and a test writes it again.",
    ...sections,
  ].join("\n\n");
}
