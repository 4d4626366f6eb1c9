import {
  type FlameTree,
  type Matches,
  matchIndex,
  matchedTotal,
  groupDigits,
} from "@emberscope/flame-core/pure";
import { type ReactNode, type RefObject, useMemo } from "react";
import { formatShare } from "../format.ts";
import { CloseIcon, LeftIcon, RightIcon, SearchIcon } from "./icons.tsx";

interface Props {
  readonly text: string;
  readonly error: string;
  readonly tree: FlameTree | undefined;
  readonly focus: number;
  readonly matches: Matches | undefined;
  /** The match that is selected, or -1. */
  readonly selected: number;
  readonly input: RefObject<HTMLInputElement | null>;
  readonly onChange: (text: string) => void;
  readonly onStep: (direction: 1 | -1) => void;
  readonly onLeave: () => void;
}

export function SearchBox(props: Props): ReactNode {
  const { text, error, tree, focus, matches, selected, input, onChange, onStep, onLeave } = props;
  const wrong = error !== "";
  return (
    <div className={`search ${wrong ? "is-wrong" : ""}`} role="search">
      <SearchIcon />
      <input
        ref={input}
        type="text"
        aria-label="Search functions"
        aria-invalid={wrong}
        aria-describedby="search-result"
        placeholder="Search functions, or /regex/"
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        value={text}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") {
            event.preventDefault();
            onStep(event.shiftKey ? -1 : 1);
          } else if (event.key === "Escape") {
            event.stopPropagation();
            if (text === "") {
              onLeave();
            } else {
              onChange("");
            }
          }
        }}
      />
      {text !== "" && (
        <span className="search-result" id="search-result" role="status">
          {wrong ? (
            error
          ) : (
            <Result tree={tree} focus={focus} matches={matches} selected={selected} />
          )}
        </span>
      )}
      {text !== "" && (
        <>
          <button
            type="button"
            className="quiet"
            aria-label="Previous match"
            title="Previous match (N)"
            disabled={matches === undefined || matches.nodes.length === 0}
            onClick={() => onStep(-1)}
          >
            <LeftIcon />
          </button>
          <button
            type="button"
            className="quiet"
            aria-label="Next match"
            title="Next match (n)"
            disabled={matches === undefined || matches.nodes.length === 0}
            onClick={() => onStep(1)}
          >
            <RightIcon />
          </button>
          <button
            type="button"
            className="quiet"
            aria-label="Clear the search"
            title="Clear the search (Esc)"
            onClick={() => onChange("")}
          >
            <CloseIcon />
          </button>
        </>
      )}
    </div>
  );
}

function Result({
  tree,
  focus,
  matches,
  selected,
}: Pick<Props, "tree" | "focus" | "matches" | "selected">): ReactNode {
  const [share, ofFocus] = useMemo(
    () =>
      tree === undefined || matches === undefined
        ? [0, 0]
        : [matchedTotal(tree, matches, 0), matchedTotal(tree, matches, focus)],
    [tree, matches, focus],
  );
  if (tree === undefined || matches === undefined) {
    return null;
  }
  const count = matches.nodes.length;
  if (count === 0) {
    return "no match";
  }
  // What is hidden may match as well: then the share is the least it can be.
  const atLeast = tree.hiddenCount > 0 && share < tree.total[0] ? "≥ " : "";
  const place = matchIndex(matches, selected);
  return (
    <>
      <strong title={atLeast === "" ? undefined : "Hidden frames may match as well"}>
        {atLeast}
        {formatShare(share, tree.total[0])}
      </strong>
      {" of total"}
      {focus > 0 && `, ${formatShare(ofFocus, tree.total[focus])} of focus`}
      <span className="search-count">
        {place >= 0 ? `${groupDigits(place + 1)} / ` : ""}
        {groupDigits(count)}
      </span>
    </>
  );
}
