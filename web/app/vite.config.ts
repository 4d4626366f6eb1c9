import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Plugin, defineConfig } from "vite";

/**
 * A classic script that runs before the first paint. The bundler leaves such scripts alone, but it
 * needs a name that changes with its content, like everything that browsers keep for ever.
 */
function bootScript(file: string): Plugin {
  const source = readFileSync(fileURLToPath(new URL(file, import.meta.url)), "utf8");
  const hash = createHash("sha256").update(source).digest("hex").slice(0, 8);
  const fileName = `assets/boot-${hash}.js`;
  return {
    name: "boot-script",
    generateBundle() {
      this.emitFile({ type: "asset", fileName, source });
    },
    transformIndexHtml() {
      return [{ tag: "script", attrs: { src: `./${fileName}` }, injectTo: "head" }];
    },
  };
}

/** The licences of what the bundle holds, beside it. */
function licences(packages: readonly string[]): Plugin {
  return {
    name: "licences",
    generateBundle() {
      const texts = packages.map((name) => {
        const file = new URL(`../node_modules/${name}/LICENSE`, import.meta.url);
        return `${name}\n\n${readFileSync(fileURLToPath(file), "utf8").trim()}\n`;
      });
      this.emitFile({
        type: "asset",
        fileName: "assets/licences.txt",
        source: texts.join("\n----\n\n"),
      });
    },
  };
}

export default defineConfig({
  // Relative, so that the page works under any path.
  base: "./",
  plugins: [bootScript("./boot/theme.js"), licences(["react", "react-dom", "scheduler"])],
  esbuild: { jsx: "automatic", legalComments: "none" },
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    // The content security policy has no "data:".
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/api": process.env["EMBERSCOPE_URL"] ?? "http://127.0.0.1:4040" },
  },
});
