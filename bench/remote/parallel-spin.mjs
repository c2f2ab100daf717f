// The stage `spin` in a thread of `parallel`.

import { exposeStage } from "millrace/worker";
import { spin } from "./parallel-work.mjs";

exposeStage(spin);
