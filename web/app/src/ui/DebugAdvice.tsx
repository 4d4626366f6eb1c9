import type { ReactNode } from "react";

/**
 * How the functions and lines of a binary become known.
 *
 * @param what is missing
 */
export function DebugAdvice({
  what,
  buildId,
}: {
  readonly what: "names" | "lines";
  readonly buildId: string;
}): ReactNode {
  if (buildId === "" && what === "lines") {
    return (
      <p>
        Lines come with debug information, which is found by a build id. This function has none, or
        is in several builds.
      </p>
    );
  }
  if (buildId === "") {
    return (
      <p>
        This code has no build id, which is what debug information is found by. Programs have one if
        they are linked with <code>-Wl,--build-id</code>; code that a program makes at run time has
        none.
      </p>
    );
  }
  return (
    <>
      <p>
        {what === "names"
          ? "Names come with its debug information:"
          : "Lines come with its debug information, as far as that has them:"}
      </p>
      <ul>
        <li>
          <code>./emberscope debuginfo upload FILE</code>, where FILE is the binary before it was
          stripped, or its separate debug file;
        </li>
        <li>
          or start the server with <code>--debuginfod URL</code>, such as your distribution&apos;s.
        </li>
      </ul>
      <p>What is stored already gets them too.</p>
    </>
  );
}
