import type { ReactNode } from "react";
import { formatRate, formatSpan, formatValue, timeOf } from "../format.ts";
import { formatClock } from "../state/time.ts";
import { type Profile, sampledMillis, sampledSpan } from "../state/useProfile.ts";
import { useQuality } from "../state/useQuality.ts";
import { StackQuality } from "./StackQuality.tsx";

/** Below this share of the range with samples, the page says what the average is over. */
const COVERED_SHARE = 0.95;

/** The total of the profile, and what it is the total of. */
export function Summary({
  profile,
  loading,
}: {
  readonly profile: Profile | undefined;
  readonly loading: boolean;
}): ReactNode {
  const quality = useQuality(profile);
  if (profile === undefined) {
    return (
      <div className="summary" aria-busy={loading}>
        <p className="summary-rate is-blank">&nbsp;</p>
        <p>&nbsp;</p>
        <p className="summary-window">&nbsp;</p>
        <p className="summary-quality">&nbsp;</p>
      </div>
    );
  }
  const { tree, scope, series } = profile;
  const { fromMillis, toMillis } = scope.span;
  const total = tree.total[0];
  const sampled = series === undefined ? undefined : sampledSpan(series);
  const millis = sampledMillis(profile);
  const partly = sampled !== undefined && millis < COVERED_SHARE * (toMillis - fromMillis);
  return (
    <div className="summary">
      <p className="summary-rate">
        <strong>{formatRate(total, millis, tree.unit, tree.type)}</strong>
        <span> on average</span>
      </p>
      <p>
        {formatValue(total, tree.unit)}
        {timeOf(tree.unit, tree.type)} in {formatSpan(millis)}
      </p>
      <p
        className="summary-window"
        title={
          partly
            ? `Asked for ${formatClock(fromMillis)} – ${formatClock(toMillis)}; the average is over the part that has samples`
            : undefined
        }
      >
        {partly
          ? `samples ${windowText(sampled.fromMillis, sampled.toMillis)}`
          : windowText(fromMillis, toMillis)}
      </p>
      <StackQuality quality={quality} />
    </div>
  );
}

const MINUTE = 60_000;

/** Seconds are left out where they say nothing. */
function windowText(fromMillis: number, toMillis: number): string {
  const round = toMillis - fromMillis >= 30 * MINUTE;
  const from = round ? Math.floor(fromMillis / MINUTE) * MINUTE : fromMillis;
  const to = round ? Math.floor(toMillis / MINUTE) * MINUTE : toMillis;
  return `${formatClock(from)} – ${formatClock(to, from)}`;
}
