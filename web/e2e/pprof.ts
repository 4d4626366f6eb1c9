import { gunzipSync } from "node:zlib";

/** The sum of the first values of all samples of a pprof profile, read without any library. */
export function pprofTotal(file: Uint8Array): bigint {
  const bytes = gunzipSync(file);
  let total = 0n;
  for (const [field, content] of messages(bytes)) {
    if (field === 2 && content instanceof Uint8Array) {
      total += firstValue(content);
    }
  }
  return total;
}

/** A sample's first value: field 2, packed or not. */
function firstValue(sample: Uint8Array): bigint {
  for (const [field, content] of messages(sample)) {
    if (field === 2) {
      return content instanceof Uint8Array ? varint(content, 0)[0] : content;
    }
  }
  return 0n;
}

function* messages(bytes: Uint8Array): Generator<[number, Uint8Array | bigint]> {
  let at = 0;
  while (at < bytes.length) {
    const [tag, afterTag] = varint(bytes, at);
    const field = Number(tag >> 3n);
    const [value, afterValue] = varint(bytes, afterTag);
    switch (Number(tag & 7n)) {
      case 0:
        yield [field, value];
        at = afterValue;
        break;
      case 2:
        at = afterValue + Number(value);
        yield [field, bytes.subarray(afterValue, at)];
        break;
      default:
        throw new Error(`pprof: wire type ${tag & 7n} (expected: 0 or 2)`);
    }
  }
}

function varint(bytes: Uint8Array, from: number): [bigint, number] {
  let value = 0n;
  let shift = 0n;
  let at = from;
  for (;;) {
    const byte = BigInt(bytes[at++]);
    value |= (byte & 0x7fn) << shift;
    if (byte < 0x80n) {
      return [value, at];
    }
    shift += 7n;
  }
}
