/** What a robots.txt forbids to everybody: whether a path may be asked for. Only `Disallow` with plain prefixes is known. */
export function allowedBy(robots: string): (path: string) => boolean {
  const forbidden: string[] = [];
  let concerned = false;
  for (const line of robots.split("\n")) {
    const [, field, value] = /^\s*([\w-]+)\s*:\s*(\S*)/.exec(line) ?? [];
    if (field?.toLowerCase() === "user-agent") concerned = value === "*";
    else if (field?.toLowerCase() === "disallow" && concerned && value) forbidden.push(value);
  }
  return (path) => !forbidden.some((prefix) => path.startsWith(prefix));
}
