import { type ReactNode, useId } from "react";

interface Props<T extends string> {
  readonly label: string;
  readonly visibleLabel?: boolean;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly chosen: T;
  readonly onChoose: (value: T) => void;
}

/** One choice among a few, all of them in sight. */
export function Segments<T extends string>(props: Props<T>): ReactNode {
  const { label, visibleLabel = false, options, chosen, onChoose } = props;
  const id = useId();
  return (
    <div className="segments" role="group" aria-labelledby={id}>
      <span id={id} className={visibleLabel ? "segments-label" : "only-spoken"}>
        {label}
      </span>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === chosen}
          onClick={() => onChoose(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
