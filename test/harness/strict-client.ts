import { readInit } from '../../src/kernel/cmaf/init.ts';
import { readSegment } from '../../src/kernel/cmaf/segment.ts';
import { checkSuccession, demand, readStrict, type StrictPlaylist, type StrictSegment } from './strict-playlist.ts';

export type Get = (path: string) => Promise<Response>;

/** What a client met on its way. */
export interface Encounters {
  reloads: number;
  deltas: number;
  parts: number;
  segments: number;
  gaps: number;
  discontinuities: number;
  /** Answered 503 since nothing came for too long. */
  late: number;
  hinted: number;
  /** Hints of what never came. */
  misled: number;
  /** Newest part by the time it was listed here. */
  latest: { readonly msn: number; readonly part: number };
}

/**
 * Plays one rendition as AVPlayer would, and more strictly: by blocking delta reloads, with the hinted part asked for
 * ahead, every part and every segment fetched and its boxes read. The first rule that is broken ends it.
 */
export class StrictClient {
  readonly met: Encounters = {
    reloads: 0,
    deltas: 0,
    parts: 0,
    segments: 0,
    gaps: 0,
    discontinuities: 0,
    late: 0,
    hinted: 0,
    misled: 0,
    latest: { msn: -1, part: -1 },
  };
  readonly #get: Get;
  readonly #folder: string;
  readonly #timescales = new Map<string, number>();
  readonly #parts = new Map<string, Promise<Uint8Array>>();
  readonly #seen = new Set<string>();
  /** Where the last segment ended, in ticks of its session. */
  #end: { readonly map: string; readonly ticks: number } | undefined;
  playlist: StrictPlaylist | undefined;

  /** `folder`: of the rendition's playlist. */
  constructor(get: Get, folder: string) {
    this.#get = get;
    this.#folder = folder;
  }

  /** Follows the broadcast to its end. `onState` hears of every state. */
  async play(onState: (playlist: StrictPlaylist, client: StrictClient) => void = () => {}): Promise<void> {
    let playlist = await this.#reload('');
    while (!playlist.isEnded) {
      onState(playlist, this);
      const hinted = this.#ahead(playlist);
      const next = await this.#reload(`?${nextState(playlist)}&_HLS_skip=YES`, playlist);
      await hinted;
      await this.#takeNew(next);
      playlist = next;
    }
    onState(playlist, this);
    const again = await this.#get(`${this.#folder}/index.m3u8?_HLS_msn=99999&_HLS_part=7`);
    demand('an ended playlist ignores directives', again.status === 200);
    checkSuccession(playlist, readStrict(await again.text()));
  }

  async #reload(query: string, before?: StrictPlaylist): Promise<StrictPlaylist> {
    const response = await this.#get(`${this.#folder}/index.m3u8${query}`);
    if (response.status === 503) {
      demand('a client that waited too long is told when to come back', response.headers.has('retry-after'));
      this.met.late += 1;
      await response.text();
      return this.#reload('', before);
    }
    demand('a state that can be waited for is answered', response.status === 200, `${response.status} ${query}`);
    checkHead(response, query !== '');
    const text = await response.text();
    const playlist = readStrict(text, before);
    if (before) checkSuccession(before, playlist);
    if (before && query !== '') checkNews(before, playlist);
    this.met.reloads += 1;
    if (playlist.skipped > 0) this.met.deltas += 1;
    const newest = playlist.open ?? playlist.segments.at(-1);
    if (newest) this.met.latest = { msn: newest.sequence, part: newest.parts.length - 1 };
    this.playlist = playlist;
    return playlist;
  }

  /** The hinted part is asked for before it is there. */
  async #ahead({ hint }: StrictPlaylist): Promise<void> {
    demand(
      'every coming part is hinted while a session lasts',
      hint === undefined || /^\d+\/s\d{5}\.p\d+\.m4s$/.test(hint),
    );
    if (hint === undefined || this.#parts.has(hint)) return;
    const response = await this.#get(`${this.#folder}/${hint}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    demand(
      'a hinted part is sent whole, or will never come',
      [200, 404, 503].includes(response.status),
      response.status,
    );
    if (response.status === 404) this.met.misled += 1;
    if (response.status !== 200) return;
    demand('a hinted part has its length stated', Number(response.headers.get('content-length')) === bytes.length);
    this.met.hinted += 1;
    this.#parts.set(hint, Promise.resolve(bytes));
  }

  async #takeNew({ segments, open, skipped }: StrictPlaylist): Promise<void> {
    for (const segment of [...segments.slice(skipped), ...(open ? [open] : [])]) {
      for (const part of segment.parts) {
        if (this.#seen.has(part.uri)) continue;
        this.#seen.add(part.uri);
        if (!part.isGap) await this.#takePart(segment, part);
      }
      if (segment.uri === undefined || this.#seen.has(segment.uri)) continue;
      this.#seen.add(segment.uri);
      await this.#takeSegment(segment);
    }
  }

  async #takePart(segment: StrictSegment, part: StrictSegment['parts'][number]): Promise<void> {
    const bytes = await this.#part(part.uri);
    const facts = readSegment(bytes);
    const timescale = await this.#timescale(segment.map);
    demand('a part is a movie fragment', facts !== undefined, part);
    demand('DURATION is what the boxes say', Math.abs(facts.durationTicks / timescale - part.duration) < 1e-5, part);
    demand('INDEPENDENT is what the boxes say', part.isIndependent === facts.hasSync, part);
    this.met.parts += 1;
  }

  async #takeSegment(segment: StrictSegment): Promise<void> {
    if (segment.isDiscontinuity) this.met.discontinuities += 1;
    if (segment.isGap) {
      this.met.gaps += 1;
      this.#end = undefined;
      return;
    }
    const bytes = await this.#fetch(segment.uri ?? '');
    const listed = segment.parts.filter(({ isGap }) => !isGap);
    const parts = await Promise.all(listed.map(({ uri }) => this.#part(uri)));
    if (parts.length > 0) demand('parts one behind the other are their segment', Buffer.concat(parts).equals(bytes));
    const facts = readSegment(bytes);
    const timescale = await this.#timescale(segment.map);
    demand('a segment begins where decoding can', facts?.startsWithSync === true, segment);
    const isWhole = segment.parts.every(({ isGap }) => !isGap);
    const duration = (facts.endTicks - facts.startTicks) / timescale;
    if (isWhole) demand('EXTINF is what the boxes say', Math.abs(duration - segment.duration) < 1e-5, segment);
    const isNext = this.#end?.map === segment.map;
    if (isNext) demand('tfdt goes on where the segment before ended', facts.startTicks === this.#end?.ticks, segment);
    this.#end = isWhole && segment.map !== undefined ? { map: segment.map, ticks: facts.endTicks } : undefined;
    this.met.segments += 1;
  }

  #part(uri: string): Promise<Uint8Array> {
    const known = this.#parts.get(uri) ?? this.#fetch(uri);
    this.#parts.set(uri, known);
    return known;
  }

  async #timescale(map: string | undefined): Promise<number> {
    const known = this.#timescales.get(map ?? '');
    if (known !== undefined) return known;
    const init = readInit(await this.#fetch(map ?? ''));
    demand('a map is an init segment', init !== undefined, map ?? '');
    this.#timescales.set(map ?? '', init.timescale);
    return init.timescale;
  }

  async #fetch(uri: string): Promise<Uint8Array> {
    const response = await this.#get(`${this.#folder}/${uri}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    demand('what is listed is there', response.status === 200, `${response.status} ${uri}`);
    demand('media has the type of media', response.headers.get('content-type') === 'video/mp4', uri);
    demand('names of media are for ever', /immutable/.test(response.headers.get('cache-control') ?? ''), uri);
    return bytes;
  }
}

/** The next part that is not listed, as a client counts it. */
function nextState({ open, segments, mediaSequence }: StrictPlaylist): string {
  const sequence = mediaSequence + segments.length;
  return `_HLS_msn=${sequence}&_HLS_part=${open?.parts.length ?? 0}`;
}

function checkHead({ headers }: Response, isBlocking: boolean): void {
  demand('a playlist has its type', headers.get('content-type') === 'application/vnd.apple.mpegurl');
  const age = Number(/max-age=(\d+)/.exec(headers.get('cache-control') ?? '')?.[1]);
  demand('a playlist may be kept, and what was asked for by number longer', isBlocking ? age >= 6 : age === 1, age);
}

function checkNews(before: StrictPlaylist, after: StrictPlaylist): void {
  const count = ({ open, segments, mediaSequence }: StrictPlaylist) =>
    1_000 * (mediaSequence + segments.length) + (open?.parts.length ?? 0);
  demand('a reload that waited brings news', after.isEnded || count(after) > count(before), after.text);
}

/** How many parts a report is behind what its rendition has, of which a segment has so many; negative when it is ahead. */
export function reportLag(report: Encounters['latest'], of: StrictClient, partsOfSegment: number): number {
  const place = ({ msn, part }: Encounters['latest']) =>
    msn * partsOfSegment + Math.max(0, Math.min(part, partsOfSegment - 1));
  return place(of.met.latest) - place(report);
}
