import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Asset } from '../../src/database/assets.ts';
import { gainDb } from '../../src/kernel/loudness.ts';
import { planLayout } from '../../src/transcode/plan.ts';
import { probeSource } from '../../src/transcode/probe.ts';
import { joinRendition, readSamples } from '../harness/counted-clip.ts';
import { ffmpegTool, TranscodeScenario } from '../harness/transcode-scenario.ts';

/** Film and broadcast, EBU R128; and what people listen to on the way. */
const BROADCAST = -23;
const ON_THE_WAY = -16;

const LADDER = {
  name: 'levelled',
  codec: 'h264',
  preset: 'ultrafast',
  rungs: [{ height: 36, crf: 28, maxrateBps: 200_000 }],
  audio: { codec: 'aac', bitrateBps: 128_000, sampleRate: 48_000, channels: 6 },
};

let folder: string;
let scenario: TranscodeScenario;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-loudness-'));
  await writeFile(join(folder, 'ladder.json'), JSON.stringify(LADDER));
  scenario = await TranscodeScenario.open({ ladder: join(folder, 'ladder.json'), chunkAttempts: 1 });
  await scenario.start();
});

afterAll(async () => {
  await scenario.close();
  await rm(folder, { recursive: true, force: true });
});

const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=64x36:rate=25:duration=15'];

/** A voice of sorts, a handful of overtones in syllables. Its loudness is about -13 LUFS at `0dB`; `more` are filters. */
function speech(volume: string, seconds: number, pitch: number, more = 'anull'): string[] {
  const tones = [1, 2, 3, 5].map((times) => `sin(2*PI*${pitch * times}*t+${times})/${times}`).join('+');
  const syllables = '(0.25+0.75*pow(sin(2*PI*1.7*t),2))*(0.6+0.4*sin(2*PI*0.13*t))';
  const voice = `aevalsrc='0.5*(${tones})*${syllables}':s=48000:d=${seconds}`;
  return ['-f', 'lavfi', '-i', `${voice},volume=${volume},${more},aformat=channel_layouts=mono`];
}

async function levelled(file: string, loudnessLufs?: number): Promise<Asset> {
  const wish = loudnessLufs === undefined ? {} : { loudnessLufs };
  return scenario.until(await scenario.ingest(file, wish), ({ status }) => status === 'ready');
}

let files = 0;

/** A file of its own each time, so that two states of a rendition can be compared. */
async function playedBack({ id }: Asset, name: string): Promise<string> {
  files += 1;
  return joinRendition(await scenario.rendition(id, name), join(folder, `played-${files}.mp4`));
}

/** Loudness of the programme and its true peak, by ffmpeg's own meter. */
async function metered(file: string): Promise<{ lufs: number; peakDb: number }> {
  const options = [
    '-hide_banner',
    '-nostats',
    '-i',
    file,
    '-map',
    '0:a:0',
    '-af',
    'ebur128=peak=true',
    '-f',
    'null',
    '-',
  ];
  const { stderr } = await promisify(execFile)('ffmpeg', options, { maxBuffer: 64 * 1024 * 1024 });
  const summary = stderr.slice(stderr.lastIndexOf('Summary:'));
  const [lufs, peak] = [/I:\s+(-?[\d.]+) LUFS/, /Peak:\s+(-?[\d.]+) dBFS/].map((form) =>
    Number(form.exec(summary)?.[1]),
  );
  return { lufs: lufs ?? Number.NaN, peakDb: peak ?? Number.NaN };
}

describe('sound is brought to the loudness that was asked for, and no peak is cut off', () => {
  const cases: Readonly<Record<string, { volume: string; target: number; more?: string }>> = {
    'from very quiet to broadcast': { volume: '-26dB', target: BROADCAST },
    'from quiet to loud': { volume: '-16dB', target: ON_THE_WAY },
    'from loud to broadcast': { volume: '0dB', target: BROADCAST },
    'where a few peaks are far above the rest': {
      volume: '-20dB',
      target: ON_THE_WAY,
      more: "volume='if(lt(mod(t,5),0.004),8,1)':eval=frame",
    },
  };
  test.each(Object.entries(cases))('%s', async (name, { volume, target, more }) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.mp4`);
    await ffmpegTool(
      ...PICTURE,
      ...speech(volume, 15, 210, more),
      '-c:v',
      'libx264',
      '-c:a',
      'aac',
      '-b:a',
      '192k',
      file,
    );
    const asset = await levelled(file, target);
    const before = await metered(file);
    expect(Math.abs(before.lufs - target), 'the source has another').toBeGreaterThan(2);
    expect(asset.film?.audio?.loudness?.measuredLufs).toBeCloseTo(before.lufs, 0);
    const after = await metered(await playedBack(asset, 'audio'));
    expect(Math.abs(after.lufs - target), `${after.lufs} LUFS`).toBeLessThan(1);
    expect(after.peakDb).toBeLessThan(-0.5);
  });

  test('in every track, also where one is far louder, and in 5.1', async () => {
    const file = join(folder, 'tracks.mkv');
    const surround = ['-filter_complex', '[1:a]pan=5.1|c0=c0|c1=c0|c2=0.8*c0|c3=0.1*c0|c4=0.4*c0|c5=0.4*c0[s]'];
    const maps = ['-map', '0:v', '-map', '[s]', '-map', '2:a'];
    const sounds = [...speech('-14dB', 15, 180), ...speech('-2dB', 15, 250)];
    await ffmpegTool(...PICTURE, ...sounds, ...surround, ...maps, '-c:v', 'libx264', '-c:a', 'flac', file);
    const asset = await levelled(file, BROADCAST);
    for (const name of ['audio', 'audio-2', 'audio-surround']) {
      const { lufs } = await metered(await playedBack(asset, name));
      expect(Math.abs(lufs - BROADCAST), `${name}: ${lufs} LUFS`).toBeLessThan(1);
    }
  });

  test('by samples of a film too long to be heard whole', async () => {
    const [scene, file] = [join(folder, 'scene.wav'), join(folder, 'long.wav')];
    const quieter = "volume='if(lt(t,11),0.4,1)':eval=frame";
    await ffmpegTool(...speech('-20dB', 37, 200, quieter), '-ar', '16000', scene);
    await ffmpegTool('-stream_loop', '8', '-i', scene, '-c', 'copy', file);
    const asset = await levelled(file, ON_THE_WAY);
    const { lufs } = await metered(await playedBack(asset, 'audio'));
    expect(Math.abs(lufs - ON_THE_WAY), `${lufs} LUFS`).toBeLessThan(1);
  }, 180_000);

  test('not where there is none to be heard', async () => {
    const file = join(folder, 'silent.mp4');
    const silence = ['-f', 'lavfi', '-i', 'anullsrc=r=48000:cl=stereo', '-t', '9'];
    await ffmpegTool(...PICTURE, ...silence, '-c:v', 'libx264', '-c:a', 'aac', file);
    const asset = await levelled(file, BROADCAST);
    expect(asset.film?.audio?.loudness).toEqual({ targetLufs: BROADCAST });
    const [samples = new Int16Array()] = await readSamples([await playedBack(asset, 'audio')]);
    expect(samples.some((sample) => Math.abs(sample) > 8)).toBe(false);
  });

  test('at no other time: nothing is measured, and the same bytes are made as ever', async () => {
    const file = join(folder, 'plain.mp4');
    await ffmpegTool(...PICTURE, ...speech('-26dB', 15, 210), '-c:v', 'libx264', '-c:a', 'aac', file);
    const asset = await levelled(file);
    expect(asset.film?.audio?.loudness).toBeUndefined();
    const [before, after] = [await metered(file), await metered(await playedBack(asset, 'audio'))];
    expect(Math.abs(after.lufs - before.lufs)).toBeLessThan(0.3);
  });
});

test('chunks meet without a click, whatever the limiter had to do before', async () => {
  const file = join(folder, 'seams.mp4');
  const hot = "volume='if(lt(mod(t,0.7),0.01),6,1)':eval=frame";
  await ffmpegTool(
    ...PICTURE,
    ...speech('-12dB', 15, 190, hot),
    '-c:v',
    'libx264',
    '-c:a',
    'aac',
    '-b:a',
    '192k',
    file,
  );
  const asset = await levelled(file, ON_THE_WAY);
  const { measuredLufs } = asset.film?.audio?.loudness ?? {};
  const before = await playedBack(asset, 'audio');
  const info = await probeSource(file, { maxPixels: 1e6, maxSeconds: 1e6, abort: new AbortController().signal });
  const payload = { ...planLayout(info), gainsDb: { audio: gainDb(measuredLufs, ON_THE_WAY) } };
  const again = { kind: 'audio', subject: asset.id, lanes: ['audio'], payload, priority: 1_000 };
  await scenario.encodeAnew(asset.id, [{ ...again, firstSegment: 1, endSegment: 3 }]);
  const [one = new Int16Array(), other = new Int16Array()] = await readSamples([
    before,
    await playedBack(asset, 'audio'),
  ]);
  // Every AAC frame around both seams, in what was one chunk before: not an audible part of how loud it is there.
  let worst = 0;
  for (const seam of [4, 12]) {
    for (let at = Math.round((seam - 0.3) * 48_000); at < (seam + 0.5) * 48_000; at += 1_024) {
      worst = Math.max(worst, apart(one.subarray(at, at + 1_024), other.subarray(at, at + 1_024)));
    }
  }
  expect(worst).toBeLessThan(0.15);
});

/** The power of the difference beside the power of the sound itself. */
function apart(one: Int16Array, other: Int16Array): number {
  const power = (of: (index: number) => number) => one.reduce((sum, _, index) => sum + of(index) ** 2, 0);
  return Math.sqrt(
    power((index) => (one[index] ?? 0) - (other[index] ?? 0)) /
      Math.max(
        1,
        power((index) => one[index] ?? 0),
      ),
  );
}
