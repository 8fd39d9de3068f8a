import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { LiveOptions } from '../../src/kernel/live/live-stream.ts';
import { type ServerOptions, TestServer } from './server.ts';

export interface TestStream {
  readonly id: string;
  readonly streamKey: string;
}

export interface PublishOptions {
  /** Ends by itself after so many seconds, with a goodbye. */
  readonly seconds?: number;
  readonly size?: string;
  readonly rate?: number;
  /** Seconds from key frame to key frame. */
  readonly keyFrameSeconds?: number;
  /** `none` leaves that track out. */
  readonly picture?: 'none';
  readonly sound?: 'none';
  /** In place of the above: everything before the output. */
  readonly source?: readonly string[];
  /** RTMP unless told. */
  readonly door?: 'rtmps' | 'srt';
}

/** Small enough that two processors carry several of them. */
export function testSource(options: PublishOptions = {}): string[] {
  const { size = '320x180', rate = 30, keyFrameSeconds = 1, seconds, picture, sound, source } = options;
  if (source) return [...source];
  const gop = String(Math.round(rate * keyFrameSeconds));
  // biome-ignore format: options read in pairs
  return [
    ...(picture ? [] : ['-re', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}`]),
    ...(sound ? [] : ['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100']),
    ...(seconds === undefined ? [] : ['-t', String(seconds)]),
    ...(picture ? [] : ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', gop, '-keyint_min', gop, '-pix_fmt', 'yuv420p', '-b:v', '500k']),
    ...(sound ? [] : ['-c:a', 'aac', '-b:a', '64k']),
  ];
}

/** A source whose sound is over before its picture. */
export function soundEndsSooner(seconds: number): string[] {
  // biome-ignore format: options read in pairs
  return [
    '-re', '-t', String(seconds), '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30',
    '-re', '-t', String(seconds - 0.8), '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-pix_fmt', 'yuv420p',
    '-c:a', 'aac',
  ];
}

/** An encoder that publishes. */
export class TestPublisher {
  readonly process: ChildProcess;
  #said = '';
  #sentSeconds = 0;

  constructor(args: readonly string[], target: string, format = 'flv') {
    const all = [
      '-nostdin',
      '-hide_banner',
      '-loglevel',
      'error',
      '-progress',
      'pipe:3',
      '-stats_period',
      '0.1',
      ...args,
      '-flush_packets',
      '1',
      '-f',
      format,
      target,
    ];
    this.process = spawn('ffmpeg', all, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
    this.process.stderr?.on('data', (text) => {
      this.#said += String(text);
    });
    const progress = this.process.stdio[3] as Readable;
    createInterface({ input: progress }).on('line', (line) => {
      const [, microseconds] = /^out_time_us=(\d+)$/.exec(line) ?? [];
      if (microseconds !== undefined) this.#sentSeconds = Number(microseconds) / 1_000_000;
    });
  }

  /** Of its source, whose time goes by more slowly on a busy machine. */
  get sentSeconds(): number {
    return this.#sentSeconds;
  }

  get said(): string {
    return this.#said;
  }

  /** Says goodbye. */
  async stop(): Promise<void> {
    this.process.kill('SIGINT');
    await this.ended();
  }

  /** Just goes. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended();
  }

  /** Keeps its connection and sends nothing. */
  freeze(): void {
    this.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.process.kill('SIGCONT');
  }

  async ended(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit');
  }
}

export interface StreamBody {
  readonly streamId: string;
  readonly status: 'idle' | 'live' | 'reconnecting';
  readonly broadcast?: {
    readonly number: number;
    readonly recordingId?: string;
    readonly endedAt?: string;
    readonly endReason?: string;
  };
  readonly health?: { readonly problems: readonly string[]; readonly speed: number };
}

/** A real server with all roles, with streams to publish to. */
export class LiveServer {
  readonly server: TestServer;
  readonly #publishers: TestPublisher[] = [];

  private constructor(server: TestServer) {
    this.server = server;
  }

  static async start(options: ServerOptions = {}): Promise<LiveServer> {
    return new LiveServer(await TestServer.start(options));
  }

  async createStream(options: Partial<LiveOptions & { policy: string }> = {}): Promise<TestStream> {
    const body = { title: 'Test', policy: 'public', passthrough: 'never', ...options };
    const response = await this.server.api('POST', '/v1/live-streams', body);
    if (!response.ok) throw new Error(`no stream: ${response.status} ${await response.text()}`);
    const { streamId: id, streamKey } = (await response.json()) as { streamId: string; streamKey: string };
    return { id, streamKey };
  }

  async stream({ id }: Pick<TestStream, 'id'>): Promise<StreamBody> {
    return (await (await this.server.api('GET', `/v1/live-streams/${id}`)).json()) as StreamBody;
  }

  untilStatus(stream: Pick<TestStream, 'id'>, status: StreamBody['status']): Promise<StreamBody> {
    return waitFor(`${stream.id} to be ${status}`, async () => {
      const body = await this.stream(stream);
      return body.status === status ? body : undefined;
    });
  }

  publish({ streamKey }: Pick<TestStream, 'streamKey'>, options: PublishOptions = {}): TestPublisher {
    const { rtmp, rtmps, srt } = this.server.run;
    const flash = options.door === 'rtmps' ? rtmps : rtmp;
    const publisher =
      options.door === 'srt'
        ? new TestPublisher(testSource(options), `${srt}?streamid=${streamKey}`, 'mpegts')
        : new TestPublisher(testSource(options), `${flash}/${streamKey}`);
    this.#publishers.push(publisher);
    return publisher;
  }

  /** Tells viewers something at this moment. */
  async tell({ id }: Pick<TestStream, 'id'>, data: unknown): Promise<void> {
    const response = await this.server.api('POST', `/v1/live-streams/${id}/metadata`, { data });
    if (!response.ok) throw new Error(`not told: ${response.status} ${await response.text()}`);
  }

  /** What viewers get at the edge. */
  fetch(path: string): Promise<Response> {
    return fetch(`${this.server.run.edge}${path}`);
  }

  /** A file of a live stream, such as `master.m3u8`, when it satisfies the question. */
  async until({ id }: Pick<TestStream, 'id'>, file: string, satisfied = (_text: string) => true): Promise<string> {
    return waitFor(`${file} of ${id}`, async () => {
      const response = await this.fetch(`/live/${id}/${file}`);
      const text = await response.text();
      return response.ok && satisfied(text) ? text : undefined;
    });
  }

  /** Names of the renditions that the stream's present broadcast lists. */
  async renditions(stream: Pick<TestStream, 'id'>): Promise<string[]> {
    const master = await this.until(stream, 'master.m3u8');
    return [...new Set([...master.matchAll(/b\d+\/([a-z0-9-]+)\/index\.m3u8/g)].map(([, name = '']) => name))];
  }

  async stop(): Promise<void> {
    await this.#stopPublishers();
    await this.server.stop();
  }

  /** The server alone, as a power cut would. Its folder must be one that was given. */
  async kill(): Promise<void> {
    await this.server.kill();
    await this.#stopPublishers();
  }

  async #stopPublishers(): Promise<void> {
    for (const publisher of this.#publishers) {
      publisher.thaw();
      await publisher.kill();
    }
  }
}

/** How many whole segments a playlist lists. */
export function segmentsOf(playlist: string): number {
  return playlist.split('#EXTINF').length - 1;
}

/** How much whole segments of a playlist last. */
export function secondsOf(playlist: string): number {
  return [...playlist.matchAll(/^#EXTINF:([\d.]+)/gm)].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
}

/** Whether a playlist lists media of a session; one that is only hinted at may never come. */
export function hasPartsOf(session: number): (playlist: string) => boolean {
  return (playlist) => placeOf(session, playlist) >= 0;
}

/** When the first listed media of a session came in, by the clock that the playlist shows. */
export function firstDateOf(session: number, playlist: string): number {
  const before = playlist.slice(0, placeOf(session, playlist));
  return Date.parse(before.split('#EXT-X-PROGRAM-DATE-TIME:').at(-1)?.split('\n')[0] ?? '');
}

function placeOf(session: number, playlist: string): number {
  return playlist.search(new RegExp(`^(#EXT-X-PART:.*URI=")?${session}/s`, 'm'));
}

const LIMIT_MS = 30_000;

/** Asks again until there is an answer. */
export async function waitFor<T>(what: string, ask: () => Promise<T | undefined>, limitMs = LIMIT_MS): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms for ${what}`);
    await pause(50);
  }
}
