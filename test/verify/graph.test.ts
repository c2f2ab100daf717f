// Bottom strongly connected components of the state graph, compared with their definition.

import { expect, test } from "vitest";
import { Permutations } from "../../src/testing/explore/reduction/permutations.js";
import { StateGraph } from "../../src/testing/explore/search/state-graph.js";
import { FIELDS } from "../../src/testing/explore/semantics/events.js";
import { seeded } from "../../src/testing/simulation/decisions.js";

type Edges = readonly (readonly number[])[];

function graphOf(edges: Edges): StateGraph {
  const graph = new StateGraph(new Permutations());
  for (const [from, targets] of edges.entries()) {
    graph.begin(from);
    for (const to of targets) graph.add(from, to, new Int32Array(FIELDS), 0, 0);
  }
  return graph;
}

function reachable(edges: Edges, from: number): Set<number> {
  const reached = new Set([from]);
  for (const state of reached) for (const to of edges[state]!) reached.add(to);
  return reached;
}

/** The first state of each set of states that reach each other and no state outside. A state without successors is not a set. */
function bottomsOf(edges: Edges): number[] {
  const bottoms: number[] = [];
  for (const state of edges.keys()) {
    const reached = reachable(edges, state);
    const isBottom = [...reached].every((other) => reachable(edges, other).has(state));
    if (isBottom && edges[state]!.length > 0 && Math.min(...reached) === state) bottoms.push(state);
  }
  return bottoms;
}

test("StateGraph.bottoms() finds the bottom components of random graphs", () => {
  let several = 0;
  for (let seed = 1; seed <= 2000; seed++) {
    const below = seeded(seed);
    const size = 1 + below(9);
    const edges = Array.from({ length: size }, () => Array.from({ length: below(3) }, () => below(size)));
    const bottoms = graphOf(edges).bottoms(size);
    expect(bottoms, JSON.stringify(edges)).toEqual(bottomsOf(edges));
    if (bottoms.length > 1) several++;
  }
  expect(several).toBeGreaterThan(50);
});

test("StateGraph.bottoms() finds one component in a ring of 200 000 states", () => {
  const size = 200_000;
  const edges = Array.from({ length: size }, (_, state) => [(state + 1) % size]);
  expect(graphOf(edges).bottoms(size)).toEqual([0]);
});
