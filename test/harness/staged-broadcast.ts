import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Broadcast, LiveStream } from '../../src/database/live-stream-rows.ts';
import type { FaultCode } from '../../src/kernel/errors.ts';
import { parseLadder } from '../../src/kernel/ladder/ladder.ts';
import {
  type BroadcastFormat,
  type LivePart,
  type LiveSegment,
  renditionsOf,
} from '../../src/kernel/live/broadcast.ts';
import type { IngestHealth } from '../../src/kernel/live/health.ts';
import type { Passthrough } from '../../src/kernel/live/live-stream.ts';
import { FlvPieces } from '../../src/kernel/live/window/flv.ts';
import { type Log, silentLog } from '../../src/kernel/log.ts';
import type { BroadcastDeps } from '../../src/live/broadcast/deps.ts';
import { StreamActor } from '../../src/live/broadcast/stream-actor.ts';
import { LivePackager, type PackagerDeps } from '../../src/live/packager/live-packager.ts';
import type { Publisher } from '../../src/live/seams.ts';
import { freshFolder } from './folder.ts';
import { testSource, waitFor } from './live.ts';

export const STREAM_ID = 'ls_aaaabbbbccccdddd';

/** Something that came out, by the clock of this process. */
export type Timed<T> = T & { readonly atMs: number };

interface StageOptions {
  readonly passthrough?: Passthrough;
  readonly reconnectSeconds?: number;
  /** Whether the source of an earlier broadcast had its key frames in time. */
  readonly isRegular?: boolean;
  /** What the broadcast takes for the time of day. */
  readonly now?: () => number;
}

/**
 * One stream with real encoders and a real packager, and nothing around them: no doors, no database, no edge. For what is
 * measured to a tenth of a second, or takes a clock of its own.
 */
export class StagedBroadcast {
  readonly parts: Timed<LivePart>[] = [];
  readonly segments: LiveSegment[] = [];
  readonly healths: Timed<IngestHealth>[] = [];
  /** When the first of each session's media came, by the clock of the stage. */
  readonly beganAtMs = new Map<number, number>();
  /** What is kept of the source for its next broadcast. */
  readonly remembered: boolean[] = [];
  readonly counts: string[] = [];
  /** Of each session, whether its top rung was the source's own packets. */
  readonly copied: boolean[] = [];
  readonly told: string[] = [];
  readonly actor: StreamActor;
  #packaging: LivePackager | undefined;
  #format: BroadcastFormat | undefined;
  readonly #folder: string;
  readonly #publishers: StagedPublisher[] = [];
  readonly #recordingId = 'as_aaaabbbbccccdddd';
  #lastPublisher = 0;

  private constructor(folder: string, options: StageOptions) {
    this.#folder = folder;
    const { passthrough = 'never', reconnectSeconds = 60, isRegular = false } = options;
    const stream = {
      id: STREAM_ID,
      state: 'idle',
      isRegular,
      options: { ladder: 'h264', passthrough, reconnectSeconds },
    };
    this.actor = new StreamActor(this.#deps(options.now ?? Date.now), stream as unknown as LiveStream, () => {
      this.told.push('over');
    });
  }

  static async open(options: StageOptions = {}): Promise<StagedBroadcast> {
    return new StagedBroadcast(await freshFolder(), options);
  }

  get format(): BroadcastFormat {
    if (!this.#format) throw new Error('the broadcast has not begun');
    return this.#format;
  }

  get top(): string {
    return this.format.video?.renditions.at(-1)?.name ?? '';
  }

  publish(
    args: readonly string[] = testSource(),
    container: Publisher['container'] = 'flv',
    rewrite?: (tag: Buffer) => void,
  ): StagedPublisher {
    const publisher = new StagedPublisher(args, container, rewrite);
    this.#publishers.push(publisher);
    if (!this.actor.reserve()) throw new Error('no room');
    this.actor.join(publisher.seam, '');
    return publisher;
  }

  partsOf(session: number, rendition: string): Timed<LivePart>[] {
    return this.parts.filter((part) => part.session === session && part.rendition === rendition);
  }

  /** A rendition's playlist as it now is. */
  playlist(rendition: string): string | undefined {
    const stage = this.#packaging?.stage(rendition);
    return stage && this.#packaging?.text(stage, false).plain.toString();
  }

  until<T>(what: string, ask: () => T | undefined | false): Promise<T> {
    return waitFor(what, async () => ask() || undefined);
  }

  /** When a part came to an end in the source, by the clock of the stage: its program date and time. */
  endsAtMs({ session, startTicks, durationTicks, timescale }: LivePart): number {
    return (this.beganAtMs.get(session) ?? 0) + ((startTicks + durationTicks) * 1_000) / timescale;
  }

  /** Seconds of everything published, in the tick clock of each rendition. */
  secondsOf({ rendition, durationTicks }: LiveSegment | LivePart): number {
    return durationTicks / (renditionsOf(this.format).find(({ name }) => name === rendition)?.timescale ?? 1);
  }

  async close(): Promise<void> {
    await Promise.all(this.#publishers.map((publisher) => publisher.kill()));
    await this.actor.abandon();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #deps(now: () => number): BroadcastDeps {
    const note = (word: string) => async () => {
      this.told.push(word);
      return true;
    };
    return {
      streams: {
        setHealth: async () => true,
        setRegular: async (_hold: unknown, isRegular: boolean) => this.remembered.push(isRegular),
        release: note('released'),
        letGo: note('let go'),
      },
      broadcasts: Object.fromEntries(
        ['lost', 'reconnected', 'end', 'unhealthy', 'recovered'].map((word) => [word, note(word)]),
      ),
      packagers: { open: (place: LivePackager['place'], news: never) => this.#packager(place, news) },
      channels: { open: async () => this.#feed() },
      readLadder: async () =>
        parseLadder(await readFile(new URL('../../media/ladders/h264.json', import.meta.url), 'utf8')),
      begin: async (_hold: unknown, _stream: unknown, format: BroadcastFormat) => this.#begin(format),
      finished: async () => {},
      nodeUrl: () => 'http://127.0.0.1:1',
      settings: { sourceMaxPixels: 1e8, liveStreams: 4, liveSegmentSeconds: 2, liveSilenceSeconds: 15 },
      clock: { now },
      log: this.#log(),
      nextId: () => {
        this.#lastPublisher += 1;
        return this.#lastPublisher;
      },
      count: (name: string) => this.counts.push(name),
    } as unknown as BroadcastDeps;
  }

  #log(): Log {
    const info = (facts: object) => {
      if ('copiesTop' in facts) this.copied.push(facts.copiesTop === true);
    };
    const log: Log = { ...silentLog, info, child: () => log };
    return log;
  }

  #begin(format: BroadcastFormat): Broadcast {
    this.#format = format;
    return { streamId: STREAM_ID, number: 1, recordingId: this.#recordingId, format } as unknown as Broadcast;
  }

  #packager(place: LivePackager['place'], news: never): LivePackager {
    const recordings = {
      addSession: async (_: string, { number, beganAtMs }: { number: number; beganAtMs: number }) => {
        this.beganAtMs.set(number, beganAtMs);
      },
      addSegments: async () => {},
    };
    const deps = { store: { put: async () => {} }, recordings, log: silentLog, folder: join(this.#folder, 'live') };
    this.#packaging = new LivePackager(deps as unknown as PackagerDeps, place, news);
    return this.#packaging;
  }

  #feed() {
    return {
      started: () => {},
      opening: () => {},
      reconnecting: () => this.told.push('reconnecting'),
      ended: () => this.told.push('ended'),
      init: () => {},
      part: (part: LivePart) => this.parts.push({ ...part, atMs: performance.now() }),
      segment: (segment: LiveSegment) => this.segments.push(segment),
      health: (health: IngestHealth) => this.healths.push({ ...health, atMs: performance.now() }),
    };
  }
}

/** Real ffmpeg, whose bytes go to the broadcast as a door hands them over. */
export class StagedPublisher {
  readonly seam: Publisher;
  /** Why it was sent away. */
  sentAway: FaultCode | undefined;
  readonly #process: ChildProcess;
  readonly #gone = Promise.withResolvers<'finished' | 'lost'>();
  readonly #bytes = new PassThrough();

  /** `rewrite` may change tags of Flash video before they are sent. */
  constructor(args: readonly string[], container: Publisher['container'], rewrite?: (tag: Buffer) => void) {
    const all = ['-nostdin', '-hide_banner', '-loglevel', 'error', ...args, '-flush_packets', '1', '-f', container];
    this.#process = spawn('ffmpeg', [...all, 'pipe:1'], { stdio: ['ignore', 'pipe', 'ignore'] });
    if (rewrite) this.#process.stdout?.on('data', tagsInto(this.#bytes, rewrite));
    else this.#process.stdout?.pipe(this.#bytes, { end: false });
    this.seam = {
      door: container === 'mpegts' ? 'srt' : 'rtmp',
      address: '127.0.0.1',
      container,
      bytes: this.#bytes,
      gone: this.#gone.promise,
      close: (why) => {
        this.sentAway = why;
        void this.kill();
      },
    };
  }

  /** Keeps its connection and sends nothing. */
  freeze(): void {
    this.#process.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process.kill('SIGCONT');
  }

  /** Its connection is cut now, whatever becomes of the process. */
  async kill(): Promise<void> {
    this.#process.stdout?.unpipe(this.#bytes);
    this.#bytes.end();
    this.#gone.resolve('lost');
    this.#process.kill('SIGKILL');
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, 'exit');
  }
}

function tagsInto(target: PassThrough, rewrite: (tag: Buffer) => void): (bytes: Buffer) => void {
  const reader = new FlvPieces();
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const size = reader.measure(rest);
      if (size === 'broken') throw new Error('no Flash video');
      if (size === 0 || size > rest.length) return;
      const tag = rest.subarray(0, size);
      if (tag[0] !== HEADER) rewrite(tag);
      target.write(tag);
      rest = rest.subarray(size);
    }
  };
}

const HEADER = 0x46;
