// For the test: a program that starts itself again, and says on which port the child listens. Neither of them ends by itself.

import { type AddressInfo, createServer } from "node:net";
import { Processes } from "../../../examples/shared/processes.ts";

if (process.argv[2] === "child") {
  const server = createServer().listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
} else {
  const { child, line } = await new Processes().program(new URL(import.meta.url), ["child"]);
  console.log(`${line} ${child.pid}`);
}
