// What a script of dist/ is made of, after it was bundled.
//
// Every bundler must be able to drop the classes that a page does not use. Most keep a class with a member such as
// `[Symbol.iterator]`, as reading the key might do something. So each class is wrapped in a call that is marked as pure: where its
// result is not used, the call goes. Comments and indentation, a fifth of the package, go too: the docs stand in the declarations.

import { minify } from "terser";
import ts from "typescript";

/** An import of nothing: the bundler keeps the order of chunks with it, and warns of it, as chunks have no side effects. */
const BARE_IMPORT = /^import "\.\/chunk-\w+\.js";$/;

/**
 * Returns the text of a large script that no page loads, as it is shipped. Local variables get short names, and lines are joined.
 * Functions and classes keep their names, which stacks and reports show.
 */
export async function shipSmall(script: string): Promise<string> {
  const names = { keep_classnames: true, keep_fnames: true };
  const { code } = await minify(ship(script), {
    module: true,
    compress: false,
    mangle: names,
    format: { max_line_len: 160, preserve_annotations: true },
  });
  return `${code}\n`;
}

/** Returns the text of a script as it is shipped. */
export function ship(script: string): string {
  return withoutComments(withPureClasses(script));
}

function withPureClasses(script: string): string {
  const file = parse(script);
  let made = "";
  let from = 0;
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (initializer === undefined || !ts.isClassExpression(initializer) || !ts.isIdentifier(name)) continue;
      const start = initializer.getStart(file);
      const class_ = script.slice(start, initializer.end);
      const named = initializer.name === undefined ? class_.replace("class", `class ${name.text}`) : class_;
      made += `${script.slice(from, start)}/* @__PURE__ */ (() => ${named})()`;
      from = initializer.end;
    }
  }
  return made + script.slice(from);
}

/** Removes the lines that are comments, and the indentation of the others, but nothing inside a template. */
function withoutComments(script: string): string {
  const templates = templatesOf(script);
  const kept: string[] = [];
  let at = 0;
  let inComment = false;
  for (const line of script.split("\n")) {
    const text = templates.some(({ from, to }) => from < at && at < to) ? line : line.trimStart();
    inComment ||= text.startsWith("/**");
    if (!inComment && text !== "" && !text.startsWith("//") && !BARE_IMPORT.test(text)) kept.push(text);
    if (text.endsWith("*/")) inComment = false;
    at += line.length + 1;
  }
  return `${kept.join("\n")}\n`;
}

/** The parts of templates that have more than one line. */
function templatesOf(script: string): { readonly from: number; readonly to: number }[] {
  const file = parse(script);
  const found: { from: number; to: number }[] = [];
  const visit = (node: ts.Node): void => {
    const part = { from: node.getStart(file), to: node.end };
    if (ts.isTemplateLiteralToken(node) && script.slice(part.from, part.to).includes("\n")) found.push(part);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function parse(script: string): ts.SourceFile {
  return ts.createSourceFile("chunk.js", script, ts.ScriptTarget.ES2022);
}
