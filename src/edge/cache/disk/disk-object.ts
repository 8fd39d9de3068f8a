import { type Age, StoredAnswer } from '../cached-object.ts';
import type { Representation } from '../representation.ts';
import { isSlice, SLICE_BYTES } from './record.ts';
import type { Segment } from './segment.ts';

/** Where the body of a disk object is. */
export interface BodySource {
  readonly segment: Segment<unknown>;
  readonly offset: number;
  readonly bodyBytes: number;
  /** A checksum for each slice. */
  readonly slices: readonly number[];
  /** Called when what was read is not what was written. */
  readonly onDamage: () => void;
}

/** A complete answer whose body stays on disk and is read slice by slice. Whoever got one closes it. */
export class DiskObject extends StoredAnswer {
  readonly kind = 'disk';
  readonly #source: BodySource;
  #closed = false;

  constructor(answer: { key: string; head: Representation; age: Age }, source: BodySource) {
    super(answer.key, answer.head, answer.age);
    this.#source = source;
    source.segment.hold();
  }

  get bodyBytes(): number {
    return this.#source.bodyBytes;
  }

  /** Bytes of one slice in a buffer that holds one; undefined when they are not those that were stored. */
  async readSlice(at: number, buffer: Buffer): Promise<Buffer | undefined> {
    const { segment, offset, slices, onDamage } = this.#source;
    const start = at * SLICE_BYTES;
    const slice = buffer.subarray(0, Math.min(SLICE_BYTES, this.bodyBytes - start));
    const read = await segment.read(slice, offset + start).catch(() => false);
    if (read && isSlice(slice, slices, at)) return slice;
    onDamage();
    return undefined;
  }

  /** The whole body, for those who need it in one piece; undefined when it is not what was stored. */
  async readAll(): Promise<Buffer | undefined> {
    const body = Buffer.allocUnsafeSlow(this.bodyBytes);
    for (let at = 0; at * SLICE_BYTES < body.length; at += 1) {
      if (!(await this.readSlice(at, body.subarray(at * SLICE_BYTES)))) return undefined;
    }
    return body;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#source.segment.letGo();
  }
}
