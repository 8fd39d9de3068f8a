import type { Edit, MarkReader, Misfit, OnMark, Passed } from '../mpeg/marks.ts';
import { type Codec, codecOf, isBeside } from './codecs.ts';
import { PAGE_HEADER, type Page, pageAt, renamePage } from './pages.ts';

/**
 * Chained Ogg files (RFC 3533 section 4): whole files behind one another, each with streams, headers and a clock of its
 * own. As one, the streams of all links are those of the first, without any further headers, and their pages count on.
 */
interface Track {
  readonly serial: number;
  readonly codec: Codec;
  readonly setUps: (Uint8Array | undefined)[];
  sequence: number;
  /** What its last page counts, and how many there were. */
  end: number;
  pages: number;
}

const NOTHING = new Uint8Array(0);

/** A stream of the present link. */
interface Stream {
  readonly codec: Codec;
  /** Absent where it has no place in the film. */
  track?: Track;
  /** Headers that were read, and what there is of the next. */
  headers: number;
  part: Uint8Array<ArrayBuffer>;
}

/** Where a link's clock lies, in seconds. */
interface Link {
  /** The film's moment at which it begins. */
  readonly begins: number;
  /** What its own clock says then, once that is known. */
  zero?: number;
}

/** Sound may outlast the picture of a link by this and give way to the next; more is shown to its end. */
const TAIL_SECONDS = 0.25;

/** A clock that begins beyond this was running before: what was recorded of a broadcast. */
const RUNNING_SECONDS = 10;

export class OggReader implements MarkReader {
  readonly #tracks: Track[] = [];
  readonly #misfits = new Map<string, Misfit>();
  #streams = new Map<number, Stream>();
  #link: Link = { begins: 0, zero: 0 };
  #links = 0;
  #isHead = false;

  get isChanged(): boolean {
    return this.#links > 1;
  }

  get misfits(): Misfit[] {
    return [...this.#misfits.values()];
  }

  read(bytes: Uint8Array, _position: number, _onMark: OnMark, isLast: boolean): Passed {
    const edits: Edit[] = [];
    let at = 0;
    let good = 0;
    while (at + PAGE_HEADER <= bytes.length) {
      const page = pageAt(bytes, at);
      if (page === 'more' && !isLast) break;
      if (page === 'more' || !page) {
        at += 1;
        continue;
      }
      if (this.#links > 0 && at > good) edits.push({ from: good, to: at });
      if (!this.#readPage(bytes, page)) edits.push({ from: page.at, to: page.end });
      at = page.end;
      good = at;
    }
    if (this.#links > 0 && at > good && !isLast) edits.push({ from: good, to: at });
    return { done: at, edits };
  }

  /** Says whether the page is kept. */
  #readPage(bytes: Uint8Array, page: Page): boolean {
    const body = bytes.subarray(page.body, page.end);
    if (page.begins) this.#begin(page, body);
    else if (this.#isHead) this.#endHead();
    const stream = this.#streams.get(page.serial);
    if (!stream) return this.#links === 1;
    if (stream.headers < stream.codec.headers) {
      this.#readHeaders(stream, page, body);
      if (this.#links === 1 && stream.track) stream.track.sequence += 1;
      return this.#links === 1;
    }
    const { track } = stream;
    if (!track) return false;
    const granule = page.granule === undefined ? undefined : this.#moved(stream, track, page.granule);
    if (granule !== undefined) track.end = Math.max(track.end, stream.codec.countOf(granule));
    renamePage(bytes, page, { serial: track.serial, sequence: track.sequence, granule });
    track.sequence += 1;
    track.pages += 1;
    return true;
  }

  #begin({ serial, packets }: Page, body: Uint8Array): void {
    if (!this.#isHead) {
      this.#links += 1;
      this.#link = this.#links === 1 ? { begins: 0, zero: 0 } : { begins: this.#end() };
      this.#streams = new Map();
      this.#isHead = true;
    }
    const first = body.subarray(0, packets[0]);
    const codec = codecOf(first);
    if (codec) {
      const track = this.#links === 1 ? this.#newTrack(serial, codec) : this.#freeTrack(codec);
      this.#streams.set(serial, { codec, headers: 0, part: NOTHING, ...(track ? { track } : {}) });
    } else if (this.#links > 1 && !isBeside(first)) this.#miss('sound', true);
  }

  #newTrack(serial: number, codec: Codec): Track {
    const track = { serial, codec, setUps: [], sequence: 0, end: 0, pages: 0 };
    this.#tracks.push(track);
    return track;
  }

  #freeTrack({ name }: Codec): Track | undefined {
    const taken = new Set([...this.#streams.values()].map(({ track }) => track));
    return this.#tracks.find((track) => track.codec.name === name && !taken.has(track));
  }

  /** All streams of the link are known now: those without a place are misfits. */
  #endHead(): void {
    this.#isHead = false;
    const streams = [...this.#streams.values()];
    for (const { codec, track } of streams) {
      if (track) continue;
      this.#miss(codec.kind, !streams.some((each) => each.track && each.codec.kind === codec.kind));
    }
  }

  #readHeaders(stream: Stream, { packets, isOpen }: Page, body: Uint8Array): void {
    let at = 0;
    for (const [index, length] of packets.entries()) {
      const packet = Uint8Array.of(...stream.part, ...body.subarray(at, at + length));
      at += length;
      const isWhole = index < packets.length - 1 || !isOpen;
      stream.part = isWhole ? NOTHING : packet;
      if (!isWhole || stream.headers >= stream.codec.headers) continue;
      this.#seeHeader(stream, packet);
      stream.headers += 1;
    }
  }

  /** The decoder is set up by the first link's headers, and must be able to go on with them. */
  #seeHeader(stream: Stream, packet: Uint8Array): void {
    const { codec, track, headers } = stream;
    if (!track) return;
    const setUp = codec.setUp(packet, headers);
    if (this.#links === 1) track.setUps[headers] = setUp;
    else if (!equal(setUp ?? NOTHING, track.setUps[headers] ?? NOTHING)) {
      delete stream.track;
      this.#miss(codec.kind, true);
    }
  }

  #moved({ codec }: Stream, track: Track, granule: bigint): bigint {
    if (this.#links === 1) return granule;
    const count = codec.countOf(granule);
    const pageSeconds = track.end / Math.max(1, track.pages) / codec.perSecond;
    const seconds = count / codec.perSecond;
    this.#link.zero ??= seconds > RUNNING_SECONDS ? seconds - pageSeconds : 0;
    const shift = Math.round((this.#link.begins - this.#link.zero) * codec.perSecond);
    return codec.moved(granule, shift + track.codec.lead - codec.lead);
  }

  /** When the links until now end: with the picture, or later by whole pictures where the sound needs them. */
  #end(): number {
    const leader = this.#tracks.find(({ codec }) => codec.kind === 'picture') ?? this.#tracks[0];
    if (!leader) return 0;
    const end = endOf(leader);
    const late = Math.max(...this.#tracks.map(endOf)) - end;
    if (late <= TAIL_SECONDS) return end;
    return end + Math.ceil(late * leader.codec.perSecond) / leader.codec.perSecond;
  }

  #miss(kind: Misfit['kind'], isNeeded: boolean): void {
    this.#misfits.set(`${kind} ${isNeeded}`, { kind, isNeeded });
  }
}

function endOf({ end, codec }: Track): number {
  return (end - codec.lead) / codec.perSecond;
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
