import { LRUCache } from 'lru-cache';
import { parsePlaylist } from '../../kernel/hls/parse.ts';
import type { SegmentOrder } from './segment-order.ts';

/** What is larger is served like any other and teaches nothing. */
const MAX_PLAYLIST_BYTES = 2_097_152;
/** Of one playlist; nobody watches the rest before it is taken in again. */
const MAX_SEGMENTS = 10_000;
/** Of all links together: keys, and what a map takes beside them. */
const MAX_BYTES = 16_777_216;
const LINK_OVERHEAD_BYTES = 128;
const MAX_PLAYLISTS = 2_000;
/** Longer addresses exist to be awkward. */
const MAX_KEY_LENGTH = 2_048;

const SIGN = Buffer.from('#EXTM3U');

/** The key of a URI that a playlist names, undefined for what is not this origin's. `playlist` is that one's own key. */
export type KeyOf = (uri: string, playlist: string, viewedHost: string | undefined) => string | undefined;

/**
 * The order of streams of any origin: from each file a link to the one behind it, and from the playlist of a whole film one
 * to its init section, and to the first segment behind that.
 */
export class LinkedOrder implements SegmentOrder {
  readonly #keyOf: KeyOf;
  readonly #next = new LRUCache<string, string>({
    maxSize: MAX_BYTES,
    sizeCalculation: (next, key) => next.length + key.length + LINK_OVERHEAD_BYTES,
  });
  readonly #playlists = new LRUCache<string, true>({ max: MAX_PLAYLISTS });

  constructor(keyOf: KeyOf) {
    this.#keyOf = keyOf;
  }

  learn(key: string, body: Buffer, viewedHost?: string): void {
    if (body.length > MAX_PLAYLIST_BYTES || !body.subarray(0, SIGN.length).equals(SIGN)) return;
    const playlist = parsePlaylist(body.toString('utf8'));
    if (playlist?.kind !== 'media') return;
    this.#playlists.set(key, true);
    const { ended, initUri } = playlist;
    // A viewer of what is live does not begin at its beginning.
    const keyOf = (uri: string) => this.#keyOf(uri, key, viewedHost);
    const opening = ended ? [key, ...(initUri === undefined ? [] : [keyOf(initUri)])] : [];
    this.#link([...opening, ...playlist.segments.slice(0, MAX_SEGMENTS).map(({ uri }) => keyOf(uri))]);
  }

  knows(key: string): boolean {
    return this.#playlists.has(key);
  }

  after(key: string, count: number): string[] {
    const found: string[] = [];
    for (let next = this.#next.get(key); next !== undefined && found.length < count; next = this.#next.get(next)) {
      found.push(next);
    }
    return found;
  }

  /** What is not this origin's has nothing before it and nothing behind it. */
  #link(keys: readonly (string | undefined)[]): void {
    let before: string | undefined;
    for (const key of keys) {
      const usable = key !== undefined && key.length <= MAX_KEY_LENGTH ? key : undefined;
      // Segments that are parts of one file have the same key.
      if (before !== undefined && usable !== undefined && before !== usable) this.#next.set(before, usable);
      before = usable;
    }
  }
}
