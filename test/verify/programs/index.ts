// All programs with known verdicts.

import { blog } from "./blog.js";
import { classics } from "./classics.js";
import { goker } from "./goker.js";
import { literature } from "./literature.js";
import { philosophers } from "./philosophers.js";
import type { Known } from "./program.js";

export const known: readonly Known[] = [...literature, ...philosophers, ...blog, ...classics, ...goker];
