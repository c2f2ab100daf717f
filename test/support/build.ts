// Builds what is shipped once before the tests that use it: the packed tarball, the page, the child processes.

import { execFileSync } from "node:child_process";

export default function setup(): void {
  execFileSync("npm", ["run", "build", "--silent"], { stdio: "inherit" });
}
