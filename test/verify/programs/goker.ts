// The bugs of the gallery in docs/goker.md with their known verdicts and counts. Each bug is a deadlock or a leak. Its repair
// follows it.

import * as bugs from "../../../docs/gallery/bugs.js";
import { type Known, NO_TASK, ONE_TURN } from "./program.js";

type Counts = Pick<Known, "states" | "events" | "shortest" | "note">;

const of = (states: number, events: number, shortest?: number): Counts => ({
  states,
  events,
  ...(shortest !== undefined && { shortest }),
});

/** Counts of a program with a timeout. */
const timed = (counts: Counts): Counts => ({ ...counts, note: NO_TASK });

/** Counts of a program for which other tools report 8 states, and 9 or 8 events. */
const inOneTurn = (counts: Counts): Counts => ({ ...counts, note: ONE_TURN });

const known = (name: string, main: Known["main"], verdict: Known["verdict"], counts: Counts): Known => ({
  name,
  source: "GoKer",
  main,
  verdict,
  ...counts,
});

export const goker: readonly Known[] = [
  known("moby 33293", bugs.moby33293, "deadlock", of(3, 2, 1)),
  known("moby 33293, fixed", bugs.moby33293Fixed, "ok", of(4, 3)),
  known("moby 4395", bugs.moby4395, "leak", of(1, 0, 0)),
  known("moby 4395, fixed", bugs.moby4395Fixed, "ok", of(2, 1)),
  known("kubernetes 5316", bugs.kubernetes5316, "leak", timed(of(7, 6, 5))),
  known("kubernetes 5316, fixed", bugs.kubernetes5316Fixed, "ok", timed(of(9, 8))),
  known("kubernetes 38669", bugs.kubernetes38669, "leak", of(2, 1, 1)),
  known("kubernetes 38669, fixed", bugs.kubernetes38669Fixed, "ok", inOneTurn(of(6, 5))),
  known("grpc 660", bugs.grpc660, "leak", of(8, 7, 1)),
  known("grpc 660, fixed", bugs.grpc660Fixed, "ok", of(14, 16)),
  known("grpc 1424", bugs.grpc1424, "leak", of(3, 2, 2)),
  known("grpc 1424, fixed", bugs.grpc1424Fixed, "ok", of(6, 5)),
  known("grpc 1275", bugs.grpc1275, "leak", timed(of(3, 2, 2))),
  known("grpc 1275, fixed", bugs.grpc1275Fixed, "ok", timed(of(4, 3))),
  known("etcd 6857", bugs.etcd6857, "leak", of(9, 8, 3)),
  known("etcd 6857, fixed", bugs.etcd6857Fixed, "ok", of(11, 11)),
  known("cockroach 24808", bugs.cockroach24808, "deadlock", of(2, 1, 1)),
  known("cockroach 24808, fixed", bugs.cockroach24808Fixed, "ok", inOneTurn(of(7, 6))),
  known("cockroach 35931", bugs.cockroach35931, "deadlock", of(2, 1, 1)),
  known("cockroach 35931, fixed", bugs.cockroach35931Fixed, "ok", of(7, 6)),
  known("syncthing 5795", bugs.syncthing5795, "deadlock", of(3, 2, 2)),
  known("syncthing 5795, fixed", bugs.syncthing5795Fixed, "ok", of(8, 8)),
];
