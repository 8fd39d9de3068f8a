import { LRUCache } from 'lru-cache';
import { parseFilmPath, segmentName } from '../../kernel/film/paths.ts';
import { parsePlaylist } from '../../kernel/hls/parse.ts';
import type { SegmentOrder } from './segment-order.ts';

/** A day of two-second segments fits; what is larger is served like any other and teaches nothing. */
const MAX_PLAYLIST_BYTES = 2_097_152;
/** Of all playlists together; four bytes each. */
const MAX_SEGMENTS = 1_000_000;
/** However small each is. */
const MAX_PLAYLISTS = 2_000;

/**
 * The order of our own films. Only the numbers of segments are kept, and a name is always written anew below the
 * playlist's own folder: whatever a playlist says, nothing else can come of it.
 */
export class FilmOrder implements SegmentOrder {
  readonly #orders = new LRUCache<string, Uint32Array>({
    max: MAX_PLAYLISTS,
    maxSize: MAX_SEGMENTS,
    sizeCalculation: (order) => Math.max(1, order.length),
  });

  learn(path: string, body: Buffer): void {
    if (!path.endsWith('.m3u8') || parseFilmPath(path)?.kind !== 'playlist') return;
    const folder = folderOf(path);
    const order = body.length > MAX_PLAYLIST_BYTES ? [] : readOrder(folder, body.toString('utf8'));
    if (order.length === 0) this.#orders.delete(folder);
    else this.#orders.set(folder, Uint32Array.from(order));
  }

  knows(path: string): boolean {
    return this.#orders.has(folderOf(path));
  }

  after(path: string, count: number): string[] {
    const folder = folderOf(path);
    const order = this.#orders.get(folder);
    const index = order && numberOf(path.slice(folder.length));
    if (!order || index === undefined) return [];
    const at = positionOf(order, index);
    if (at < 0) return [];
    return [...order.subarray(at + 1, at + 1 + count)].map((next) => folder + segmentName(next));
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function readOrder(folder: string, text: string): number[] {
  const playlist = parsePlaylist(text);
  if (playlist?.kind !== 'media') return [];
  return playlist.segments.flatMap(({ uri }) => {
    const index = parseFilmPath(folder + uri)?.kind === 'segment' ? numberOf(uri) : undefined;
    return index === undefined ? [] : [index];
  });
}

/** `s00012.m4s` is 12. */
function numberOf(name: string): number | undefined {
  const digits = /^s(\d{5,8})\.m4s$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Nearly every playlist counts up by one, so the place is where the number says. */
function positionOf(order: Uint32Array, index: number): number {
  const guess = index - (order[0] ?? 0);
  return order[guess] === index ? guess : order.indexOf(index);
}
