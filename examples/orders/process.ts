// One part as a process of its own, on a NATS server: `node --import tsx examples/orders/process.ts stock nats://127.0.0.1:4222 folder`.

import { mkdirSync } from "node:fs";
import { natsBus } from "millrace/nats";
import { supervise } from "millrace/supervise";
import { serve } from "../bank/serve.ts";
import { PARTS, type PartName, partsOf } from "./system.ts";

const [, , name = "", servers = "", folder = "", scale = "1"] = process.argv;
if (!PARTS.includes(name as PartName)) throw new TypeError(`Cannot start ${name}: it is none of ${PARTS.join(", ")}`);
mkdirSync(folder, { recursive: true });

await using bus = await natsBus({ servers, name: "orders" });
let url = "";
await using parts = partsOf([name as PartName], bus, {
  folder,
  scale: Number(scale),
  port: 0,
  opened: (at) => (url = at),
});
const tree = supervise(parts.children, { name, intensity: 5 });
await tree.ready();
console.log(url === "" ? `${name} is ready` : url);
process.exitCode = await serve(tree);
