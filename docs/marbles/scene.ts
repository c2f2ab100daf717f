// Describes a picture: a program, its inputs, and how its outputs are read. The code in the picture is a paragraph of the
// program's source text, so it is the code that ran: the paragraph under `// shown`, or the first paragraph.

import type { ReceiveChannel } from "millrace";
import ts from "typescript";
import { picture } from "./picture.ts";
import { FRAME, play, type Reading, type Stage } from "./stage.ts";

type Values<T> = { readonly [K in string]: T };

/** An input: its marbles, and the values of characters that do not stand for themselves. */
export interface Marbles<out T> {
  readonly marbles: string;
  readonly values: Values<unknown>;
  /** Exists only in types. */
  readonly of?: T;
}

export const letters = (marbles: string): Marbles<string> => ({ marbles, values: {} });
export const numbers = (marbles: string): Marbles<number> => ({ marbles, values: {} });
export const values = <T>(marbles: string, values: Values<T>): Marbles<T> => ({ marbles, values });

type Inputs = Readonly<Record<string, Marbles<unknown>>>;
type Channels<I extends Inputs> = {
  readonly [K in keyof I]: ReceiveChannel<I[K] extends Marbles<infer T> ? T : never>;
};
type Outputs =
  | ReceiveChannel<unknown>
  | readonly ReceiveChannel<unknown>[]
  | Readonly<Record<string, ReceiveChannel<unknown>>>;

/** One picture. */
export interface Scene<I extends Inputs = Inputs> {
  /** The name of its file, without the extension. */
  readonly name: string;
  /** What the picture shows, in one to three sentences. */
  readonly says: string;
  readonly inputs?: I;
  /** The program. */
  readonly run: (inputs: Channels<I>, stage: Stage) => Outputs | void;
  /** How each output is read, by its name. */
  readonly reading?: Readonly<Record<string, Reading>>;
  /** The names of outputs that are returned without names; `out` by default. */
  readonly outputs?: readonly string[];
  /** The length in frames; 24 by default. */
  readonly frames?: number;
}

/** Infers the types of the inputs. */
export function scene<const I extends Inputs>(scene: Scene<I>): Scene {
  return scene as unknown as Scene;
}

/** Returns the code that each scene of a file shows, by the name of the scene. */
export function codeOf(file: string, text: string): Map<string, string[]> {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found = new Map<string, string[]>();
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === "scene") {
      const [given] = node.arguments;
      if (given !== undefined && ts.isObjectLiteralExpression(given)) found.set(...shown(given));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function shown(given: ts.ObjectLiteralExpression): [string, string[]] {
  const property = (name: string): ts.ObjectLiteralElementLike | undefined =>
    given.properties.find((property) => property.name?.getText() === name);
  const name = property("name") as ts.PropertyAssignment;
  const run = property("run");
  const body =
    run !== undefined && ts.isMethodDeclaration(run)
      ? run.body!
      : ((run as ts.PropertyAssignment).initializer as ts.ArrowFunction).body;
  const text = ts.isBlock(body) ? body.getText().slice(1, -1) : body.getText();
  const [paragraph] = text
    .replace(/^[\s\S]*\/\/ shown\n/, "")
    .replace(/^\n/, "")
    .split(/\n\s*\n/);
  return [(name.initializer as ts.StringLiteral).text, outdented(paragraph!)];
}

function outdented(text: string): string[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  // The first line of an expression begins where its arrow ends.
  const depths = lines.slice(/^\s/.test(lines[0]!) ? 0 : 1).map((line) => line.search(/\S/));
  const depth = depths.length === 0 ? 0 : Math.min(...depths);
  const code = lines.map((line) => (/^\s/.test(line) ? line.slice(depth) : line).replace(/^return (.*?);?$/s, "$1"));
  // Lines that the formatter broke are joined again if the picture has room for them.
  const whole = code
    .join("\n")
    .replace(/([([])\n\s*/g, "$1")
    .replace(/,?\n\s*([)\]])/g, "$1")
    .replace(/([,>])\n\s*/g, "$1 ");
  return whole.split("\n").every((line) => line.length <= 88) ? whole.split("\n") : code;
}

/** Runs a scene and draws it. */
export async function draw(scene: Scene, code: readonly string[]): Promise<string> {
  const length = (scene.frames ?? 24) * FRAME;
  const lines = await play((stage) => {
    const inputs = Object.fromEntries(
      Object.entries(scene.inputs ?? {}).map(([name, { marbles, values }]) => [
        name,
        stage.input(name, marbles, values),
      ]),
    );
    const made = scene.run(inputs as Channels<Inputs>, stage);
    if (made === undefined) return;
    for (const [name, channel] of named(made, scene.outputs ?? ["out"]))
      stage.output(name, channel, scene.reading?.[name]);
  }, length);
  return picture({ title: scene.name, says: scene.says, code, lines, length });
}

function named(made: Outputs, names: readonly string[]): [string, ReceiveChannel<unknown>][] {
  if (Array.isArray(made)) return made.map((channel, at) => [names[at]!, channel]);
  if (typeof (made as Partial<ReceiveChannel<unknown>>).receive === "function") {
    return [[names[0]!, made as ReceiveChannel<unknown>]];
  }
  return Object.entries(made as Readonly<Record<string, ReceiveChannel<unknown>>>);
}
