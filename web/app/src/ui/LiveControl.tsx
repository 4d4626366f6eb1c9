import type { ReactNode } from "react";
import type { RefreshStatus } from "../state/useRefresh.ts";
import { REFRESH_CHOICES } from "../state/view.ts";
import { DownIcon, RefreshIcon } from "./icons.tsx";
import { Popover } from "./Popover.tsx";

interface Props {
  readonly seconds: number;
  readonly status: RefreshStatus;
  readonly loading: boolean;
  readonly onRefresh: () => void;
  readonly onChoose: (seconds: number) => void;
}

const TEXTS: Readonly<Record<RefreshStatus, string>> = {
  off: "Static",
  running: "Live",
  paused: "Paused",
  hidden: "Paused",
};

const REASONS: Readonly<Record<RefreshStatus, string>> = {
  off: "The view does not refresh by itself",
  running: "The view refreshes by itself",
  paused: "Paused while you point at the profile",
  hidden: "Paused in the background",
};

export function LiveControl({ seconds, status, loading, onRefresh, onChoose }: Props): ReactNode {
  return (
    <div className="live-control" role="group" aria-label="Refresh">
      <Popover
        label={`Refresh: ${TEXTS[status]}. ${REASONS[status]}`}
        align="end"
        button={
          <>
            <i className={`live-dot is-${status}`} aria-hidden="true" />
            <span className="live-text" title={REASONS[status]}>
              {TEXTS[status]}
            </span>
            <DownIcon />
          </>
        }
      >
        {(close) => (
          <ul className="menu">
            {REFRESH_CHOICES.map((choice) => (
              <li key={choice}>
                <button
                  type="button"
                  className="menu-item"
                  aria-current={choice === seconds}
                  onClick={() => {
                    onChoose(choice);
                    close();
                  }}
                >
                  {choice === 0 ? "Never refresh" : `Every ${choice} s`}
                </button>
              </li>
            ))}
            <li className="menu-note">
              Live while the range ends now. Paused while you point at the profile and in the
              background.
            </li>
          </ul>
        )}
      </Popover>
      <button
        type="button"
        className={`control square ${loading ? "is-busy" : ""}`}
        aria-label="Refresh now"
        title="Refresh now (r)"
        onClick={onRefresh}
      >
        <RefreshIcon />
      </button>
    </div>
  );
}
