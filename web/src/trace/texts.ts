/**
 * A column of texts. Each different text is held once, as UTF-8 in one buffer, and decoded when it is
 * looked at: a column of 100,000 texts crosses from a worker to the page without being copied, and
 * equal texts are equal numbers.
 */
export interface PackedTexts {
  /** By row: the number of its text. */
  readonly code: Uint32Array;
  /** By text: where it ends in `bytes`; it begins where the one before it ends. */
  readonly end: Uint32Array;
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Texts {
  readonly packed: PackedTexts;
  private readonly known: string[] = [];
  private table: Int32Array | undefined;

  constructor(packed: PackedTexts) {
    this.packed = packed;
  }

  /** How many rows there are. */
  get length(): number {
    return this.packed.code.length;
  }

  /** How many different texts there are. */
  get different(): number {
    return this.packed.end.length;
  }

  /** The text of row `i`, or "" where there is no such row. */
  at(i: number): string {
    return i >= 0 && i < this.length ? this.text(this.packed.code[i]) : "";
  }

  /** Rows with the same number have the same text. */
  codeAt(i: number): number {
    return this.packed.code[i];
  }

  /** The text of a number. */
  text(code: number): string {
    return (this.known[code] ??= decoder.decode(this.bytesOf(code)));
  }

  /** The number of a text, -1 when no row has it. The first look-up hashes the column, O(bytes). */
  find(text: string): number {
    this.table ??= this.hashAll();
    const wanted = encoder.encode(text);
    const mask = this.table.length - 1;
    for (let slot = hash(wanted) & mask; this.table[slot] >= 0; slot = (slot + 1) & mask) {
      if (equal(this.bytesOf(this.table[slot]), wanted)) return this.table[slot];
    }
    return -1;
  }

  private bytesOf(code: number): Uint8Array {
    const { bytes, end } = this.packed;
    return bytes.subarray(code === 0 ? 0 : end[code - 1], end[code]);
  }

  /** Open addressing, half full at most: a slot holds the number of a text, or -1. */
  private hashAll(): Int32Array {
    let size = 2;
    while (size < this.different * 2) size *= 2;
    const table = new Int32Array(size).fill(-1);
    for (let code = 0; code < this.different; code++) {
      let slot = hash(this.bytesOf(code)) & (size - 1);
      while (table[slot] >= 0) slot = (slot + 1) & (size - 1);
      table[slot] = code;
    }
    return table;
  }
}

/** Pack a column; numbers are given in the order in which texts first appear. O(letters). */
export function packTexts(values: readonly string[]): PackedTexts {
  const code = new Uint32Array(values.length);
  const codes = new Map<string, number>();
  for (let i = 0; i < values.length; i++) {
    let known = codes.get(values[i]);
    if (known === undefined) codes.set(values[i], (known = codes.size));
    code[i] = known;
  }
  return { code, ...encodeAll(codes.keys(), codes.size) };
}

const FIRST_BYTES = 1024;
/** UTF-8 takes three bytes at most for each unit of UTF-16. */
const WIDEST = 3;

function encodeAll(texts: Iterable<string>, count: number): { end: Uint32Array; bytes: Uint8Array } {
  const end = new Uint32Array(count);
  let bytes = new Uint8Array(FIRST_BYTES);
  let at = 0;
  let number = 0;
  for (const text of texts) {
    if (bytes.length - at < text.length * WIDEST) bytes = grow(bytes, at + text.length * WIDEST);
    at += encoder.encodeInto(text, bytes.subarray(at)).written;
    end[number++] = at;
  }
  return { end, bytes: bytes.slice(0, at) };
}

function grow(bytes: Uint8Array, least: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(bytes.length * 2, least));
  larger.set(bytes);
  return larger;
}

/** FNV-1a. */
function hash(bytes: Uint8Array): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) value = Math.imul(value ^ bytes[i], 0x01000193);
  return value >>> 0;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
