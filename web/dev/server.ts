import { readFile } from "node:fs/promises";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { type FlameTree, isPlaceName, topOf } from "../packages/flame-core/src/pure.ts";
import { encodeTree } from "../packages/flame-core/test/encode.ts";
import {
  SERVICES,
  type Service,
  type Span,
  type Stack,
  random,
  stacksOf,
  treeOfStacks,
} from "./machine.ts";

/**
 * A stand-in for the server while the page is developed, and the source of large or odd data for
 * benchmarks and pictures. It is not shipped, and keeps nothing.
 */
export interface DevOptions {
  readonly seed: number;
  readonly stacksPerService: number;
  /** Serves this tree instead of a made-up machine. */
  readonly tree?: FlameTree;
  /** Stacks put on top of the made-up machine's. */
  readonly extra?: readonly Stack[];
  /** Values of every label but the service's name. */
  readonly labelValues?: readonly string[];
  /** Answers as if nothing had ever been sent. */
  readonly empty?: boolean;
  /** Only so much of the end of the range has samples. */
  readonly coveredMillis?: number;
  /** The samples end so long before the end of the range. */
  readonly silentMillis?: number;
  /** Sends no more functions than this. */
  readonly functionsMax?: number;
  /** Sends no more nodes than this, whatever is asked for. */
  readonly nodesMax?: number;
}

/** The same policy as the server's. */
const POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";
/** The built page: Maven's, or what `npm run build` made. */
const DIST =
  process.env["EMBERSCOPE_PAGE"] ?? fileURLToPath(new URL("../app/dist/", import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
const TYPE = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
const NAMES = ["executable", "node", "pod", "service_name", "thread_name"];

class Refused extends Error {}

export interface DevServer {
  readonly url: string;
  readonly server: Server;
}

export function startDevServer(options: DevOptions, port = 0): Promise<DevServer> {
  const encoded = options.tree === undefined ? undefined : encodeTree(options.tree);
  const known = options.tree === undefined ? undefined : top(options.tree);
  const server = createServer((request, response) => {
    answer(options, encoded, known, request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      const status = error instanceof Refused ? 400 : 500;
      json(response, { error: { code: "invalid_argument", message } }, status);
    });
  });
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      resolve({ url: `http://127.0.0.1:${bound}/`, server });
    });
  });
}

async function answer(
  options: DevOptions,
  encoded: Uint8Array | undefined,
  known: unknown,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  response.setHeader("content-security-policy", POLICY);
  if (!url.pathname.startsWith("/api/v1/")) {
    await file(url.pathname, response);
    return;
  }
  const query = url.searchParams;
  const span = { fromMillis: Number(query.get("from")), toMillis: Number(query.get("to")) };
  const services = options.empty === true ? [] : selected(query.get("selector") ?? "{}");
  switch (url.pathname.slice("/api/v1/".length)) {
    case "profile-types":
      json(response, { profileTypes: options.empty === true ? [] : [CPU_TYPE] });
      return;
    case "label-names":
      json(response, { names: NAMES });
      return;
    case "label-values": {
      const prefix = query.get("prefix") ?? "";
      const named = ["service_name", "executable"].includes(query.get("name") ?? "");
      const all = named
        ? services.map(({ name }) => name)
        : (options.labelValues ?? ["host-1", "host-2"]);
      json(response, { values: all.filter((one) => one.startsWith(prefix)), truncated: false });
      return;
    }
    case "flamegraph": {
      const most = Math.min(Number(query.get("maxNodes")), options.nodesMax ?? Infinity);
      response.setHeader("content-type", "application/vnd.emberscope.flamegraph");
      response.end(
        encoded ??
          encodeTree(
            treeOfStacks(stacks(options, services, span, query.get("groupBy") ?? ""), most, span),
          ),
      );
      return;
    }
    case "top":
      json(
        response,
        known ??
          top(
            treeOfStacks(stacks(options, services, span), 1 << 20, span),
            query.get("search") ?? "",
            options.functionsMax,
          ),
      );
      return;
    case "lines":
      json(
        response,
        lines(
          stacks(options, services, span),
          query.get("function") ?? "",
          query.get("binary") ?? "",
          Number(query.get("limit") ?? "1000"),
        ),
      );
      return;
    case "stack-quality":
      json(response, quality(stacks(options, services, span), Number(query.get("limit") ?? "100")));
      return;
    case "timeseries":
      json(
        response,
        series(options, services, span, Number.parseInt(query.get("step") ?? "10", 10)),
      );
      return;
    case "pprof":
      response.setHeader("content-type", "application/octet-stream");
      response.setHeader("content-disposition", 'attachment; filename="profile.pb.gz"');
      response.end("not a profile: this is the development server");
      return;
    default:
      throw new Refused("path: not an API (expected: one of the contract)");
  }
}

const CPU_TYPE = {
  id: TYPE,
  name: "process_cpu",
  sampleType: "cpu",
  sampleUnit: "nanoseconds",
  periodType: "cpu",
  periodUnit: "nanoseconds",
};

function selected(selector: string): readonly Service[] {
  const inner = selector.slice(1, -1).trim();
  if (inner === "") {
    return SERVICES;
  }
  const match = /^service_name(=~|=|!=)"([^"]*)"$/.exec(inner);
  if (match === null) {
    throw new Refused(`selector: '${inner}' (expected: service_name="..." on this server)`);
  }
  const [, operator, value] = match;
  return SERVICES.filter(({ name }) => {
    if (operator === "=") {
      return name === value;
    }
    return operator === "!=" ? name !== value : new RegExp(`^(${value})$`).test(name);
  });
}

function stacks(
  options: DevOptions,
  services: readonly Service[],
  span: Span,
  groupBy = "",
): Stack[] {
  const length = Math.min(span.toMillis - span.fromMillis, options.coveredMillis ?? Infinity);
  const made = services.flatMap((service, at) => {
    const own = stacksOf(service, options.seed + 7 * at, options.stacksPerService, length * 1e6);
    const label = { name: service.name, binary: "", kind: "label" };
    return groupBy === "service_name"
      ? own.map(({ places, value }) => ({ places: [label, ...places], value }))
      : own;
  });
  return [...made, ...(services.length > 0 ? (options.extra ?? []) : [])];
}

function top(tree: FlameTree, search = "", most = 20_000): unknown {
  const { self, total } = topOf(tree);
  const functions = [...total.keys()]
    .filter((at) => total[at] > 0 && at !== tree.frame[0])
    .filter((at) => tree.frames.name[at].toLowerCase().includes(search.toLowerCase()))
    .toSorted((a, b) => self[b] - self[a] || total[b] - total[a])
    .map((at) => ({
      name: tree.frames.name[at],
      binary: tree.frames.binaries[tree.frames.binary[at]],
      kind: tree.frames.kinds[tree.frames.kind[at]],
      self: self[at],
      total: total[at],
    }));
  return {
    unit: "nanoseconds",
    total: tree.total[0],
    functionCount: functions.length,
    functions: functions.slice(0, most),
  };
}

/** The same sums of a function's lines that the server gives. */
function lines(all: readonly Stack[], name: string, binary: string, limit: number): unknown {
  const rows = new Map<string, { file: string; line: number; self: number; total: number }>();
  let total = 0;
  let functionSelf = 0;
  let functionTotal = 0;
  for (const { places, value } of all) {
    total += value;
    const seen = new Set<string>();
    for (const place of places) {
      if (place.name === name && (binary === "" || place.binary === binary)) {
        const { file: path = "", line = 0 } = place;
        const key = `${path}:${line}`;
        const row = rows.get(key) ?? { file: path, line, self: 0, total: 0 };
        rows.set(key, row);
        row.total += seen.has(key) ? 0 : value;
        seen.add(key);
        if (place === places.at(-1)) {
          row.self += value;
          functionSelf += value;
        }
      }
    }
    functionTotal += seen.size > 0 ? value : 0;
  }
  const found = [...rows.values()].toSorted((a, b) => b.total - a.total);
  return {
    unit: "nanoseconds",
    total,
    functionSelf,
    functionTotal,
    lineCount: found.length,
    lines: found.slice(0, limit),
  };
}

/** Sums of what ends in places without a name. */
function unnamed(all: readonly Stack[], limit: number): unknown {
  const rows = new Map<string, { binary: string; buildId: string; value: number }>();
  const addresses = new Map<string, Set<string>>();
  let sum = 0;
  for (const { places, value } of all) {
    const leaf = places.at(-1);
    if (leaf !== undefined && (isPlaceName(leaf.name) || leaf.name === "[anon]")) {
      const { binary, buildId = "" } = leaf;
      const key = `${binary} ${buildId}`;
      const row = rows.get(key) ?? { binary, buildId, value: 0 };
      row.value += value;
      sum += value;
      rows.set(key, row);
      addresses.set(key, (addresses.get(key) ?? new Set()).add(leaf.name));
    }
  }
  const binaries = [...rows]
    .map(([key, { binary, buildId, value }]) => ({
      binary,
      buildId,
      value,
      addresses: addresses.get(key)?.size ?? 0,
    }))
    .toSorted((a, b) => b.value - a.value);
  return { value: sum, binaryCount: binaries.length, binaries: binaries.slice(0, limit) };
}

/** What the made-up reasons are explained by. */
const REASONS: Readonly<Record<string, readonly [string, string]>> = {
  "no unwind rule": [
    "No unwind table covers this code, and it keeps no frame pointer.",
    "Build the binary with -fasynchronous-unwind-tables or -fno-omit-frame-pointer; " +
      "emberscope_collector_unwind_tables_failed_total counts tables that could not be read.",
  ],
  "too deep": [
    "There are more frames than are kept: 1,024 in user space, 127 in the kernel.",
    "Usually deep recursion. The innermost frames are there; nothing can be set.",
  ],
};

/** The same account of stacks that the server gives. */
function quality(all: readonly Stack[], limit: number): unknown {
  const reasons = new Map<string, number>();
  const totals = new Map<string, number>();
  const cuts = new Map<string, Map<string, number>>();
  let total = 0;
  let complete = 0;
  for (const { places, value } of all) {
    total += value;
    for (const binary of new Set(places.map((place) => place.binary))) {
      totals.set(binary, (totals.get(binary) ?? 0) + value);
    }
    const reason = reasonOf(places[0]?.name ?? "");
    if (reason === undefined) {
      complete += value;
      continue;
    }
    const binary = places[1]?.binary ?? "";
    const own = cuts.get(binary) ?? new Map<string, number>();
    cuts.set(binary, own.set(reason, (own.get(reason) ?? 0) + value));
    reasons.set(reason, (reasons.get(reason) ?? 0) + value);
  }
  const listed = (sums: ReadonlyMap<string, number>): { reason: string; value: number }[] =>
    [...sums].map(([reason, value]) => ({ reason, value })).toSorted((a, b) => b.value - a.value);
  const binaries = [...cuts]
    .map(([binary, own]) => ({
      binary,
      total: totals.get(binary) ?? 0,
      cut: listed(own).reduce((sum, { value }) => sum + value, 0),
      reasons: listed(own),
    }))
    .toSorted((a, b) => b.cut - a.cut);
  return {
    unit: "nanoseconds",
    total,
    complete,
    reasons: listed(reasons).map(({ reason, value }) => {
      const [meaning, help] = REASONS[reason] ?? ["", ""];
      return { reason, value, meaning, help };
    }),
    binaryCount: binaries.length,
    binaries: binaries.slice(0, limit),
    unnamed: unnamed(all, limit),
  };
}

function reasonOf(name: string): string | undefined {
  const match = /^\[truncated(?:: (.*))?\]$/s.exec(name);
  return match === null ? undefined : (match[1] ?? "too deep");
}

function series(
  options: DevOptions,
  services: readonly Service[],
  span: Span,
  stepSeconds: number,
): unknown {
  const step = 1000 * stepSeconds;
  const cores = services.reduce((sum, { cores: own }) => sum + own, 0);
  const points: [number, number][] = [];
  const dataFrom = span.toMillis - (options.coveredMillis ?? Infinity);
  const dataTo = span.toMillis - (options.silentMillis ?? 0);
  for (let at = Math.floor(span.fromMillis / step) * step; at < span.toMillis; at += step) {
    const noise = random(Math.floor(at / 1000))();
    const wave =
      1 + 0.35 * Math.sin(at / 700_000) + 0.25 * Math.sin(at / 90_000) + 0.3 * (noise - 0.5);
    points.push([at, at < dataFrom || at >= dataTo ? 0 : Math.round(cores * wave * step * 1e6)]);
  }
  return { unit: "nanoseconds", stepMillis: step, points };
}

async function file(path: string, response: ServerResponse): Promise<void> {
  const name = normalize(path === "/" ? "index.html" : path.slice(1));
  try {
    const content = await readFile(join(DIST, name));
    response.setHeader("content-type", TYPES[extname(name)] ?? "application/octet-stream");
    response.end(content);
  } catch {
    response.statusCode = 404;
    response.end("no such file: run npm run build first");
  }
}

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(body));
}
