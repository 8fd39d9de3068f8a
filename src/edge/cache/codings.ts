import type { Coding } from '../../kernel/http/coding.ts';
import { type PreparedBlock, TEXT_BYTES } from './cached-object.ts';

/** What one costs beside its bytes. */
const OVERHEAD_BYTES = 512;

/** A body in one coding, whole. */
export class CodedBody {
  /** Undefined where the coding made nothing smaller, so that the body is sent as it is. */
  readonly bytes: Buffer | undefined;
  /** A header block for it, as a hot object has one for the body as it is. */
  prepared: PreparedBlock | undefined;
  #text: string | undefined;

  constructor(bytes: Buffer | undefined) {
    this.bytes = bytes;
  }

  static of(coded: Buffer, body: Buffer): CodedBody {
    return new CodedBody(coded.length < body.length ? coded : undefined);
  }

  get sizeBytes(): number {
    const length = this.bytes?.length ?? 0;
    return OVERHEAD_BYTES + length + (length <= TEXT_BYTES ? length : 0);
  }

  /** As it is handed to a viewer: a small one as text, in which each character stands for one byte (Latin-1). */
  get outgoing(): Buffer | string {
    if (this.bytes && this.bytes.length > TEXT_BYTES) return this.bytes;
    this.#text ??= this.bytes?.toString('latin1') ?? '';
    return this.#text;
  }
}

/** One body in every coding it was asked for in: they come and go with it. */
export class Codings {
  readonly #bodies = new Map<Coding, CodedBody>();

  get(coding: Coding): CodedBody | undefined {
    return this.#bodies.get(coding);
  }

  add(coding: Coding, body: CodedBody): void {
    this.#bodies.set(coding, body);
  }

  get sizeBytes(): number {
    let sum = 0;
    for (const body of this.#bodies.values()) sum += body.sizeBytes;
    return sum;
  }

  /** The same bytes under another head. */
  copy(): Codings {
    const copy = new Codings();
    for (const [coding, { bytes }] of this.#bodies) copy.add(coding, new CodedBody(bytes));
    return copy;
  }
}
