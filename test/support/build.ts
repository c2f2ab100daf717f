// Builds what is tested before the tests, and once more before they run again: a file for each module, and what is shipped.

import { execFileSync } from "node:child_process";
import type { TestProject } from "vitest/node";

export default function setup(project: TestProject): void {
  build();
  project.onTestsRerun(async () => build());
}

function build(): void {
  execFileSync("npm", ["run", "build", "--silent"], { stdio: "inherit" });
}
