import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, type Page, chromium } from "playwright-core";

/** What went wrong or out of bounds while a page was used. */
export interface Watched {
  readonly page: Page;
  /** Console errors, uncaught exceptions and failed loads. */
  readonly problems: string[];
  /** Requests to anything but the server. */
  readonly outside: string[];
}

/** Debian's Chromium, without anything that talks to the outside. */
export function launch(): Promise<Browser> {
  const executablePath = process.env["EMBERSCOPE_CHROMIUM"] ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    throw new Error(
      `${executablePath}: not there (expected: Debian's chromium, or its path in EMBERSCOPE_CHROMIUM, or -DskipITs)`,
    );
  }
  return chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page in a context of its own that is watched from its first request on. */
export async function watchedPage(
  browser: Browser,
  server: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  const outside: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      problems.push(`${message.type()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  const origin = new URL(server).origin;
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) {
      outside.push(request.url());
    }
  });
  return { page, problems, outside };
}
