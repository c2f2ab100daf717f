// Every program whose verdict is known.

import { classics } from "./classics.js";
import { goker } from "./goker.js";
import { literature } from "./literature.js";
import type { Known } from "./program.js";

export const known: readonly Known[] = [...literature, ...classics, ...goker];
