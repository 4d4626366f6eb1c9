import { hashText } from "./hash.ts";
import type { FrameTable } from "./tree.ts";

/** By what a frame gets its colour. */
export type ColorMode = "binary" | "kind";

export type Theme = "light" | "dark";

/** A colour in the OKLCH space: lightness 0 to 1, chroma, hue in degrees. */
interface Oklch {
  readonly lightness: number;
  readonly chroma: number;
  readonly hue: number;
}

/** Everything a renderer needs to know of colour, as CSS hex colours. */
export interface Palette {
  /** Fills of boxes; a frame's colour is an index into it. */
  readonly fills: readonly string[];
  /** Text upon each fill. */
  readonly inks: readonly string[];
  readonly background: string;
  /** Fill of boxes that a search did not find, and the text upon it. */
  readonly dimmed: string;
  readonly dimmedInk: string;
  /** Fill of boxes that a search found, and the text upon it. */
  readonly match: string;
  readonly matchInk: string;
  /** Fill of frames above the focused one, and the text upon it. */
  readonly above: string;
  readonly aboveInk: string;
  /** Fill and hatching of nodes that stand for hidden ones, and the text upon them. */
  readonly hidden: string;
  readonly hiddenLine: string;
  readonly hiddenInk: string;
  /** Neighbours too thin to be told apart, by family of colour; see `familyOf`. */
  readonly crowds: readonly string[];
  /** Corner of boxes whose function was inlined, upon any fill. */
  readonly notch: string;
  /** Frame around the box under the pointer and around the selected one. */
  readonly hover: string;
  readonly selected: string;
}

const SHADES = 3;
// Hues for binaries, far enough apart to be told apart and none of them the match colour's.
const HUES = [42, 62, 84, 108, 132, 158, 184, 208, 292, 318, 344, 14];
// Greens and blues look as strong as the others at less chroma, and leave sRGB sooner.
const CHROMA_FACTORS = [1, 1, 1, 0.95, 0.9, 0.85, 0.72, 0.68, 0.9, 1, 1, 1];
const KERNEL = HUES.length;
const UNKNOWN = HUES.length + 1;
const ROOT = HUES.length + 2;
const FAMILIES = HUES.length + 3;

/** Kinds whose frames look the same in whatever binary: the kernel's modules, and labels. */
const BY_KIND_ALWAYS: ReadonlySet<string> = new Set(["kernel", "label"]);

const KIND_FAMILY: Readonly<Record<string, number>> = {
  native: 0,
  kernel: KERNEL,
  jvm: 5,
  cpython: 2,
  ruby: 11,
  php: 8,
  perl: 10,
  v8js: 3,
  dotnet: 9,
  go: 7,
  rust: 1,
  beam: 6,
  label: UNKNOWN,
  unknown: UNKNOWN,
};

/** The palette of a theme. */
export function paletteOf(theme: Theme): Palette {
  return PALETTES[theme];
}

const PALETTES: Readonly<Record<Theme, Palette>> = { light: build("light"), dark: build("dark") };

function build(theme: Theme): Palette {
  const light = theme === "light";
  const fills: string[] = [];
  const inks: string[] = [];
  const crowds: string[] = [];
  for (let family = 0; family < FAMILIES; family++) {
    const middle = familyColor(family, 1, light);
    crowds.push(
      toHex({
        lightness: middle.lightness + (light ? 0.07 : -0.12),
        chroma: middle.chroma * 0.6,
        hue: middle.hue,
      }),
    );
    for (let shade = 0; shade < SHADES; shade++) {
      fills.push(toHex(familyColor(family, shade, light)));
      inks.push(light ? "#1d1a17" : "#f3efe9");
    }
  }
  return light
    ? {
        fills,
        inks,
        background: "#ffffff",
        dimmed: "#ece9e4",
        dimmedInk: "#6a655e",
        match: toHex({ lightness: 0.56, chroma: 0.2, hue: 262 }),
        matchInk: "#ffffff",
        above: "#dcd7cf",
        aboveInk: "#3b3731",
        hidden: "#f6f4f0",
        hiddenLine: "#cfc9bf",
        hiddenInk: "#57524b",
        crowds,
        notch: "#1d1a1780",
        hover: "#1d1a17",
        selected: "#1d1a17",
      }
    : {
        fills,
        inks,
        background: "#16140f",
        dimmed: "#2a2723",
        dimmedInk: "#a39d94",
        match: toHex({ lightness: 0.55, chroma: 0.19, hue: 262 }),
        matchInk: "#ffffff",
        above: "#35312b",
        aboveInk: "#d9d3ca",
        hidden: "#1f1c18",
        hiddenLine: "#4a453d",
        hiddenInk: "#b8b1a7",
        crowds,
        notch: "#ffffff80",
        hover: "#ffffff",
        selected: "#ffffff",
      };
}

function familyColor(family: number, shade: number, light: boolean): Oklch {
  const step = (shade - 1) * (light ? 0.025 : 0.028);
  if (family === KERNEL) {
    return light
      ? { lightness: 0.83 + step, chroma: 0.045, hue: 250 }
      : { lightness: 0.43 + step, chroma: 0.04, hue: 250 };
  }
  if (family === UNKNOWN || family === ROOT) {
    return light
      ? { lightness: 0.86 + step, chroma: 0.012, hue: 80 }
      : { lightness: 0.39 + step, chroma: 0.012, hue: 80 };
  }
  return light
    ? { lightness: 0.845 + step, chroma: 0.09 * CHROMA_FACTORS[family], hue: HUES[family] }
    : { lightness: 0.455 + step, chroma: 0.085 * CHROMA_FACTORS[family], hue: HUES[family] };
}

/** The fill of each frame of a table, as an index into a palette's fills. */
export function frameFills(frames: FrameTable, mode: ColorMode): Uint8Array {
  const families =
    mode === "binary" ? frames.binaries.map(binaryFamily) : frames.kinds.map(kindFamily);
  const fills = new Uint8Array(frames.name.length);
  for (let frame = 0; frame < fills.length; frame++) {
    const by = mode === "binary" ? frames.binary[frame] : frames.kind[frame];
    const kind = frames.kinds[frames.kind[frame]];
    const family = BY_KIND_ALWAYS.has(kind) ? kindFamily(kind) : families[by];
    fills[frame] = family * SHADES + (hashText(frames.name[frame]) % SHADES);
  }
  return fills;
}

/** The fill of the root, which is no code. */
export const ROOT_FILL = ROOT * SHADES + 1;

function binaryFamily(binary: string): number {
  if (binary === "") {
    return UNKNOWN;
  }
  return binary.startsWith("[kernel") ? KERNEL : hashText(fileName(binary)) % HUES.length;
}

function kindFamily(kind: string): number {
  return KIND_FAMILY[kind] ?? UNKNOWN;
}

/** The last part of a path. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The family of colour that a fill belongs to: an index into the crowds of a palette. */
export function familyOf(fill: number): number {
  return Math.floor(fill / SHADES);
}

/** What a legend sums up: a function, or anything else with a binary and a kind. */
export interface Colored {
  readonly binary: string;
  readonly kind: string;
  readonly self: number;
}

/** The fill that stands for all of a binary or a kind. */
export function fillOf({ binary, kind }: Omit<Colored, "self">, mode: ColorMode): number {
  const byKind = mode === "kind" || BY_KIND_ALWAYS.has(kind);
  return (byKind ? kindFamily(kind) : binaryFamily(binary)) * SHADES + 1;
}

/** One entry of a legend: a binary or a kind, its fill and its own value. */
export interface LegendEntry {
  readonly label: string;
  readonly fill: number;
  readonly self: number;
}

/** What the colours mean, most self value first. */
export function legendOf(items: readonly Colored[], mode: ColorMode, limit: number): LegendEntry[] {
  const entries = new Map<string, { label: string; fill: number; self: number }>();
  for (const item of items) {
    const label = mode === "binary" ? fileName(item.binary) : item.kind;
    const entry = entries.get(label);
    if (entry === undefined) {
      entries.set(label, { label, fill: fillOf(item, mode), self: item.self });
    } else {
      entry.self += item.self;
    }
  }
  return [...entries.values()]
    .filter((entry) => entry.self > 0)
    .toSorted((a, b) => b.self - a.self)
    .slice(0, limit);
}

/** OKLCH to a CSS hex colour, clipped to sRGB. */
function toHex({ lightness, chroma, hue }: Oklch): string {
  const angle = (hue * Math.PI) / 180;
  const a = chroma * Math.cos(angle);
  const b = chroma * Math.sin(angle);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const channels = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return `#${channels.map((linear) => hexByte(linear)).join("")}`;
}

function hexByte(linear: number): string {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(Math.min(1, Math.max(0, value)) * 255)
    .toString(16)
    .padStart(2, "0");
}

/** Contrast of two CSS hex colours as WCAG defines it, from 1 to 21. */
export function contrast(one: string, other: string): number {
  const a = luminance(one);
  const b = luminance(other);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
