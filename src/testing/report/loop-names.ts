// Names of tasks whose body is `forever` or `loop`: reports show the name of the body that is run again and again. Only what is shown
// changes, as the names themselves tell tasks apart.

/**
 * Shows a name of a task, or of what a task has made: `forever#1/channel#0` as `serve#1/channel#0`.
 *
 * @param loops - For the names of such tasks, the names of the bodies that they run.
 */
export function shownName(name: string, loops: ReadonlyMap<string, string>): string {
  if (loops.size === 0) return name;
  const parts = name.split("/");
  const shown = parts.map((part, at) => {
    const body = loops.get(parts.slice(0, at + 1).join("/"));
    return body === undefined ? part : `${body}${part.slice(part.lastIndexOf("#"))}`;
  });
  return shown.join("/");
}

/** Shows all names of such tasks in a text. */
export function withShownNames(text: string, loops: ReadonlyMap<string, string>): string {
  // A task that another one has started has the longer name.
  const names = [...loops.keys()].sort((a, b) => b.length - a.length);
  return names.reduce((said, name) => {
    const pattern = new RegExp(`${name.replace(/[^\w/#]/g, "\\$&")}(?!\\d)`, "g");
    return said.replace(pattern, () => shownName(name, loops));
  }, text);
}
