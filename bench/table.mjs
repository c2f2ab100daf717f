// Tables: the measurements as Markdown tables that are also readable in a terminal.

import { contenders } from "./contenders.mjs";
import { MIXED } from "./goals.mjs";

const of = (kind) => contenders.filter((contender) => contender.kind === kind);

/** The table of one form of millrace: its values, those of Go and of the fastest peer, and the goals. */
export function goalTable(contests, ours, form) {
  const head = ["workload", "", "Go, one P", "fastest peer", "", "millrace", "x Go", "x peer", "goal", "reached"];
  const rows = eachRow(contests).map(({ label, row, results, comparable }) => {
    const value = read(results.get(ours), row);
    const go = read(results.get("go/1"), row);
    const peer = fastestPeer(results, row);
    const beside = (name, other) => (comparable(ours, name) ? ratio(value, other, row) : "-");
    const goal = row[form];
    const of = (name, workload) => {
      const beside = workload === undefined ? results : contests.find((one) => one.workload.name === workload)?.results;
      if (beside === undefined) return undefined;
      return name === "peer" ? fastestPeer(beside, row)?.value : read(beside.get(name), row);
    };
    return [
      label,
      row.measure,
      show(go, row),
      peer?.title ?? "-",
      show(peer?.value, row),
      show(value, row),
      beside("go/1", go),
      beside(peer?.name, peer?.value),
      goal?.text ?? "-",
      verdict(goal, value, of),
    ];
  });
  return markdown(head, rows);
}

/** The table of all contenders. */
export function fullTable(contests) {
  const head = ["workload", "", ...contenders.map((contender) => contender.title)];
  const rows = eachRow(contests).map(({ label, row, results }) => [
    label,
    row.measure,
    ...contenders.map((contender) => show(read(results.get(contender.name), row), row)),
  ]);
  return markdown(head, rows);
}

/** The table of the times in a mixed program, with the ratio to the times of processes of their own. */
export function mixedTable(contests, mixed) {
  const shown = contenders.filter(({ name }) => mixed.has(name));
  const row = { measure: "ns" };
  const cell = (results, contender, name) => {
    const together = mixed.get(contender.name)[name]?.ns;
    const alone = read(results.get(contender.name), row);
    return together === undefined ? "-" : `${show(together, row)} (${ratio(together, alone, row)})`;
  };
  const rows = contests
    .filter(({ workload }) => shown.some(({ name }) => mixed.get(name)[workload.name] !== undefined))
    .map(({ workload: { name }, results }) => [name, ...shown.map((contender) => cell(results, contender, name))]);
  return markdown(["workload", ...shown.map(({ title }) => title)], rows);
}

/** Which workloads take too long in a mixed program, for each form of millrace. */
export function mixedVerdicts(contests, mixed) {
  const row = { measure: "ns" };
  return of("ours")
    .filter(({ name }) => mixed.has(name))
    .map(({ name, title }) => {
      const judged = contests.flatMap(({ workload, results }) => {
        const together = mixed.get(name)[workload.name]?.ns;
        const alone = read(results.get(name), row);
        return together === undefined || alone === undefined ? [] : [[workload.name, together / alone]];
      });
      const late = judged.filter(([, ratio]) => ratio > MIXED).map(([name, ratio]) => `${name} (${ratio.toFixed(2)})`);
      return `- ${title}: at most ${MIXED} times for ${judged.length - late.length} of ${judged.length} workloads${late.length > 0 ? `; NOT for ${late.join(", ")}` : ""}`;
    })
    .join("\n");
}

/** The table of the engines: for each form and workload the time, and in brackets the ratio to the fastest peer. */
export function engineTable(engines) {
  const names = [...new Set(engines.flatMap(({ contests }) => contests.map(({ workload }) => workload.name)))];
  const row = { measure: "ns" };
  const rows = names.flatMap((name) =>
    of("ours").flatMap((form) => {
      const cells = engines.map(({ contests }) => {
        const results = contests.find(({ workload }) => workload.name === name)?.results;
        const value = read(results?.get(form.name), row);
        return value === undefined
          ? "-"
          : `${show(value, row)} (${ratio(value, fastestPeer(results, row)?.value, row)})`;
      });
      return cells.every((cell) => cell === "-") ? [] : [[name, form.title, ...cells]];
    }),
  );
  return markdown(["workload", "form", ...engines.map(({ title }) => title)], rows);
}

/** The reasons for cells without a number, numbers that were measured with fewer operations, and notes. */
export function remarks(contests) {
  const lines = new Map();
  const add = (contender, remark, name) => {
    const start = `${contender.title}: ${remark}`;
    lines.set(start, [...(lines.get(start) ?? []), name]);
  };
  for (const { workload, results } of contests) {
    for (const contender of contenders) {
      const { reason, fewer, n } = results.get(contender.name);
      if (reason !== undefined) {
        add(contender, reason, workload.name);
        continue;
      }
      const note = contender.notes[workload.name];
      if (fewer) add(contender, `measured with ${grouped(n)} ${workload.fixed ? "tasks" : "values"}`, workload.name);
      if (note !== undefined) add(contender, note, workload.name);
    }
  }
  return [...lines].map(([start, names]) => `- ${start} (${names.join(", ")})`).join("\n");
}

/** How much the processes of one cell differ: [median, maximum], relative to the best time. */
export function spread(contests) {
  const spreads = contests.flatMap(({ results }) => [...results.values()].map((result) => result.spread ?? NaN));
  const sorted = spreads.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return [sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
}

function eachRow(contests) {
  return contests.flatMap(({ workload, results }) =>
    workload.rows.map((row) => ({
      label: workload.name,
      row,
      results,
      // With more tasks, garbage collection takes longer for each task, so times are not comparable. Bytes are.
      comparable: (a, b) => !workload.fixed || row.measure === "bytes" || results.get(a)?.n === results.get(b)?.n,
    })),
  );
}

function read(result, row) {
  if (result === undefined || result.reason !== undefined) return undefined;
  if (row.measure === "bytes") return result.bytes;
  return row.measure === "ms" ? (result.ns * row.operations) / 1e6 : result.ns;
}

function fastestPeer(results, row) {
  const measured = of("peer").map(({ name, title }) => ({ name, title, value: read(results.get(name), row) }));
  return measured.filter(({ value }) => value !== undefined).sort((a, b) => a.value - b.value)[0];
}

function show(value, row) {
  if (value === undefined) return "-";
  if (row.measure === "bytes" && value < 1) return "0";
  return value < 100 ? String(Number(value.toPrecision(3))) : grouped(Math.round(value));
}

const grouped = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, " ");

// A ratio of bytes has no meaning if one contender keeps none.
function ratio(value, other, row) {
  if (value === undefined || other === undefined) return "-";
  if (row.measure === "bytes" && (other < 1 || value < 1)) return "-";
  return (value / other).toFixed(2);
}

function verdict(goal, value, of) {
  const met = goal === undefined || value === undefined ? undefined : goal.met(value, of);
  if (met === undefined) return "-";
  return met ? "yes" : "NO";
}

/** The rows of the README: what a row is, its workload, and its measure where that is not the time of an operation. */
const README = [
  ["a value handed over, no buffer", "spsc/0"],
  ["a value through a buffer of 128", "spsc/128"],
  ["ping-pong, a round trip", "ping-pong"],
  ["select over four busy channels", "select-receive/4"],
  ["ring of 1000 tasks, a hop", "ring/1000"],
  ["select with a timeout that never fires", "sleep-cancel"],
  ["pipeline of 4 stages, an item", "pipeline/4"],
  ["8 workers, an item", "workers/8"],
  ["1000 primes by a sieve, ms", "sieve", "ms"],
  ["a parked task, bytes", "parked", "bytes"],
];

/** The table of the README: each form of millrace, Go, and the fastest peer. */
export function readmeTable(contests) {
  const rows = README.map(([label, name, measure = "ns"]) => {
    const { workload, results } = contests.find((contest) => contest.workload.name === name);
    const row = workload.rows.find((one) => one.measure === measure);
    const cells = [...of("ours").map((form) => form.name), "go/1"].map((one) => show(read(results.get(one), row), row));
    return [label, ...cells, show(fastestPeer(results, row)?.value, row)];
  });
  const forms = of("ours").map(({ title }) => `\`${title}\``);
  return markdown(["", ...forms, "Go", "fastest JavaScript peer"], rows);
}

/** Rows as a Markdown table with aligned columns. */
export function markdown(head, rows) {
  const widths = head.map((title, at) => Math.max(3, ...[title, ...rows.map((row) => row[at])].map((c) => c.length)));
  const numeric = head.map((_, at) => rows.every((row) => /^(-|[\d. -]+)$/.test(row[at])));
  const line = (cells) =>
    `| ${cells.map((cell, at) => (numeric[at] ? cell.padStart(widths[at]) : cell.padEnd(widths[at]))).join(" | ")} |`;
  const rule = widths.map((width, at) => (numeric[at] ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}
