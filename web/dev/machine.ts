import {
  type FlameTree,
  Inlining,
  hashText,
  indexTree,
  unknownSources,
} from "../packages/flame-core/src/pure.ts";

/** A small deterministic generator (mulberry32), so that a seed names a machine. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Place {
  readonly name: string;
  readonly binary: string;
  readonly kind: string;
  readonly buildId?: string;
  readonly file?: string;
  readonly line?: number;
  readonly inlined?: boolean;
}

/** A stack from the outermost function in, and its value. */
export interface Stack {
  readonly places: readonly Place[];
  readonly value: number;
}

export interface Span {
  readonly fromMillis: number;
  readonly toMillis: number;
}

const KERNEL = [
  "entry_SYSCALL_64_after_hwframe",
  "do_syscall_64",
  "__x64_sys_sendto",
  "__sys_sendto",
  "sock_sendmsg",
  "tcp_sendmsg",
  "tcp_sendmsg_locked",
  "__tcp_push_pending_frames",
  "tcp_write_xmit",
  "__tcp_transmit_skb",
  "ip_queue_xmit",
  "__dev_queue_xmit",
  "vfs_read",
  "ext4_file_read_iter",
  "filemap_read",
  "copy_page_to_iter",
  "futex_wait",
  "schedule",
  "finish_task_switch.isra.0",
  "asm_sysvec_apic_timer_interrupt",
  "net_rx_action",
  "handle_softirqs",
];
const NOUNS = [
  "order",
  "cart",
  "price",
  "stock",
  "index",
  "page",
  "block",
  "node",
  "token",
  "batch",
];
const VERBS = [
  "parse",
  "encode",
  "merge",
  "flush",
  "lookup",
  "insert",
  "hash",
  "compare",
  "scan",
  "sort",
];

/** What a made-up service runs. */
export interface Service {
  readonly name: string;
  readonly cores: number;
  readonly binary: string;
  readonly kind: string;
}

export const SERVICES: readonly Service[] = [
  { name: "checkout", cores: 0.62, binary: "/usr/lib/jvm/lib/server/libjvm.so", kind: "jvm" },
  { name: "postgres", cores: 0.38, binary: "/usr/lib/postgresql/15/bin/postgres", kind: "native" },
  { name: "recommender", cores: 0.21, binary: "/usr/bin/python3.11", kind: "cpython" },
  { name: "envoy", cores: 0.17, binary: "/usr/local/bin/envoy", kind: "native" },
  { name: "ranker", cores: 0.11, binary: "/srv/ranker/bin/ranker", kind: "rust" },
  { name: "[kernel]", cores: 0.06, binary: "[kernel]", kind: "kernel" },
];

function functionOf(service: Service, number: number): string {
  const noun = NOUNS[number % NOUNS.length];
  const verb = VERBS[Math.floor(number / 7) % VERBS.length];
  switch (service.kind) {
    case "jvm":
      return `com.acme.${service.name}.${noun}.${upper(noun)}Service.${verb}${upper(noun)}`;
    case "cpython":
      return `${service.name}.${noun}:${verb}_${noun}`;
    case "rust":
      return `${service.name}::${noun}::<impl ${upper(noun)}<T>>::${verb}`;
    case "kernel":
      return KERNEL[number % KERNEL.length];
    default:
      return service.name === "envoy"
        ? `Envoy::Http::${upper(noun)}FilterBase::${verb}(std::unique_ptr<${upper(noun)}>&&)`
        : `${upper(verb)}${upper(noun)}`;
  }
}

/** Where a made-up function is; kernels and labels say nothing of that. */
function sourceOf(service: Service, number: number): { file?: string; first: number } {
  const noun = NOUNS[number % NOUNS.length];
  const first = 20 + (number % 17) * 23;
  switch (service.kind) {
    case "jvm":
      return { file: `${upper(noun)}Service.java`, first };
    case "cpython":
      return {
        file: `/srv/recommender/lib/python3.11/site-packages/recommender/${noun}.py`,
        first,
      };
    case "rust":
      return { file: `/usr/src/ranker/crates/${noun}/src/lib.rs`, first };
    case "native":
      return service.name === "envoy"
        ? { file: `/build/envoy/source/extensions/filters/http/${noun}/${noun}_filter.cc`, first }
        : { file: `./build/../src/backend/${noun}/${noun}.c`, first };
    default:
      return { first };
  }
}

function upper(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Stacks of a service whose values add up to what it uses in a time. */
export function stacksOf(service: Service, seed: number, count: number, nanos: number): Stack[] {
  const next = random(seed);
  const stacks: { places: readonly Place[]; weight: number }[] = [];
  let weights = 0;
  const base: Place[] =
    service.kind === "kernel"
      ? [{ name: "ret_from_fork_asm", binary: "[kernel]", kind: "kernel" }]
      : [
          { name: "_start", binary: service.binary, kind: "native" },
          { name: "__libc_start_main", binary: "/lib/x86_64-linux-gnu/libc.so.6", kind: "native" },
          { name: `${service.name}_main`, binary: service.binary, kind: "native" },
        ];
  for (let at = 0; at < count; at++) {
    const depth = base.length + 3 + Math.floor(next() * 22);
    const places = [...base];
    while (places.length < depth) {
      const caller = places[places.length - 1].name;
      const callee = Math.floor(next() ** 2.5 * 5);
      const number = hashText(`${caller} ${callee}`) % 90;
      const name = functionOf(service, number);
      const { file, first } = sourceOf(service, number);
      const hot = hashText(`${name} ${Math.floor(next() ** 2 * 6)}`) % 40;
      places.push({
        name,
        binary: service.binary,
        kind: service.kind,
        ...(file === undefined ? {} : { file, line: first + hot }),
        inlined: service.kind !== "kernel" && number % 5 === 0,
      });
      if (next() < 0.06) {
        break;
      }
    }
    let full: readonly Place[] = places;
    if (next() < 0.25) {
      const from = Math.floor(next() * (KERNEL.length - 6));
      const called = KERNEL.slice(from, from + 2 + Math.floor(next() * 5));
      full = [...places, ...called.map((name) => ({ name, binary: "[kernel]", kind: "kernel" }))];
    } else if (next() < 0.12) {
      const library = "/usr/lib/libcrypto.so.3";
      const name = `libcrypto.so.3+0x1a2${Math.floor(next() * 9)}3c`;
      const buildId = "2f8f1d4c6e7a90b1c3d5e7f9012345678abcdef0";
      full = [...places, { name, binary: library, kind: "native", buildId }];
    }
    const weight = next() ** 4;
    weights += weight;
    stacks.push({ places: full, weight });
  }
  const total = service.cores * nanos;
  return stacks.map(({ places: of, weight }) => ({
    places: of,
    value: Math.round((weight / weights) * total),
  }));
}

interface Branch {
  readonly place: Place;
  total: number;
  self: number;
  line: number;
  lastLine: number;
  inlined: Set<boolean>;
  readonly children: Map<string, Branch>;
}

const FRESH = { total: 0, self: 0, line: 0, lastLine: 0 };
const NOTHING: Place = { name: "", binary: "", kind: "" };

const HIDDEN: Branch = {
  place: NOTHING,
  ...FRESH,
  inlined: new Set(),
  children: new Map(),
};

/** The tree of stacks; all but the largest nodes hidden, as the server does. */
export function treeOfStacks(stacks: readonly Stack[], maxNodes: number, span: Span): FlameTree {
  const root: Branch = {
    place: { ...NOTHING, name: "all" },
    ...FRESH,
    inlined: new Set(),
    children: new Map(),
  };
  const totals: Branch[] = [];
  for (const { places, value } of stacks) {
    if (value === 0) {
      continue;
    }
    let at = root;
    at.total += value;
    for (const place of places) {
      const key = `${place.name}\n${place.binary}`;
      let child = at.children.get(key);
      if (child === undefined) {
        child = { place, ...FRESH, inlined: new Set(), children: new Map() };
        at.children.set(key, child);
        totals.push(child);
      }
      child.total += value;
      const { line = 0, inlined = false } = place;
      child.line = child.line === 0 || line === 0 ? child.line + line : Math.min(child.line, line);
      child.lastLine = Math.max(child.lastLine, line);
      child.inlined.add(inlined);
      at = child;
    }
    at.self += value;
  }
  const sizes = totals.map(({ total }) => total).toSorted((a, b) => b - a);
  return columnsOf(root, sizes[maxNodes] ?? 0, span);
}

function columnsOf(root: Branch, cut: number, span: Span): FlameTree {
  const level: number[] = [];
  const total: number[] = [];
  const self: number[] = [];
  const frame: number[] = [];
  const hidden: number[] = [];
  const files = new Map<string, number>([["", 0]]);
  const sources: [number, number, number, number][] = [];
  const known = new Map<string, number>();
  const places: Place[] = [];
  const add = (at: number, branch: Branch, sum: number, own: number, count: number): void => {
    const { place, line, lastLine, inlined } = branch;
    const text = place.file ?? "";
    const file = files.get(text) ?? files.size;
    files.set(text, file);
    const inlining = inlined.has(true)
      ? inlined.has(false)
        ? Inlining.Some
        : Inlining.All
      : Inlining.None;
    sources.push([file, line, lastLine, inlining]);
    const key = `${place.name}\n${place.binary}\n${place.kind}`;
    let index = known.get(key);
    if (index === undefined) {
      index = places.push(place) - 1;
      known.set(key, index);
    }
    level.push(at);
    total.push(sum);
    self.push(own);
    frame.push(index);
    hidden.push(count);
  };
  const visit = (branch: Branch, at: number): void => {
    add(at, branch, branch.total, branch.self, 0);
    let left = 0;
    let count = 0;
    for (const child of [...branch.children.values()].toSorted((a, b) => b.total - a.total)) {
      if (child.total >= cut) {
        visit(child, at + 1);
      } else {
        left += child.total;
        count += sizeOf(child);
      }
    }
    if (count > 0) {
      add(at + 1, HIDDEN, left, 0, count);
    }
  };
  visit(root, 0);
  const [binaries, binary] = table(places.map((place) => place.binary));
  const [kinds, kind] = table(places.map((place) => place.kind));
  const [buildIds, buildId] = table(places.map((place) => place.buildId ?? ""));
  return indexTree({
    type: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
    unit: "nanoseconds",
    startMillis: span.fromMillis,
    durationMillis: span.toMillis - span.fromMillis,
    level: Int32Array.from(level),
    total: Float64Array.from(total),
    self: Float64Array.from(self),
    frame: Int32Array.from(frame),
    hidden: Int32Array.from(hidden),
    file: Int32Array.from(sources, ([file]) => file),
    line: Int32Array.from(sources, ([, line]) => line),
    lastLine: Int32Array.from(sources, ([, , lastLine]) => lastLine),
    inlining: Uint8Array.from(sources, ([, , , inlining]) => inlining),
    files: [...files.keys()],
    frames: {
      name: places.map(({ name }) => name),
      binary,
      binaries,
      kind,
      kinds,
      buildId,
      buildIds,
    },
  });
}

function sizeOf(branch: Branch): number {
  let size = 1;
  for (const child of branch.children.values()) {
    size += sizeOf(child);
  }
  return size;
}

function table(texts: readonly string[]): [string[], Int32Array] {
  const known = new Map<string, number>();
  const index = Int32Array.from(texts, (text) => {
    const at = known.get(text) ?? known.size;
    known.set(text, at);
    return at;
  });
  return [[...known.keys()], index];
}

/** A tree of exactly so many nodes for measurements: deep and uneven, as real ones are. */
export function syntheticTree(seed: number, size: number, names: number): FlameTree {
  const next = random(seed);
  const level = new Int32Array(size);
  const self = new Float64Array(size);
  const total = new Float64Array(size);
  const frame = new Int32Array(size);
  const depthMax = Math.round(20 + 8 * Math.log10(size));
  for (let node = 1; node < size; node++) {
    const before = level[node - 1];
    level[node] =
      next() < 0.62 && before < depthMax
        ? before + 1
        : Math.max(1, before - Math.floor(next() ** 2 * 9));
    self[node] = next() < 0.5 ? 0 : 1 + Math.floor(next() ** 6 * 1e8);
    frame[node] = 1 + Math.floor(next() ** 1.6 * (names - 1));
  }
  const open = new Float64Array(depthMax + 2);
  for (let node = size - 1; node >= 0; node--) {
    const leaf = node + 1 === size || level[node + 1] <= level[node];
    self[node] = leaf ? Math.max(1, self[node]) : self[node];
    const at = level[node];
    total[node] = self[node] + open[at + 1];
    open[at + 1] = 0;
    open[at] += total[node];
  }
  const binaries = Array.from({ length: 40 }, (_, at) =>
    at === 0 ? "[kernel]" : `/usr/lib/lib${at}.so`,
  );
  return indexTree({
    type: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
    unit: "nanoseconds",
    startMillis: 0,
    durationMillis: 3_600_000,
    level,
    total,
    self,
    frame,
    hidden: new Int32Array(size),
    ...unknownSources(size),
    frames: {
      name: Array.from(
        { length: names },
        (_, at) => `com.acme.module${at % 97}.Class${at % 1009}.method${at}`,
      ),
      binary: Int32Array.from({ length: names }, (_, at) => at % 40),
      binaries,
      kind: new Int32Array(names),
      kinds: ["native"],
      buildId: new Int32Array(names),
      buildIds: [""],
    },
  });
}
