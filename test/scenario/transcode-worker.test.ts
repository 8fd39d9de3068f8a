import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { readNamedLadder } from '../../src/config/ladders.ts';
import type { Settings } from '../../src/config/settings.ts';
import type { Asset } from '../../src/database/assets.ts';
import { findBox } from '../../src/kernel/cmaf/boxes.ts';
import { keyFrameRange } from '../../src/kernel/cmaf/segment.ts';
import { type Film, renditionNames } from '../../src/kernel/film/film.ts';
import { segmentKey, sourceKey } from '../../src/kernel/film/paths.ts';
import { newId } from '../../src/kernel/ids.ts';
import { LOST_ATTEMPTS } from '../../src/queue/queue.ts';
import { encodingSubject } from '../../src/queue/subjects.ts';
import { Publisher } from '../../src/transcode/publisher.ts';
import { generateClip } from '../harness/clip.ts';
import { stopEncoderBelow } from '../harness/encoders.ts';
import { ffmpegTool, TranscodeScenario } from '../harness/transcode-scenario.ts';

const LADDERS = fileURLToPath(new URL('../../media/ladders', import.meta.url));

let clips: string;
let clip: string;

beforeAll(async () => {
  clips = await mkdtemp(join(tmpdir(), 'frontrow-worker-'));
  clip = join(clips, 'clip.mp4');
  await generateClip(clip, { seconds: 18, size: '256x144', rate: '25' });
});

afterAll(() => rm(clips, { recursive: true, force: true }));

/** Command lines of ffmpeg processes that read below this folder. */
async function encodersOf(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
  return stdout
    .split('\n')
    .filter((line) => /^(nice|setpriv|sh|ffmpeg|\S*\/ffmpeg)\b/.test(line) && line.includes(folder));
}

describe('the order of chunks', () => {
  test('changes nothing: encoded from the end, a film has the same inits, times and frames', async () => {
    const given: Partial<Settings> = { chunkSegments: 1, workers: 1 };
    const forwards = await TranscodeScenario.open(given);
    const backwards = await TranscodeScenario.open(given);
    try {
      await forwards.start();
      const one = await forwards.ready(clip);
      await backwards.start();
      const id = await backwards.ingest(clip);
      const planned = await backwards.until(id, ({ film }) => film !== undefined);
      const names = renditionNames(planned.film ?? { segmentSeconds: 4, durationSeconds: 0 });
      const wishes = [4, 3, 2, 1].flatMap((segment) =>
        names.map((lane) => ({ subject: id, lane, segment, asker: `viewer of ${segment}` })),
      );
      // A wish lapses unless it is said again.
      const again = setInterval(() => wishes.forEach((wish) => void backwards.queue.raise(wish)), 1_000);
      for (const wish of wishes) await backwards.queue.raise(wish);
      const other = await backwards.until(id, ({ status }) => status === 'ready').finally(() => clearInterval(again));
      expect(other.film).toEqual(one.film);
      for (const name of renditionNames(other.film ?? { segmentSeconds: 4, durationSeconds: 0 })) {
        const [ours, theirs] = [await forwards.rendition(one.id, name), await backwards.rendition(id, name)];
        expect(theirs.init.equals(ours.init)).toBe(true);
        const grid = (facts: typeof ours.facts) => facts.map(({ sampleBytes: _, ...rest }) => rest);
        expect(grid(theirs.facts)).toEqual(grid(ours.facts));
      }
    } finally {
      await forwards.close();
      await backwards.close();
    }
  });
});

test('a viewer does not wait for the chunk that keeps the only slot', async () => {
  const scenario = await TranscodeScenario.open({ chunkSegments: 2, workers: 1 });
  try {
    await scenario.start();
    const id = await scenario.ingest(clip);
    const { film } = await scenario.until(id, ({ segmentsDone }) => segmentsDone > 0);
    const lane = film?.video?.renditions[0]?.name ?? '';
    // Stopped, not ended: the slot is taken for as long as the test wants.
    const held = await vi.waitUntil(() => stopEncoderBelow(scenario.folder), { timeout: 20_000, interval: 5 });
    await scenario.queue.raise({ subject: id, lane, segment: 4, asker: 'viewer' });
    const wanted = async () => (await scenario.assets.segments(id, 1)).some((each) => each.segment === 4);
    await vi.waitUntil(wanted, { timeout: 30_000 });
    process.kill(held, 'SIGCONT');
    await scenario.until(id, ({ status }) => status === 'ready');
  } finally {
    await scenario.close();
  }
});

test('a viewer who asks for one place is not kept waiting by one who asks for twenty', async () => {
  const long = join(clips, 'long.mp4');
  await generateClip(long, { seconds: 180, size: '128x72', rate: '10' });
  const scenario = await TranscodeScenario.open({ workers: 1 });
  try {
    const id = await scenario.ingest(long);
    await scenario.start();
    const { film } = await scenario.until(id, ({ segmentsDone }) => segmentsDone > 0);
    const lane = film?.video?.renditions[0]?.name ?? '';
    const wild = Array.from({ length: 20 }, (_, at) => 2 + 2 * at).filter((segment) => segment !== 30);
    const raiseAll = async () => {
      for (const segment of wild) await scenario.queue.raise({ subject: id, lane, segment, asker: 'wild' });
      await scenario.queue.raise({ subject: id, lane, segment: 43, asker: 'calm' });
    };
    const again = setInterval(() => void raiseAll(), 1_000);
    try {
      await raiseAll();
      const published = await vi.waitUntil(
        async () => {
          const own = (await scenario.assets.segments(id, 1)).filter(({ rendition }) => rendition === lane);
          return own.some(({ segment }) => segment === 43) && own.map(({ segment }) => segment);
        },
        { timeout: 60_000, interval: 20 },
      );
      // Two slots: what they had begun, and one round.
      expect(wild.filter((segment) => published.includes(segment)).length).toBeLessThanOrEqual(6);
    } finally {
      clearInterval(again);
    }
  } finally {
    await scenario.close();
  }
});

describe('a worker', () => {
  let scenario: TranscodeScenario;

  beforeEach(async () => {
    scenario = await TranscodeScenario.open({ chunkSegments: 2, leaseMs: 600, chunkAttempts: 1 });
    await scenario.start();
  });

  afterEach(() => scenario.close());

  test('makes a film playable as soon as picture and sound can begin, with whole playlists', async () => {
    const id = await scenario.ingest(clip);
    const asset = await scenario.until(id, ({ status }) => status === 'playable');
    expect(asset.segmentsDone).toBeLessThan(asset.segmentsTotal);
    const files = await scenario.files(id);
    expect(files).toEqual(expect.arrayContaining(['v1/144p/init.mp4', 'v1/144p/s00000.m4s', 'v1/audio/s00000.m4s']));
    expect(await scenario.text(`assets/${id}/v1/144p/index.m3u8`)).toContain('s00004.m4s\n#EXT-X-ENDLIST');
  });

  test('stopped in the middle ends its encoders, and the next one goes on', async () => {
    const id = await scenario.ingest(clip);
    await scenario.until(id, ({ segmentsDone }) => segmentsDone > 0);
    await scenario.stop();
    expect(await encodersOf(scenario.folder)).toEqual([]);
    const before = await scenario.assets.find(id);
    expect(before?.status).not.toBe('ready');
    await scenario.restart();
    const asset = await scenario.until(id, ({ status }) => status === 'ready');
    expect(asset.segmentsDone).toBe(asset.segmentsTotal);
  });

  test('drops the work of a deleted asset, and what it wrote late', async () => {
    const id = await scenario.ingest(clip);
    await scenario.until(id, ({ segmentsDone }) => segmentsDone > 0);
    await scenario.assets.delete(id);
    await scenario.queue.cancel(id);
    await scenario.store.deletePrefix(`assets/${id}/`);
    await vi.waitFor(
      async () => {
        expect(await encodersOf(join(scenario.folder, 'media', 'sources', id))).toEqual([]);
        expect(await scenario.files(id)).toEqual([]);
      },
      { timeout: 10_000, interval: 100 },
    );
    expect((await scenario.ready(clip)).status).toBe('ready');
  });

  test('gives up on a film whose pictures cannot be decoded, and removes what it had published', async () => {
    const bytes = await readFile(clip);
    const mdat = findBox(bytes, ['mdat']);
    // The index stays whole and names media that is no longer there.
    const blank = Buffer.from(bytes).fill(0, mdat?.bodyStart, mdat?.end);
    const file = join(clips, 'blank.mp4');
    await writeFile(file, blank);
    const { code, says, id } = await scenario.refusal(file);
    expect(['ENCODE_FAILED', 'SOURCE_NOT_MEDIA', 'SOURCE_NO_STREAMS']).toContain(code);
    expect(says).not.toContain(scenario.folder);
    await vi.waitFor(async () => expect(await scenario.files(id)).toEqual([]), { timeout: 10_000 });
    expect(await scenario.queue.remaining(id, ['video', 'audio', 'poster', 'storyboard', 'digest'])).toBe(0);
  });

  test('gives up on a film that took every worker along, which none lived to report', async () => {
    await scenario.stop();
    const id = await scenario.ingest(clip);
    for (let attempt = 0; attempt < LOST_ATTEMPTS * scenario.settings.chunkAttempts; attempt += 1) {
      expect(await scenario.queue.lease('killed', ['probe'])).toBeDefined();
      await scenario.queue.releaseAll('killed');
    }
    await scenario.restart();
    const { error } = await scenario.until(id, ({ status }) => status !== 'queued');
    expect(error?.code).toBe('ENCODE_FAILED');
    expect(await scenario.store.head(sourceKey(id))).toBeDefined();
  });

  test('encodes a film again that was given up, and then it is whole, with its subtitles', async () => {
    await scenario.stop();
    await writeFile(join(clips, 'words.srt'), '1\n00:00:00,500 --> 00:00:09,000\nGood evening\n');
    const film = join(clips, 'film.mkv');
    await ffmpegTool('-i', clip, '-i', join(clips, 'words.srt'), '-c', 'copy', film);
    const id = await scenario.ingest(film);
    for (let attempt = 0; attempt < LOST_ATTEMPTS * scenario.settings.chunkAttempts; attempt += 1) {
      expect(await scenario.queue.lease('killed', ['probe'])).toBeDefined();
      await scenario.queue.releaseAll('killed');
    }
    await scenario.restart();
    await scenario.until(id, ({ status }) => status === 'errored');
    const ladder = await readNamedLadder('h264', LADDERS);
    const probe = { kind: 'probe', lanes: [], firstSegment: 0, endSegment: 0, payload: {}, priority: 1 };
    await scenario.encodings.request(id, { ladder }, (trx, version) =>
      scenario.queue.addWithin(trx, [{ ...probe, subject: encodingSubject(id, version) }]),
    );
    const asset = await vi.waitUntil(
      async () => {
        const found = await scenario.assets.find(id);
        return found?.status === 'ready' && found;
      },
      { timeout: 60_000, interval: 100 },
    );
    expect(asset).toMatchObject({ version: 2, segmentsDone: asset.segmentsTotal });
    expect(asset.error).toBeUndefined();
    expect(asset.sourceSha256).toMatch(/^[0-9a-f]{64}$/);
    const files = await scenario.files(id);
    expect(files.filter((file) => !file.startsWith('v2/') && !file.startsWith('subtitles/'))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['v2/master.m3u8', 'v2/144p/s00004.m4s', 'v2/poster.jpg']));
    expect(await scenario.text(`assets/${id}/v2/master.m3u8`)).toContain('TYPE=SUBTITLES');
  });

  test('waits for room on a full disk, and the film is ready once there is some', async () => {
    const put = vi.spyOn(scenario.store, 'put').mockRejectedValue(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    const id = await scenario.ingest(clip);
    await vi.waitFor(() => expect(put.mock.calls.length).toBeGreaterThan(scenario.settings.chunkAttempts + 1), 10_000);
    expect((await scenario.assets.find(id))?.status).toBe('queued');
    put.mockRestore();
    await scenario.until(id, ({ status }) => status === 'ready');
  });

  test('takes a segment that an earlier attempt has published for its own', async () => {
    const asset = await scenario.ready(clip);
    const job = { kind: 'video', subject: asset.id, lanes: ['144p'], firstSegment: 0, endSegment: 2, priority: 1 };
    const { planLayout } = await import('../../src/transcode/plan.ts');
    const { probeSource } = await import('../../src/transcode/probe.ts');
    const limits = { maxPixels: 1e9, maxSeconds: 1e6, abort: new AbortController().signal };
    await scenario.queue.add([{ ...job, payload: planLayout(await probeSource(clip, limits)) }]);
    await scenario.idle(asset.id);
    expect(await scenario.assets.find(asset.id)).toMatchObject({ status: 'ready', segmentsDone: asset.segmentsDone });
  });
});

describe('of two attempts at one segment', () => {
  let scenario: TranscodeScenario;
  let id: string;
  let early: Buffer;
  let late: Buffer;

  /** A film that is planned and of which nothing is published, and two segments that are not the same. */
  beforeAll(async () => {
    scenario = await TranscodeScenario.open();
    await scenario.start();
    const made = await scenario.ready(clip);
    await scenario.stop();
    [early, late] = (await scenario.rendition(made.id, '144p')).segments as [Buffer, Buffer];
    expect(early.length).not.toBe(late.length);
    id = newId('as');
    await scenario.assets.create({ id, title: 'twice', policy: 'public', sourceName: 'film.mp4' });
    await scenario.assets.sourceStored(id, 1);
    await scenario.assets.planned(id, 1, made.film as Film);
  });

  afterAll(() => scenario.close());

  const attempt = () => new Publisher(scenario);
  const asset = async () => (await scenario.assets.find(id)) as Asset;
  const key = (index: number) => segmentKey(id, 1, '144p', index);
  const stored = (index: number) => readFile(join(scenario.folder, 'media', key(index)));
  const recorded = async (index: number) =>
    (await scenario.assets.segments(id, 1)).find(({ segment }) => segment === index);

  test('the one that is overtaken between its look and its put changes nothing', async () => {
    const { isPublished } = scenario.assets;
    vi.spyOn(scenario.assets, 'isPublished').mockImplementationOnce(async (...which) => {
      const before = await isPublished.apply(scenario.assets, which);
      await attempt().segment(await asset(), '144p', 1, early);
      return before;
    });
    await attempt().segment(await asset(), '144p', 1, late);
    expect((await stored(1)).equals(early)).toBe(true);
    expect(await recorded(1)).toMatchObject({ bytes: early.length });
  });

  test('the first, which died between its put and its record, is what is recorded', async () => {
    await scenario.store.put(key(2), early);
    await attempt().segment(await asset(), '144p', 2, late);
    expect((await stored(2)).equals(early)).toBe(true);
    const range = keyFrameRange(early);
    expect(await recorded(2)).toMatchObject({
      bytes: early.length,
      keyFrame: { startByte: range?.start, sizeBytes: (range?.end ?? 0) - (range?.start ?? 0) },
    });
  });
});

describe('a worker that cannot work says so at its start', () => {
  test.each([
    ['an unknown ladder', { ladder: 'none-of-ours' }, 'LADDER_INVALID'],
    ['a ladder that is no ladder', { ladder: '../../package' }, 'LADDER_INVALID'],
  ])('%s', async (_name, given, code) => {
    const scenario = await TranscodeScenario.open(given);
    try {
      await expect(scenario.start()).rejects.toMatchObject({ code });
    } finally {
      await scenario.close();
    }
  });
});

test('a later version that is whole first waits for the end of the first version, and is served right after it', async () => {
  const scenario = await TranscodeScenario.open({ chunkSegments: 1, workers: 1, leaseMs: 120_000 });
  try {
    await scenario.start();
    const id = await scenario.ingest(clip);
    await scenario.until(id, ({ film }) => film !== undefined);
    const held = await scenario.queue.lease('a worker elsewhere', ['video']);
    if (!held) throw new Error('nothing was left to hold');
    const ladder = await readNamedLadder('h264', LADDERS);
    const wish = { ladder: { ...ladder, rungs: ladder.rungs.slice(0, 1) } };
    await scenario.encodings.request(id, wish, async (trx, version) => {
      const job = { kind: 'probe', subject: encodingSubject(id, version), lanes: [], firstSegment: 0, endSegment: 0 };
      await scenario.queue.addWithin(trx, [{ ...job, payload: {}, priority: 1 }]);
    });
    await scenario.until(id, ({ encoding }) => encoding?.film !== undefined);
    await scenario.idle(encodingSubject(id, 2));
    expect(await scenario.assets.find(id)).toMatchObject({
      version: 1,
      status: 'playable',
      encoding: { state: 'running' },
    });
    // From here on only the end of the first version is waited for, not the next look at all that was left over.
    await scenario.restart();
    await scenario.queue.release(held);
    await scenario.until(id, ({ status }) => status === 'ready');
    const endedAt = performance.now();
    const { film, status } = await scenario.until(id, ({ version }) => version === 2);
    expect(performance.now() - endedAt).toBeLessThan(5_000);
    expect([status, film?.video?.renditions.length]).toEqual(['ready', 1]);
  } finally {
    await scenario.close();
  }
}, 150_000);
