import type { Span } from "../state/time.ts";

/** The server understood the request and refused it, or failed at it; the message is its own. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Nothing answered, or what did is not an Emberscope server. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** What all queries are about. */
export interface Scope {
  readonly type: string;
  readonly selector: string;
  readonly span: Span;
}

export interface ProfileType {
  readonly id: string;
  readonly name: string;
  readonly sampleType: string;
  readonly sampleUnit: string;
}

export interface LabelValues {
  readonly values: readonly string[];
  readonly truncated: boolean;
}

export interface TopFunction {
  readonly name: string;
  readonly binary: string;
  readonly kind: string;
  readonly self: number;
  readonly total: number;
}

export interface TopTable {
  readonly unit: string;
  readonly total: number;
  readonly functionCount: number;
  readonly functions: readonly TopFunction[];
}

/** What a source line costs; the file is empty and the line 0 where they are not known. */
export interface LineRow {
  readonly file: string;
  readonly line: number;
  readonly self: number;
  readonly total: number;
}

/** The lines of one function, the costliest first. */
export interface LineTable {
  readonly unit: string;
  /** Of everything, of which the function is a part. */
  readonly total: number;
  readonly functionSelf: number;
  readonly functionTotal: number;
  readonly lineCount: number;
  readonly lines: readonly LineRow[];
}

/** A sum of stacks that end early, for a reason. */
export interface Cut {
  readonly reason: string;
  readonly value: number;
}

/** How many stacks reach their root, and where and why the others end. */
export interface StackQuality {
  readonly type: string;
  readonly unit: string;
  readonly total: number;
  readonly complete: number;
  /** What happened and what would help are empty for reasons that the server does not know. */
  readonly reasons: readonly (Cut & { readonly meaning: string; readonly help: string })[];
  readonly binaryCount: number;
  /** `cut` is of the stacks that end in it, `total` of all that it is on. */
  readonly binaries: readonly {
    readonly binary: string;
    readonly total: number;
    readonly cut: number;
    readonly reasons: readonly Cut[];
  }[];
  readonly unnamed: UnnamedCode;
}

/** What was spent in code of which no function is known. */
export interface UnnamedCode {
  readonly value: number;
  readonly binaryCount: number;
  readonly binaries: readonly {
    readonly binary: string;
    readonly buildId: string;
    readonly value: number;
    /** How many places that is. */
    readonly addresses: number;
  }[];
}

/** A total per step of time, as columns. */
export interface Series {
  readonly type: string;
  readonly unit: string;
  readonly stepMillis: number;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** How far the server's clock is ahead of ours, so that both mean the same by "now". */
let skewMillis = 0;
/** The date header has whole seconds, and a request takes time: less is not known to be skew. */
const SKEW_MILLIS_MIN = 3_000;

/** The present time on the server, as well as it is known. */
export function serverNow(): number {
  return Date.now() + skewMillis;
}

type Parameters = Readonly<Record<string, string | number>>;

function urlOf(path: string, parameters: Parameters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    query.set(name, String(value));
  }
  return `api/v1/${path}?${query.toString()}`;
}

function scopeParameters({ type, selector, span }: Scope): Record<string, string> {
  return { type, selector, ...spanParameters(span) };
}

function spanParameters(span: Span): Record<string, string> {
  return { from: String(Math.floor(span.fromMillis)), to: String(Math.ceil(span.toMillis)) };
}

async function request(
  path: string,
  parameters: Parameters,
  signal: AbortSignal,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(urlOf(path, parameters), { signal, credentials: "same-origin" });
  } catch (error) {
    if (signal.aborted) {
      throw error;
    }
    throw new UnreachableError("server: no answer (expected: a running server)");
  }
  const date = Date.parse(response.headers.get("date") ?? "");
  if (!Number.isNaN(date)) {
    const ahead = date + 500 - Date.now();
    skewMillis = Math.abs(ahead) >= SKEW_MILLIS_MIN ? ahead : 0;
  }
  if (!response.ok) {
    throw await refusal(response);
  }
  return response;
}

async function refusal(response: Response): Promise<RefusedError> {
  let code = "unknown";
  let message = `server: status ${response.status} (expected: 200)`;
  try {
    const error = record(record(await response.json())["error"]);
    code = text(error["code"]);
    message = text(error["message"]);
  } catch {
    // Not our JSON: a proxy's page, say. The status is all that is known.
  }
  return new RefusedError(response.status, code, message);
}

async function json<T>(
  path: string,
  parameters: Parameters,
  signal: AbortSignal,
  read: (value: Record<string, unknown>) => T,
): Promise<T> {
  const response = await request(path, parameters, signal);
  const body: unknown = await response.json();
  try {
    return read(record(body));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnreachableError(`${path}: ${reason}`);
  }
}

export function fetchProfileTypes(span: Span, signal: AbortSignal): Promise<ProfileType[]> {
  return json("profile-types", spanParameters(span), signal, (body) =>
    list(body["profileTypes"]).map((entry) => {
      const type = record(entry);
      return {
        id: text(type["id"]),
        name: text(type["name"]),
        sampleType: text(type["sampleType"]),
        sampleUnit: text(type["sampleUnit"]),
      };
    }),
  );
}

export function fetchLabelNames(
  selector: string,
  span: Span,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const parameters = { selector, ...spanParameters(span) };
  return json("label-names", parameters, signal, (body) => list(body["names"]).map(text));
}

export function fetchLabelValues(
  query: { name: string; prefix: string; selector: string; limit: number },
  span: Span,
  signal: AbortSignal,
): Promise<LabelValues> {
  return json("label-values", { ...query, ...spanParameters(span) }, signal, (body) => ({
    values: list(body["values"]).map(text),
    truncated: body["truncated"] === true,
  }));
}

export async function fetchFlameGraph(
  scope: Scope,
  groupBy: string,
  maxNodes: number,
  signal: AbortSignal,
): Promise<ArrayBuffer> {
  const parameters = { ...scopeParameters(scope), groupBy, maxNodes };
  const response = await request("flamegraph", parameters, signal);
  return response.arrayBuffer();
}

export function fetchTop(
  scope: Scope,
  limit: number,
  search: string,
  signal: AbortSignal,
): Promise<TopTable> {
  const parameters = { ...scopeParameters(scope), limit, ...(search === "" ? {} : { search }) };
  return json("top", parameters, signal, (body) => ({
    unit: text(body["unit"]),
    total: number(body["total"]),
    functionCount: number(body["functionCount"]),
    functions: list(body["functions"]).map((entry) => {
      const row = record(entry);
      return {
        name: text(row["name"]),
        binary: text(row["binary"]),
        kind: text(row["kind"]),
        self: number(row["self"]),
        total: number(row["total"]),
      };
    }),
  }));
}

export function fetchLines(
  scope: Scope,
  name: string,
  binary: string,
  limit: number,
  signal: AbortSignal,
): Promise<LineTable> {
  const parameters = { ...scopeParameters(scope), function: name, binary, limit };
  return json("lines", parameters, signal, (body) => ({
    unit: text(body["unit"]),
    total: number(body["total"]),
    functionSelf: number(body["functionSelf"]),
    functionTotal: number(body["functionTotal"]),
    lineCount: number(body["lineCount"]),
    lines: list(body["lines"]).map((entry) => {
      const row = record(entry);
      return {
        file: text(row["file"]),
        line: number(row["line"]),
        self: number(row["self"]),
        total: number(row["total"]),
      };
    }),
  }));
}

export function fetchSeries(scope: Scope, step: string, signal: AbortSignal): Promise<Series> {
  const parameters = { ...scopeParameters(scope), step };
  return json("timeseries", parameters, signal, (body) => {
    const points = list(body["points"]);
    const times = new Float64Array(points.length);
    const values = new Float64Array(points.length);
    for (let at = 0; at < points.length; at++) {
      const [time, value] = list(points[at]);
      times[at] = number(time);
      values[at] = number(value);
    }
    const { type } = scope;
    const unit = text(body["unit"]);
    return { type, unit, stepMillis: number(body["stepMillis"]), times, values };
  });
}

export function fetchStackQuality(
  scope: Scope,
  limit: number,
  signal: AbortSignal,
): Promise<StackQuality> {
  return json("stack-quality", { ...scopeParameters(scope), limit }, signal, (body) => ({
    type: scope.type,
    unit: text(body["unit"]),
    total: number(body["total"]),
    complete: number(body["complete"]),
    reasons: list(body["reasons"]).map((entry) => {
      const row = record(entry);
      const { reason, value } = cut(row);
      return { reason, value, meaning: text(row["meaning"]), help: text(row["help"]) };
    }),
    binaryCount: number(body["binaryCount"]),
    binaries: list(body["binaries"]).map((entry) => {
      const row = record(entry);
      return {
        binary: text(row["binary"]),
        total: number(row["total"]),
        cut: number(row["cut"]),
        reasons: list(row["reasons"]).map((one) => cut(record(one))),
      };
    }),
    unnamed: unnamedCode(record(body["unnamed"])),
  }));
}

function unnamedCode(value: Record<string, unknown>): UnnamedCode {
  return {
    value: number(value["value"]),
    binaryCount: number(value["binaryCount"]),
    binaries: list(value["binaries"]).map((entry) => {
      const row = record(entry);
      return {
        binary: text(row["binary"]),
        buildId: text(row["buildId"]),
        value: number(row["value"]),
        addresses: number(row["addresses"]),
      };
    }),
  };
}

function cut(value: Record<string, unknown>): Cut {
  return { reason: text(value["reason"]), value: number(value["value"]) };
}

/** Where the browser downloads the profile from. */
export function pprofUrl(scope: Scope): string {
  return urlOf("pprof", scopeParameters(scope));
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`answer: ${typeof value} (expected: an object)`);
  }
  return value as Record<string, unknown>;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`answer: ${typeof value} (expected: a list)`);
  }
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") {
    throw new TypeError(`answer: ${typeof value} (expected: a text)`);
  }
  return value;
}

function number(value: unknown): number {
  if (typeof value !== "number") {
    throw new TypeError(`answer: ${typeof value} (expected: a number)`);
  }
  return value;
}
