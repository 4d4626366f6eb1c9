import { type ReactNode, useEffect, useRef } from "react";
import { CloseIcon } from "./icons.tsx";

const KEYS: readonly (readonly [string, string])[] = [
  ["/", "Search functions"],
  ["n  N", "Next, previous match"],
  ["↑ ↓ ← →", "Walk from frame to frame (in the flame graph)"],
  ["Home  End", "First, last frame of the row"],
  ["Enter", "Zoom to the selected frame or function"],
  ["Backspace", "Zoom out to the caller"],
  ["Esc", "Reset the zoom, clear the search"],
  ["r", "Refresh now"],
  ["l", "Live refresh on or off"],
  ["v", "Graph, table or both"],
  ["t", "Light, dark or the system's theme"],
  ["?", "This help"],
];

export function HelpDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-title" onClose={onClose}>
      <header>
        <h2 id="help-title">Keys and reading aids</h2>
        <button
          type="button"
          className="quiet"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          <CloseIcon />
        </button>
      </header>
      <dl className="keys">
        {KEYS.map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>
              {keys.split(/ +/).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <ul className="help-notes">
        <li>
          The width of a frame is the CPU time, or what else was chosen, of the stacks through it:
          callers above, callees beneath. Its order from left to right is by cost, not by time.
        </li>
        <li>
          Search finds parts of names, <code>/regular expressions/</code> and{" "}
          <code>&quot;exactly this name&quot;</code>. The share counts nested matches once.
        </li>
        <li>
          Hatched boxes stand for frames too small to be sent; widths stay true, and a click loads
          more of them.
        </li>
        <li>
          A notch in the corner of a frame: the compiler put its code into that of its caller.
        </li>
        <li>The address of the page holds the whole view: copy it to share what you see.</li>
        <li>
          <a href="assets/licences.txt" target="_blank" rel="noreferrer">
            Licences of what this page is built with
          </a>
        </li>
      </ul>
    </dialog>
  );
}
