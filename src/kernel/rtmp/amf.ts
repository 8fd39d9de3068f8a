/**
 * Values of RTMP's commands (Adobe's AMF 0 specification, section 2). Reads what strangers send: bounded in depth and
 * number, and objects are maps, so that no name in them means anything to JavaScript.
 */
export type AmfValue = number | boolean | string | null | undefined | AmfObject | readonly AmfValue[];
export type AmfObject = ReadonlyMap<string, AmfValue>;

const MARKER = {
  number: 0,
  boolean: 1,
  string: 2,
  object: 3,
  null: 5,
  undefined: 6,
  ecmaArray: 8,
  objectEnd: 9,
  strictArray: 10,
  date: 11,
  longString: 12,
} as const;

const MOST_VALUES = 1_000;
const DEEPEST = 8;

/**
 * All values that stand one behind another.
 * @throws RangeError when they are cut off, nested too deeply, too many, or of a kind that no encoder sends.
 */
export function readAmf(bytes: Uint8Array): AmfValue[] {
  const reader = new AmfReader(bytes);
  const values: AmfValue[] = [];
  while (!reader.isAtEnd) values.push(reader.value(0));
  return values;
}

class AmfReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  value(depth: number): AmfValue {
    this.#count += 1;
    if (depth > DEEPEST || this.#count > MOST_VALUES) throw new RangeError('more values than a command has');
    const marker = this.#view.getUint8(this.#step(1));
    switch (marker) {
      case MARKER.number:
        return this.#view.getFloat64(this.#step(8));
      case MARKER.boolean:
        return this.#view.getUint8(this.#step(1)) !== 0;
      case MARKER.string:
        return this.#text(this.#view.getUint16(this.#step(2)));
      case MARKER.longString:
        return this.#text(this.#view.getUint32(this.#step(4)));
      case MARKER.object:
        return this.#object(depth);
      case MARKER.ecmaArray:
        this.#step(4); // a count that encoders get wrong; the end is marked
        return this.#object(depth);
      case MARKER.strictArray:
        return this.#array(this.#view.getUint32(this.#step(4)), depth);
      case MARKER.date:
        return this.#view.getFloat64(this.#step(10));
      case MARKER.null:
        return null;
      case MARKER.undefined:
        return undefined;
      default:
        throw new RangeError(`no AMF value of kind ${marker}`);
    }
  }

  #object(depth: number): AmfObject {
    const fields = new Map<string, AmfValue>();
    for (;;) {
      const name = this.#text(this.#view.getUint16(this.#step(2)));
      if (name === '' && this.#bytes[this.#at] === MARKER.objectEnd) break;
      fields.set(name, this.value(depth + 1));
    }
    this.#step(1);
    return fields;
  }

  #array(count: number, depth: number): AmfValue[] {
    const values: AmfValue[] = [];
    for (let index = 0; index < count; index += 1) values.push(this.value(depth + 1));
    return values;
  }

  #text(sizeBytes: number): string {
    const at = this.#step(sizeBytes);
    return new TextDecoder().decode(this.#bytes.subarray(at, at + sizeBytes));
  }

  /** Goes on by so many bytes; returns where they begin. */
  #step(sizeBytes: number): number {
    const at = this.#at;
    if (at + sizeBytes > this.#bytes.length) throw new RangeError('a value is cut off');
    this.#at = at + sizeBytes;
    return at;
  }
}

/** What we say ourselves: short texts, numbers and flat objects of them. */
export type AmfAnswer = number | string | null | Readonly<Record<string, number | string | boolean>>;

export function writeAmf(values: readonly AmfAnswer[]): Uint8Array {
  return Uint8Array.from(values.flatMap(bytesOf));
}

function bytesOf(value: AmfAnswer | boolean): number[] {
  if (value === null) return [MARKER.null];
  if (typeof value === 'number') return [MARKER.number, ...doubleBytes(value)];
  if (typeof value === 'boolean') return [MARKER.boolean, Number(value)];
  if (typeof value === 'string') return [MARKER.string, ...nameBytes(value)];
  const fields = Object.entries(value).flatMap(([name, each]) => [...nameBytes(name), ...bytesOf(each)]);
  return [MARKER.object, ...fields, 0, 0, MARKER.objectEnd];
}

function doubleBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

function nameBytes(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}
