import { describe, expect, it } from "vitest";
import { fixedRange, lastMillis } from "../src/state/time.ts";
import { DEFAULT_VIEW, type View, formatView, parseView } from "../src/state/view.ts";

describe("a view in the address", () => {
  it("is empty for the default view", () => {
    expect(formatView(DEFAULT_VIEW)).toBe("");
    expect(parseView("")).toEqual(DEFAULT_VIEW);
  });

  it("comes back whole, whatever is in names and selectors", () => {
    const view: View = {
      type: "memory:inuse_space:bytes::",
      selector: '{pod=~"a&b=c#d%\\"é"}',
      range: fixedRange(1_764_064_800_000, 1_764_068_400_250),
      focus: "AbC-_9",
      focusName: "std::vector<int>~x & y",
      search: "/a+b|#/",
      groupBy: "",
      panes: "table",
      colorBy: "kind",
      sortBy: "total",
      refreshSeconds: 30,
    };
    expect(parseView(`#${formatView(view)}`)).toEqual(view);
    expect(parseView(`?${formatView(view)}`)).toEqual(view);
    const grouped: View = { ...DEFAULT_VIEW, groupBy: "pod" };
    expect(parseView(formatView(grouped))).toEqual(grouped);
    const live: View = { ...DEFAULT_VIEW, range: lastMillis(900_000) };
    expect(formatView(live)).toBe("from=now-15m");
    expect(parseView("from=now-15m")).toEqual(live);
  });

  it("takes defaults for what it does not understand", () => {
    expect(
      parseView("#from=soon&to=&view=hologram&color=taste&sort=luck&refresh=0.001&focus=<script>"),
    ).toEqual(DEFAULT_VIEW);
  });
});
