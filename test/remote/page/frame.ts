// A page in a frame. It is the far side of the contract, or it connects to the page around it.

import { connect } from "../../../src/remote.js";
import { relay } from "./relay.js";

addEventListener("message", ({ data, origin, source }) => {
  if (source !== parent) return;
  if (data?.relay instanceof MessagePort) relay(parent, data.relay, origin);
  if (data?.connect === undefined) return;
  if (data.connect === "without locks") Object.defineProperty(navigator, "locks", { value: undefined });
  connect(parent, { origin, limits: { heartbeat: 200 } })
    .channel<string>("log")
    .send("begun")
    .then();
});
parent.postMessage("ready", "*");
