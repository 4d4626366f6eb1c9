import { visibleText } from "@emberscope/flame-core/pure";
import { type ReactNode, useEffect, useState } from "react";
import { type Scope, fetchLabelNames } from "../api/client.ts";
import { DownIcon } from "./icons.tsx";
import { Popover } from "./Popover.tsx";

interface Props {
  /** Label whose values are the first row of the graph; empty for none. */
  readonly chosen: string;
  /** Where the labels to choose from are looked for. */
  readonly scope: Scope | undefined;
  readonly onChoose: (label: string) => void;
}

/** Chooses the label by whose values the flame graph is parted. */
export function GroupPicker({ chosen, scope, onChoose }: Props): ReactNode {
  return (
    <Popover
      label={`Group by ${chosen === "" ? "nothing" : chosen}`}
      className="group-picker"
      align="end"
      button={
        <>
          <span className="group-picker-label">Group by</span>{" "}
          <span className="cut">{chosen === "" ? "nothing" : visibleText(chosen)}</span>
          <DownIcon />
        </>
      }
    >
      {(close) => (
        <Choices
          chosen={chosen}
          scope={scope}
          onChoose={(label) => {
            onChoose(label);
            close();
          }}
        />
      )}
    </Popover>
  );
}

/** Asks for the labels anew each time it is opened, since other ranges have others. */
function Choices({ chosen, scope, onChoose }: Props): ReactNode {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    if (scope === undefined) {
      return undefined;
    }
    const abort = new AbortController();
    fetchLabelNames(scope.selector, scope.span, abort.signal).then(
      (found) => setNames(found),
      () => setNames([]),
    );
    return () => abort.abort();
  }, [scope]);
  const labels = names.includes(chosen) || chosen === "" ? names : [chosen, ...names];
  return (
    <ul className="menu">
      {["", ...labels].map((label) => (
        <li key={label}>
          <button
            type="button"
            className="menu-item"
            aria-current={label === chosen}
            onClick={() => onChoose(label)}
          >
            <span>{label === "" ? "nothing" : visibleText(label)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
