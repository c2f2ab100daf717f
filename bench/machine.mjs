// The machine and the versions with which the numbers were measured.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";

export function machine(contenders) {
  const [first] = cpus();
  return [
    ["processor", `${first.model.trim()}, ${cpus().length} cores`],
    ["memory", `${Math.round(totalmem() / 2 ** 30)} GB`],
    ["system", `${platform()} ${arch()}`],
    ["Node", `${process.versions.node}, V8 ${process.versions.v8}`],
    ["Go", goVersion()],
    ...packages(contenders).map((name) => [name, packageVersion(name)]),
  ];
}

const packages = (contenders) => [...new Set(contenders.map((contender) => contender.package))].filter(Boolean);

function goVersion() {
  try {
    return /go(\d[\d.]*)/.exec(execFileSync("go", ["version"], { encoding: "utf8" }))?.[1] ?? "unknown";
  } catch {
    return "absent";
  }
}

function packageVersion(name) {
  const path = name === "millrace" ? "../package.json" : `../node_modules/${name}/package.json`;
  try {
    return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")).version;
  } catch {
    return "absent";
  }
}
