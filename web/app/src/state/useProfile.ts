import type { FlameTree } from "@emberscope/flame-core";
import { useCallback, useEffect, useState } from "react";
import {
  type Scope,
  type Series,
  type TopTable,
  fetchFlameGraph,
  fetchSeries,
  fetchTop,
  serverNow,
} from "../api/client.ts";
import type { Engine } from "../engine/engine.ts";
import { type Span, type TimeRange, spanOf } from "./time.ts";

export const NODES_FIRST = 65_536;
export const NODES_MAX = 1_048_576;
/** More functions than a person scrolls through; what is beyond is found by search. */
export const FUNCTIONS_MAX = 20_000;

/** What the page shows of one query. Only the first one comes in parts, the tree before the rest. */
export interface Profile {
  readonly scope: Scope;
  readonly tree: FlameTree;
  readonly top: TopTable | undefined;
  readonly series: Series | undefined;
}

export interface ProfileState {
  readonly profile: Profile | undefined;
  readonly loading: boolean;
  readonly error: Error | undefined;
  /** When the last answer came, in milliseconds since the epoch. */
  readonly loadedMillis: number;
  readonly refresh: () => void;
}

interface Query {
  readonly type: string;
  readonly selector: string;
  readonly range: TimeRange;
  readonly groupBy: string;
  readonly maxNodes: number;
}

/** Loads everything for a query, again whenever the query changes or `refresh` is called. */
export function useProfile(engine: Engine, query: Query): ProfileState {
  const { type, selector, range, groupBy, maxNodes } = query;
  const [profile, setProfile] = useState<Profile | undefined>(undefined);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<Error | undefined>(undefined);
  const [loadedMillis, setLoadedMillis] = useState(0);
  const [turn, setTurn] = useState(0);
  const refresh = useCallback(() => setTurn((before) => before + 1), []);

  useEffect(() => {
    const abort = new AbortController();
    const scope: Scope = { type, selector, span: spanOf(range, serverNow()) };
    setLoading(true);
    const onTree = (tree: FlameTree): void => {
      if (!abort.signal.aborted) {
        setProfile((before) => before ?? { scope, tree, top: undefined, series: undefined });
      }
    };
    load(engine, scope, groupBy, maxNodes, onTree, abort.signal).then(
      (loaded) => {
        if (!abort.signal.aborted) {
          setProfile(loaded);
          setError(undefined);
          setLoadedMillis(Date.now());
          setLoading(false);
        }
      },
      (reason: unknown) => {
        if (!abort.signal.aborted) {
          setError(reason instanceof Error ? reason : new Error(String(reason)));
          setLoadedMillis(Date.now());
          setLoading(false);
        }
      },
    );
    return () => abort.abort();
  }, [engine, type, selector, range, groupBy, maxNodes, turn]);

  return { profile, loading, error, loadedMillis, refresh };
}

async function load(
  engine: Engine,
  scope: Scope,
  groupBy: string,
  maxNodes: number,
  onTree: (tree: FlameTree) => void,
  signal: AbortSignal,
): Promise<Profile> {
  performance.mark("emberscope:load");
  const [tree, top, series] = await Promise.all([
    loadTree(engine, scope, groupBy, maxNodes, onTree, signal),
    fetchTop(scope, FUNCTIONS_MAX, "", signal),
    fetchSeries(scope, stepOf(scope.span), signal),
  ]);
  performance.mark("emberscope:loaded");
  return { scope, tree, top, series };
}

/** Steps that are whole windows of the sampler, so that no bar has one more than its neighbour. */
const STEPS_SECONDS = [
  10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
];
const POINTS_MAX = 240;

/** The step that gives at most so many points. */
export function stepOf(span: Span): string {
  const seconds = (span.toMillis - span.fromMillis) / 1000;
  const step = STEPS_SECONDS.find((candidate) => seconds / candidate <= POINTS_MAX);
  return `${step ?? Math.ceil(seconds / POINTS_MAX / 86_400) * 86_400}s`;
}

async function loadTree(
  engine: Engine,
  scope: Scope,
  groupBy: string,
  maxNodes: number,
  onTree: (tree: FlameTree) => void,
  signal: AbortSignal,
): Promise<FlameTree> {
  const tree = await engine.decode(await fetchFlameGraph(scope, groupBy, maxNodes, signal));
  onTree(tree);
  return tree;
}

/** The part of a span that has samples, by the steps of its series; undefined if none has. */
export function sampledSpan(series: Series): Span | undefined {
  const { times, values, stepMillis } = series;
  let first = 0;
  while (first < values.length && values[first] === 0) {
    first++;
  }
  if (first === values.length) {
    return undefined;
  }
  let last = values.length - 1;
  while (values[last] === 0) {
    last--;
  }
  return { fromMillis: times[first], toMillis: times[last] + stepMillis };
}

/** The time that averages are over: what was sampled, cut to what was asked for. */
export function sampledMillis(profile: Profile): number {
  const { span } = profile.scope;
  const sampled = profile.series === undefined ? undefined : sampledSpan(profile.series);
  if (sampled === undefined) {
    return span.toMillis - span.fromMillis;
  }
  const from = Math.max(span.fromMillis, sampled.fromMillis);
  const to = Math.min(span.toMillis, sampled.toMillis);
  return Math.max(1, to - from);
}
