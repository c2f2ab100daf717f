// docs/troubleshooting.md names every message with which the package throws, and no other.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Errors that never reach a user: signals of the verifier to itself, and reasons that stand inside of another message. */
const internal = /^(?:Internal signal|This schedule is left)/;
const ERROR = /^(?:\w*Error|Misuse)$/;
const BEGINNING = /^(?:Cannot .*:|Deadlock:|Timed out:) /;

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(root, "src", name));

/** The text of an expression, with `…` for what is put in. */
function textOf(node: ts.Expression): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("");
  }
  if (ts.isBinaryExpression(node)) return textOf(node.left) + textOf(node.right);
  return "…";
}

/** The messages of a file: of errors that it makes, of reports of deadlocks, and texts that begin as messages do. */
function messagesOf(path: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    let text = "";
    if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
      const name = node.expression.getText(file);
      const throws = ts.isNewExpression(node) ? ERROR.test(name) : name === "deadlock";
      const message = node.arguments?.[name === "AggregateError" ? 1 : 0];
      if (throws && message !== undefined) text = textOf(message);
    } else if ((ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) && !ts.isBinaryExpression(node.parent)) {
      text = BEGINNING.test(textOf(node)) ? textOf(node) : "";
    }
    if (/\w/.test(text) && !internal.test(text)) found.push(text);
  };
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2022, true);
  visit(file);
  return found;
}

const messages = [...new Set(sources.flatMap(messagesOf))];

/** The messages of the page: what stands in code in the first cells of its tables. */
const rows = readFileSync(join(root, "docs", "troubleshooting.md"), "utf8")
  .split("\n")
  .flatMap((line) => /^\| `([^`]+)` +\|/.exec(line)?.[1] ?? [])
  .filter((row) => row.includes(" "));

/** Whether a text is an instance of a pattern, in which `…` stands for any text. */
const isInstance = (text: string, pattern: string): boolean =>
  new RegExp(`^${pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".*")}$`).test(text);

const matches = (row: string, message: string): boolean => isInstance(message, row) || isInstance(row, message);

test("the sources have messages", () => {
  expect(messages.length).toBeGreaterThan(80);
});

test.each(messages)("the page has a row for: %s", (message) => {
  expect(rows.filter((row) => matches(row, message))).not.toEqual([]);
});

test.each(rows)("the package has the message of the row: %s", (row) => {
  expect(messages.filter((message) => matches(row, message))).not.toEqual([]);
});
