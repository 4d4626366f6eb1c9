import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Series } from "../api/client.ts";
import { formatRate } from "../format.ts";
import { type Span, SPAN_MILLIS_MIN, formatClock } from "../state/time.ts";
import { type Bars, axisTop, barsOf, stepAt, ticksOf } from "./bars.ts";

interface Props {
  readonly series: Series | undefined;
  readonly span: Span;
  readonly theme: string;
  /** A range was chosen by dragging. */
  readonly onBrush: (fromMillis: number, toMillis: number) => void;
}

/** Room beneath the bars for the times. */
const AXIS_HEIGHT = 18;
/** A drag shorter than this is a click. */
const DRAG_PIXELS_MIN = 4;

interface Drag {
  readonly from: number;
  readonly to: number;
}

/** The total per step of time. Dragging over it chooses a range. */
export function Timeline({ series, span, theme, onBrush }: Props): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [hovered, setHovered] = useState(-1);
  const [drag, setDrag] = useState<Drag | undefined>(undefined);

  useEffect(() => {
    const element = canvas.current;
    if (element === null) {
      return undefined;
    }
    const observer = new ResizeObserver(() =>
      setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = canvas.current;
    if (element !== null && size.width > 0) {
      draw(element, size.width, size.height, series, span, hovered);
    }
  }, [series, span, theme, hovered, size]);

  const timeAt = (x: number): number =>
    span.fromMillis + (x / Math.max(1, size.width)) * (span.toMillis - span.fromMillis);
  const xOf = (event: React.PointerEvent): number => {
    const bounds = event.currentTarget.getBoundingClientRect();
    return Math.min(bounds.width, Math.max(0, event.clientX - bounds.left));
  };
  const finish = (): void => {
    if (drag !== undefined && Math.abs(drag.to - drag.from) >= DRAG_PIXELS_MIN) {
      const from = timeAt(Math.min(drag.from, drag.to));
      const to = timeAt(Math.max(drag.from, drag.to));
      onBrush(from, Math.max(to, from + SPAN_MILLIS_MIN));
    }
    setDrag(undefined);
  };

  const left = drag === undefined ? 0 : Math.min(drag.from, drag.to);
  const width = drag === undefined ? 0 : Math.abs(drag.to - drag.from);
  return (
    <div
      className="timeline"
      onPointerDown={(event) => {
        if (event.button === 0) {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: xOf(event), to: xOf(event) });
        }
      }}
      onPointerMove={(event) => {
        const x = xOf(event);
        setHovered(series === undefined ? -1 : stepAt(series, timeAt(x)));
        if (drag !== undefined) {
          setDrag({ from: drag.from, to: x });
        }
      }}
      onPointerUp={finish}
      onPointerCancel={() => setDrag(undefined)}
      onPointerLeave={() => setHovered(-1)}
    >
      <canvas ref={canvas} role="img" aria-label={describe(series)} />
      {drag !== undefined && width > 0 && (
        <div className="brush" style={{ left: `${left}px`, width: `${width}px` }}>
          <span>{brushText(timeAt(left), timeAt(left + width))}</span>
        </div>
      )}
      {drag === undefined && hovered >= 0 && series !== undefined && (
        <div
          className={`timeline-tip ${tipX(series, hovered, span, size.width) > size.width / 2 ? "is-left" : ""}`}
          style={{ left: `${tipX(series, hovered, span, size.width)}px` }}
        >
          <strong>
            {formatRate(series.values[hovered], series.stepMillis, series.unit, series.type)}
          </strong>
          <span>{formatClock(series.times[hovered])}</span>
        </div>
      )}
    </div>
  );
}

function tipX(series: Series, step: number, span: Span, width: number): number {
  const middle = series.times[step] + series.stepMillis / 2;
  const x = ((middle - span.fromMillis) / (span.toMillis - span.fromMillis)) * width;
  return Math.min(width, Math.max(0, x));
}

function brushText(from: number, to: number): string {
  return `${formatClock(from)} – ${formatClock(to, from)}`;
}

function describe(series: Series | undefined): string {
  if (series === undefined || series.values.length === 0) {
    return "Total over time: no data";
  }
  let most = 0;
  for (const value of series.values) {
    most = Math.max(most, value);
  }
  return `Total over time, at most ${formatRate(most, series.stepMillis, series.unit, series.type)}`;
}

function draw(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  series: Series | undefined,
  span: Span,
  hovered: number,
): void {
  const ratio = Math.max(1, devicePixelRatio || 1);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const brush = canvas.getContext("2d");
  if (brush === null) {
    return;
  }
  const style = getComputedStyle(canvas);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  brush.scale(ratio, ratio);
  brush.font = `10.5px ${style.fontFamily}`;
  const floor = height - AXIS_HEIGHT;
  brush.fillStyle = color("--line");
  brush.fillRect(0, floor, width, 1);
  brush.fillStyle = color("--ink-muted");
  for (const tick of ticksOf(span, width)) {
    brush.fillRect(Math.round(tick.x), floor, 1, 3);
    brush.textAlign = tick.x < 20 ? "left" : tick.x > width - 24 ? "right" : "center";
    brush.fillText(tick.label, tick.x, height - 4);
  }
  if (series === undefined) {
    return;
  }
  const bars = barsOf(series, span, width);
  const top = axisTop(bars.highest);
  const room = floor - 12;
  brush.fillStyle = color("--line");
  for (const part of [0.5, 1]) {
    brush.fillRect(0, Math.round(floor - part * room), width, 1);
  }
  drawBars(brush, bars, floor, room / top, color("--series"), color("--series-strong"), hovered);
  if (bars.highest > 0) {
    brush.textAlign = "left";
    const label = formatRate(top, series.stepMillis, series.unit, series.type);
    brush.fillStyle = color("--panel");
    brush.fillRect(0, 0, brush.measureText(label).width + 6, 11);
    brush.fillStyle = color("--ink-muted");
    brush.fillText(label, 0, 9);
  }
}

function drawBars(
  brush: CanvasRenderingContext2D,
  bars: Bars,
  floor: number,
  scale: number,
  plain: string,
  strong: string,
  hovered: number,
): void {
  for (let at = 0; at < bars.left.length; at++) {
    const value = bars.value[at];
    if (value > 0) {
      const left = Math.round(bars.left[at] * 2) / 2;
      const wide = Math.max(1, bars.right[at] - bars.left[at] - (bars.gap ? 1 : 0));
      const high = Math.max(1, value * scale);
      brush.fillStyle = at === hovered ? strong : plain;
      brush.fillRect(left, floor - high, wide, high);
    }
  }
}
