// Installs the packages that package-lock.json names, if it changed since they were installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const NODE_MIN = [20, 19];
const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = `${root}node_modules/.emberscope-lock`;

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1])) {
  console.error(
    `node: ${process.versions.node} (expected: ${NODE_MIN.join(".")} or newer, or -DskipWeb)`,
  );
  process.exit(1);
}

const lock = createHash("sha256")
  .update(readFileSync(`${root}package-lock.json`))
  .update(process.versions.node)
  .digest("hex");
if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) {
  process.exit(0);
}
const npm = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
  cwd: root,
  stdio: "inherit",
});
if (npm.status !== 0) {
  console.error(
    "npm ci: failed (expected: access to the npm registry; without it, build with -DskipWeb)",
  );
  process.exit(npm.status ?? 1);
}
writeFileSync(stamp, lock);
