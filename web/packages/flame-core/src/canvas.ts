import {
  type ColorMode,
  type Palette,
  ROOT_FILL,
  type Theme,
  familyOf,
  frameFills,
  paletteOf,
} from "./colors.ts";
import { pathAddress, resolveAddress } from "./hash.ts";
import { type Step, walk } from "./keyboard.ts";
import { type Viewport, hitTest, revealFocus, viewportOf, walkBoxes } from "./layout.ts";
import { type Matches, walkMatches } from "./search.ts";
import { cutMeasured, cutPlain, isPlain, labelOf, shortLabelOf, visibleText } from "./text.ts";
import { type FlameTree, Inlining } from "./tree.ts";

/** What a flame graph tells its owner. Nodes are indices into the tree that is shown; -1 is none. */
export interface FlameGraphEvents {
  /** Another box is under the pointer. */
  onHover(node: number): void;
  /** Another box was selected by the keyboard or by `reveal`. */
  onSelect(node: number): void;
  /** A box was clicked or Enter was pressed on it: it asks to fill the width. */
  onZoom(node: number): void;
  /** A node that stands for hidden ones was clicked: the owner may load more. */
  onOpenHidden(node: number): void;
}

const ROW_HEIGHT = 20;
const FONT_SIZE = 11.5;
// Few, as a browser looks each of them up before the first text is drawn.
const FONT_FAMILY = "ui-monospace, Menlo, Consolas, monospace";
const PADDING = 5;
const THINNEST = 0.8;
const MATCH_WIDTH_MIN = 2;
const HIT_SLACK = 2;
/** Boxes narrower than this carry no text. */
const TEXT_WIDTH_MIN = 26;
/** Sides of the corner that marks an inlined function, and of the narrowest box that has one. */
const NOTCH = 6;
const NOTCH_WIDTH_MIN = 12;
/** More than any screen has: rows times pixels over the thinnest box, so that nothing can run away. */
const BOXES_MAX = 1 << 20;
const BOXES_FIRST = 1 << 12;
/** Rows of callers kept in sight above a focused frame. */
const ROWS_ABOVE = 3;

const STEPS: Readonly<Record<string, Step>> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
  Home: "first",
  End: "last",
};

/**
 * An interactive flame graph inside an element of the page, root at the top. The canvas is as large
 * as what is visible of it, however deep the stacks are; rows come and go as it is scrolled.
 */
export class FlameGraph {
  readonly #host: HTMLElement;
  readonly #events: FlameGraphEvents;
  readonly #stage: HTMLElement;
  readonly #spacer: HTMLElement;
  readonly #base: HTMLCanvasElement;
  readonly #overlay: HTMLCanvasElement;
  readonly #brush: CanvasRenderingContext2D;
  readonly #overlayBrush: CanvasRenderingContext2D;
  readonly #observer: ResizeObserver;
  readonly #boxes = new BoxList();
  readonly #listeners = new AbortController();

  #tree: FlameTree | undefined;
  #fills: Uint8Array = new Uint8Array(0);
  #palette: Palette = paletteOf("light");
  #mode: ColorMode = "binary";
  #matches: Matches | undefined;
  #focus = 0;
  #hovered = -1;
  #selected = -1;
  #width = 0;
  #height = 0;
  #ratio = 1;
  #cell = 7;
  #hatch: CanvasPattern | null = null;
  #frameRequest = 0;
  #overlayRequest = 0;
  #pointer: { x: number; y: number } | undefined;

  constructor(host: HTMLElement, events: FlameGraphEvents) {
    this.#host = host;
    this.#events = events;
    const page = host.ownerDocument;
    this.#stage = page.createElement("div");
    this.#spacer = page.createElement("div");
    this.#base = page.createElement("canvas");
    this.#overlay = page.createElement("canvas");
    host.style.overflowY = "auto";
    host.style.overflowX = "hidden";
    Object.assign(this.#stage.style, { position: "sticky", top: "0", height: "0", zIndex: "0" });
    for (const canvas of [this.#base, this.#overlay]) {
      Object.assign(canvas.style, { position: "absolute", left: "0", top: "0", display: "block" });
      canvas.setAttribute("aria-hidden", "true");
    }
    this.#overlay.style.pointerEvents = "none";
    this.#stage.append(this.#base, this.#overlay);
    host.replaceChildren(this.#stage, this.#spacer);
    this.#brush = context(this.#base, false);
    this.#overlayBrush = context(this.#overlay, true);
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(host);
    this.#listen();
    this.#resize();
  }

  /** Releases everything; the element is left empty. */
  close(): void {
    this.#observer.disconnect();
    this.#listeners.abort();
    cancelAnimationFrame(this.#frameRequest);
    cancelAnimationFrame(this.#overlayRequest);
    this.#host.replaceChildren();
  }

  get tree(): FlameTree | undefined {
    return this.#tree;
  }

  get focus(): number {
    return this.#focus;
  }

  get selected(): number {
    return this.#selected;
  }

  /** Shows a tree with a node filling the width. The selection is kept where its stack exists. */
  setTree(tree: FlameTree, focus: number): void {
    const selected =
      this.#tree !== undefined && this.#selected >= 0
        ? pathAddress(this.#tree, this.#selected)
        : undefined;
    this.#tree = tree;
    this.#fills = frameFills(tree.frames, this.#mode);
    this.#matches = undefined;
    this.#selected = -1;
    if (selected !== undefined) {
      const found = resolveAddress(tree, selected);
      this.#selected = found.complete ? found.node : -1;
    }
    const moved = focus !== this.#focus;
    this.#focus = focus;
    this.#spacer.style.height = `${tree.depth * ROW_HEIGHT}px`;
    if (moved) {
      this.#scrollToFocus();
    }
    this.#rehover();
    this.#schedule();
  }

  /** Lets a node fill the width. */
  setFocus(node: number): void {
    if (this.#tree === undefined || node === this.#focus) {
      return;
    }
    this.#focus = node;
    this.#scrollToFocus();
    this.#rehover();
    this.#schedule();
  }

  /** Highlights matches; undefined ends the search. */
  setMatches(matches: Matches | undefined): void {
    this.#matches = matches;
    this.#schedule();
  }

  setTheme(theme: Theme): void {
    this.#palette = paletteOf(theme);
    this.#hatch = null;
    this.#schedule();
  }

  setColorMode(mode: ColorMode): void {
    if (mode !== this.#mode) {
      this.#mode = mode;
      if (this.#tree !== undefined) {
        this.#fills = frameFills(this.#tree.frames, mode);
      }
      this.#schedule();
    }
  }

  /** Selects a node and sees that it is visible; -1 clears the selection. */
  select(node: number): void {
    if (node !== this.#selected) {
      this.#selected = node;
      this.#events.onSelect(node);
    }
    if (node >= 0 && this.#tree !== undefined) {
      this.#scrollToRow(this.#tree.level[node]);
    }
    this.#scheduleOverlay();
  }

  /** The node that has to fill the width for another to be wide enough to be seen. */
  focusToReveal(node: number): number {
    return this.#tree === undefined ? 0 : revealFocus(this.#tree, this.#focus, node, this.#width);
  }

  /** Where the box of a node is on screen, in pixels relative to the element; null if it is not. */
  boxOf(node: number): { left: number; top: number; width: number; height: number } | null {
    const tree = this.#tree;
    if (tree === undefined || node < 0 || node >= tree.size) {
      return null;
    }
    const view = this.#view(tree);
    const scale = view.width / (view.to - view.from);
    const left = Math.max(0, (tree.start[node] - view.from) * scale);
    const right = Math.min(view.width, (tree.start[node] + tree.total[node] - view.from) * scale);
    if (!(right >= left) || tree.start[node] >= view.to) {
      return null;
    }
    const top = tree.level[node] * ROW_HEIGHT - this.#host.scrollTop;
    return { left, top, width: right - left, height: ROW_HEIGHT };
  }

  #listen(): void {
    const { signal } = this.#listeners;
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      listener: (event: HTMLElementEventMap[K]) => void,
    ): void => this.#host.addEventListener(type, listener, { signal });
    on("scroll", () => {
      this.#rehover();
      this.#schedule();
    });
    on("pointermove", (event) => {
      const bounds = this.#host.getBoundingClientRect();
      this.#pointer = { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
      this.#rehover();
    });
    on("pointerleave", () => {
      this.#pointer = undefined;
      this.#rehover();
    });
    on("click", (event) => {
      const bounds = this.#host.getBoundingClientRect();
      const node = this.#nodeAt(event.clientX - bounds.left, event.clientY - bounds.top);
      if (node >= 0) {
        this.#selected = -1;
        this.#activate(node);
      }
    });
    on("keydown", (event) => this.#key(event));
  }

  #key(event: KeyboardEvent): void {
    const tree = this.#tree;
    if (tree === undefined || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const step = STEPS[event.key];
    if (step !== undefined) {
      const from = this.#selected < 0 ? -1 : this.#selected;
      this.select(from < 0 ? this.#focus : walk(tree, this.#focus, from, step));
    } else if (event.key === "Enter" || event.key === " ") {
      if (this.#selected >= 0) {
        this.#activate(this.#selected);
      }
    } else if (event.key === "Backspace") {
      this.#events.onZoom(Math.max(0, tree.parent[this.#focus]));
    } else if (event.key === "Escape" && (this.#focus !== 0 || this.#selected >= 0)) {
      this.select(-1);
      this.#events.onZoom(0);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #activate(node: number): void {
    if (this.#tree !== undefined && this.#tree.hidden[node] > 0) {
      this.#events.onOpenHidden(node);
    } else {
      this.#events.onZoom(node);
    }
  }

  #nodeAt(x: number, y: number): number {
    const tree = this.#tree;
    if (tree === undefined || x > this.#width || y > this.#height) {
      return -1;
    }
    const row = Math.floor((y + this.#host.scrollTop) / ROW_HEIGHT);
    return hitTest(tree, this.#view(tree), row, x, HIT_SLACK);
  }

  #rehover(): void {
    const node = this.#pointer === undefined ? -1 : this.#nodeAt(this.#pointer.x, this.#pointer.y);
    this.#host.style.cursor = node >= 0 ? "pointer" : "";
    if (node !== this.#hovered) {
      this.#hovered = node;
      this.#events.onHover(node);
      this.#scheduleOverlay();
    }
  }

  #view(tree: FlameTree): Viewport {
    const top = this.#host.scrollTop;
    return viewportOf(
      tree,
      this.#focus,
      this.#width,
      Math.floor(top / ROW_HEIGHT),
      Math.ceil((top + this.#height) / ROW_HEIGHT),
    );
  }

  #scrollToFocus(): void {
    const tree = this.#tree;
    if (tree !== undefined) {
      this.#host.scrollTop = Math.max(0, tree.level[this.#focus] - ROWS_ABOVE) * ROW_HEIGHT;
    }
  }

  #scrollToRow(row: number): void {
    const top = row * ROW_HEIGHT;
    const { scrollTop } = this.#host;
    if (top < scrollTop) {
      this.#host.scrollTop = top - ROW_HEIGHT;
    } else if (top + 2 * ROW_HEIGHT > scrollTop + this.#height) {
      this.#host.scrollTop = top + 2 * ROW_HEIGHT - this.#height;
    }
  }

  #resize(): void {
    const width = this.#host.clientWidth;
    const height = this.#host.clientHeight;
    const ratio = Math.max(1, globalThis.devicePixelRatio || 1);
    if (width === this.#width && height === this.#height && ratio === this.#ratio) {
      return;
    }
    this.#width = width;
    this.#height = height;
    this.#ratio = ratio;
    for (const canvas of [this.#base, this.#overlay]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    this.#brush.font = `${FONT_SIZE * ratio}px ${FONT_FAMILY}`;
    this.#cell = this.#brush.measureText("M".repeat(100)).width / 100;
    this.#hatch = null;
    // Setting the size cleared the canvas: draw at once, or it flickers.
    this.#draw();
  }

  #schedule(): void {
    if (this.#frameRequest === 0) {
      this.#frameRequest = requestAnimationFrame(() => {
        this.#frameRequest = 0;
        this.#draw();
      });
    }
  }

  #scheduleOverlay(): void {
    if (this.#overlayRequest === 0) {
      this.#overlayRequest = requestAnimationFrame(() => {
        this.#overlayRequest = 0;
        this.#drawOverlay();
      });
    }
  }

  #draw(): void {
    const tree = this.#tree;
    const brush = this.#brush;
    const palette = this.#palette;
    brush.fillStyle = palette.background;
    brush.fillRect(0, 0, this.#base.width, this.#base.height);
    if (tree === undefined || this.#width === 0) {
      return;
    }
    const view = this.#view(tree);
    const styles = styleTable(palette);
    const boxes = this.#boxes;
    boxes.reset(styles.fills.length);
    const first = palette.fills.length;
    const focusLevel = tree.level[this.#focus];
    const flags = this.#matches?.flags;
    walkBoxes(tree, view, THINNEST, {
      box: (node, row, left, right) => {
        let style = node === 0 ? ROOT_FILL : this.#fills[tree.frame[node]];
        if (tree.hidden[node] > 0) {
          style = first + Special.Hidden;
        } else if (flags !== undefined) {
          style = first + (flags[node] === 0 ? Special.Dimmed : Special.Match);
        } else if (row < focusLevel) {
          style = first + Special.Above;
        }
        boxes.add(style, node, row, left, right);
      },
      crowd: (node, row, left, right) => {
        boxes.add(this.#crowdStyle(tree, node), node, row, left, right);
      },
      group: (node) => this.#crowdStyle(tree, node),
    });
    this.#fillBoxes(view, styles, first + Special.Hidden);
    this.#notchInlined(tree, view);
    this.#writeNames(tree, view, styles);
    if (this.#matches !== undefined) {
      this.#thinMatches(tree, view, this.#matches);
    }
    this.#drawOverlay();
  }

  #crowdStyle(tree: FlameTree, node: number): number {
    const first = this.#palette.fills.length;
    if (this.#matches !== undefined) {
      return first + Special.Dimmed;
    }
    return tree.hidden[node] > 0
      ? first + Special.Hidden
      : first + Special.Crowds + familyOf(this.#fills[tree.frame[node]]);
  }

  #fillBoxes(view: Viewport, styles: StyleTable, hiddenStyle: number): void {
    const brush = this.#brush;
    const boxes = this.#boxes;
    const ratio = this.#ratio;
    const offset = this.#offset(view);
    const gap = Math.max(1, Math.round(ratio));
    const height = Math.round(ROW_HEIGHT * ratio);
    for (let style = 0; style < styles.fills.length; style++) {
      let box = boxes.head[style];
      if (box < 0) {
        continue;
      }
      brush.fillStyle = styles.fills[style];
      const hatched = style === hiddenStyle ? this.#hatching() : null;
      for (; box >= 0; box = boxes.next[box]) {
        const left = Math.round(boxes.left[box] * ratio);
        const right = Math.round(boxes.right[box] * ratio);
        const width = Math.max(1, right - left - (right - left > 2 * gap ? gap : 0));
        const top = (boxes.row[box] - view.firstRow) * height - offset;
        brush.fillRect(left, top, width, height - gap);
        if (hatched !== null) {
          brush.fillStyle = hatched;
          brush.fillRect(left, top, width, height - gap);
          brush.fillStyle = styles.fills[style];
        }
      }
    }
  }

  /** A small corner marks what was inlined, the smaller one what was so in some stacks only. */
  #notchInlined(tree: FlameTree, view: Viewport): void {
    const brush = this.#brush;
    const boxes = this.#boxes;
    const ratio = this.#ratio;
    const offset = this.#offset(view);
    const height = Math.round(ROW_HEIGHT * ratio);
    brush.fillStyle = this.#palette.notch;
    brush.beginPath();
    for (let style = 0; style < this.#palette.fills.length + Special.Hidden; style++) {
      for (let box = boxes.head[style]; box >= 0; box = boxes.next[box]) {
        const inlining = tree.inlining[boxes.node[box]];
        if (inlining !== Inlining.None && boxes.right[box] - boxes.left[box] >= NOTCH_WIDTH_MIN) {
          const side = Math.round((inlining === Inlining.All ? NOTCH : NOTCH - 2) * ratio);
          const left = Math.round(boxes.left[box] * ratio);
          const top = (boxes.row[box] - view.firstRow) * height - offset;
          brush.moveTo(left, top);
          brush.lineTo(left + side, top);
          brush.lineTo(left, top + side);
        }
      }
    }
    brush.fill();
  }

  #writeNames(tree: FlameTree, view: Viewport, styles: StyleTable): void {
    const brush = this.#brush;
    const boxes = this.#boxes;
    const ratio = this.#ratio;
    const offset = this.#offset(view);
    const height = Math.round(ROW_HEIGHT * ratio);
    const baseline = Math.round(height / 2 + FONT_SIZE * ratio * 0.34);
    const padding = PADDING * ratio;
    brush.font = `${FONT_SIZE * ratio}px ${FONT_FAMILY}`;
    brush.textBaseline = "alphabetic";
    const named = this.#palette.fills.length + Special.Crowds;
    for (let style = 0; style < named; style++) {
      if (boxes.head[style] < 0) {
        continue;
      }
      brush.fillStyle = styles.inks[style];
      for (let box = boxes.head[style]; box >= 0; box = boxes.next[box]) {
        const wide = boxes.right[box] - boxes.left[box];
        if (wide < TEXT_WIDTH_MIN) {
          continue;
        }
        const text = this.#label(tree, boxes.node[box], (wide - 2 * PADDING) * ratio);
        if (text !== "") {
          const top = (boxes.row[box] - view.firstRow) * height - offset;
          brush.fillText(text, Math.round(boxes.left[box] * ratio) + padding, top + baseline);
        }
      }
    }
  }

  #label(tree: FlameTree, node: number, width: number): string {
    const label = labelOf(tree, node);
    return tree.hidden[node] > 0 && label.length * this.#cell > width
      ? this.#fit(shortLabelOf(tree, node), width)
      : this.#fit(label, width);
  }

  #fit(name: string, width: number): string {
    if (isPlain(name)) {
      return cutPlain(name, Math.floor(width / this.#cell));
    }
    return cutMeasured(visibleText(name), width, (text) => this.#brush.measureText(text).width);
  }

  /** Matches that are too thin for a box of their own are drawn over everything. */
  #thinMatches(tree: FlameTree, view: Viewport, matches: Matches): void {
    const brush = this.#brush;
    const ratio = this.#ratio;
    const offset = this.#offset(view);
    const gap = Math.max(1, Math.round(ratio));
    const height = Math.round(ROW_HEIGHT * ratio);
    brush.fillStyle = this.#palette.match;
    walkMatches(tree, matches, view, MATCH_WIDTH_MIN, (_, row, left, right) => {
      if (right - left <= MATCH_WIDTH_MIN + 1) {
        const from = Math.floor(left * ratio);
        const to = Math.max(Math.ceil(right * ratio), from + Math.ceil(MATCH_WIDTH_MIN * ratio));
        brush.fillRect(from, (row - view.firstRow) * height - offset, to - from, height - gap);
      }
    });
  }

  #drawOverlay(): void {
    const brush = this.#overlayBrush;
    brush.clearRect(0, 0, this.#overlay.width, this.#overlay.height);
    if (this.#hovered >= 0 && this.#hovered !== this.#selected) {
      this.#outline(this.#hovered, this.#palette.hover, 1);
    }
    if (this.#selected >= 0) {
      this.#outline(this.#selected, this.#palette.selected, 2);
    }
  }

  #outline(node: number, color: string, thickness: number): void {
    const box = this.boxOf(node);
    if (box === null) {
      return;
    }
    const brush = this.#overlayBrush;
    const ratio = this.#ratio;
    const line = Math.round(thickness * ratio);
    const left = Math.round(box.left * ratio);
    const width = Math.max(3 * line, Math.round((box.left + box.width) * ratio) - left);
    const top = Math.round(box.top * ratio);
    const height = Math.round(ROW_HEIGHT * ratio);
    brush.strokeStyle = color;
    brush.lineWidth = line;
    brush.strokeRect(left + line / 2, top + line / 2, width - line, height - line);
  }

  /** Device pixels by which the first row is scrolled out at the top. */
  #offset(view: Viewport): number {
    return Math.round((this.#host.scrollTop - view.firstRow * ROW_HEIGHT) * this.#ratio);
  }

  #hatching(): CanvasPattern | null {
    if (this.#hatch === null) {
      const tile = this.#host.ownerDocument.createElement("canvas");
      const side = Math.round(6 * this.#ratio);
      tile.width = side;
      tile.height = side;
      const brush = context(tile, true);
      brush.strokeStyle = this.#palette.hiddenLine;
      brush.lineWidth = Math.max(1, this.#ratio);
      brush.beginPath();
      for (const shift of [-side, 0, side]) {
        brush.moveTo(shift, side);
        brush.lineTo(shift + side, 0);
      }
      brush.stroke();
      this.#hatch = this.#brush.createPattern(tile, "repeat");
    }
    return this.#hatch;
  }
}

/** Styles after those of the palette's fills. */
const Special = { Dimmed: 0, Match: 1, Above: 2, Hidden: 3, Crowds: 4 } as const;

interface StyleTable {
  readonly fills: readonly string[];
  /** One for each fill that text may stand on: all but the crowds', which are last. */
  readonly inks: readonly string[];
}

const STYLE_TABLES = new WeakMap<Palette, StyleTable>();

function styleTable(palette: Palette): StyleTable {
  let table = STYLE_TABLES.get(palette);
  if (table === undefined) {
    table = {
      fills: [
        ...palette.fills,
        palette.dimmed,
        palette.match,
        palette.above,
        palette.hidden,
        ...palette.crowds,
      ],
      inks: [
        ...palette.inks,
        palette.dimmedInk,
        palette.matchInk,
        palette.aboveInk,
        palette.hiddenInk,
      ],
    };
    STYLE_TABLES.set(palette, table);
  }
  return table;
}

/** Boxes of one drawing, linked by style, so that each fill style is set once. Memory is reused. */
class BoxList {
  head = new Int32Array(0);
  next = new Int32Array(BOXES_FIRST);
  node = new Int32Array(BOXES_FIRST);
  row = new Int32Array(BOXES_FIRST);
  left = new Float64Array(BOXES_FIRST);
  right = new Float64Array(BOXES_FIRST);
  #size = 0;

  reset(styles: number): void {
    if (this.head.length !== styles) {
      this.head = new Int32Array(styles);
    }
    this.head.fill(-1);
    this.#size = 0;
  }

  add(style: number, node: number, row: number, left: number, right: number): void {
    if (this.#size === BOXES_MAX) {
      return;
    }
    if (this.#size === this.next.length) {
      this.#grow();
    }
    const box = this.#size++;
    this.next[box] = this.head[style];
    this.head[style] = box;
    this.node[box] = node;
    this.row[box] = row;
    this.left[box] = left;
    this.right[box] = right;
  }

  #grow(): void {
    this.next = grown(this.next, new Int32Array(this.next.length * 2));
    this.node = grown(this.node, new Int32Array(this.node.length * 2));
    this.row = grown(this.row, new Int32Array(this.row.length * 2));
    this.left = grown(this.left, new Float64Array(this.left.length * 2));
    this.right = grown(this.right, new Float64Array(this.right.length * 2));
  }
}

function grown<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function context(canvas: HTMLCanvasElement, alpha: boolean): CanvasRenderingContext2D {
  const brush = canvas.getContext("2d", { alpha });
  if (brush === null) {
    throw new Error("canvas: no 2D context (expected: a browser that draws)");
  }
  return brush;
}
