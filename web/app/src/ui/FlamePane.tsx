import {
  FlameGraph,
  type FlameTree,
  type Matches,
  labelOf,
  nodeName,
  pathTo,
  visibleText,
} from "@emberscope/flame-core";
import { type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from "react";
import type { TopTable } from "../api/client.ts";
import type { ColorBy } from "../state/view.ts";
import { Details } from "./Details.tsx";
import { CloseIcon } from "./icons.tsx";

interface Props {
  readonly tree: FlameTree;
  readonly focus: number;
  readonly matches: Matches | undefined;
  readonly theme: "light" | "dark";
  readonly colorBy: ColorBy;
  readonly sampledMillis: number;
  readonly top: TopTable | undefined;
  /** Whether a deeper tree may be asked for. */
  readonly canLoadMore: boolean;
  readonly graph: RefObject<FlameGraph | null>;
  readonly selected: number;
  readonly onSelect: (node: number) => void;
  readonly onZoom: (node: number) => void;
  readonly onLoadMore: (node: number) => void;
  readonly onPointing: (pointing: boolean) => void;
}

/** The flame graph with its breadcrumb above and the details of a frame beneath. */
export function FlamePane(props: Props): ReactNode {
  const { tree, focus, selected, matches, theme, colorBy, sampledMillis, canLoadMore, graph } =
    props;
  const host = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState(-1);
  const handlers = useRef(props);
  useLayoutEffect(() => {
    handlers.current = props;
  });

  // Before the browser paints, so that boxes are part of the first frame that shows the pane.
  useLayoutEffect(() => {
    if (host.current === null) {
      return undefined;
    }
    const created = new FlameGraph(host.current, {
      onHover: setHovered,
      onSelect: (node) => handlers.current.onSelect(node),
      onZoom: (node) => handlers.current.onZoom(node),
      onOpenHidden: (node) => handlers.current.onLoadMore(node),
    });
    graph.current = created;
    return () => {
      created.close();
      graph.current = null;
    };
  }, [graph]);

  useLayoutEffect(() => graph.current?.setTheme(theme), [graph, theme]);
  useLayoutEffect(() => graph.current?.setColorMode(colorBy), [graph, colorBy]);
  useLayoutEffect(() => {
    const view = graph.current;
    if (view !== null) {
      if (view.tree === tree) {
        view.setFocus(focus);
      } else {
        view.setTree(tree, focus);
        handlers.current.onSelect(view.selected);
        performance.mark("emberscope:drawn");
      }
    }
  }, [graph, tree, focus]);
  useLayoutEffect(() => {
    graph.current?.setMatches(matches);
    if (matches !== undefined) {
      performance.mark("emberscope:found");
    }
  }, [graph, matches]);

  const inTree = (node: number): number => (node < tree.size ? node : -1);
  const shown = inTree(hovered) >= 0 ? hovered : inTree(selected);
  const spoken = inTree(selected) >= 0 ? visibleText(labelOf(tree, selected)) : "";

  return (
    <section className="pane flame-pane" aria-label="Flame graph">
      {focus > 0 && <Breadcrumb tree={tree} focus={focus} onZoom={props.onZoom} />}
      <div
        ref={host}
        className="flame-host"
        // Arrow keys walk the boxes; a screen reader must pass them on.
        role="application"
        aria-roledescription="flame graph"
        aria-label="Flame graph: arrow keys walk the frames, Enter zooms, Escape resets"
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it is operated by keys
        tabIndex={0}
        onPointerEnter={() => props.onPointing(true)}
        onPointerLeave={() => props.onPointing(false)}
      />
      <Details
        tree={tree}
        node={shown}
        focus={focus}
        theme={theme}
        colorBy={colorBy}
        sampledMillis={sampledMillis}
        canLoadMore={canLoadMore}
        top={props.top}
      />
      <p className="only-spoken" aria-live="polite">
        {spoken}
      </p>
    </section>
  );
}

const CRUMBS_MAX = 6;

function Breadcrumb({
  tree,
  focus,
  onZoom,
}: {
  readonly tree: FlameTree;
  readonly focus: number;
  readonly onZoom: (node: number) => void;
}): ReactNode {
  const path = pathTo(tree, focus);
  const cut = path.length > CRUMBS_MAX;
  const shown = cut ? [path[0], ...path.slice(2 - CRUMBS_MAX)] : path;
  return (
    <nav className="breadcrumb" aria-label="Callers of the focused frame">
      <ol>
        {shown.map((node, at) => (
          <li key={node}>
            {at > 0 && (
              <span className="crumb-arrow" aria-hidden="true">
                {cut && at === 1 ? "› … ›" : "›"}
              </span>
            )}
            <button
              type="button"
              className="crumb"
              aria-current={node === focus ? "location" : undefined}
              title={visibleText(nodeName(tree, node))}
              onClick={() => onZoom(node)}
            >
              {visibleText(nodeName(tree, node))}
            </button>
          </li>
        ))}
      </ol>
      <button type="button" className="quiet" onClick={() => onZoom(0)} title="Reset zoom (Esc)">
        <CloseIcon />
        <span>Reset zoom</span>
      </button>
    </nav>
  );
}
