import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completionAt, quote, withBraces, withoutBraces } from "../src/state/selector.ts";

/** The completion at the place of the bar in a text. */
function at(text: string): ReturnType<typeof completionAt> {
  const cursor = text.indexOf("|");
  return completionAt(text.replace("|", ""), cursor);
}

describe("completionAt", () => {
  it("offers names where a matcher begins", () => {
    expect(at("|")).toMatchObject({ kind: "name", prefix: "", from: 0, to: 0, others: "{}" });
    expect(at("ser|")).toMatchObject({ kind: "name", prefix: "ser", from: 0, to: 3 });
    expect(at('pod="a", |')).toMatchObject({ kind: "name", prefix: "", others: '{pod="a"}' });
    expect(at('pod="a",no|')).toMatchObject({ kind: "name", prefix: "no", from: 8, to: 10 });
  });

  it("offers operators behind a name", () => {
    expect(at("pod |")).toMatchObject({ kind: "operator", prefix: "", from: 4, to: 4 });
    expect(at("pod!|")).toMatchObject({ kind: "operator", prefix: "!", from: 3, to: 4 });
  });

  it("offers values behind an operator and within quotes", () => {
    expect(at("pod=|")).toMatchObject({ kind: "value", name: "pod", prefix: "", from: 4, to: 4 });
    expect(at('pod="|')).toMatchObject({ kind: "value", prefix: "", from: 4, to: 5 });
    expect(at('pod="ca|rt"')).toMatchObject({ kind: "value", prefix: "ca", from: 4, to: 10 });
    expect(at('pod!~"ca|')).toMatchObject({ kind: "value", prefix: "ca" });
  });

  it("restricts values by the other matchers, whatever their operator", () => {
    expect(at('node!="n1", pod="|", service_name=~"a.*"')).toMatchObject({
      kind: "value",
      name: "pod",
      others: '{node!="n1",service_name=~"a.*"}',
    });
    expect(at('node="x, pod="|')).not.toMatchObject({ others: '{node="x"}' });
  });

  it("offers nothing behind a whole matcher or in what it does not understand", () => {
    expect(at('pod="a"|')).toEqual({ kind: "nothing" });
    expect(at('="a|"')).toEqual({ kind: "nothing" });
  });

  it("keeps commas and escapes within values", () => {
    expect(at('a="x,\\"y", pod="|')).toMatchObject({ name: "pod", others: '{a="x,\\"y"}' });
  });

  it("never fails, and stays within the text", () => {
    const piece = fc.constantFrom("pod", "=", "!=", "~", '"', "\\", ",", " ", "{", "}", "a", "é");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.nat(40), (pieces, where) => {
        const text = pieces.join("");
        const cursor = Math.min(where, text.length);
        const completion = completionAt(text, cursor);
        if (completion.kind !== "nothing") {
          expect(completion.from).toBeLessThanOrEqual(completion.to);
          expect(completion.from).toBeGreaterThanOrEqual(0);
          expect(completion.to).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe("selectors", () => {
  it("have their braces put on and taken off", () => {
    expect(withoutBraces('{ pod="a" }')).toBe('pod="a"');
    expect(withBraces('pod="a",')).toBe('{pod="a"}');
    expect(withBraces("")).toBe("{}");
    expect(withBraces('{pod="a"}')).toBe('{pod="a"}');
  });

  it("quote values", () => {
    expect(quote('a"b\\c\nd')).toBe('"a\\"b\\\\c\\nd"');
  });
});
