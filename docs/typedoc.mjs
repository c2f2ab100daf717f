// What the reference needs besides the sources: titles of the pages, and one category for each room of src/.

import { readFileSync } from "node:fs";
import { Comment, CommentTag, Converter, ReflectionKind } from "typedoc";

/** The category of an export, by the beginning of the path of its file in src/. `categoryOrder` in typedoc.json orders them. */
const CATEGORIES = {
  "task/": "Tasks and scopes",
  "lifetime/": "Tasks and scopes",
  "channel/": "Channels",
  "choice/": "Choice",
  "time/": "Time",
  "operation/": "Operations",
  "scheduler/": "Operations",
  "structures/errors": "Errors",
  "structures/": "Tasks and scopes",
  "flow/stream": "Streams",
  "flow/bridge/": "Iterables, events, promises and web streams",
  "flow/ends/": "Feeding and draining a channel",
  "flow/view/": "Several channels into one",
  "flow/time/": "Steps that keep time",
  "flow/spread/": "One source, many receivers",
  "flow/work/": "Work in parallel",
  "derived/": "Combinators of your own",
  "sync/": "Coordination",
};

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on(
    Converter.EVENT_RESOLVE_BEGIN,
    ({ project }) => {
      for (const page of project.getReflectionsByKind(ReflectionKind.Document)) entitle(page);
      for (const module of project.children ?? []) {
        if (module.name === "millrace") for (const child of module.children ?? []) categorize(child, project);
      }
    },
    1000,
  );
}

/** A page is called by its first heading, and not by its file. */
function entitle(page) {
  const text = readFileSync(new URL(`${page.name}.md`, import.meta.url), "utf8");
  page.name = /^# (.+)$/m.exec(text)?.[1] ?? page.name;
}

function categorize(reflection, project) {
  const file = project.getSymbolIdFromReflection(reflection)?.fileName ?? "";
  const path = file.slice(file.lastIndexOf("src/") + 4);
  const key = Object.keys(CATEGORIES).find((beginning) => path.startsWith(beginning));
  if (key === undefined) throw new Error(`Cannot categorize ${reflection.name}: src/${path} is in no category`);
  reflection.comment ??= new Comment();
  reflection.comment.blockTags.push(new CommentTag("@category", [{ kind: "text", text: CATEGORIES[key] }]));
}
