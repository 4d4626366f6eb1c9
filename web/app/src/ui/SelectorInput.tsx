import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { fetchLabelNames, fetchLabelValues, serverNow } from "../api/client.ts";
import { OPERATORS, completionAt, quote, withBraces, withoutBraces } from "../state/selector.ts";
import { type TimeRange, spanOf } from "../state/time.ts";
import { visibleText } from "@emberscope/flame-core/pure";
import { CloseIcon } from "./icons.tsx";

interface Props {
  /** With braces. */
  readonly selector: string;
  readonly range: TimeRange;
  /** What the server has against the selector in force. */
  readonly error: string | undefined;
  readonly onChange: (selector: string) => void;
}

interface Option {
  readonly label: string;
  readonly note: string;
  /** The text that replaces what lies between `from` and `to`. */
  readonly insert: string;
  readonly from: number;
  readonly to: number;
  /** Whether the matcher is whole with it, so that it can take effect. */
  readonly completes: boolean;
}

interface Offer {
  readonly options: readonly Option[];
  readonly note: string;
}

const VALUES_MAX = 100;
const TYPING_MILLIS = 80;
const NO_OFFER: Offer = { options: [], note: "" };
/** Labels that people look for first. */
const NAMES_FIRST = ["service_name", "executable", "namespace", "pod", "container", "node"];

/** A label selector that completes names, operators and values as it is typed. */
export function SelectorInput({ selector, range, error, onChange }: Props): ReactNode {
  const committed = withoutBraces(selector);
  const [text, setText] = useState(committed);
  const [cursor, setCursor] = useState(0);
  const [open, setOpen] = useState(false);
  const [offer, setOffer] = useState(NO_OFFER);
  const [active, setActive] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();

  useEffect(() => setText(committed), [committed]);

  useEffect(() => {
    if (!open) {
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      offerFor(text, cursor, range, abort.signal).then(
        (next) => {
          if (!abort.signal.aborted) {
            setOffer(next);
            setActive(-1);
          }
        },
        () => {
          if (!abort.signal.aborted) {
            setOffer({ ...NO_OFFER, note: "The server offers no completion right now." });
          }
        },
      );
    }, TYPING_MILLIS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [open, text, cursor, range]);

  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const commit = (value: string): void => {
    setOpen(false);
    onChange(withBraces(value));
  };

  const accept = (option: Option): void => {
    const before = text.slice(0, option.from);
    const after = text.slice(option.to);
    const next = before + option.insert + after;
    const place = before.length + option.insert.length;
    setText(next);
    setCursor(place);
    setOffer(NO_OFFER);
    setActive(-1);
    input.current?.focus();
    requestAnimationFrame(() => input.current?.setSelectionRange(place, place));
    if (option.completes) {
      commit(next);
    }
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const { options } = offer;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        event.preventDefault();
        setOpen(true);
        const step = event.key === "ArrowDown" ? 1 : -1;
        const count = options.length;
        if (count > 0) {
          setActive(active < 0 && step < 0 ? count - 1 : (active + step + count) % count);
        }
        return;
      }
      case "Tab":
      case "Enter": {
        const option = open && !event.shiftKey ? options[active] : undefined;
        if (option !== undefined) {
          event.preventDefault();
          accept(option);
        } else if (event.key === "Enter") {
          commit(text);
        }
        return;
      }
      case "Escape":
        event.stopPropagation();
        if (open && options.length > 0) {
          setOpen(false);
        } else {
          setText(committed);
          input.current?.blur();
        }
    }
  };

  const track = (): void => setCursor(input.current?.selectionStart ?? text.length);
  const shown = open && (offer.options.length > 0 || offer.note !== "");

  return (
    <div className="selector">
      <div className={`selector-field ${error === undefined ? "" : "is-wrong"}`}>
        <span className="brace" aria-hidden="true">
          {"{"}
        </span>
        <input
          ref={input}
          type="text"
          role="combobox"
          aria-label="Label selector"
          aria-autocomplete="list"
          aria-expanded={shown}
          aria-controls={`${id}-list`}
          aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
          aria-invalid={error !== undefined}
          aria-describedby={error === undefined ? undefined : `${id}-error`}
          placeholder={'filter by label, as in service_name="checkout"'}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          autoCorrect="off"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setCursor(event.target.selectionStart ?? event.target.value.length);
            setOpen(true);
          }}
          onFocus={() => {
            track();
            setOpen(true);
          }}
          onClick={() => {
            track();
            setOpen(true);
          }}
          onKeyUp={track}
          onKeyDown={onKeyDown}
          onBlur={() => {
            setOpen(false);
            if (withBraces(text) !== withBraces(committed)) {
              commit(text);
            }
          }}
        />
        <span className="brace" aria-hidden="true">
          {"}"}
        </span>
        {text !== "" && (
          <button
            type="button"
            className="quiet"
            aria-label="Clear the selector"
            onClick={() => {
              setText("");
              commit("");
            }}
          >
            <CloseIcon />
          </button>
        )}
      </div>
      {error !== undefined && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
      <div className={`popover completions ${shown ? "" : "is-hidden"}`}>
        <div className="menu" id={`${id}-list`} role="listbox" aria-label="Completions" ref={list}>
          {offer.options.map((option, at) => (
            // oxlint-disable-next-line jsx-a11y/interactive-supports-focus -- the input keeps it
            <div
              key={`${option.from}:${option.insert}`}
              id={`${id}-${at}`}
              role="option"
              aria-selected={at === active}
              className="menu-item menu-row"
              // The input must not lose the focus, or the list is gone before the click.
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => accept(option)}
            >
              <code>{visibleText(option.label)}</code>
              <small>{option.note}</small>
            </div>
          ))}
        </div>
        {offer.note !== "" && <p className="menu-note">{offer.note}</p>}
      </div>
    </div>
  );
}

async function offerFor(
  text: string,
  cursor: number,
  range: TimeRange,
  signal: AbortSignal,
): Promise<Offer> {
  const completion = completionAt(text, cursor);
  const span = spanOf(range, serverNow());
  switch (completion.kind) {
    case "nothing":
      return NO_OFFER;
    case "operator":
      return {
        options: operatorOptions(completion.prefix, completion.from, completion.to),
        note: "",
      };
    case "name": {
      const names = await fetchLabelNames(completion.others, span, signal);
      const prefix = completion.prefix.toLowerCase();
      const options = names
        .filter((name) => name.toLowerCase().includes(prefix) && name !== completion.prefix)
        .toSorted((a, b) => rank(a, prefix) - rank(b, prefix) || a.localeCompare(b))
        .map((name) => ({
          label: name,
          note: "label",
          insert: `${name}=`,
          from: completion.from,
          to: completion.to,
          completes: false,
        }));
      return {
        options,
        note: names.length === 0 ? "No labels in this time range." : "",
      };
    }
    case "value": {
      const { name, prefix, others } = completion;
      const query = { name, prefix, selector: others, limit: VALUES_MAX };
      const { values, truncated } = await fetchLabelValues(query, span, signal);
      const notes = [
        values.length === 0 ? `No value of ${name} begins so in this time range.` : "",
        truncated ? `The first ${VALUES_MAX} are shown: type to narrow them down.` : "",
      ];
      return {
        options: [
          ...values.map((value) => ({
            label: value,
            note: name,
            insert: quote(value),
            from: completion.from,
            to: completion.to,
            completes: true,
          })),
          // Before anything is typed of the value, another operator is as near as a value.
          ...(completion.from === completion.to
            ? operatorOptions("", completion.operatorFrom, completion.from).slice(1)
            : []),
        ],
        note: notes.filter((note) => note !== "").join(" "),
      };
    }
  }
}

function operatorOptions(prefix: string, from: number, to: number): Option[] {
  return OPERATORS.filter(({ operator }) => operator.startsWith(prefix)).map(
    ({ operator, meaning }) => ({
      label: operator,
      note: meaning,
      insert: operator,
      from,
      to,
      completes: false,
    }),
  );
}

function rank(name: string, prefix: string): number {
  const first = NAMES_FIRST.indexOf(name);
  return (name.toLowerCase().startsWith(prefix) ? 0 : 100) + (first < 0 ? 50 : first);
}
