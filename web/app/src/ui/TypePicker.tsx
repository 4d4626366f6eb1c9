import type { ReactNode } from "react";
import type { ProfileType } from "../api/client.ts";
import { DownIcon } from "./icons.tsx";
import { Popover } from "./Popover.tsx";

interface Props {
  readonly types: readonly ProfileType[];
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

const TITLES: Readonly<Record<string, string>> = {
  "process_cpu:cpu:nanoseconds": "CPU time",
  "process_cpu:samples:count": "CPU samples",
  "memory:alloc_space:bytes": "Allocated bytes",
  "memory:alloc_objects:count": "Allocated objects",
  "memory:inuse_space:bytes": "Live heap bytes",
  "memory:inuse_objects:count": "Live heap objects",
  "off_cpu:off_cpu:nanoseconds": "Off-CPU time",
  "mutex:delay:nanoseconds": "Lock delay",
  "block:delay:nanoseconds": "Blocking delay",
};

/** What a profile type is called; its id where we know no better name. */
export function titleOf(id: string): string {
  const [name = "", sampleType = "", sampleUnit = ""] = id.split(":");
  return TITLES[`${name}:${sampleType}:${sampleUnit}`] ?? `${name}: ${sampleType}`;
}

export function TypePicker({ types, chosen, onChoose }: Props): ReactNode {
  const known = types.some(({ id }) => id === chosen);
  const ids = known ? types.map(({ id }) => id) : [chosen, ...types.map(({ id }) => id)];
  return (
    <Popover
      label={`Profile type: ${titleOf(chosen)}`}
      className="type-picker"
      button={
        <>
          <span className="cut">{titleOf(chosen)}</span>
          <DownIcon />
        </>
      }
    >
      {(close) => (
        <ul className="menu">
          {ids.map((id) => (
            <li key={id}>
              <button
                type="button"
                className="menu-item"
                aria-current={id === chosen}
                onClick={() => {
                  onChoose(id);
                  close();
                }}
              >
                <span>{titleOf(id)}</span>
                <small>{id}</small>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Popover>
  );
}
