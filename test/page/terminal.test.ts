import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { go } from "millrace";
import { afterAll, describe, expect, test } from "vitest";
import { races } from "../../examples/race/races.ts";
import { type Services, startServices } from "../../examples/race/services/start.ts";
import packageJson from "../../package.json" with { type: "json" };
import { PATIENCE } from "../support/patience.ts";

const script: string = packageJson.scripts.start;

interface Run {
  code: number;
  out: string;
  err: string;
}

/** Runs the example as `npm start` does. */
function start(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--import", "tsx", "examples/race/main.ts", ...args],
      { timeout: PATIENCE, env: { ...process.env, RACE_DEADLINE: String(PATIENCE) } },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err }),
    );
  });
}

/** Services that take seconds to start, so they serve all questions of this file. */
let services: Services | undefined;
afterAll(() => services?.[Symbol.asyncDispose]());

/** What `npm start` does with a question, in this process. */
async function ask(input: string): Promise<Run> {
  const plain = (text: string): string => text;
  const [out, err]: [string[], string[]] = [[], []];
  const code = await go(races, input, {
    colours: { strong: plain, good: plain, bad: plain, faint: plain },
    deadline: PATIENCE,
    start: async () => {
      services ??= await startServices();
      return { all: services.all, async [Symbol.asyncDispose]() {} };
    },
    print: (line) => out.push(line),
    printError: (line) => err.push(line),
  });
  return { code, out: out.map((line) => `${line}\n`).join(""), err: err.join("\n") };
}

/** The lines of the two races. */
function parts(out: string): [string, string] {
  const [first = "", second = ""] = out.split("Once more");
  return [first, second];
}

describe("npm start", () => {
  test("nothing is built before the first line, which says what is started", async () => {
    expect(Object.keys(packageJson.scripts)).not.toContain("prestart");
    expect(script).toBe("tsx --tsconfig tsconfig.all.json examples/race/main.ts");
    const child = spawn(process.execPath, ["node_modules/tsx/dist/cli.mjs", ...script.split(" ").slice(1)]);
    const [line] = await once(child.stdout, "data");
    child.kill();
    await once(child, "close");
    expect(String(line).split("\n")[0]).toBe("Starting five search services, each in a process of its own …");
  });

  test("a service wins the first race, and the deadline wins the second one", async () => {
    const { code, out, err } = await start();
    const [first, second] = parts(out);

    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(first).toContain("“abort signal”");
    expect(first.match(/✓ .* won$/gm)).toHaveLength(1);
    expect(first).toMatch(/(minisearch|lunr|flexsearch) answered first, after [\d.]+ m?s, with \d+ features?/);
    expect(first).toMatch(/developer\.mozilla\.org\/docs\//);
    expect(first).toMatch(/× scan +[\d.]+ ms {2}cancelled/);
    expect(first).toMatch(/× cold lunr +[\d.]+ ms {2}cancelled, its server (stopped|received no request)/);

    expect(second.match(/× .* cancelled/g)).toHaveLength(2);
    expect(second).toContain("The deadline won: no service answered within 10 ms.");
  });

  test("a question without a match ends with code 0", async () => {
    const { code, out } = await ask("zzzzqqqxxjjj");

    expect(code).toBe(0);
    expect(parts(out)[0]).toMatch(/No service found anything|no service answered/);
    expect(out).not.toContain(" won\n");
  });

  test.for([
    ["", start],
    ["", ask],
    ["   ", ask],
    ["\u0007\u200b", ask],
  ] as const)("an empty question is refused: %j", async ([question, how]) => {
    const { code, out, err } = await how(question);

    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("There is no question");
  });

  test("special characters are searched for as they are, and a very long question is cut", async () => {
    const odd = 'css:grid^2 ~"*" \u001b[31m & ? # %00 ＜grid＞ 💧';
    const { code, out, err } = await ask(`${odd} ${"abort signal ".repeat(2000)}`);

    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).not.toContain("\u001b");
    expect(out).toContain("cut to 120 characters");
    expect(out).toMatch(/＜grid＞ 💧 abort signal abort signal/);
    expect(out).toMatch(/answered first/);
    expect(out).toContain("The deadline won");
  });
});
