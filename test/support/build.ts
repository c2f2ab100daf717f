// Builds the package before its tests, and again before they run again: a file for each module, and what is shipped.

import { execFileSync } from "node:child_process";
import type { TestProject } from "vitest/node";

/** The projects that test the built package share one build. */
const shared = globalThis as { millraceIsBuilt?: boolean };

export default function setup(project: TestProject): void {
  if (shared.millraceIsBuilt) return;
  shared.millraceIsBuilt = true;
  build();
  project.onTestsRerun(async () => build());
}

function build(): void {
  execFileSync("npm", ["run", "build", "--silent"], { stdio: "inherit" });
}
