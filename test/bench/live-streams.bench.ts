import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { placeClip } from '../harness/clip.ts';
import { LiveServer, type TestStream } from '../harness/live.ts';
import { median, type Table, worst } from './measure.ts';

const run = promisify(execFile);

/** After a stream is added: for what it costs to begin with. */
const SETTLE_MS = 10_000;
const MEASURE_MS = 30_000;
/** With one stream too many: the encoder's own patience, and what follows. */
const OVERLOAD_MS = 60_000;
/** More than any two cores carry. */
const MOST = 8;
const SEGMENTS_SHOWN = 4;
/** What is there however much there is to do. */
const LOWEST = 'b1/240p/index.m3u8';

/** How many broadcasts of one and the same 720p source a machine carries, and what becomes of all of them with one more. */
export async function benchLiveStreams(): Promise<Table[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-live-'));
  try {
    const source = join(folder, 'source.flv');
    await makeSource(folder, source);
    return [await fill(source, 'never'), await fill(source, 'auto')];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Real footage as a broadcaster sends it: a key frame each second, no pictures out of order. Encoded before, not beside. */
async function makeSource(folder: string, target: string): Promise<void> {
  const clip = join(folder, 'clip.mp4');
  await placeClip(clip);
  const x264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-b:v', '2500k', '-maxrate', '2500k'];
  const grid = ['-bufsize', '2500k', '-g', '30', '-keyint_min', '30', '-sc_threshold', '0', '-pix_fmt', 'yuv420p'];
  const sound = ['-c:a', 'aac', '-b:a', '128k', '-ar', '48000'];
  const picture = ['-vf', 'fps=30,scale=1280:720,setsar=1', ...x264, ...grid];
  await run('ffmpeg', ['-v', 'error', '-y', '-i', clip, ...picture, ...sound, target]);
}

interface Row {
  readonly streams: number;
  readonly speeds: readonly number[];
  readonly delaysMs: readonly number[];
  readonly renditions: readonly number[];
  readonly problems: ReadonlySet<string>;
  readonly cpu: number;
}

type Passthrough = 'auto' | 'never';

async function fill(source: string, passthrough: Passthrough): Promise<Table> {
  const live = await LiveServer.start({ environment: { FRONTROW_LOG_LEVEL: 'error' } });
  try {
    const streams: TestStream[] = [];
    const rows: Row[] = [];
    while (streams.length < MOST && !rows.at(-1)?.problems.has('overload')) {
      streams.push(await begin(live, source, passthrough));
      process.stderr.write(`live-streams: ${streams.length}\n`);
      await pause(SETTLE_MS);
      rows.push(await watch(live, streams, MEASURE_MS));
    }
    if (rows.at(-1)?.problems.has('overload')) rows.push(await watch(live, streams, OVERLOAD_MS));
    const head = ['broadcasts', 'processor', 'least speed', 'delay p50', 'worst', 'renditions each', 'problems'];
    const top = passthrough === 'auto' ? 'its top rung passed through' : 'all rungs encoded';
    const title = `Broadcasts of one 720p30 source of real footage on this machine, ${top}`;
    return { title, head, rows: rows.map(print) };
  } finally {
    await live.stop();
  }
}

async function begin(live: LiveServer, source: string, passthrough: Passthrough): Promise<TestStream> {
  const stream = await live.createStream({ passthrough, isRecorded: false });
  const publish = () => live.publish(stream, { source: ['-re', '-stream_loop', '-1', '-i', source, '-c', 'copy'] });
  const publisher = publish();
  await live.until(stream, 'master.m3u8');
  if (passthrough === 'never') return stream;
  // A source is passed through once it has shown that its key frames are where segments begin.
  await live.until(stream, LOWEST, (text) => text.split('#EXTINF').length > SEGMENTS_SHOWN);
  await publisher.kill();
  publish();
  await live.until(stream, LOWEST, (text) => text.includes('URI="2/'));
  return stream;
}

async function watch(live: LiveServer, streams: readonly TestStream[], durationMs: number): Promise<Row> {
  const problems = new Set<string>();
  const speeds: number[] = [];
  const delaysMs: number[] = [];
  const busyBefore = busyMs();
  const beganAt = performance.now();
  while (performance.now() - beganAt < durationMs) {
    await pause(1_000);
    for (const { id } of streams) {
      const { health } = await live.stream({ id });
      if (health) speeds.push(health.speed);
      for (const problem of health?.problems ?? []) problems.add(problem);
      const delayMs = await delayOf(live, id);
      if (delayMs !== undefined) delaysMs.push(delayMs);
    }
  }
  const cpu = (busyMs() - busyBefore) / (performance.now() - beganAt);
  const renditions = await Promise.all(streams.map((stream) => livelyRenditions(live, stream)));
  return { streams: streams.length, speeds, delaysMs, renditions, problems, cpu };
}

/** Of the whole machine, publishers and all: encoders come and go. */
function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys, 0);
}

async function playlists(live: LiveServer, id: string): Promise<string[]> {
  const master = await live.fetch(`/live/${id}/master.m3u8`);
  const text = await master.text();
  return [...new Set([...text.matchAll(/b\d+\/[a-z0-9-]+\/index\.m3u8/g)].map(([uri]) => uri))];
}

/** From when the newest that the lowest rung lists reached us until now. */
async function delayOf(live: LiveServer, id: string): Promise<number | undefined> {
  const lowest = (await playlists(live, id)).find((uri) => !uri.includes('audio'));
  if (!lowest) return undefined;
  const text = await (await live.fetch(`/live/${id}/${lowest}`)).text();
  return newestMs(text) && Date.now() - newestMs(text);
}

/** The clock at the end of the last part that a playlist lists; 0 where it lists none. */
function newestMs(text: string): number {
  const last = text.slice(text.lastIndexOf('#EXT-X-PROGRAM-DATE-TIME:'));
  const at = /#EXT-X-PROGRAM-DATE-TIME:(\S+)/.exec(last)?.[1];
  const parts = [...last.matchAll(/#EXT-X-PART:DURATION=([\d.]+)/g)].map(([, duration]) => Number(duration));
  return at ? Date.parse(at) + 1_000 * parts.reduce((sum, each) => sum + each, 0) : 0;
}

/** Pictures whose newest segment is none that is missing. */
async function livelyRenditions(live: LiveServer, { id }: TestStream): Promise<number> {
  const uris = (await playlists(live, id)).filter((uri) => !uri.includes('audio'));
  const texts = await Promise.all(uris.map(async (uri) => (await live.fetch(`/live/${id}/${uri}`)).text()));
  return texts.filter((text) => !/GAP/.test(text.split('\n').slice(-12).join('\n'))).length;
}

function print({ streams, speeds, delaysMs, renditions, problems, cpu }: Row): string[] {
  return [
    `${streams}`,
    `${(cpu * 100).toFixed(0)} %`,
    Math.min(...speeds).toFixed(2),
    `${(median(delaysMs) / 1_000).toFixed(2)} s`,
    `${(worst(delaysMs) / 1_000).toFixed(2)} s`,
    renditions.join(', '),
    [...problems].join(', ') || 'none',
  ];
}
