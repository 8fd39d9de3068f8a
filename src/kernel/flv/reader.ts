import type { Edit, MarkReader, Misfit, OnMark, Passed } from '../mpeg/marks.ts';
import { ticksBetween, wrapTicks } from '../mpeg/timestamp.ts';
import { type Configuration, readVideo, soundOf } from './codecs.ts';

/**
 * Flash video (Adobe's specification of FLV, annex E): tags with a time in milliseconds each. A recording of a broadcast
 * that was interrupted goes on in the same file, with a clock that begins anew and often with a second file header.
 */
const HEADER = 9;
const TAG = 11;
const SIZE = 4;
/** Larger tags are damage: a picture of eight million bytes is none. */
const MOST_TAG_BYTES = 2_000_000;
const TICKS_PER_MS = 90;

const SOUND = 8;
const PICTURE = 9;
const SCRIPT = 18;

/** Whether a file of Flash video begins here. */
export function startsFlash(head: Uint8Array): boolean {
  return isHeader(head, 0);
}

function isHeader(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x46 && bytes[at + 1] === 0x4c && bytes[at + 2] === 0x56 && uint32(bytes, at + 5) === HEADER;
}

interface Tag {
  readonly at: number;
  readonly type: number;
  readonly size: number;
}

export class FlashReader implements MarkReader {
  readonly #first = new Map<number, string>();
  readonly #misfits = new Map<string, Misfit>();
  #pictures: Configuration | undefined;
  #firstPictures: Configuration | undefined;
  #sound: Uint8Array | undefined;
  #headers = 0;
  #isChanged = false;

  get isChanged(): boolean {
    return this.#isChanged;
  }

  get misfits(): Misfit[] {
    return [...this.#misfits.values()];
  }

  read(bytes: Uint8Array, position: number, onMark: OnMark, isLast: boolean): Passed {
    const edits: Edit[] = [];
    let at = 0;
    let good = 0;
    const leaveOut = (until: number) => {
      if (until > good) edits.push({ from: good, to: until });
      good = until;
    };
    while (at + TAG + SIZE <= bytes.length) {
      if (isHeader(bytes, at)) {
        leaveOut(at);
        at += HEADER + SIZE;
        this.#headers += 1;
        if (this.#headers > 1) {
          this.#isChanged = true;
          leaveOut(at);
        }
        good = at;
        continue;
      }
      const tag = tagAt(bytes, at);
      const end = at + TAG + (tag?.size ?? 0) + SIZE;
      if (tag && end > bytes.length && !isLast) break;
      if (!tag || end > bytes.length || !isWhole(bytes, tag)) {
        at += 1;
        continue;
      }
      leaveOut(at);
      if (isMetadata(bytes, tag)) leaveOut(end);
      else this.#readTag(bytes, tag, position, onMark, edits);
      at = end;
      good = end;
    }
    if (!isLast) leaveOut(at);
    return { done: at, edits };
  }

  #readTag(bytes: Uint8Array, tag: Tag, position: number, onMark: OnMark, edits: Edit[]): void {
    if (tag.type === SCRIPT || tag.size === 0) return;
    const ms = uint24(bytes, tag.at + 4) + (bytes[tag.at + 7] ?? 0) * 2 ** 24;
    const body = bytes.subarray(tag.at + TAG, tag.at + TAG + tag.size);
    const { kind, laterMs } = tag.type === PICTURE ? this.#seePicture(body, tag, bytes, edits) : this.#seeSound(body);
    const decode = wrapTicks(ms * TICKS_PER_MS);
    const show = wrapTicks(decode + laterMs * TICKS_PER_MS);
    const shift = onMark({ stream: tag.type, kind, at: position + tag.at, decode, show });
    if (shift !== 0) writeMs(bytes, tag.at, ms + Math.round(ticksBetween(0, shift) / TICKS_PER_MS));
  }

  #seeSound(body: Uint8Array) {
    const { codec, configuration } = soundOf(body);
    this.#expectSame(SOUND, codec);
    if (configuration) {
      this.#sound ??= configuration.slice();
      // The decoder is set up by the first, and a reader that seeks never meets the second.
      if (!equal(this.#sound, configuration)) this.#miss(SOUND);
    }
    return { kind: configuration ? ('reference' as const) : ('other' as const), laterMs: 0 };
  }

  #seePicture(body: Uint8Array, tag: Tag, bytes: Uint8Array, edits: Edit[]) {
    const { codec, laterMs, isPicture, isKey, at, configuration } = readVideo(body);
    this.#expectSame(PICTURE, codec);
    if (configuration) {
      this.#pictures = configuration;
      this.#firstPictures ??= configuration;
      this.#configure(configuration);
    }
    if (!isPicture) return { kind: 'reference' as const, laterMs };
    if (isKey && this.#pictures && this.#pictures !== this.#firstPictures) {
      this.#insert(this.#pictures.inBand, tag, bytes, edits, at);
    }
    return { kind: 'picture' as const, laterMs };
  }

  /** Takes note of another set-up of the decoder: it may be put in front of every key frame, or is a misfit. */
  #configure(configuration: Configuration): void {
    const first = this.#firstPictures;
    if (!first || equal(first.bytes, configuration.bytes)) this.#pictures = first;
    else if (configuration.inBand.length === 0 || configuration.lengthBytes !== first.lengthBytes) this.#miss(PICTURE);
    else this.#isChanged = true;
  }

  /** Puts bytes into a tag, which is made longer by them. */
  #insert(added: Uint8Array, { at, size }: Tag, bytes: Uint8Array, edits: Edit[], offset: number): void {
    const place = at + TAG + offset;
    edits.push({ from: place, to: place, bytes: added });
    writeUint24(bytes, at + 1, size + added.length);
    const end = at + TAG + size;
    const whole = TAG + size + added.length;
    bytes.set([whole >>> 24, (whole >> 16) & 0xff, (whole >> 8) & 0xff, whole & 0xff], end);
  }

  #expectSame(type: number, codec: string): void {
    const first = this.#first.get(type);
    if (first === undefined && this.#headers < 2) this.#first.set(type, codec);
    else if (first !== codec) this.#miss(type);
  }

  #miss(type: number): void {
    const kind = type === PICTURE ? 'picture' : 'sound';
    this.#misfits.set(kind, { kind, isNeeded: true });
  }
}

function tagAt(bytes: Uint8Array, at: number): Tag | undefined {
  const type = bytes[at] ?? 0;
  const size = uint24(bytes, at + 1);
  const isTag = (type === SOUND || type === PICTURE || type === SCRIPT) && uint24(bytes, at + 8) === 0;
  return isTag && size <= MOST_TAG_BYTES ? { at, type, size } : undefined;
}

/** Behind a tag stands its size: where another number does, it was cut off, or is none. */
function isWhole(bytes: Uint8Array, { at, size }: Tag): boolean {
  return uint32(bytes, at + TAG + size) === TAG + size;
}

/** How long the first part is, and where its key frames lie: not so in what it is joined with. */
function isMetadata(bytes: Uint8Array, { at, type }: Tag): boolean {
  const body = at + TAG;
  return type === SCRIPT && String.fromCharCode(...bytes.subarray(body + 3, body + 13)) === 'onMetaData';
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function uint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 2 ** 24 + uint24(bytes, at + 1);
}

function writeUint24(bytes: Uint8Array, at: number, value: number): void {
  bytes.set([(value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff], at);
}

function writeMs(bytes: Uint8Array, at: number, ms: number): void {
  const kept = Math.max(0, ms);
  writeUint24(bytes, at + 4, kept % 2 ** 24);
  bytes[at + 7] = Math.floor(kept / 2 ** 24) & 0xff;
}
