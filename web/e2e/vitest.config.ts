import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: [
      `e2e/${process.env["EMBERSCOPE_URL"] === undefined ? "page" : "server"}/**/*.spec.ts`,
    ],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    sequence: { concurrent: true },
    maxConcurrency: 2,
    disableConsoleIntercept: true,
  },
});
