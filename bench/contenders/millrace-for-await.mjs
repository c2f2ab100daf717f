// millrace in plain async functions, with `for await` wherever a loop receives.

import { awaiting } from "./awaiting.mjs";
import { adapter } from "./millrace-await.mjs";

export const performs = awaiting({ ...adapter, iterates: true });
