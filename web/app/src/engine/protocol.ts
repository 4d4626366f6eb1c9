import type { FlameTree } from "@emberscope/flame-core/pure";

/** What the page asks its worker. */
export type Request =
  | { readonly id: number; readonly kind: "decode"; readonly bytes: ArrayBuffer }
  | { readonly id: number; readonly kind: "names"; readonly names: readonly string[] }
  | {
      readonly id: number;
      readonly kind: "search";
      readonly text: string;
      /** What to search; the names of the tree if it is left out. */
      readonly within: readonly string[] | undefined;
    };

/** What the worker answers; each request has exactly one answer. */
export type Answer =
  | { readonly id: number; readonly kind: "tree"; readonly tree: FlameTree }
  | { readonly id: number; readonly kind: "flags"; readonly flags: Uint8Array }
  | { readonly id: number; readonly kind: "done" }
  | { readonly id: number; readonly kind: "failed"; readonly reason: string };
