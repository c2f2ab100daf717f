// Finds Chromium or installs it: Debian's where there is apt, Playwright's own elsewhere. Fails if neither works.
// The headless shell comes first: it has no window to draw, and needs less than half of the processor time.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chromium } from "playwright";
import { PATIENCE } from "./patience.ts";

const KNOWN = [
  "/usr/lib/chromium/chromium-headless-shell",
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
  readonly timeout: number;
}

function find(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  return [named, ...KNOWN, chromium.executablePath()].find((path) => path !== undefined && existsSync(path));
}

/** Whether the system's packages can be installed here. */
const hasApt = (): boolean => process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");

function install(): void {
  if (hasApt()) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    // Another run may be installing at the same time.
    const wait = "-oDPkg::Lock::Timeout=600";
    execFileSync("apt-get", [wait, "update", "-qq"], { stdio: "inherit" });
    const get = (name: string): unknown =>
      execFileSync("apt-get", [wait, "install", "-y", "-qq", name], { stdio: "inherit", env });
    try {
      get("chromium-headless-shell");
    } catch {
      // Older releases have no such package.
      get("chromium");
    }
  } else {
    execFileSync("npx", ["playwright", "install", "chromium"], { stdio: "inherit" });
  }
}

/** How to launch Chromium on this machine. Where it is, is looked up when it is launched: it may be installed after this call. */
export function launchOptions(): LaunchOptions {
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return {
    get executablePath() {
      return find() ?? chromium.executablePath();
    },
    args: [...sandbox, ...QUIET],
    headless: true,
    timeout: PATIENCE,
  };
}

/** Installs Chromium unless there is one. The setup of all tests that need a browser. */
export default function setup(): void {
  if (find() === undefined) install();
  if (find() === undefined) {
    throw new Error("Cannot run browser tests: no Chromium found or installed; set CHROMIUM_PATH to one");
  }
}
