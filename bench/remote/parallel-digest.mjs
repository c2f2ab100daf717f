// The stage `digest` in a thread of `parallel`.

import { exposeStage } from "millrace/worker";
import { digest } from "./parallel-work.mjs";

exposeStage(digest);
