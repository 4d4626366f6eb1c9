import {
  type FlameTree,
  fileName,
  frameFills,
  Inlining,
  isPlaceName,
  labelOf,
  legendOf,
  nodeBinary,
  nodeBuildId,
  nodeFile,
  nodeKind,
  nodeLines,
  paletteOf,
  visibleText,
} from "@emberscope/flame-core/pure";
import { type ReactNode, useMemo } from "react";
import type { TopTable } from "../api/client.ts";
import { formatRate, formatShare, formatValue } from "../format.ts";
import type { ColorBy } from "../state/view.ts";

interface Props {
  readonly tree: FlameTree;
  /** Node to describe, or -1. */
  readonly node: number;
  readonly focus: number;
  readonly theme: "light" | "dark";
  readonly colorBy: ColorBy;
  readonly sampledMillis: number;
  readonly canLoadMore: boolean;
  /** Exact sums by function, for the legend. */
  readonly top: TopTable | undefined;
}

const LEGEND_MAX = 8;

/** What is known of one frame, always in the same place; what the colours mean while there is none. */
export function Details(props: Props): ReactNode {
  const { tree, node } = props;
  if (node < 0) {
    return <Legend {...props} />;
  }
  return tree.hidden[node] > 0 ? <HiddenDetails {...props} /> : <FrameDetails {...props} />;
}

function FrameDetails({ tree, node, focus, theme, colorBy, sampledMillis }: Props): ReactNode {
  const fills = useMemo(() => frameFills(tree.frames, colorBy), [tree, colorBy]);
  const total = tree.total[node];
  const self = tree.self[node];
  const binary = nodeBinary(tree, node);
  const kind = nodeKind(tree, node);
  const name = labelOf(tree, node);
  return (
    <div className="details">
      <p className="details-name">
        <Swatch color={paletteOf(theme).fills[fills[tree.frame[node]]]} />
        <code>{visibleText(name)}</code>
        {binary !== "" && <span title={visibleText(binary)}>{visibleText(fileName(binary))}</span>}
        <Source tree={tree} node={node} />
        {inliningText(tree.inlining[node])}
        {isPlaceName(name) && <span className="details-fact">no name known</span>}
        {kind !== "" && kind !== "unknown" && <span className="details-fact">{kind}</span>}
      </p>
      <dl className="details-numbers">
        <Number name="total" tree={tree} value={total} millis={sampledMillis} />
        <Number name="self" tree={tree} value={self} millis={sampledMillis} />
        {focus > 0 && (
          <div>
            <dt>of focus</dt>
            <dd>
              <strong>{formatShare(Math.min(total, tree.total[focus]), tree.total[focus])}</strong>
            </dd>
          </div>
        )}
      </dl>
    </div>
  );
}

const BUILD_ID_SHOWN = 12;

/** The file and lines of a node; of a place without a name, the build that would tell them. */
function Source({ tree, node }: Pick<Props, "tree" | "node">): ReactNode {
  const buildId = visibleText(nodeBuildId(tree, node));
  if (isPlaceName(labelOf(tree, node))) {
    return buildId === "" ? null : (
      <span className="details-fact" title={buildId}>
        build id {buildId.slice(0, BUILD_ID_SHOWN)}
      </span>
    );
  }
  const file = visibleText(nodeFile(tree, node));
  const lines = nodeLines(tree, node);
  return file === "" ? null : (
    <span className="details-source" title={lines === "" ? file : `${file}:${lines}`}>
      <i>{fileName(file)}</i>
      {lines === "" ? "" : `:${lines}`}
    </span>
  );
}

function inliningText(inlining: number | undefined): ReactNode {
  switch (inlining) {
    case Inlining.All:
      return (
        <span className="details-fact" title="Its code is part of its caller's">
          inlined
        </span>
      );
    case Inlining.Some:
      return (
        <span className="details-fact" title="Its code is part of its caller's in some places">
          partly inlined
        </span>
      );
    default:
      return null;
  }
}

function Number(props: {
  readonly name: string;
  readonly tree: FlameTree;
  readonly value: number;
  readonly millis: number;
}): ReactNode {
  const { name, tree, value, millis } = props;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong>{formatShare(value, tree.total[0])}</strong>{" "}
        <span>{formatRate(value, millis, tree.unit, tree.type)}</span>{" "}
        <span>{formatValue(value, tree.unit)}</span>
      </dd>
    </div>
  );
}

function HiddenDetails({ tree, node, sampledMillis, canLoadMore }: Props): ReactNode {
  return (
    <div className="details">
      <p className="details-name">
        <code>{labelOf(tree, node)}</code>
        <span>
          {canLoadMore
            ? "too small to send at first: click to load them"
            : "the server sends no more than this; narrow the range or the selector to see them"}
        </span>
      </p>
      <dl className="details-numbers">
        <Number name="total" tree={tree} value={tree.total[node]} millis={sampledMillis} />
      </dl>
    </div>
  );
}

function Legend({ top, theme, colorBy }: Props): ReactNode {
  const entries = useMemo(
    () => legendOf(top?.functions ?? [], colorBy, LEGEND_MAX),
    [top, colorBy],
  );
  const palette = paletteOf(theme);
  return (
    <div className="details legend">
      <ul aria-label={`Colours by ${colorBy}, with the share of time spent in it`}>
        {entries.map(({ label, fill, self }) => (
          <li key={label} title={visibleText(label)}>
            <Swatch color={palette.fills[fill]} />
            {label === "" ? "unknown" : visibleText(label)}
            <span>{formatShare(self, top?.total ?? 0)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Swatch({ color }: { readonly color: string | undefined }): ReactNode {
  return <i className="swatch" style={{ backgroundColor: color }} aria-hidden="true" />;
}
