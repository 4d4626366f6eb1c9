import { type ReactNode, useId, useState } from "react";
import { serverNow } from "../api/client.ts";
import {
  PRESETS,
  type TimeRange,
  describeRange,
  fixedRange,
  lastMillis,
  shift,
  spanOf,
  toInputValue,
  zoomOut,
} from "../state/time.ts";
import { ClockIcon, DownIcon, LeftIcon, RightIcon, UndoIcon, ZoomOutIcon } from "./icons.tsx";
import { Popover } from "./Popover.tsx";

interface Props {
  readonly range: TimeRange;
  readonly canGoBack: boolean;
  readonly onChange: (range: TimeRange) => void;
  readonly onBack: () => void;
}

export function TimeControl({ range, canGoBack, onChange, onBack }: Props): ReactNode {
  return (
    <div className="time-control" role="group" aria-label="Time range">
      <button
        type="button"
        className="control square"
        aria-label="Back to the previous view"
        title="Back to the previous view"
        disabled={!canGoBack}
        onClick={onBack}
      >
        <UndoIcon />
      </button>
      <button
        type="button"
        className="control square"
        aria-label="Earlier by half the range"
        title="Earlier by half the range"
        onClick={() => onChange(shift(range, -1, serverNow()))}
      >
        <LeftIcon />
      </button>
      <Popover
        label={`Time range: ${describeRange(range)}`}
        className="range-picker"
        align="end"
        button={
          <>
            <ClockIcon />
            <span className="cut">{describeRange(range)}</span>
            <DownIcon />
          </>
        }
      >
        {(close) => (
          <RangeForm
            range={range}
            onChoose={(next) => {
              onChange(next);
              close();
            }}
          />
        )}
      </Popover>
      <button
        type="button"
        className="control square"
        aria-label="Later by half the range"
        title="Later by half the range"
        disabled={range.to.kind === "relative"}
        onClick={() => onChange(shift(range, 1, serverNow()))}
      >
        <RightIcon />
      </button>
      <button
        type="button"
        className="control square"
        aria-label="Zoom out to twice the time"
        title="Zoom out to twice the time"
        onClick={() => onChange(zoomOut(range, serverNow()))}
      >
        <ZoomOutIcon />
      </button>
    </div>
  );
}

function RangeForm({
  range,
  onChoose,
}: {
  readonly range: TimeRange;
  readonly onChoose: (range: TimeRange) => void;
}): ReactNode {
  const span = spanOf(range, serverNow());
  const [from, setFrom] = useState(() => toInputValue(span.fromMillis));
  const [to, setTo] = useState(() => toInputValue(span.toMillis));
  const [error, setError] = useState("");
  const id = useId();
  const apply = (): void => {
    const fromMillis = new Date(from).getTime();
    const toMillis = new Date(to).getTime();
    if (Number.isNaN(fromMillis) || Number.isNaN(toMillis)) {
      setError("Both ends need a date and a time.");
    } else if (fromMillis >= toMillis) {
      setError("The start has to be before the end.");
    } else {
      onChoose(fixedRange(fromMillis, toMillis));
    }
  };
  return (
    <div className="range-form">
      <ul className="menu">
        {PRESETS.map(({ label, millis }) => (
          <li key={label}>
            <button
              type="button"
              className="menu-item"
              aria-current={describeRange(range) === label}
              onClick={() => onChoose(lastMillis(millis))}
            >
              {label}
            </button>
          </li>
        ))}
      </ul>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          apply();
        }}
      >
        <label htmlFor={`${id}-from`}>From</label>
        <input
          id={`${id}-from`}
          type="datetime-local"
          step="1"
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        />
        <label htmlFor={`${id}-to`}>To</label>
        <input
          id={`${id}-to`}
          type="datetime-local"
          step="1"
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
        {error !== "" && (
          <p className="field-error" role="alert">
            {error}
          </p>
        )}
        <button type="submit" className="control primary">
          Apply
        </button>
        <p className="form-note">Local time. Dragging over the timeline chooses a range, too.</p>
      </form>
    </div>
  );
}
