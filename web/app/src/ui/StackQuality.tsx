import { fileName, groupDigits, visibleText } from "@emberscope/flame-core/pure";
import type { ReactNode } from "react";
import type { StackQuality as Answer, UnnamedCode } from "../api/client.ts";
import { formatShare, formatValue, formatWhole, timeOf } from "../format.ts";
import type { Quality } from "../state/useQuality.ts";
import { DebugAdvice } from "./DebugAdvice.tsx";
import { DownIcon } from "./icons.tsx";
import { Popover } from "./Popover.tsx";

/** How many stacks reach their root, in a line; where and why the others end, beneath it. */
export function StackQuality({ quality }: { readonly quality: Quality | undefined }): ReactNode {
  if (quality === undefined) {
    return <p className="summary-quality">&nbsp;</p>;
  }
  if (quality instanceof Error) {
    return (
      <p className="summary-quality" title={quality.message}>
        stacks not judged: no answer
      </p>
    );
  }
  if (!(quality.total > 0)) {
    return <p className="summary-quality">&nbsp;</p>;
  }
  const text = summaryOf(quality);
  return (
    <Popover
      label={`Stack quality: ${text}`}
      className="summary-quality"
      button={
        <>
          <span>{text}</span>
          <DownIcon />
        </>
      }
    >
      {() => <Account quality={quality} />}
    </Popover>
  );
}

/** The line on the page. */
export function summaryOf({ complete, total, unnamed }: Answer): string {
  const whole =
    complete === total ? "all stacks whole" : `${formatWhole(complete, total)} of stacks whole`;
  return unnamed.value > 0 ? `${whole}, ${formatShare(unnamed.value, total)} unnamed` : whole;
}

function Account({ quality }: { readonly quality: Answer }): ReactNode {
  const { type, unit, total, complete, reasons, binaries, binaryCount, unnamed } = quality;
  const what = `${formatValue(total, unit)}${timeOf(unit, type)}`;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls by keys
    <div className="quality" tabIndex={0}>
      <p className="quality-lead">
        {complete === total
          ? `All of ${what} is in stacks that reach their root.`
          : `${formatWhole(complete, total)} of ${what} is in stacks that reach their root.`}
      </p>
      {reasons.length > 0 && (
        <>
          <p className="quality-note">
            The others end early, beneath a frame <code>[truncated]</code>: what called them is
            missing, their own time is not.
          </p>
          <h2>Why</h2>
          <ul className="quality-reasons">
            {reasons.map(({ reason, value, meaning, help }) => (
              <li key={reason}>
                <span className="quality-share">{formatShare(value, total)}</span>
                <div>
                  <strong>{visibleText(reason)}</strong>
                  {meaning !== "" && <p className="quality-meaning">{prose(meaning)}</p>}
                  {help !== "" && <p>{prose(help)}</p>}
                </div>
              </li>
            ))}
          </ul>
          <h2>Where</h2>
          <table className="quality-binaries">
            <thead>
              <tr>
                <th scope="col">Walk ended in</th>
                <th scope="col">of all</th>
                <th scope="col" title="Of all stacks that the binary is on">
                  of its stacks
                </th>
              </tr>
            </thead>
            <tbody>
              {binaries.map((row) => (
                <tr key={row.binary}>
                  <th scope="row" title={binaryTitle(row)}>
                    {row.binary === "" ? "no binary" : visibleText(fileName(row.binary))}
                  </th>
                  <td>{formatShare(row.cut, total)}</td>
                  <td>{formatShare(row.cut, row.total)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {binaryCount > binaries.length && (
            <p className="quality-note">
              and {binaryCount - binaries.length} more: <code>./emberscope query quality</code>
            </p>
          )}
        </>
      )}
      {unnamed.value > 0 && <Unnamed unnamed={unnamed} total={total} />}
      <p className="quality-note">
        Stacks from profilers that do not mark what they cut count as whole.
      </p>
    </div>
  );
}

/** Which binaries have code without names, and what to do. */
function Unnamed({
  unnamed: { value, binaries, binaryCount },
  total,
}: {
  readonly unnamed: UnnamedCode;
  readonly total: number;
}): ReactNode {
  return (
    <>
      <h2>Without names</h2>
      <p className="quality-meaning">
        {formatShare(value, total)} is in code of which no function is known.
      </p>
      <table className="quality-binaries quality-unnamed">
        <thead>
          <tr>
            <th scope="col">Binary, build id</th>
            <th scope="col">of all</th>
            <th scope="col" title="How many addresses that is">
              places
            </th>
          </tr>
        </thead>
        <tbody>
          {binaries.map((row) => (
            <tr key={`${row.binary}\n${row.buildId}`}>
              <th scope="row" title={visibleText(row.binary)}>
                {row.binary === "" ? "no binary" : visibleText(fileName(row.binary))}
                {row.buildId !== "" && <code>{visibleText(row.buildId)}</code>}
              </th>
              <td>{formatShare(row.value, total)}</td>
              <td>{groupDigits(row.addresses)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {binaryCount > binaries.length && (
        <p className="quality-note">
          and {binaryCount - binaries.length} more: <code>./emberscope query quality</code>
        </p>
      )}
      <div className="quality-advice">
        <DebugAdvice
          what="names"
          buildId={binaries.find(({ buildId }) => buildId !== "")?.buildId ?? ""}
        />
      </div>
    </>
  );
}

/** A sentence in which options, such as -XX:+PreserveFramePointer, stay in one piece. */
function prose(sentence: string): ReactNode {
  const text = visibleText(sentence);
  const parts: ReactNode[] = [];
  let end = 0;
  for (const { 0: option, index } of text.matchAll(/(?<!\S)-\S+/g)) {
    parts.push(text.slice(end, index));
    parts.push(
      <span key={index} className="quality-option">
        {option}
      </span>,
    );
    end = index + option.length;
  }
  return [...parts, text.slice(end)];
}

function binaryTitle({ binary, reasons }: Answer["binaries"][number]): string {
  return [visibleText(binary), ...reasons.map(({ reason }) => visibleText(reason))]
    .filter((line) => line !== "")
    .join("\n");
}
