import { fileName, groupDigits, isPlaceName, visibleText } from "@emberscope/flame-core/pure";
import { type ReactNode, useMemo } from "react";
import type { LineRow, LineTable } from "../api/client.ts";
import { formatBrief, formatShare } from "../format.ts";
import type { Lines, Selection } from "../state/useLines.ts";
import { DebugAdvice } from "./DebugAdvice.tsx";
import { CloseIcon } from "./icons.tsx";

interface Props {
  readonly selection: Selection;
  /** Its binary and build id, as far as the graph knows them; else empty. */
  readonly binary: string;
  readonly buildId: string;
  readonly lines: Lines | undefined;
  readonly onClose: () => void;
  readonly onPointing: (pointing: boolean) => void;
}

/** What each source line of one function costs, or how its lines become known. */
export function LinesPane(props: Props): ReactNode {
  const { selection, binary, buildId, lines, onClose, onPointing } = props;
  const name = visibleText(selection.name);
  const table = lines instanceof Error ? undefined : lines;
  return (
    <section
      className="pane lines-pane"
      aria-label={`Lines of ${name}`}
      onPointerEnter={() => onPointing(true)}
      onPointerLeave={() => onPointing(false)}
    >
      <header className="lines-head">
        <div>
          <h2 title={name}>
            <code>{name}</code>
          </h2>
          <p>
            {binary !== "" && (
              <span className="lines-binary" title={visibleText(binary)}>
                {visibleText(fileName(binary))}
              </span>
            )}
            {table !== undefined && <Sums table={table} />}
          </p>
        </div>
        <button
          type="button"
          className="quiet"
          aria-label="Close the lines"
          title="Close"
          onClick={onClose}
        >
          <CloseIcon />
        </button>
      </header>
      <div
        className="lines-body"
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls by keys
        tabIndex={0}
        role="region"
        aria-label="Source lines"
      >
        {lines instanceof Error ? (
          <p className="lines-note">{lines.message}</p>
        ) : table === undefined ? (
          <p className="lines-note">&nbsp;</p>
        ) : (
          <Content selection={selection} table={table} binary={binary} buildId={buildId} />
        )}
      </div>
    </section>
  );
}

function Sums({ table }: { readonly table: LineTable }): ReactNode {
  return (
    <>
      <span>self {formatShare(table.functionSelf, table.total)}</span>
      <span>total {formatShare(table.functionTotal, table.total)}</span>
    </>
  );
}

function Content({
  selection,
  table,
  binary,
  buildId,
}: Pick<Props, "selection" | "binary" | "buildId"> & { readonly table: LineTable }): ReactNode {
  // Memory without a file behind it is one function, called as its mapping is.
  const isMapping = selection.name === binary && binary.startsWith("[");
  if (isPlaceName(selection.name) || isMapping) {
    return (
      <div className="lines-note">
        <p>
          <strong>No function is known at this place.</strong>
        </p>
        <Binary binary={binary} buildId={buildId} />
        <DebugAdvice what="names" buildId={buildId} />
      </div>
    );
  }
  if (table.lineCount === 0) {
    return <p className="lines-note">It is not in this profile.</p>;
  }
  if (selection.name.endsWith("@plt")) {
    return (
      <p className="lines-note">
        The linker made this stub to call a function of another binary: it has no source.
      </p>
    );
  }
  if (table.lines.every(({ line }) => line === 0)) {
    return (
      <div className="lines-note">
        <p>
          <strong>No line of this function is known.</strong>
        </p>
        <Binary binary={binary} buildId={buildId} />
        <DebugAdvice what="lines" buildId={buildId} />
      </div>
    );
  }
  return <Rows table={table} />;
}

function Binary({ binary, buildId }: Pick<Props, "binary" | "buildId">): ReactNode {
  return (
    <dl className="lines-build">
      {binary !== "" && (
        <div>
          <dt>Binary</dt>
          <dd>{visibleText(binary)}</dd>
        </div>
      )}
      {buildId !== "" && (
        <div>
          <dt>Build id</dt>
          <dd>
            <code>{visibleText(buildId)}</code>
          </dd>
        </div>
      )}
    </dl>
  );
}

/** The rows of one file in the order of the source, what is not known last. */
interface FileRows {
  readonly file: string;
  readonly rows: readonly LineRow[];
}

/** The rows by file; the file with the costliest line first, no file last. */
export function byFile(rows: readonly LineRow[]): FileRows[] {
  const files = new Map<string, LineRow[]>();
  for (const row of rows) {
    const own = files.get(row.file);
    if (own === undefined) {
      files.set(row.file, [row]);
    } else {
      own.push(row);
    }
  }
  return [...files]
    .toSorted(([a], [b]) => Number(a === "") - Number(b === ""))
    .map(([file, own]) => ({
      file,
      rows: own.toSorted((a, b) => Number(a.line === 0) - Number(b.line === 0) || a.line - b.line),
    }));
}

function Rows({ table }: { readonly table: LineTable }): ReactNode {
  const { lines, lineCount, total, unit } = table;
  const files = useMemo(() => byFile(lines), [lines]);
  const mostSelf = Math.max(...lines.map(({ self }) => self));
  const mostTotal = Math.max(...lines.map((row) => row.total));
  return (
    <table className="lines-table">
      <thead>
        <tr>
          <th scope="col">Line</th>
          <th scope="col" title="Time in the line itself">
            Self
          </th>
          <th scope="col" title="Time in the line and all it calls">
            Total
          </th>
        </tr>
      </thead>
      {files.map(({ file, rows }) => (
        <tbody key={file}>
          <tr className="lines-file">
            <th scope="rowgroup" colSpan={3}>
              {file === "" ? "file not known" : <Path path={visibleText(file)} />}
            </th>
          </tr>
          {rows.map((row) => (
            <tr key={row.line}>
              <th scope="row">{row.line === 0 ? "not known" : row.line}</th>
              <Sum value={row.self} most={mostSelf} total={total} unit={unit} />
              <Sum value={row.total} most={mostTotal} total={total} unit={unit} />
            </tr>
          ))}
        </tbody>
      ))}
      {lines.length < lineCount && (
        <tbody>
          <tr className="lines-file">
            <th scope="rowgroup" colSpan={3}>
              the {groupDigits(lines.length)} costliest of {groupDigits(lineCount)} lines
            </th>
          </tr>
        </tbody>
      )}
    </table>
  );
}

function Sum(props: {
  readonly value: number;
  readonly most: number;
  readonly total: number;
  readonly unit: string;
}): ReactNode {
  const { value, most, total, unit } = props;
  return (
    // oxlint-disable-next-line jsx-a11y/control-has-associated-label -- it is a cell of a table
    <td>
      <div className="table-number">
        <i className="table-bar" style={{ width: `${most > 0 ? (100 * value) / most : 0}%` }} />
        <span>{value > 0 ? formatShare(value, total) : "–"}</span>
        <small>{value > 0 ? formatBrief(value, unit) : ""}</small>
      </div>
    </td>
  );
}

/** A path whose directories give way first when there is no room. */
export function Path({ path }: { readonly path: string }): ReactNode {
  const at = path.lastIndexOf("/") + 1;
  return (
    <span className="path" title={path}>
      <span>{path.slice(0, at)}</span>
      <b>{path.slice(at)}</b>
    </span>
  );
}
