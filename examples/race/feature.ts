// The corpus: every feature that pages can use and MDN has a page for.

import { createRequire } from "node:module";
import type { BrowserName, CompatData, CompatStatement, Identifier, SupportBlock } from "@mdn/browser-compat-data";
import type { Hit } from "./answer.ts";

/** A feature with the words it is searched by. */
export interface Feature {
  id: number;
  name: string;
  words: string;
  about: string;
  /** What there is to say about single browsers. */
  notes: string;
  hit: Hit;
}

const BROWSERS: [BrowserName, string][] = [
  ["chrome", "Chrome"],
  ["firefox", "Firefox"],
  ["safari", "Safari"],
  ["nodejs", "Node.js"],
];

const COMPOUND = /[a-z\d][A-Z]|[-_@]/;

export function readFeatures(): Feature[] {
  const data = createRequire(import.meta.url)("@mdn/browser-compat-data") as CompatData;
  const { __meta, browsers, webdriver, webextensions, ...areas } = data; // what is left can be used in a page
  const features: Feature[] = [];
  for (const [area, identifier] of Object.entries(areas)) gather(identifier, [area], features);
  return features;
}

/** Only what has a page of its own: the rest are its details. */
function gather(identifier: Identifier, path: string[], features: Feature[]): void {
  const compat = identifier.__compat;
  if (compat?.mdn_url !== undefined) features.push(feature(features.length, path, compat.mdn_url, compat));
  for (const key in identifier) {
    if (key !== "__compat") gather(identifier[key] as Identifier, [...path, key], features);
  }
}

function feature(id: number, path: string[], url: string, compat: CompatStatement): Feature {
  const about = plain(compat.description ?? "");
  const hit = { path: path.join("."), about, url, support: support(compat.support) };
  return { id, name: path.at(-1) ?? "", words: words(path), about, notes: notes(compat.support), hit };
}

/** "AbortSignal" is found as itself, and by "Abort" and "Signal". */
function words(path: string[]): string {
  const whole = path.join(" ");
  const apart = path
    .filter((name) => COMPOUND.test(name))
    .map((name) => name.replace(/([a-z\d])(?=[A-Z])|[-_@]+/g, "$1 "));
  return `${whole} ${apart.join(" ")}`;
}

function plain(html: string): string {
  if (!/[<&]/.test(html)) return html;
  return html
    .replace(/<[^>]+>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

function support(block: SupportBlock): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const [browser, label] of BROWSERS) {
    const statement = [block[browser] ?? []].flat()[0];
    if (statement === undefined) continue;
    const gone = statement.version_added === false || statement.version_removed !== undefined;
    versions[label] = gone ? "no" : statement.flags ? "behind a flag" : String(statement.version_added);
  }
  return versions;
}

function notes(block: SupportBlock): string {
  const all = Object.values(block).flatMap((statement) => [statement].flat().flatMap(({ notes = [] }) => notes));
  return plain([...new Set(all)].join(" "));
}
