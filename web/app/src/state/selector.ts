/**
 * The part of PromQL's grammar that selects series, `{name="value",other=~"pattern"}`, as far as a
 * person typing it needs help. The server has the last word on what is valid.
 */
export type Operator = "=" | "!=" | "=~" | "!~";

export const OPERATORS: readonly { readonly operator: Operator; readonly meaning: string }[] = [
  { operator: "=", meaning: "is" },
  { operator: "!=", meaning: "is not" },
  { operator: "=~", meaning: "matches pattern" },
  { operator: "!~", meaning: "does not match pattern" },
];

/** What can be completed at the cursor. `from` and `to` bound the text that a choice replaces. */
export type Completion =
  | {
      readonly kind: "name";
      readonly prefix: string;
      readonly from: number;
      readonly to: number;
      readonly others: string;
    }
  | {
      readonly kind: "operator";
      readonly prefix: string;
      readonly from: number;
      readonly to: number;
    }
  | {
      readonly kind: "value";
      readonly name: string;
      readonly operatorFrom: number;
      readonly prefix: string;
      readonly from: number;
      readonly to: number;
      /** The selector made of the other complete matchers. */
      readonly others: string;
    }
  | { readonly kind: "nothing" };

interface Matcher {
  nameFrom: number;
  nameTo: number;
  name: string;
  operatorFrom: number;
  operatorTo: number;
  operator: string;
  valueFrom: number;
  valueTo: number;
  value: string;
  closed: boolean;
}

const NAME = /[A-Za-z0-9_.]/;
const SPACE = /\s/;

/** The text between the braces, or the text itself if it has none. */
export function withoutBraces(text: string): string {
  const trimmed = text.trim();
  return trimmed.startsWith("{") && trimmed.endsWith("}") ? trimmed.slice(1, -1).trim() : trimmed;
}

/** A selector as the server takes it. A comma at the end is dropped. */
export function withBraces(text: string): string {
  return `{${withoutBraces(text).replace(/,\s*$/, "")}}`;
}

/** A text as a quoted value. */
export function quote(value: string): string {
  const escaped = value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
  return `"${escaped}"`;
}

/** Splits a selector without braces at its commas; never fails, whatever was typed so far. */
function scan(text: string): Matcher[] {
  const matchers: Matcher[] = [];
  let at = 0;
  const skip = (pattern: RegExp): void => {
    while (at < text.length && pattern.test(text[at])) {
      at++;
    }
  };
  while (at <= text.length) {
    skip(SPACE);
    const nameFrom = at;
    skip(NAME);
    const nameTo = at;
    skip(SPACE);
    const operatorFrom = at;
    skip(/[=!~]/);
    const operatorTo = at;
    skip(SPACE);
    const valueFrom = at;
    let value = "";
    let closed = false;
    if (text[at] === '"' || text[at] === "'") {
      const mark = text[at++];
      while (at < text.length && !closed) {
        if (text[at] === "\\" && at + 1 < text.length) {
          value += text[at + 1] === "n" ? "\n" : text[at + 1];
          at += 2;
        } else if (text[at] === mark) {
          closed = true;
          at++;
        } else {
          value += text[at++];
        }
      }
    }
    const valueTo = at;
    while (at < text.length && text[at] !== ",") {
      at++;
    }
    matchers.push({
      nameFrom,
      nameTo,
      name: text.slice(nameFrom, nameTo),
      operatorFrom,
      operatorTo,
      operator: text.slice(operatorFrom, operatorTo),
      valueFrom,
      valueTo,
      value,
      closed,
    });
    at++;
  }
  return matchers;
}

function isOperator(text: string): text is Operator {
  return OPERATORS.some(({ operator }) => operator === text);
}

function othersOf(matchers: readonly Matcher[], but: Matcher): string {
  const complete = matchers.filter(
    (matcher) =>
      matcher !== but && matcher.name !== "" && isOperator(matcher.operator) && matcher.closed,
  );
  return `{${complete.map((one) => one.name + one.operator + quote(one.value)).join(",")}}`;
}

/** What the cursor is in, in a selector without braces. */
export function completionAt(text: string, cursor: number): Completion {
  const matchers = scan(text);
  let at: Matcher | undefined;
  for (const matcher of matchers) {
    if (matcher.nameFrom <= cursor || at === undefined) {
      at = matcher;
    }
  }
  if (at === undefined) {
    return { kind: "nothing" };
  }
  if (cursor <= at.nameTo && (at.operator === "" || cursor < at.nameTo)) {
    const from = Math.min(cursor, at.nameFrom);
    return {
      kind: "name",
      prefix: text.slice(from, cursor).trimStart(),
      from: at.nameFrom,
      to: at.nameTo,
      others: othersOf(matchers, at),
    };
  }
  if (at.name === "") {
    return { kind: "nothing" };
  }
  const started = at.valueTo > at.valueFrom;
  if (
    !started &&
    cursor <= at.operatorTo &&
    !(isOperator(at.operator) && cursor === at.operatorTo)
  ) {
    return {
      kind: "operator",
      prefix: text.slice(at.operatorFrom, Math.max(at.operatorFrom, cursor)),
      from: at.operatorFrom,
      to: at.operatorTo,
    };
  }
  if (!isOperator(at.operator)) {
    return at.operator === "" && !started
      ? { kind: "operator", prefix: "", from: at.operatorFrom, to: at.operatorTo }
      : { kind: "nothing" };
  }
  if (at.closed && cursor >= at.valueTo) {
    return { kind: "nothing" };
  }
  return {
    kind: "value",
    name: at.name,
    operatorFrom: at.operatorFrom,
    prefix: started ? text.slice(at.valueFrom + 1, Math.max(at.valueFrom + 1, cursor)) : "",
    from: at.valueFrom,
    to: at.valueTo,
    others: othersOf(matchers, at),
  };
}
