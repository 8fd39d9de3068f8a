import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { sourceKey } from '../../src/kernel/film/paths.ts';
import { probeSource } from '../../src/transcode/probe.ts';
import { generateClip } from '../harness/clip.ts';
import { ffmpegTool, TranscodeScenario } from '../harness/transcode-scenario.ts';

let scenario: TranscodeScenario;
let clips: string;
let whole: string;

beforeAll(async () => {
  clips = await mkdtemp(join(tmpdir(), 'frontrow-sources-'));
  whole = join(clips, 'whole.mp4');
  await generateClip(whole, { seconds: 3, size: '160x120', rate: '25' });
  scenario = await TranscodeScenario.open();
  await scenario.start();
});

afterAll(async () => {
  await scenario.close();
  await rm(clips, { recursive: true, force: true });
});

test('a recording of hours whose length nothing states is as long as it is, however many packets that takes', async () => {
  const [second, hours] = [join(clips, 'second.aac'), join(clips, 'hours.aac')];
  const silence = ['-f', 'lavfi', '-i', 'anullsrc=r=48000:cl=mono', '-t', '30'];
  await ffmpegTool(...silence, '-c:a', 'aac', '-f', 'adts', second);
  const once = await readFile(second);
  await writeFile(hours, Buffer.concat(Array.from({ length: 500 }, () => once)));
  const limits = { maxPixels: 1e6, maxSeconds: 1e6, abort: new AbortController().signal };
  const [short, long] = [await probeSource(second, limits), await probeSource(hours, limits)];
  expect(short.audio?.durationSeconds).toBeCloseTo(30, 0);
  expect((long.audio?.durationSeconds ?? 0) / (short.audio?.durationSeconds ?? 1)).toBeCloseTo(500, 3);
});

async function refused(body: string | Uint8Array): Promise<string> {
  const file = join(clips, 'film.mp4');
  await writeFile(file, body);
  const { code, says, id } = await scenario.refusal(file);
  expect(says).not.toContain(scenario.folder);
  // The verdict is given before its traces are removed: nobody waits for a disk to learn it.
  await vi.waitFor(async () => {
    expect(await scenario.files(id)).toEqual([]);
    expect(await scenario.store.head(sourceKey(id))).toBeUndefined();
  });
  return code;
}

/** Overwrites the big-endian numbers behind a mark in a file. */
function patched(bytes: Buffer, mark: string, offset: number, values: readonly number[]): Buffer {
  const at = bytes.indexOf(mark, 0, 'latin1');
  const copy = Buffer.from(bytes);
  for (const [index, value] of values.entries()) copy.writeUInt16BE(value, at + offset + 2 * index);
  return copy;
}

describe('what is no film is refused with a code, and nothing of it stays', () => {
  test('an empty file', async () => expect(await refused('')).toBe('SOURCE_EMPTY'));

  test('a text named film.mp4', async () =>
    expect(await refused('This is a text, whatever it is called.\n')).toBe('SOURCE_NOT_MEDIA'));

  test('random bytes', async () =>
    expect(await refused(Buffer.from(Array.from({ length: 9_000 }, (_, at) => (at * 7_919) % 251)))).toBe(
      'SOURCE_NOT_MEDIA',
    ));

  test('a film whose end was lost, index at its end', async () => {
    const late = join(clips, 'late-index.mp4');
    await ffmpegTool('-i', whole, '-c', 'copy', '-movflags', '-faststart', late);
    const bytes = await readFile(late);
    expect(await refused(bytes.subarray(0, bytes.length / 2))).toBe('SOURCE_TRUNCATED');
  });

  test('a film whose end was lost, index at its start', async () => {
    const bytes = await readFile(whole);
    expect(await refused(bytes.subarray(0, (bytes.length * 3) / 4))).toBe('SOURCE_TRUNCATED');
  });

  test('a still picture', async () => {
    const picture = join(clips, 'picture.png');
    await ffmpegTool('-i', whole, '-frames:v', '1', picture);
    expect(await refused(await readFile(picture))).toBe('SOURCE_FORMAT_REFUSED');
  });

  test('subtitles alone', async () =>
    expect(await refused('WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n')).toMatch(/SOURCE_(NOT_MEDIA|FORMAT_REFUSED)/));
});

describe('what names further files is refused before anything opens it', () => {
  let asked: string[];
  let address: string;
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  });

  beforeAll(async () => {
    asked = [];
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => server.close());

  const texts: Record<string, (address: string) => string> = {
    'an HLS playlist': (to) => `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n${to}/a.ts\n#EXT-X-ENDLIST\n`,
    'an HLS playlist behind blank lines': (to) => `\n\n  #EXTM3U\n#EXTINF:4,\n${to}/a.ts\n`,
    'an SVG': (to) => `<svg xmlns="http://www.w3.org/2000/svg"><image href="${to}/a.png"/></svg>`,
    'a DASH manifest': (to) => `<?xml version="1.0"?><MPD><BaseURL>${to}/</BaseURL></MPD>`,
    'a concat script': (to) => `ffconcat version 1.0\nfile ${to}/a.mp4\n`,
    'a session description': (to) =>
      `v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=${to}\n`,
  };

  test.each(Object.entries(texts))('%s', async (_name, text) => {
    expect(await refused(text(address))).toBe('SOURCE_FORMAT_REFUSED');
    expect(asked).toEqual([]);
  });

  test('a QuickTime file whose media lies elsewhere gets no bytes from there', async () => {
    // The data reference's own "self-contained" flag cleared and an alias path put in: what enable_drefs would follow.
    const bytes = await readFile(whole);
    const at = bytes.indexOf('url ', bytes.indexOf('dref'));
    const elsewhere = Buffer.from(bytes);
    elsewhere.writeUInt32BE(0, at + 4);
    const file = join(clips, 'elsewhere.mp4');
    await writeFile(file, elsewhere);
    const id = await scenario.ingest(file);
    await scenario.until(id, ({ status }) => status === 'ready' || status === 'errored');
    expect(asked).toEqual([]);
  });
});

describe('limits', () => {
  test('a picture of 20,000 by 20,000 is refused by what its header claims', async () => {
    const raw = join(clips, 'wide.mov');
    await ffmpegTool('-i', whole, '-c:v', 'ffv1', '-frames:v', '2', '-an', raw);
    const claims = patched(await readFile(raw), 'FFV1', 28, [20_000, 20_000]);
    expect(await refused(claims)).toBe('SOURCE_TOO_WIDE');
  });

  test('a JPEG film of 20,000 by 20,000 is refused by what its pictures claim', async () => {
    const raw = join(clips, 'wide.avi');
    await ffmpegTool('-i', whole, '-c:v', 'mjpeg', '-frames:v', '2', '-an', raw);
    const claims = patched(await readFile(raw), '\xff\xc0\x00\x11\x08', 5, [20_000, 20_000]);
    expect(await refused(claims)).toBe('SOURCE_TOO_WIDE');
  });

  test('a picture one line above the limit is refused', async () => {
    const strict = await TranscodeScenario.open({ sourceMaxPixels: 160 * 119 });
    try {
      await strict.start();
      expect((await strict.refusal(whole)).code).toBe('SOURCE_TOO_WIDE');
    } finally {
      await strict.close();
    }
  });

  test('a film longer than the limit is refused', async () => {
    const file = join(clips, 'long.mkv');
    const still = 'color=size=16x16:rate=1/600:duration=4000';
    await ffmpegTool('-f', 'lavfi', '-i', still, '-c:v', 'ffv1', file);
    const strict = await TranscodeScenario.open({ sourceMaxHours: 1 });
    try {
      await strict.start();
      expect((await strict.refusal(file)).code).toBe('SOURCE_TOO_LONG');
    } finally {
      await strict.close();
    }
  });

  test('a short film whose sound begins after months is refused as the long one it would become', async () => {
    const file = join(clips, 'apart.mp4');
    await ffmpegTool(
      '-i',
      whole,
      '-itsoffset',
      '10000000',
      '-i',
      whole,
      '-map',
      '0:v',
      '-map',
      '1:a',
      '-c',
      'copy',
      file,
    );
    expect((await scenario.refusal(file)).code).toBe('SOURCE_TOO_LONG');
  });

  test('a film whose pictures grow beyond the limit on the way is not decoded from there on', async () => {
    const [small, large, file] = ['small.ts', 'large.ts', 'grown.ts'].map((name) => join(clips, name));
    const encode = (size: string, at: string, target = '') => {
      const still = `color=size=${size}:rate=5:duration=4`;
      const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '5', '-output_ts_offset', at];
      return ffmpegTool('-f', 'lavfi', '-i', still, ...video, target);
    };
    await encode('160x120', '0', small);
    await encode('640x480', '4', large);
    await writeFile(file ?? '', Buffer.concat([await readFile(small ?? ''), await readFile(large ?? '')]));
    const strict = await TranscodeScenario.open({ sourceMaxPixels: 200 * 200 });
    try {
      await strict.start();
      const { status, film } = await strict.ready(file ?? '');
      // The last picture that may be decoded stands until the end.
      expect([status, Math.round(film?.durationSeconds ?? 0)]).toEqual(['ready', 8]);
    } finally {
      await strict.close();
    }
  });
});
