import { type ReactNode, useEffect, useId, useRef, useState } from "react";

interface Props {
  readonly label: string;
  readonly button: ReactNode;
  readonly className?: string;
  readonly align?: "start" | "end";
  /** The content; `close` shuts the popover and gives the focus back to its button. */
  readonly children: (close: () => void) => ReactNode;
}

/** A button that shows something beneath itself until Escape, a choice or a click elsewhere. */
export function Popover({
  label,
  button,
  className = "",
  align = "start",
  children,
}: Props): ReactNode {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open) {
      return undefined;
    }
    const onPointer = (event: PointerEvent): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) {
        setOpen(false);
      }
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape") {
        event.stopPropagation();
        setOpen(false);
        opener.current?.focus();
      }
    };
    document.addEventListener("pointerdown", onPointer);
    document.addEventListener("keydown", onKey, true);
    return () => {
      document.removeEventListener("pointerdown", onPointer);
      document.removeEventListener("keydown", onKey, true);
    };
  }, [open]);

  const close = (): void => {
    setOpen(false);
    opener.current?.focus();
  };

  return (
    <div
      className={`popover-anchor ${className}`}
      ref={root}
      onBlur={(event) => {
        const next = event.relatedTarget;
        if (next instanceof Node && root.current?.contains(next) !== true) {
          setOpen(false);
        }
      }}
    >
      <button
        ref={opener}
        type="button"
        className="control"
        aria-label={label}
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      {open && (
        <div id={id} className={`popover popover-${align}`} role="dialog" aria-label={label}>
          {children(close)}
        </div>
      )}
    </div>
  );
}
