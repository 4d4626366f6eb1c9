/** Everything but the canvas: what runs in a worker or in a test without a page. */
export * from "./colors.ts";
export * from "./decode.ts";
export * from "./hash.ts";
export * from "./keyboard.ts";
export * from "./layout.ts";
export * from "./search.ts";
export * from "./text.ts";
export * from "./top.ts";
export * from "./tree.ts";
