import { useCallback, useEffect, useState } from "react";

export type ThemeChoice = "system" | "light" | "dark";

const KEY = "emberscope.theme";
const DARK = "(prefers-color-scheme: dark)";

function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
    return "system";
  }
}

/** The theme chosen and the one in force. `public/theme.js` applies the choice before first paint. */
export function useTheme(): {
  choice: ThemeChoice;
  theme: "light" | "dark";
  choose: (choice: ThemeChoice) => void;
} {
  const [choice, setChoice] = useState(stored);
  const [systemDark, setSystemDark] = useState(() => matchMedia(DARK).matches);
  useEffect(() => {
    const media = matchMedia(DARK);
    const onChange = (): void => setSystemDark(media.matches);
    media.addEventListener("change", onChange);
    return () => media.removeEventListener("change", onChange);
  }, []);
  const choose = useCallback((next: ThemeChoice) => {
    setChoice(next);
    try {
      if (next === "system") {
        localStorage.removeItem(KEY);
      } else {
        localStorage.setItem(KEY, next);
      }
    } catch {
      // As above.
    }
  }, []);
  const theme = choice === "system" ? (systemDark ? "dark" : "light") : choice;
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  return { choice, theme, choose };
}
