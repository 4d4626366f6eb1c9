import {
  type FlameGraph,
  type FlameTree,
  codeFrames,
  exactQuery,
  nextMatch,
  nodeBinary,
  nodeBuildId,
  nodeName,
  pathAddress,
  resolveAddress,
  visibleText,
} from "@emberscope/flame-core";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import {
  type ProfileType,
  RefusedError,
  fetchProfileTypes,
  pprofUrl,
  serverNow,
} from "../api/client.ts";
import type { Engine } from "../engine/engine.ts";
import { formatSpan } from "../format.ts";
import { fixedRange, isLive, spanOf } from "../state/time.ts";
import {
  NODES_FIRST,
  NODES_MAX,
  sampledMillis,
  sampledSpan,
  useProfile,
} from "../state/useProfile.ts";
import { type Selection, useLines } from "../state/useLines.ts";
import { useRefresh } from "../state/useRefresh.ts";
import { useSearch } from "../state/useSearch.ts";
import { type ThemeChoice, useTheme } from "../state/useTheme.ts";
import { useView } from "../state/useView.ts";
import type { ColorBy, Panes } from "../state/view.ts";
import { EmptyState, FailedState, LoadingState } from "./states.tsx";
import { FlamePane } from "./FlamePane.tsx";
import { FunctionTable } from "./FunctionTable.tsx";
import { GroupPicker } from "./GroupPicker.tsx";
import { HelpDialog } from "./HelpDialog.tsx";
import { DownloadIcon, Mark, MoonIcon, ScreenIcon, SunIcon } from "./icons.tsx";
import { LinesPane } from "./LinesPane.tsx";
import { LiveControl } from "./LiveControl.tsx";
import { SearchBox } from "./SearchBox.tsx";
import { Segments } from "./Segments.tsx";
import { SelectorInput } from "./SelectorInput.tsx";
import { Splitter, useTableWidth } from "./Splitter.tsx";
import { Summary } from "./Summary.tsx";
import { TimeControl } from "./TimeControl.tsx";
import { Timeline } from "./Timeline.tsx";
import { TypePicker } from "./TypePicker.tsx";

/** Types are offered if they have data within this time, whatever the range of the view. */
const TYPES_SPAN_MILLIS = 30 * 86_400_000;
/** A collector sends every ten seconds; after so long without samples, something is wrong. */
const SILENT_MILLIS = 90_000;
const NODES_FACTOR = 4;
const THEME_AFTER: Readonly<Record<ThemeChoice, ThemeChoice>> = {
  system: "light",
  light: "dark",
  dark: "system",
};
const PANES_AFTER: Readonly<Record<Panes, Panes>> = {
  both: "graph",
  graph: "table",
  table: "both",
};
const PANES = [
  { value: "both", label: "Both" },
  { value: "graph", label: "Graph" },
  { value: "table", label: "Table" },
] as const satisfies readonly { value: Panes; label: string }[];
const COLORS = [
  { value: "binary", label: "Binary" },
  { value: "kind", label: "Kind" },
] as const satisfies readonly { value: ColorBy; label: string }[];

export function App({ engine }: { readonly engine: Engine }): ReactNode {
  const { view, change, back, canGoBack } = useView();
  const { choice, theme, choose } = useTheme();
  const [maxNodes, setMaxNodes] = useState(NODES_FIRST);
  const [pointing, setPointing] = useState(false);
  const [selected, setSelected] = useState(-1);
  const [helping, setHelping] = useState(false);
  const [notice, setNotice] = useState("");
  const [closed, setClosed] = useState("");
  const [awaited, setAwaited] = useState<1 | -1 | undefined>(undefined);
  const graph = useRef<FlameGraph | null>(null);
  const searchInput = useRef<HTMLInputElement>(null);
  const width = useTableWidth();

  const { type, selector, range, groupBy } = view;
  const { profile, loading, error, loadedMillis, refresh } = useProfile(engine, {
    type,
    selector,
    range,
    groupBy,
    maxNodes,
  });
  const tree = profile?.tree;
  const search = useSearch(engine, view.search, profile);
  const types = useProfileTypes(loadedMillis);
  const live = useRefresh(
    view.refreshSeconds,
    isLive(range),
    pointing || helping,
    loading,
    loadedMillis,
    refresh,
  );

  const resolved = useMemo(
    () => (tree === undefined ? { node: 0, complete: true } : resolveAddress(tree, view.focus)),
    [tree, view.focus],
  );
  const focus = resolved.node;
  const chosen = useMemo(
    () => (tree === undefined ? undefined : chosenFunction(tree, search.exactName, focus)),
    [tree, search.exactName, focus],
  );
  // Closed until another function is chosen.
  useEffect(() => setClosed(""), [chosen?.name]);
  const shownLines =
    chosen !== undefined && chosen.name !== closed && view.panes !== "graph" ? chosen : undefined;
  const lines = useLines(profile?.scope, shownLines);
  const selectorError =
    error instanceof RefusedError && error.message.startsWith("selector")
      ? error.message
      : undefined;
  const empty = tree !== undefined && !(tree.total[0] > 0);

  useEffect(() => {
    document.title = selector === "{}" ? "Emberscope" : `${selector} – Emberscope`;
  }, [selector]);
  useEffect(() => setNotice(""), [view, tree]);

  const zoomTo = (node: number): void => {
    if (tree !== undefined && node !== focus) {
      change(
        { focus: pathAddress(tree, node), focusName: node === 0 ? "" : nodeName(tree, node) },
        "step",
      );
    } else if (node === 0 && view.focus !== "") {
      change({ focus: "", focusName: "" }, "step");
    }
  };

  const loadMore = (node: number): void => {
    if (tree !== undefined) {
      zoomTo(Math.max(0, tree.parent[node]));
      setMaxNodes(Math.min(NODES_MAX, maxNodes * NODES_FACTOR));
    }
  };

  const stepMatch = (direction: 1 | -1): void => {
    const flame = graph.current;
    if (tree === undefined || search.matches === undefined || flame === null) {
      // The key was faster than the search: go there once it has an answer.
      setAwaited(view.search === "" ? undefined : direction);
      return;
    }
    const from = selected >= 0 ? selected : direction === 1 ? -1 : tree.size;
    const node = nextMatch(search.matches, from, direction);
    if (node >= 0) {
      const reveal = flame.focusToReveal(node);
      flame.setFocus(reveal);
      flame.select(node);
      zoomTo(reveal);
    }
  };

  const latestStep = useRef(stepMatch);
  useEffect(() => {
    latestStep.current = stepMatch;
  });
  useEffect(() => {
    if (awaited !== undefined && search.matches !== undefined) {
      setAwaited(undefined);
      latestStep.current(awaited);
    }
  }, [awaited, search.matches]);

  const highlight = (name: string): void => {
    setSelected(-1);
    graph.current?.select(-1);
    change({ search: search.exactName === name ? "" : exactQuery(name) }, "refine");
  };

  const zoomToFunction = (name: string): void => {
    if (tree === undefined) {
      return;
    }
    const node = widestOf(tree, name);
    if (node >= 0) {
      zoomTo(node);
    } else {
      setNotice(
        `${visibleText(name)} is among the hidden frames: click a hatched box to load more of them.`,
      );
    }
  };

  useKeys({
    "/": () => {
      searchInput.current?.focus();
      searchInput.current?.select();
    },
    n: () => stepMatch(1),
    N: () => stepMatch(-1),
    r: refresh,
    l: () => change({ refreshSeconds: view.refreshSeconds === 0 ? 10 : 0 }, "refine"),
    v: () => change({ panes: PANES_AFTER[view.panes] }, "refine"),
    t: () => choose(THEME_AFTER[choice]),
    "?": () => setHelping(true),
    Escape: () => {
      if (view.focus !== "") {
        zoomTo(0);
      } else if (view.search !== "") {
        change({ search: "" }, "refine");
      }
    },
  });

  const span = profile?.scope.span ?? spanOf(range, serverNow());
  const sampled = profile?.series === undefined ? undefined : sampledSpan(profile.series);
  const silentMillis =
    isLive(range) && sampled !== undefined ? span.toMillis - sampled.toMillis : 0;
  const gone = !resolved.complete && tree !== undefined && !empty;
  return (
    <div className="page">
      <header className="top">
        <h1 className="brand">
          <a href="./" aria-label="Emberscope: start afresh">
            <Mark />
            <span>Emberscope</span>
          </a>
        </h1>
        <TypePicker
          types={types}
          chosen={type}
          onChoose={(id) => change({ type: id, focus: "", focusName: "" }, "step")}
        />
        <SelectorInput
          selector={selector}
          range={range}
          error={selectorError}
          onChange={(next) => change({ selector: next }, "step")}
        />
        <TimeControl
          range={range}
          canGoBack={canGoBack}
          onBack={back}
          onChange={(next) => change({ range: next }, "step")}
        />
        <div className="top-end">
          <LiveControl
            seconds={view.refreshSeconds}
            status={live}
            loading={loading}
            onRefresh={refresh}
            onChoose={(seconds) => change({ refreshSeconds: seconds }, "refine")}
          />
          <button
            type="button"
            className="control square"
            aria-label={`Theme: ${choice}`}
            title={`Theme: ${choice} (t)`}
            onClick={() => choose(THEME_AFTER[choice])}
          >
            {choice === "system" ? <ScreenIcon /> : choice === "light" ? <SunIcon /> : <MoonIcon />}
          </button>
          <button
            type="button"
            className="control square"
            aria-label="Help"
            title="Keys and help (?)"
            onClick={() => setHelping(true)}
          >
            ?
          </button>
        </div>
      </header>
      <div className={`progress ${loading ? "is-loading" : ""}`} aria-hidden="true" />
      <main className="main">
        <section className="overview" aria-label="Overview">
          <Summary profile={profile} loading={loading} />
          <Timeline
            series={profile?.series}
            span={span}
            theme={theme}
            onBrush={(from, to) => change({ range: fixedRange(from, to) }, "step")}
          />
        </section>
        <div className="tools">
          <SearchBox
            text={view.search}
            error={search.error}
            tree={tree}
            focus={focus}
            matches={search.matches}
            selected={selected}
            input={searchInput}
            onChange={(text) => {
              graph.current?.select(-1);
              change({ search: text }, "refine");
            }}
            onStep={stepMatch}
            onLeave={() => searchInput.current?.blur()}
          />
          <div className="tools-end">
            <GroupPicker
              chosen={groupBy}
              scope={profile?.scope}
              onChoose={(label) => change({ groupBy: label, focus: "", focusName: "" }, "step")}
            />
            <Segments
              label="Colour by"
              visibleLabel
              options={COLORS}
              chosen={view.colorBy}
              onChoose={(colorBy) => change({ colorBy }, "refine")}
            />
            <Segments
              label="Show"
              options={PANES}
              chosen={view.panes}
              onChoose={(panes) => change({ panes }, "refine")}
            />
            <a
              className="control"
              href={profile === undefined ? undefined : pprofUrl(profile.scope)}
              aria-disabled={profile === undefined || empty}
              download
              title="Download this profile for go tool pprof"
            >
              <DownloadIcon />
              <span>pprof</span>
            </a>
          </div>
        </div>
        {error !== undefined && profile !== undefined && selectorError === undefined && (
          <p className="banner is-wrong" role="alert">
            {error.message}. What you see is from before.{" "}
            <button type="button" className="link" onClick={refresh}>
              Try again
            </button>
          </p>
        )}
        {gone && (
          <p className="banner" role="status">
            {view.focusName === "" ? (
              "The focused frame"
            ) : (
              <code>{visibleText(view.focusName)}</code>
            )}{" "}
            is not in this profile; its nearest caller is shown.{" "}
            <button type="button" className="link" onClick={() => zoomTo(0)}>
              Show all
            </button>
          </p>
        )}
        {silentMillis > SILENT_MILLIS && (
          <p className="banner" role="status">
            No new samples for {formatSpan(silentMillis)}. Is the collector running?{" "}
            <code>./emberscope doctor</code> tells what it may lack.
          </p>
        )}
        {notice !== "" && (
          <p className="banner" role="status">
            {notice}
          </p>
        )}
        {profile === undefined || tree === undefined ? (
          error === undefined ? (
            <LoadingState />
          ) : (
            <FailedState error={error} onRetry={refresh} />
          )
        ) : empty ? (
          <EmptyState
            scope={profile.scope}
            hasTypes={types.length > 0}
            onRange={(next) => change({ range: next }, "step")}
            onClearSelector={() => change({ selector: "{}" }, "step")}
          />
        ) : (
          <div className={`panes panes-${view.panes}`} ref={width.container}>
            <FlamePane
              tree={tree}
              focus={focus}
              selected={selected}
              matches={search.matches}
              theme={theme}
              colorBy={view.colorBy}
              sampledMillis={sampledMillis(profile)}
              top={profile.top}
              canLoadMore={maxNodes < NODES_MAX}
              graph={graph}
              onSelect={setSelected}
              onZoom={zoomTo}
              onLoadMore={loadMore}
              onPointing={setPointing}
            />
            <Splitter width={width} />
            <div className="side">
              <FunctionTable
                table={search.functions ?? profile.top}
                flags={search.functions === undefined ? search.functionFlags : undefined}
                sortBy={view.sortBy}
                colorBy={view.colorBy}
                theme={theme}
                highlighted={search.exactName}
                onSort={(sortBy) => change({ sortBy }, "refine")}
                onHighlight={highlight}
                onZoom={zoomToFunction}
                onPointing={setPointing}
              />
              {shownLines !== undefined && (
                <LinesPane
                  selection={shownLines}
                  binary={shownLines.shownBinary}
                  buildId={shownLines.buildId}
                  lines={lines}
                  onClose={() => {
                    setClosed(shownLines.name);
                    // It is gone before the pointer leaves it.
                    setPointing(false);
                  }}
                  onPointing={setPointing}
                />
              )}
            </div>
          </div>
        )}
      </main>
      {helping && <HelpDialog onClose={() => setHelping(false)} />}
    </div>
  );
}

interface Chosen extends Selection {
  readonly shownBinary: string;
  readonly buildId: string;
}

/** The function whose lines are shown: the highlighted one, else the one that fills the width. */
function chosenFunction(tree: FlameTree, exactName: string, focus: number): Chosen | undefined {
  if (exactName !== "") {
    const node = widestOf(tree, exactName);
    return {
      name: exactName,
      binary: "",
      shownBinary: node < 0 ? "" : nodeBinary(tree, node),
      buildId: node < 0 ? "" : nodeBuildId(tree, node),
    };
  }
  if (focus <= 0 || codeFrames(tree.frames)[tree.frame[focus]] === 0) {
    return undefined;
  }
  const binary = nodeBinary(tree, focus);
  const buildId = nodeBuildId(tree, focus);
  return { name: nodeName(tree, focus), binary, shownBinary: binary, buildId };
}

/** The node of a function with the most value in its box; the outermost of equals; -1 for none. */
function widestOf(tree: FlameTree, name: string): number {
  const code = codeFrames(tree.frames);
  let best = -1;
  for (let node = 0; node < tree.size; node++) {
    if (
      code[tree.frame[node]] !== 0 &&
      tree.frames.name[tree.frame[node]] === name &&
      tree.hidden[node] === 0 &&
      (best < 0 || tree.total[node] > tree.total[best])
    ) {
      best = node;
    }
  }
  return best;
}

/** The profile types that the server has; asked for again after each answer while there are none. */
function useProfileTypes(loadedMillis: number): readonly ProfileType[] {
  const [types, setTypes] = useState<readonly ProfileType[]>([]);
  const known = types.length > 0;
  useEffect(() => {
    if (known) {
      return undefined;
    }
    const abort = new AbortController();
    const now = serverNow();
    fetchProfileTypes({ fromMillis: now - TYPES_SPAN_MILLIS, toMillis: now }, abort.signal).then(
      setTypes,
      () => {
        // The profile's own request fails as well, and that is what the page talks about.
      },
    );
    return () => abort.abort();
  }, [known, loadedMillis]);
  return types;
}

/** Keys that work wherever nothing is being typed. */
function useKeys(actions: Readonly<Record<string, () => void>>): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { target } = event;
      const typing =
        target instanceof HTMLElement &&
        (target.matches("input, textarea, select") || target.closest("dialog") !== null);
      const action = latest.current[event.key];
      if (!typing && action !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        action();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
