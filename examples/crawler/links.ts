import { Parser } from "htmlparser2";

/** The addresses of all links in a page, each once, without fragments. */
export function linksIn(html: string, page: URL): URL[] {
  const found = new Map<string, URL>();
  const parser = new Parser({
    onopentag(name, { href }) {
      if (name !== "a" || href === undefined || !URL.canParse(href, page)) return;
      const url = new URL(href, page);
      url.hash = "";
      found.set(url.href, url);
    },
  });
  parser.end(html);
  return [...found.values()];
}
