import { useEffect, useRef, useState } from "react";

export type RefreshStatus = "off" | "running" | "paused" | "hidden";

/**
 * Calls `refresh` so many seconds after the last answer, but not while the page is in the background
 * nor while `paused`: what a person looks at must not change under the pointer.
 */
export function useRefresh(
  seconds: number,
  live: boolean,
  paused: boolean,
  loading: boolean,
  loadedMillis: number,
  refresh: () => void,
): RefreshStatus {
  const [visible, setVisible] = useState(() => document.visibilityState === "visible");
  useEffect(() => {
    const onChange = (): void => setVisible(document.visibilityState === "visible");
    document.addEventListener("visibilitychange", onChange);
    return () => document.removeEventListener("visibilitychange", onChange);
  }, []);
  const latest = useRef(refresh);
  useEffect(() => {
    latest.current = refresh;
  });

  const off = seconds === 0 || !live;
  useEffect(() => {
    if (off || paused || !visible || loading || loadedMillis === 0) {
      return undefined;
    }
    const due = loadedMillis + seconds * 1000 - Date.now();
    const timer = setTimeout(() => latest.current(), Math.max(0, due));
    return () => clearTimeout(timer);
  }, [off, seconds, paused, visible, loading, loadedMillis]);

  if (off) {
    return "off";
  }
  if (!visible) {
    return "hidden";
  }
  return paused ? "paused" : "running";
}
