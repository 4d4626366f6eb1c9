import {
  cutPlain,
  fileName,
  fillOf,
  paletteOf,
  visibleText,
  groupDigits,
} from "@emberscope/flame-core/pure";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { TopFunction, TopTable } from "../api/client.ts";
import { formatBrief, formatShare } from "../format.ts";
import type { ColorBy, SortBy } from "../state/view.ts";
import { FocusIcon } from "./icons.tsx";

interface Props {
  readonly table: TopTable | undefined;
  /** Which functions to show, 1 or 0 for each; all if it is left out. */
  readonly flags: Uint8Array | undefined;
  readonly sortBy: SortBy;
  readonly colorBy: ColorBy;
  readonly theme: "light" | "dark";
  /** Name of the function that is highlighted in the graph, or empty. */
  readonly highlighted: string;
  readonly onSort: (by: SortBy) => void;
  readonly onHighlight: (name: string) => void;
  readonly onZoom: (name: string) => void;
  readonly onPointing: (pointing: boolean) => void;
}

const ROW_HEIGHT = 28;
const HEAD_HEIGHT = 29;
const ROWS_BEYOND = 8;
/** Width of one character of a name, and of what stands around it. */
const CELL_WIDTH = 7.23;
const NAME_PADDING = 38;
/** From this width of the column on, the binary has a place of its own. */
const BINARY_WIDTH_MIN = 320;
const COLUMNS: readonly { readonly by: SortBy; readonly title: string; readonly hint: string }[] = [
  { by: "name", title: "Function", hint: "Function" },
  { by: "self", title: "Self", hint: "Time in the function itself" },
  { by: "total", title: "Total", hint: "Time in the function and all it calls" },
];

/** Exact sums by function over all data of the query; only the rows in sight exist. */
export function FunctionTable(props: Props): ReactNode {
  const { table, flags, sortBy, colorBy, theme, highlighted, onSort, onHighlight, onZoom } = props;
  const body = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [height, setHeight] = useState(400);
  const nameHead = useRef<HTMLDivElement>(null);
  const [nameWidth, setNameWidth] = useState(230);
  const [active, setActive] = useState(-1);

  const rows = useMemo(() => sorted(filtered(table, flags), sortBy), [table, flags, sortBy]);

  useEffect(() => {
    const element = body.current;
    if (element === null) {
      return undefined;
    }
    const observer = new ResizeObserver(() => {
      setHeight(element.clientHeight);
      setNameWidth(nameHead.current?.clientWidth ?? 0);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const show = (row: number): void => {
    const element = body.current;
    if (element !== null && row >= 0) {
      const top = row * ROW_HEIGHT;
      if (top < element.scrollTop) {
        element.scrollTop = top;
      } else if (top + ROW_HEIGHT > element.scrollTop + element.clientHeight - HEAD_HEIGHT) {
        element.scrollTop = top + ROW_HEIGHT + HEAD_HEIGHT - element.clientHeight;
      }
    }
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== body.current) {
      return;
    }
    const page = Math.max(1, Math.floor((height - HEAD_HEIGHT) / ROW_HEIGHT) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = moves[event.key];
    const row = rows[active];
    if (to !== undefined) {
      const next = Math.min(rows.length - 1, Math.max(0, to));
      setActive(next);
      show(next);
    } else if (event.key === "Enter" && row !== undefined) {
      onZoom(row.name);
    } else if (event.key === " " && row !== undefined) {
      onHighlight(row.name);
    } else {
      return;
    }
    event.preventDefault();
  };

  const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - ROWS_BEYOND);
  const end = Math.min(rows.length, Math.ceil((scrollTop + height) / ROW_HEIGHT) + ROWS_BEYOND);
  const wide = nameWidth >= BINARY_WIDTH_MIN;
  const room = nameWidth * (wide ? 0.68 : 1) - NAME_PADDING;
  const cells = Math.max(10, Math.floor(room / CELL_WIDTH));
  const total = table?.total ?? 0;
  const unit = table?.unit ?? "nanoseconds";
  const palette = paletteOf(theme);
  const most = useMemo(() => {
    let highest = 0;
    for (const row of table?.functions ?? []) {
      highest = Math.max(highest, row.self);
    }
    return highest;
  }, [table]);

  return (
    <section
      className="pane table-pane"
      aria-label="Functions"
      onPointerEnter={() => props.onPointing(true)}
      onPointerLeave={() => props.onPointing(false)}
    >
      <div
        ref={body}
        role="grid"
        className="table"
        tabIndex={0}
        aria-label="Functions: arrow keys walk, Space highlights, Enter zooms"
        aria-rowcount={rows.length + 1}
        aria-activedescendant={active >= first && active < end ? `function-${active}` : undefined}
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
        onKeyDown={onKeyDown}
      >
        <div role="row" aria-rowindex={1} className="table-row table-head">
          {COLUMNS.map(({ by, title, hint }) => (
            <div
              key={by}
              ref={by === "name" ? nameHead : undefined}
              role="columnheader"
              aria-sort={sortBy === by ? (by === "name" ? "ascending" : "descending") : "none"}
            >
              <button type="button" title={hint} onClick={() => onSort(by)}>
                {title}
                <span aria-hidden="true">{sortBy === by ? (by === "name" ? "↑" : "↓") : ""}</span>
              </button>
            </div>
          ))}
        </div>
        <div
          role="rowgroup"
          className="table-space"
          style={{ height: `${rows.length * ROW_HEIGHT}px` }}
        >
          {rows.slice(first, end).map((row, offset) => (
            <Row
              key={`${row.name}\n${row.binary}\n${row.kind}`}
              row={row}
              at={first + offset}
              active={first + offset === active}
              highlighted={row.name === highlighted}
              total={total}
              most={most}
              unit={unit}
              cells={cells}
              wide={wide}
              color={palette.fills[fillOf(row, colorBy)]}
              onHighlight={() => {
                setActive(first + offset);
                onHighlight(row.name);
              }}
              onZoom={() => onZoom(row.name)}
            />
          ))}
        </div>
      </div>
      <p className="table-foot" role="status">
        {footText(table, rows.length)}
      </p>
    </section>
  );
}

interface RowProps {
  readonly row: TopFunction;
  readonly at: number;
  readonly active: boolean;
  readonly highlighted: boolean;
  readonly total: number;
  readonly most: number;
  readonly unit: string;
  /** Characters that there is room for. */
  readonly cells: number;
  /** Whether there is room for the binary. */
  readonly wide: boolean;
  readonly color: string | undefined;
  readonly onHighlight: () => void;
  readonly onZoom: () => void;
}

function Row(props: RowProps): ReactNode {
  const {
    row,
    at,
    active,
    highlighted,
    total,
    most,
    unit,
    cells,
    wide,
    color,
    onHighlight,
    onZoom,
  } = props;
  const name = visibleText(row.name);
  const binary = visibleText(fileName(row.binary));
  return (
    <div
      role="row"
      id={`function-${at}`}
      aria-rowindex={at + 2}
      aria-selected={highlighted}
      className={`table-row ${active ? "is-active" : ""}`}
      style={{ transform: `translateY(${at * ROW_HEIGHT}px)` }}
      onClick={onHighlight}
      onDoubleClick={onZoom}
    >
      <div
        role="gridcell"
        className="table-name"
        title={binary === "" ? name : `${name}\n${visibleText(row.binary)}`}
      >
        <i className="swatch" style={{ backgroundColor: color }} aria-hidden="true" />
        <code>{cutPlain(name, cells)}</code>
        {wide && <small>{binary}</small>}
        <button
          type="button"
          className="quiet row-action"
          aria-label={`Zoom to ${name}`}
          title="Zoom to it (Enter)"
          tabIndex={-1}
          onClick={(event) => {
            event.stopPropagation();
            onZoom();
          }}
        >
          <FocusIcon />
        </button>
      </div>
      <div role="gridcell" className="table-number">
        <i className="table-bar" style={{ width: `${most > 0 ? (100 * row.self) / most : 0}%` }} />
        <span>{formatShare(row.self, total)}</span>
        <small>{formatBrief(row.self, unit)}</small>
      </div>
      <div role="gridcell" className="table-number">
        <i
          className="table-bar"
          style={{ width: `${total > 0 ? (100 * row.total) / total : 0}%` }}
        />
        <span>{formatShare(row.total, total)}</span>
        <small>{formatBrief(row.total, unit)}</small>
      </div>
    </div>
  );
}

function footText(table: TopTable | undefined, shown: number): string {
  if (table === undefined) {
    return "";
  }
  const known = table.functions.length;
  const all = `${groupDigits(table.functionCount)} function${table.functionCount === 1 ? "" : "s"}`;
  if (known < table.functionCount) {
    return `${groupDigits(shown)} of the ${groupDigits(known)} costliest of ${all}`;
  }
  return shown < known ? `${groupDigits(shown)} of ${all}` : all;
}

export function filtered(
  table: TopTable | undefined,
  flags: Uint8Array | undefined,
): readonly TopFunction[] {
  const functions = table?.functions ?? [];
  return flags === undefined ? functions : functions.filter((_, at) => flags[at] === 1);
}

export function sorted(rows: readonly TopFunction[], by: SortBy): readonly TopFunction[] {
  const byName = (a: TopFunction, b: TopFunction): number =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
  switch (by) {
    case "name":
      return rows.toSorted(byName);
    case "self":
      return rows.toSorted((a, b) => b.self - a.self || b.total - a.total || byName(a, b));
    case "total":
      return rows.toSorted((a, b) => b.total - a.total || b.self - a.self || byName(a, b));
  }
}
