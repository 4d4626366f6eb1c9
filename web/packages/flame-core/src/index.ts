export * from "./canvas.ts";
export * from "./pure.ts";
