import { type FlameTree, nodeName } from "./tree.ts";

const ELLIPSIS = "…";

/** Whether every character is one cell wide in a monospace font, so that lengths can be computed. */
export function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) {
      return false;
    }
  }
  return true;
}

/** Names whose last part tells most: `com.acme.Cart.add`, `net/http.serve`, `tokio::task::poll`. */
const PATH_NAME = /^[\w$]+(?:(?:\.|::?|\/)[A-Za-z_$][\w$]*){2,}$/;
const SEPARATOR = /[.:/]/;
const LAST_PART = /[^.:/]+$/;
const PATH_LENGTH_MAX = 512;

/**
 * What fits of a plain text. Cut at the end with an ellipsis, but of a path the last parts are
 * kept; empty if not even two characters fit.
 *
 * @param cells number of character cells there is room for
 */
export function cutPlain(text: string, cells: number): string {
  if (text.length <= cells) {
    return text;
  }
  if (cells < 3) {
    return "";
  }
  if (text.length > PATH_LENGTH_MAX || !PATH_NAME.test(text)) {
    return text.slice(0, cells - 1) + ELLIPSIS;
  }
  let at = text.length - cells + 1;
  while (at < text.length && !SEPARATOR.test(text[at - 1])) {
    at++;
  }
  if (at < text.length) {
    return ELLIPSIS + text.slice(at);
  }
  const last = text.slice(text.search(LAST_PART));
  return last.length <= cells ? last : last.slice(0, cells - 1) + ELLIPSIS;
}

/** The same for any text, by measuring; never splits a surrogate pair. */
export function cutMeasured(
  text: string,
  width: number,
  measure: (text: string) => number,
): string {
  if (measure(text) <= width) {
    return text;
  }
  const points = Array.from(text);
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (measure(points.slice(0, middle).join("") + ELLIPSIS) <= width) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low < 2 ? "" : points.slice(0, low).join("") + ELLIPSIS;
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const SHOWN_LENGTH_MAX = 4096;

/**
 * A name as it is shown: control characters and those that turn the direction of text are made
 * visible, so that a symbol can neither hide nor pose as another.
 */
export function visibleText(name: string): string {
  const text = name.length > SHOWN_LENGTH_MAX ? name.slice(0, SHOWN_LENGTH_MAX) + ELLIPSIS : name;
  return text.replace(INVISIBLE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20
      ? String.fromCharCode(0x2400 + code)
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** What stands on the box of a node. */
export function labelOf(tree: FlameTree, node: number): string {
  const hidden = tree.hidden[node];
  if (hidden > 0) {
    const share = tree.total[0] > 0 ? (100 * tree.total[node]) / tree.total[0] : 0;
    return `${groupDigits(hidden)} hidden frame${hidden === 1 ? "" : "s"}, ${shareText(share)}`;
  }
  return nodeName(tree, node);
}

/** A count with its thousands apart: `12,345`. */
export function groupDigits(count: number): string {
  // Not by Intl, which takes longer to start than all boxes take to be drawn.
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** The same where there is no room: `+1,234`. */
export function shortLabelOf(tree: FlameTree, node: number): string {
  return tree.hidden[node] > 0 ? `+${groupDigits(tree.hidden[node])}` : labelOf(tree, node);
}

function shareText(percent: number): string {
  if (percent >= 10) {
    return `${percent.toFixed(1)} %`;
  }
  return percent >= 0.01 ? `${percent.toFixed(2)} %` : "< 0.01 %";
}
