import type { Engine } from "../engine.ts";

/** What a service is built on. */
export interface Listed {
  /** In a few words, how it searches. */
  manner: string;
  /** Whether an index is ready when it is asked. */
  prepared: boolean;
  /** Loads it; no process needs all of them. */
  load: () => Promise<Engine>;
}

/** The engines by the names of their services. */
export const ENGINES: Record<string, Listed> = {
  minisearch: {
    manner: "index, forgives typing errors",
    prepared: true,
    load: async () => (await import("./minisearch.ts")).minisearch,
  },
  lunr: {
    manner: "index, English stems",
    prepared: true,
    load: async () => (await import("./lunr.ts")).stemmed,
  },
  flexsearch: {
    manner: "index of all prefixes",
    prepared: true,
    load: async () => (await import("./flexsearch.ts")).flexsearch,
  },
  scan: {
    manner: "no index, compares all",
    prepared: false,
    load: async () => (await import("./scan.ts")).scan,
  },
  "cold lunr": {
    manner: "builds its index when asked",
    prepared: false,
    load: async () => (await import("./cold.ts")).cold,
  },
};
