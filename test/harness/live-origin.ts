import type { ServerResponse } from 'node:http';
import { readDirectives } from '../../src/kernel/live/directives.ts';
import {
  liveInitUri,
  livePartUri,
  livePlaylistUri,
  liveSegmentUri,
  parseLivePath,
  siblingPlaylistUri,
} from '../../src/kernel/live/paths.ts';

export const STREAM = 'ls_abcdefghjkmnpqrs';
const RENDITIONS = ['360p', '720p'];
const PARTS = 4;
/** An hour ago it had begun already, so that its playlists are as long as real ones. */
const WINDOW_SEGMENTS = 60;

/** Where a stream is: this part of this segment is the last that is there. */
interface Place {
  readonly msn: number;
  readonly part: number;
}

interface Waiting {
  readonly until: Place;
  readonly answer: () => void;
}

export interface LiveOriginOptions {
  readonly partBytes?: number;
  /** Four of them are a segment. */
  readonly partSeconds?: number;
}

/**
 * A made-up broadcast that behaves as ours do: its playlists block, its hinted parts are held, and nothing is published
 * before the test says so. A state is the part that was published last.
 */
export class LiveOrigin {
  readonly #partBytes: number;
  readonly #partSeconds: number;
  /** Epoch milliseconds of parts, by their URI in the playlist. */
  readonly publishedAtMs = new Map<string, number>();
  /** Targets that were asked for, in their order. */
  readonly asked: string[] = [];
  #place: Place = { msn: 102, part: PARTS - 1 };
  #waiting: Waiting[] = [];
  #ended = false;

  constructor({ partBytes = 64, partSeconds = 0.5 }: LiveOriginOptions = {}) {
    this.#partBytes = partBytes;
    this.#partSeconds = partSeconds;
  }

  get place(): Place {
    return this.#place;
  }

  /** Requests that are held now. */
  get held(): number {
    return this.#waiting.length;
  }

  /** The next part of all renditions is there. */
  publish(): void {
    this.#place = following(this.#place);
    const { msn, part } = this.#place;
    this.publishedAtMs.set(livePartUri(1, msn, part), performance.timeOrigin + performance.now());
    this.#release();
  }

  end(): void {
    this.#ended = true;
    this.#release();
  }

  count(target: string): number {
    return this.asked.filter((each) => each === target).length;
  }

  /** A media playlist as it stands, or in the state that a query asks for. */
  static playlistPath(rendition = '720p', state = ''): string {
    return `/live/${STREAM}/${livePlaylistUri(1, rendition)}${state === '' ? '' : `?${state}`}`;
  }

  static mediaPath(uri: string, rendition = '720p'): string {
    return LiveOrigin.playlistPath(rendition).replace('index.m3u8', uri);
  }

  /** Answers what is asked about the broadcast. */
  answer(target: string, response: ServerResponse): void {
    this.asked.push(target);
    const [path = '', query = ''] = target.split('?');
    const object = parseLivePath(path);
    if (object?.kind === 'master') send(response, 'max-age=1', Buffer.from(MASTER));
    else if (object?.kind === 'playlist') this.#answerPlaylist(object.rendition, query, response);
    else if (object?.kind === 'init') send(response, FOREVER, this.#bytes(path));
    else if (object?.kind === 'segment') this.#answerMedia({ msn: object.sequence, part: PARTS - 1 }, path, response);
    else if (object?.kind === 'part') this.#answerMedia({ msn: object.sequence, part: object.part }, path, response);
    else refuse(response, 404);
  }

  #answerPlaylist(rendition: string, query: string, response: ServerResponse): void {
    const directives = readDirectives(query);
    if (!directives) {
      refuse(response, 400);
      return;
    }
    const { msn, part, skip } = directives;
    const cacheControl = msn === undefined ? 'public, max-age=1' : `public, max-age=${6 * this.#targetSeconds}`;
    const answer = () => {
      const { msn: newest, part: newestPart } = this.#place;
      // For those who measure, and had better not unpack what they get.
      response.setHeader('X-Newest', livePartUri(1, newest, newestPart));
      send(response, cacheControl, Buffer.from(this.#text(rendition, skip !== undefined)));
    };
    if (msn === undefined || this.#ended) answer();
    else if (msn > this.#place.msn + 2) refuse(response, 400);
    else this.#when({ msn, part: part ?? PARTS - 1 }, response, answer);
  }

  #answerMedia(place: Place, path: string, response: ServerResponse): void {
    const isHinted = !isBefore(following(this.#place), place);
    if (!isHinted) {
      refuse(response, 404);
      return;
    }
    this.#when(place, response, () =>
      this.#has(place) ? send(response, FOREVER, this.#bytes(path)) : refuse(response, 404),
    );
  }

  #when(until: Place, response: ServerResponse, answer: () => void): void {
    if (this.#has(until)) {
      answer();
      return;
    }
    const waiting = { until, answer };
    this.#waiting.push(waiting);
    response.on('close', () => {
      this.#waiting = this.#waiting.filter((each) => each !== waiting);
    });
  }

  #release(): void {
    const ready = this.#waiting.filter(({ until }) => this.#ended || this.#has(until));
    this.#waiting = this.#waiting.filter((each) => !ready.includes(each));
    for (const { answer } of ready) answer();
  }

  #has(place: Place): boolean {
    return !isBefore(this.#place, place);
  }

  #bytes(path: string): Buffer {
    return Buffer.from(path.padEnd(this.#partBytes, '.'));
  }

  get #targetSeconds(): number {
    return Math.ceil(PARTS * this.#partSeconds);
  }

  #text(rendition: string, isDelta: boolean): string {
    const { msn, part } = this.#place;
    const first = Math.max(0, msn - WINDOW_SEGMENTS);
    const lines = [
      '#EXTM3U',
      '#EXT-X-VERSION:9',
      `#EXT-X-TARGETDURATION:${this.#targetSeconds}`,
      `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${3 * this.#partSeconds},CAN-SKIP-UNTIL=${6 * this.#targetSeconds}`,
      `#EXT-X-PART-INF:PART-TARGET=${this.#partSeconds}`,
      `#EXT-X-MEDIA-SEQUENCE:${first}`,
      isDelta ? `#EXT-X-SKIP:SKIPPED-SEGMENTS=${msn - 1 - first}` : `#EXT-X-MAP:URI="${liveInitUri(1)}"`,
    ];
    // A delta leaves all but the newest out, whose parts are listed too.
    for (let at = isDelta ? msn - 1 : first; at <= msn; at++)
      lines.push(...this.#segmentLines(at, at === msn ? part : PARTS - 1, at >= msn - 1));
    if (this.#ended) return [...lines, '#EXT-X-ENDLIST', ''].join('\n');
    const next = following(this.#place);
    lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${livePartUri(1, next.msn, next.part)}"`);
    for (const other of RENDITIONS.filter((each) => each !== rendition)) {
      lines.push(`#EXT-X-RENDITION-REPORT:URI="${siblingPlaylistUri(other)}",LAST-MSN=${msn},LAST-PART=${part}`);
    }
    return [...lines, ''].join('\n');
  }

  #segmentLines(sequence: number, lastPart: number, withParts: boolean): string[] {
    const lines: string[] = [];
    for (let part = 0; withParts && part <= lastPart; part++) {
      lines.push(`#EXT-X-PART:DURATION=${this.#partSeconds},URI="${livePartUri(1, sequence, part)}"`);
    }
    if (lastPart === PARTS - 1) lines.push(`#EXTINF:${PARTS * this.#partSeconds},`, liveSegmentUri(1, sequence));
    return lines;
  }
}

const FOREVER = 'public, max-age=31536000, immutable';
const MASTER = `#EXTM3U\n${RENDITIONS.map((name) => `#EXT-X-STREAM-INF:BANDWIDTH=1000000\n${livePlaylistUri(1, name)}\n`).join('')}`;

function following({ msn, part }: Place): Place {
  return part === PARTS - 1 ? { msn: msn + 1, part: 0 } : { msn, part: part + 1 };
}

function isBefore(one: Place, other: Place): boolean {
  return one.msn < other.msn || (one.msn === other.msn && one.part < other.part);
}

function send(response: ServerResponse, cacheControl: string, body: Buffer): void {
  const isPlaylist = cacheControl !== FOREVER;
  response.writeHead(200, {
    'Content-Type': isPlaylist ? 'application/vnd.apple.mpegurl' : 'video/mp4',
    'Cache-Control': cacheControl,
    ...(isPlaylist ? { Vary: 'accept-encoding' } : {}),
    'Content-Length': body.length,
  });
  response.end(body);
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Cache-Control': 'no-store', 'Content-Length': 0 });
  response.end();
}
