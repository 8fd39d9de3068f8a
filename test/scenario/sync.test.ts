import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rationalToNumber } from '../../src/kernel/film/film.ts';
import { joinRendition } from '../harness/counted-clip.ts';
import { joinParts } from '../harness/joined-clip.ts';
import { beeps, flashes, makeSyncClip, type SyncShape } from '../harness/sync-clip.ts';
import { ffmpegTool, TranscodeScenario } from '../harness/transcode-scenario.ts';

const LADDER = {
  name: 'sync',
  codec: 'h264',
  preset: 'ultrafast',
  rungs: [{ height: 36, crf: 28, maxrateBps: 200_000 }],
  audio: { codec: 'aac', bitrateBps: 96_000, sampleRate: 48_000, channels: 2 },
};

/** What people begin to notice (ITU-R BT.1359 puts it at 45 ms for sound that leads). */
const MOST_APART_SECONDS = 0.04;

/** A film may begin up to a frame before its first sound, and a picture takes the frame it lies nearest to. */
const MOST_LATE_SECONDS = 0.09;

let clips: string;
let scenario: TranscodeScenario;

beforeAll(async () => {
  clips = await mkdtemp(join(tmpdir(), 'frontrow-sync-'));
  const ladder = join(clips, 'sync.json');
  await writeFile(ladder, JSON.stringify(LADDER));
  scenario = await TranscodeScenario.open({ ladder, chunkSegments: 3, chunkAttempts: 1 });
  await scenario.start();
});

afterAll(async () => {
  await scenario.close();
  await rm(clips, { recursive: true, force: true });
});

interface Case {
  readonly container: string;
  readonly shape: SyncShape;
  /** Makes the film that is sent in out of the one that was made. */
  readonly rework?: (from: string, to: string) => Promise<void>;
  /** Moments of the made film that are not shown, since the film begins after them. */
  readonly beginsAt?: number;
  /** How many moments can be both seen and heard. */
  readonly moments: number;
}

/** Clock of a transport stream: 33 bits at 90 kHz. */
const WRAP_SECONDS = 2 ** 33 / 90_000;

const cases: Readonly<Record<string, Case>> = {
  'a plain film': { container: 'mp4', shape: { seconds: 61, output: [] }, moments: 12 },
  '29.97 frames a second': { container: 'mp4', shape: { seconds: 61, rate: '30000/1001', output: [] }, moments: 12 },
  'an MP4 whose sound starts 0.7 seconds late, by an empty edit': {
    container: 'mp4',
    shape: { seconds: 61, sound: 'atrim=start=0.7', output: [] },
    moments: 12,
  },
  'an MP4 whose picture starts 1.3 seconds late, by an empty edit': {
    container: 'mp4',
    shape: { seconds: 61, picture: 'trim=start=1.32', output: [] },
    moments: 12,
  },
  'an MP4 whose edit list starts it in the middle of a group of pictures': {
    container: 'mp4',
    shape: { seconds: 66, output: [] },
    rework: (from, to) => ffmpegTool('-ss', '4.28', '-i', from, '-c', 'copy', to),
    beginsAt: 4.28,
    moments: 12,
  },
  'Matroska whose picture starts late': {
    container: 'mkv',
    shape: { seconds: 61, picture: 'trim=start=1.32', output: [] },
    moments: 12,
  },
  'Matroska whose sound starts a little early': {
    container: 'mkv',
    shape: { seconds: 61, picture: 'trim=start=0.16', output: [] },
    beginsAt: 0.16,
    moments: 12,
  },
  'a variable frame rate': {
    container: 'mkv',
    shape: { seconds: 61, rate: '50', picture: "select='lt(mod(n\\,11)\\,4)+lt(mod(t+2.5\\,5)\\,0.09)'", output: [] },
    moments: 12,
  },
  'Opus in WebM, which leads in by its pre-skip': {
    container: 'webm',
    shape: {
      seconds: 61,
      sampleRate: 48_000,
      output: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-c:a', 'libopus'],
    },
    moments: 12,
  },
  'a fragmented MP4': {
    container: 'mp4',
    shape: { seconds: 61, output: ['-movflags', '+frag_keyframe+empty_moov+delay_moov'] },
    moments: 12,
  },
  'a transport stream that starts at an hour': {
    container: 'ts',
    shape: { seconds: 61, output: ['-output_ts_offset', '3600'] },
    moments: 12,
  },
  'a transport stream whose clock wraps around in the middle': {
    container: 'ts',
    shape: { seconds: 61, output: ['-output_ts_offset', String(WRAP_SECONDS - 30), '-muxdelay', '0'] },
    moments: 12,
  },
};

const parts = (second: number, third: number) => [
  { fromSeconds: 0, clockSeconds: 10 },
  { fromSeconds: 20, clockSeconds: second },
  { fromSeconds: 40, clockSeconds: third },
];

const joins: Readonly<Record<string, Case>> = {
  'transport streams joined, each of which begins its clock anew': {
    container: 'ts',
    shape: { seconds: 61, output: [] },
    rework: (from, to) => joinParts(from, to, parts(10, 10)),
    moments: 12,
  },
  'a transport stream whose clock jumps ahead by ten minutes, then past its wrap': {
    container: 'ts',
    shape: { seconds: 61, output: [] },
    rework: (from, to) => joinParts(from, to, parts(630, WRAP_SECONDS - 10)),
    moments: 12,
  },
  'program streams joined': {
    container: 'mpg',
    shape: {
      seconds: 61,
      sampleRate: 48_000,
      // Pictures that fill a pack each: those that share one have one time between them.
      picture: 'scale=320:180:flags=neighbor,noise=alls=12:allf=t',
      output: ['-c:v', 'mpeg2video', '-q:v', '3', '-c:a', 'mp2'],
    },
    rework: (from, to) => joinParts(from, to, parts(10, 10)),
    moments: 12,
  },
};

describe('sound and picture are never more than 40 ms apart, from start to end', () => {
  test.each(Object.entries({ ...cases, ...joins }))('%s', async (name, given) => {
    const { seen, heard } = await playedBack(name, given);
    expect(seen.length).toBe(given.moments);
    expect(heard.length).toBe(given.moments);
    const apart = seen.map((moment, index) => (heard[index] ?? 0) - moment);
    expect(Math.max(...apart.map(Math.abs)), `apart by ${apart.join(', ')}`).toBeLessThan(MOST_APART_SECONDS);
    const due = Array.from({ length: 20 }, (_, index) => 2.5 + 5 * index - (given.beginsAt ?? 0)).filter(
      (at) => at >= 0,
    );
    for (const [index, moment] of seen.entries())
      expect(Math.abs(moment - (due[index] ?? 0))).toBeLessThan(MOST_LATE_SECONDS);
  });
});

async function playedBack(name: string, given: Case): Promise<{ seen: number[]; heard: number[] }> {
  const file = join(clips, `${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.${given.container}`);
  const made = given.rework ? join(clips, `made.${given.container}`) : file;
  await makeSyncClip(made, given.shape);
  await given.rework?.(made, file);
  const { id, film } = await scenario.ready(file);
  const rate = film?.video && rationalToNumber(film.video.frameRate);
  const [rung] = film?.video?.renditions ?? [];
  if (!rate || !rung) throw new Error('no pictures');
  const picture = await joinRendition(await scenario.rendition(id, rung.name), join(clips, `${id}-v.mp4`));
  const sound = await joinRendition(await scenario.rendition(id, 'audio'), join(clips, `${id}-a.mp4`));
  return { seen: await flashes(picture, rate), heard: await beeps(sound) };
}
