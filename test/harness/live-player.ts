import { setTimeout as pause } from 'node:timers/promises';
import { parseLivePath } from '../../src/kernel/live/paths.ts';
import type { EdgeScenario } from './edge-scenario.ts';
import { LiveOrigin } from './live-origin.ts';

const TARGET_MS = 2_000;
const SKIP_UNTIL_MS = 6 * TARGET_MS;
const LISTED = /^(?:#EXT-X-PART:[^\n]*URI="([^"]+)"|([^#\s]\S*))$/gm;

/**
 * A player of a made-up broadcast: asks for the next state, without directives once nothing was new, and fetches whatever is
 * listed that it does not have, parts before their segment.
 */
export class LivePlayer {
  /** In their order: by segment, the parts that it has of it, or all of it. */
  readonly fetched = new Map<number, Set<number> | 'whole'>();
  /** Statuses of playlists that were no success. Media that fail are asked for again with the next playlist. */
  readonly troubles: number[] = [];
  /** When news came last. */
  newsAtMs = 0;
  readonly #edge: EdgeScenario;
  readonly #watching: Promise<void>;
  #next = '';
  /** Of the newest part that was ever listed. */
  #rank = -1;
  #isWatching = true;

  constructor(edge: EdgeScenario) {
    this.#edge = edge;
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#isWatching = false;
    await this.#watching;
  }

  /** Numbers of segments up to the newest of which something lacks. */
  get gaps(): number[] {
    const numbers = [...this.fetched.keys()];
    const [first = 0, last = 0] = [Math.min(...numbers), Math.max(...numbers)];
    return Array.from({ length: last - first }, (_, at) => first + at).filter((each) => {
      const parts = this.fetched.get(each);
      return parts !== 'whole' && parts?.size !== 4;
    });
  }

  async #watch(): Promise<void> {
    while (this.#isWatching) {
      const { status, body } = await this.#edge.get(LiveOrigin.playlistPath('720p', this.#next));
      const isNews = status === 200 && (await this.#take(body.toString(), Date.now()));
      if (isNews) this.newsAtMs = Date.now();
      if (status !== 200) this.troubles.push(status);
      if (!isNews) {
        this.#next = '';
        await pause(TARGET_MS / 2);
      }
    }
  }

  /** Whether there is anything newer in it than before. */
  async #take(text: string, cameAtMs: number): Promise<boolean> {
    const uris = [...text.matchAll(LISTED)].map(([, part, segment]) => part ?? segment ?? '');
    const wanted = uris.filter((uri) => this.#lacks(uri));
    for (const uri of wanted) {
      if (!this.#lacks(uri)) continue;
      const { status, body } = await this.#edge.get(LiveOrigin.mediaPath(uri));
      if (status === 200 && body.toString().startsWith(LiveOrigin.mediaPath(uri))) this.#keep(uri);
    }
    const newestUri = uris.findLast((uri) => placeOf(uri)?.part !== undefined) ?? '';
    const newest = placeOf(newestUri);
    const rank = (newest?.sequence ?? 0) * 4 + (newest?.part ?? 0);
    const isNews = rank > this.#rank;
    this.#rank = Math.max(rank, this.#rank);
    // A delta is for who has a playlist that is not old. RFC 8216bis section 6.2.5.1.
    const skip = Date.now() - cameAtMs < SKIP_UNTIL_MS / 2 ? '&_HLS_skip=YES' : '';
    if (newest) this.#next = `_HLS_msn=${newest.sequence}&_HLS_part=${(newest.part ?? 0) + 1}${skip}`;
    return isNews;
  }

  #lacks(uri: string): boolean {
    const place = placeOf(uri);
    if (!place) return false;
    const parts = this.fetched.get(place.sequence);
    if (parts === 'whole' || parts?.size === 4) return false;
    return place.part === undefined || !parts?.has(place.part);
  }

  #keep(uri: string): void {
    const { sequence = 0, part } = placeOf(uri) ?? {};
    const parts = this.fetched.get(sequence);
    if (part === undefined) this.fetched.set(sequence, 'whole');
    else if (parts !== 'whole') this.fetched.set(sequence, new Set(parts).add(part));
  }
}

function placeOf(uri: string): { readonly sequence: number; readonly part?: number } | undefined {
  const object = parseLivePath(LiveOrigin.mediaPath(uri));
  return object?.kind === 'part' || object?.kind === 'segment' ? object : undefined;
}
