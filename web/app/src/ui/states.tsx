import { type ReactNode, useEffect, useState } from "react";
import {
  RefusedError,
  type Scope,
  UnreachableError,
  fetchSeries,
  serverNow,
} from "../api/client.ts";
import { type Span, type TimeRange, fixedRange, formatClock, lastMillis } from "../state/time.ts";
import { sampledSpan, stepOf } from "../state/useProfile.ts";

export function LoadingState(): ReactNode {
  return (
    <div className="state is-loading" role="status">
      <div className="skeleton" aria-hidden="true">
        {[100, 100, 86, 61, 58, 40, 22].map((share, at) => (
          // oxlint-disable-next-line react/no-array-index-key -- the rows never change
          <i key={at} style={{ width: `${share}%` }} />
        ))}
      </div>
      <p className="only-spoken">Loading the profile</p>
    </div>
  );
}

const RETRY_SECONDS = 5;

export function FailedState({
  error,
  onRetry,
}: {
  readonly error: Error;
  readonly onRetry: () => void;
}): ReactNode {
  const refused = error instanceof RefusedError;
  const unreachable = error instanceof UnreachableError;
  useEffect(() => {
    if (refused && error.status < 500) {
      return undefined;
    }
    const timer = setTimeout(onRetry, RETRY_SECONDS * 1000);
    return () => clearTimeout(timer);
  }, [error, refused, onRetry]);
  return (
    <div className="state" role="alert">
      <h2>{unreachable ? "The server does not answer" : "The profile could not be loaded"}</h2>
      <p className="state-detail">
        <code>{error.message}</code>
      </p>
      {unreachable && (
        <p>
          Is it running? <code>./emberscope up</code> starts server and collector on a machine,{" "}
          <code>./emberscope server</code> the server alone. This page tries again every{" "}
          {RETRY_SECONDS} seconds.
        </p>
      )}
      {refused && error.message.startsWith("selector") && (
        <p>Correct the label selector above, or clear it to see everything.</p>
      )}
      <div className="state-actions">
        <button type="button" className="control primary" onClick={onRetry}>
          Try again
        </button>
      </div>
    </div>
  );
}

interface EmptyProps {
  readonly scope: Scope;
  readonly hasTypes: boolean;
  readonly onRange: (range: TimeRange) => void;
  readonly onClearSelector: () => void;
}

const LATEST_SPAN_MILLIS = 7 * 86_400_000;
const LATEST_LENGTH_MILLIS_MIN = 15 * 60_000;

export function EmptyState({ scope, hasTypes, onRange, onClearSelector }: EmptyProps): ReactNode {
  const latest = useLatest(scope);
  const filtered = scope.selector !== "{}";
  if (!hasTypes) {
    return (
      <div className="state" role="status">
        <h2>No profiles yet</h2>
        <p>The server is up and waits for its first samples:</p>
        <ul>
          <li>
            <code>sudo ./emberscope up</code> profiles the machine that the server runs on,
          </li>
          <li>
            <code>sudo ./emberscope collect</code> profiles another one and sends to this server.
          </li>
        </ul>
        <p>
          If a collector runs already, its first window arrives within 20 seconds.{" "}
          <code>./emberscope doctor</code> tells what it may lack. This page looks again by itself.
        </p>
      </div>
    );
  }
  return (
    <div className="state" role="status">
      <h2>Nothing was sampled here</h2>
      <p>
        {formatClock(scope.span.fromMillis)} –{" "}
        {formatClock(scope.span.toMillis, scope.span.fromMillis)}
        {filtered ? (
          <>
            {" "}
            has no samples for <code>{scope.selector}</code>.
          </>
        ) : (
          " has no samples of this type. Was the collector running?"
        )}
      </p>
      <div className="state-actions">
        {latest !== undefined && (
          <button
            type="button"
            className="control primary"
            onClick={() => onRange(fixedRange(latest.fromMillis, latest.toMillis))}
          >
            Go to the latest samples ({formatClock(latest.toMillis)})
          </button>
        )}
        {filtered && (
          <button type="button" className="control" onClick={onClearSelector}>
            Clear the selector
          </button>
        )}
        <button type="button" className="control" onClick={() => onRange(lastMillis(86_400_000))}>
          Last 24 hours
        </button>
      </div>
    </div>
  );
}

/** The latest step of the last days with samples for the same selector, if there is any. */
function useLatest(scope: Scope): Span | undefined {
  const [latest, setLatest] = useState<Span | undefined>(undefined);
  const { type, selector } = scope;
  useEffect(() => {
    const abort = new AbortController();
    const now = serverNow();
    const span = { fromMillis: now - LATEST_SPAN_MILLIS, toMillis: now };
    setLatest(undefined);
    fetchSeries({ type, selector, span }, stepOf(span), abort.signal).then(
      (series) => {
        const sampled = sampledSpan(series);
        if (sampled !== undefined) {
          const length = Math.max(series.stepMillis, LATEST_LENGTH_MILLIS_MIN);
          const toMillis = Math.min(now, sampled.toMillis);
          setLatest({ fromMillis: toMillis - length, toMillis });
        }
      },
      () => {
        // Then there is one button less.
      },
    );
    return () => abort.abort();
  }, [type, selector]);
  return latest;
}
