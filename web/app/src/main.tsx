import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./style/tokens.css";
import "./style/page.css";
import { Engine } from "./engine/engine.ts";
import { App } from "./ui/App.tsx";

const engine = new Engine(
  () => new Worker(new URL("./engine/worker.ts", import.meta.url), { type: "module" }),
);

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App engine={engine} />
    </StrictMode>,
  );
}
