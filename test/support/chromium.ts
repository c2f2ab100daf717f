// Finds a Chromium, or installs one: Debian's where there is apt, Playwright's own elsewhere. Fails loudly, never skips.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chromium } from "playwright";

const KNOWN = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];
const QUIET = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How Playwright is to launch Chromium on this machine. */
export interface LaunchOptions {
  readonly executablePath: string;
  readonly args: string[];
  readonly headless: true;
}

function find(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  return [named, ...KNOWN, chromium.executablePath()].find((path) => path !== undefined && existsSync(path));
}

function install(): void {
  const asRoot = process.getuid?.() === 0;
  if (asRoot && existsSync("/usr/bin/apt-get")) {
    execFileSync("apt-get", ["update", "-qq"], { stdio: "inherit" });
    execFileSync("apt-get", ["install", "-y", "-qq", "chromium"], {
      stdio: "inherit",
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  } else {
    execFileSync("npx", ["playwright", "install", "chromium"], { stdio: "inherit" });
  }
}

/** Launch options for a Chromium that is there, installed on the way if need be. */
export async function chromiumLaunchOptions(): Promise<LaunchOptions> {
  if (find() === undefined) install();
  const executablePath = find();
  if (executablePath === undefined) {
    throw new Error("Cannot run browser tests: no Chromium found or installed; set CHROMIUM_PATH to one");
  }
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return { executablePath, args: [...sandbox, ...QUIET], headless: true };
}
