/** Whether a robots.txt allows a path to all crawlers (`User-agent: *`). It supports `Disallow` with plain prefixes only. */
export function allowedBy(robots: string): (path: string) => boolean {
  const forbidden: string[] = [];
  let applies = false;
  for (const line of robots.split("\n")) {
    const [, field, value] = /^\s*([\w-]+)\s*:\s*(\S*)/.exec(line) ?? [];
    if (field?.toLowerCase() === "user-agent") applies = value === "*";
    else if (field?.toLowerCase() === "disallow" && applies && value) forbidden.push(value);
  }
  return (path) => !forbidden.some((prefix) => path.startsWith(prefix));
}
