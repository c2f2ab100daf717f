// `npm run gallery` writes docs/goker.md.

import { writeFileSync } from "node:fs";
import { drawPage } from "./page.ts";

writeFileSync(new URL("../goker.md", import.meta.url), `${await drawPage()}\n`);
