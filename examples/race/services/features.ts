// What the engines search: all features of the web platform that have a page on MDN.

import { createRequire } from "node:module";
import type { BrowserName, CompatData, CompatStatement, Identifier, SupportBlock } from "@mdn/browser-compat-data";
import type { Hit } from "./service.ts";

/** A feature, with the words by which it can be found. */
export interface Feature {
  id: number;
  name: string;
  words: string;
  about: string;
  /** Remarks on single browsers. */
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
  const { __meta, browsers, webdriver, webextensions, ...areas } = data; // the rest is for web pages
  const features: Feature[] = [];
  for (const [area, identifier] of Object.entries(areas)) addFeatures(identifier, [area], features);
  return features;
}

/** Adds a feature and the features in it. A feature without a page on MDN is a detail of another one, and is left out. */
function addFeatures(identifier: Identifier, path: string[], features: Feature[]): void {
  const compat = identifier.__compat;
  if (compat?.mdn_url !== undefined) features.push(feature(features.length, path, compat.mdn_url, compat));
  for (const key in identifier) {
    if (key !== "__compat") addFeatures(identifier[key] as Identifier, [...path, key], features);
  }
}

function feature(id: number, path: string[], url: string, compat: CompatStatement): Feature {
  const about = plain(compat.description ?? "");
  const hit = { path: path.join("."), about, url, support: support(compat.support) };
  return { id, name: path.at(-1) ?? "", words: words(path), about, notes: notes(compat.support), hit };
}

/** The names in a path, whole and taken apart: "AbortSignal" can be found by "Abort" and by "Signal", too. */
function words(path: string[]): string {
  const whole = path.join(" ");
  const parts = path
    .filter((name) => COMPOUND.test(name))
    .map((name) => name.replace(/([a-z\d])(?=[A-Z])|[-_@]+/g, "$1 "));
  return `${whole} ${parts.join(" ")}`;
}

/** The text of a piece of HTML. */
function plain(html: string): string {
  if (!/[<&]/.test(html)) return html;
  return html
    .replace(/<[^>]+>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/** For each browser the first version that has the feature, or "no". */
function support(block: SupportBlock): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const [browser, label] of BROWSERS) {
    const statement = [block[browser] ?? []].flat()[0];
    if (statement === undefined) continue;
    const missing = statement.version_added === false || statement.version_removed !== undefined;
    versions[label] = missing ? "no" : statement.flags ? "behind a flag" : String(statement.version_added);
  }
  return versions;
}

/** The remarks on all browsers, each of them once. */
function notes(block: SupportBlock): string {
  const all = Object.values(block).flatMap((statement) => [statement].flat().flatMap(({ notes = [] }) => notes));
  return plain([...new Set(all)].join(" "));
}
