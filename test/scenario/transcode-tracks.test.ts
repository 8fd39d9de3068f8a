import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Asset } from '../../src/database/assets.ts';
import { segmentCount, segmentTiming } from '../../src/kernel/film/film.ts';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { decodeSound, loudness, onset, type Pcm } from '../harness/pcm.ts';
import { ffmpegTool, TranscodeScenario } from '../harness/transcode-scenario.ts';

const SECONDS = 14;

let scenario: TranscodeScenario;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-tracks-'));
  // The same ladder with room for 5.1 and a single small rung, so that the sound is what takes the time.
  const ladder = join(folder, 'surround.json');
  await writeFile(
    ladder,
    JSON.stringify({
      name: 'surround',
      codec: 'h264',
      preset: 'veryfast',
      rungs: [{ height: 120, crf: 30, maxrateBps: 300_000 }],
      audio: { codec: 'aac', bitrateBps: 128_000, sampleRate: 48_000, channels: 6 },
    }),
  );
  scenario = await TranscodeScenario.open({ ladder });
  await scenario.start();
});

afterAll(async () => {
  await scenario.close();
  await rm(folder, { recursive: true, force: true });
});

const PICTURE = ['-f', 'lavfi', '-i', `testsrc2=size=160x120:rate=25:duration=${SECONDS}`];
const tone = (hertz: number, seconds = SECONDS) => ['-f', 'lavfi', '-i', `sine=frequency=${hertz}:duration=${seconds}`];
const ENCODE = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'flac'];

/** What a player hears of one rendition: init and every segment in a row, decoded. */
async function heard(asset: Asset, name: string): Promise<Pcm> {
  const { init, segments } = await scenario.rendition(asset.id, name);
  const file = join(folder, `${name}.mp4`);
  await writeFile(file, Buffer.concat([init, ...segments]));
  const rendition = asset.film?.audio?.renditions.find((each) => each.name === name);
  return decodeSound(file, rendition?.channels ?? 0);
}

/** Whether a sound is of this pitch, by counting how often it crosses zero upwards. */
function pitch(pcm: Pcm, channel: number, from: number, to: number): number {
  const samples = pcm.channels[channel]?.subarray(from * pcm.rate, to * pcm.rate) ?? new Float32Array();
  let rises = 0;
  for (let at = 1; at < samples.length; at += 1) if ((samples[at - 1] ?? 0) < 0 && (samples[at] ?? 0) >= 0) rises += 1;
  return rises / (to - from);
}

describe('two languages, one of them late and short, and a commentary in mono', () => {
  let asset: Asset;

  beforeAll(async () => {
    const clip = join(folder, 'languages.mkv');
    const inputs = [...PICTURE, ...tone(400), '-itsoffset', '3', ...tone(1_000, 6), ...tone(700)];
    const maps = ['-map', '0', '-map', '1', '-map', '2', '-map', '3'];
    const tags = [
      ...['-metadata:s:a:0', 'language=eng', '-disposition:a:0', '0'],
      ...['-metadata:s:a:1', 'language=ger', '-disposition:a:1', 'default'],
      ...['-metadata:s:a:2', 'language=eng', '-metadata:s:a:2', 'title=Notes', '-disposition:a:2', 'comment'],
    ];
    const channels = ['-ac:a:0', '2', '-ac:a:1', '2', '-ac:a:2', '1'];
    await ffmpegTool(...inputs, ...maps, ...tags, ...channels, ...ENCODE, clip);
    asset = await scenario.ready(clip);
  });

  test('are three renditions, the default one first', () => {
    const found = asset.film?.audio?.renditions.map(({ name, label, channels }) => `${name} ${label} ${channels}`);
    expect(found).toEqual(['audio German 2', 'audio-2 English 2', 'audio-3 Notes 1']);
  });

  test('lie on the grid of the film, every one of them', async () => {
    const { film } = asset;
    if (!film) throw new Error('not planned');
    for (const name of ['audio', 'audio-2', 'audio-3']) {
      const { facts } = await scenario.rendition(asset.id, name);
      const planned = Array.from({ length: segmentCount(film) }, (_, index) => segmentTiming(film, name, index));
      expect(facts.map(({ startTicks }) => startTicks)).toEqual(planned.map((each) => each?.startTicks));
      expect(facts.map(({ durationTicks }) => durationTicks)).toEqual(planned.map((each) => each?.durationTicks));
    }
  });

  test('the late one is silent until its time and after its end', async () => {
    const pcm = await heard(asset, 'audio');
    const began = onset(pcm, 0, 0.05) ?? Number.NaN;
    expect(Math.abs(began - 3)).toBeLessThan(0.04);
    expect(loudness(pcm, 0, 4, 8.9)).toBeGreaterThan(0.05);
    expect(loudness(pcm, 0, 9.1, SECONDS)).toBeLessThan(0.001);
  });

  test('each says what its own track says', async () => {
    expect(pitch(await heard(asset, 'audio'), 0, 4, 8)).toBeCloseTo(1_000, -1);
    expect(pitch(await heard(asset, 'audio-2'), 1, 1, 13)).toBeCloseTo(400, -1);
    expect(pitch(await heard(asset, 'audio-3'), 0, 1, 13)).toBeCloseTo(700, -1);
  });

  test('are named on the playlist, the commentary not for players to choose', async () => {
    const lines = (await scenario.text(`assets/${asset.id}/master.m3u8`)).split('\n');
    const media = lines.filter((line) => line.startsWith('#EXT-X-MEDIA:'));
    expect(media.map((line) => /NAME="([^"]*)".*DEFAULT=(\w+),AUTOSELECT=(\w+)/.exec(line)?.slice(1))).toEqual([
      ['German', 'YES', 'YES'],
      ['English', 'NO', 'YES'],
      ['Notes', 'NO', 'NO'],
    ]);
  });
});

describe('5.1', () => {
  /** Six tones, each in a channel of its own: left, right, centre, bass, left and right behind. */
  const HERTZ = [400, 500, 600, 60, 800, 900];
  let asset: Asset;

  beforeAll(async () => {
    const clip = join(folder, 'surround.mkv');
    const voices = HERTZ.map((hertz) => `0.9*sin(2*PI*${hertz}*t)`).join('|');
    const sound = ['-f', 'lavfi', '-i', `aevalsrc='${voices}':c=5.1(side):s=48000:d=${SECONDS}`];
    await ffmpegTool(...PICTURE, ...sound, '-map', '0', '-map', '1', ...ENCODE, clip);
    asset = await scenario.ready(clip);
  });

  test('has stereo for everybody, and itself in a group of its own', async () => {
    const master = await scenario.text(`assets/${asset.id}/master.m3u8`);
    expect(master).toMatch(/GROUP-ID="audio",.*CHANNELS="2"/);
    expect(master).toMatch(/GROUP-ID="audio-6",.*CHANNELS="6"/);
    expect(master.match(/^#EXT-X-STREAM-INF.*AUDIO="audio"/gm)).toHaveLength(1);
    expect(master.match(/^#EXT-X-STREAM-INF.*AUDIO="audio-6"/gm)).toHaveLength(1);
  });

  test('keeps each channel where it was', async () => {
    const pcm = await heard(asset, 'audio-surround');
    for (const [channel, hertz] of HERTZ.entries()) expect(pitch(pcm, channel, 2, 12)).toBeCloseTo(hertz, -1);
  });

  test('loses no channel in stereo, and never clips', async () => {
    const pcm = await heard(asset, 'audio');
    const strength = (channel: number, hertz: number) => {
      const samples = pcm.channels[channel]?.subarray(96_000, 144_000) ?? [];
      const wave = (at: number) => [
        Math.sin((2 * Math.PI * hertz * at) / 48_000),
        Math.cos((2 * Math.PI * hertz * at) / 48_000),
      ];
      let [sine, cosine] = [0, 0];
      for (const [at, sample] of samples.entries()) {
        const [s = 0, c = 0] = wave(at);
        sine += sample * s;
        cosine += sample * c;
      }
      return Math.hypot(sine, cosine) / 24_000;
    };
    const [left, right, centre, bass, leftBehind, rightBehind] = HERTZ as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    for (const hertz of [left, centre, bass, leftBehind]) expect(strength(0, hertz)).toBeGreaterThan(0.05);
    for (const hertz of [right, centre, bass, rightBehind]) expect(strength(1, hertz)).toBeGreaterThan(0.05);
    expect(strength(0, right)).toBeLessThan(strength(0, left) / 10);
    // AAC gives back a little more than it got; without a limiter this would be 2.6.
    const peak = pcm.channels.reduce(
      (most, channel) => channel.reduce((top, each) => Math.max(top, Math.abs(each)), most),
      0,
    );
    expect(peak).toBeLessThan(1.1);
  });

  test('is as loud on both sides of a seam between chunks, limited as it is', async () => {
    const pcm = await heard(asset, 'audio');
    // The first chunk of sound has two segments of four seconds. A tenth of a second holds whole periods of every tone.
    const seam = Array.from({ length: 20 }, (_, at) => loudness(pcm, 0, 7 + at / 10, 7.1 + at / 10));
    expect(Math.max(...seam) / Math.min(...seam)).toBeLessThan(1.05);
  });
});

/** The stream of a Blu-ray disc that shows nothing: what presents a picture, and its end, at one second and at three. */
function pictureSubtitles(): Buffer {
  const segment = (seconds: number, type: number, body: readonly number[]) => {
    const head = Buffer.alloc(13);
    head.write('PG', 'latin1');
    head.writeUInt32BE(seconds * 90_000, 2);
    head.writeUInt8(type, 10);
    head.writeUInt16BE(body.length, 11);
    return Buffer.concat([head, Buffer.from(body)]);
  };
  const composition = [0, 160, 0, 120, 0x10, 0, 0, 0x80, 0, 0, 0];
  return Buffer.concat([1, 3].flatMap((at) => [segment(at, 0x16, composition), segment(at, 0x80, [])]));
}

describe('written subtitles of the source', () => {
  const SRT =
    '1\n00:00:01,000 --> 00:00:03,500\nHello <i>there</i>\n\n2\n00:00:11,000 --> 00:00:13,000\nBye & thanks\n';

  /** Every segment of a subtitle rendition, in the order of its playlist. */
  async function segments(asset: Asset, name: string): Promise<string[]> {
    const playlist = parsePlaylist(await scenario.text(`assets/${asset.id}/subtitles/${name}/index.m3u8`));
    if (playlist?.kind !== 'media') throw new Error('no media playlist');
    const whole = playlist.segments.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
    expect(whole).toBeCloseTo(asset.film?.durationSeconds ?? 0, 3);
    return Promise.all(
      playlist.segments.map(({ uri }) => scenario.text(`assets/${asset.id}/subtitles/${name}/${uri}`)),
    );
  }

  test("become WebVTT on the clock of the film, which begins later than the source's", async () => {
    const text = join(folder, 'english.srt');
    await writeFile(text, SRT);
    const clip = join(folder, 'subtitled.mkv');
    const streams = [
      ...PICTURE,
      ...tone(400),
      '-i',
      text,
      '-i',
      text,
      '-map',
      '0',
      '-map',
      '1',
      '-map',
      '2',
      '-map',
      '3',
    ];
    const tags = [
      ...['-metadata:s:s:0', 'language=eng', '-disposition:s:0', 'default+hearing_impaired'],
      ...['-metadata:s:s:1', 'language=ger', '-disposition:s:1', 'forced'],
    ];
    // Half a second later as a whole: what the file calls 1.5 s is the film's first second.
    const later = ['-output_ts_offset', '0.5', '-c:s', 'srt'];
    await ffmpegTool(...streams, ...tags, ...ENCODE, ...later, clip);
    const asset = await scenario.ready(clip);
    await scenario.idle(asset.id);
    const [only, ...others] = await segments(asset, 'track-2');
    expect(others).toEqual([]);
    const spoken = 'Hello <i>there</i>';
    expect(only?.split('\n\n').map((each) => each.trim())).toEqual([
      'WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000',
      `00:00:01.000 --> 00:00:03.500\n${spoken}`,
      '00:00:11.000 --> 00:00:13.000\nBye &amp; thanks',
    ]);
    const master = await scenario.text(`assets/${asset.id}/master.m3u8`);
    expect(master).toMatch(/TYPE=SUBTITLES.*NAME="English \(CC\)".*DEFAULT=YES,AUTOSELECT=YES,FORCED=NO/);
    expect(master).toMatch(/TYPE=SUBTITLES.*NAME="German \(forced\)".*DEFAULT=NO,AUTOSELECT=YES,FORCED=YES/);
    expect(master).toMatch(/#EXT-X-STREAM-INF.*SUBTITLES="subtitles"/);
  });

  test('of QuickTime do too, and a track without a cue is not listed', async () => {
    const text = join(folder, 'quick.srt');
    const none = join(folder, 'none.srt');
    await writeFile(text, SRT);
    await writeFile(none, '1\n00:00:01,000 --> 00:00:02,000\n{\\an8}\n');
    const clip = join(folder, 'quick.mp4');
    const streams = [...PICTURE, '-i', text, '-i', none, '-map', '0', '-map', '1', '-map', '2'];
    await ffmpegTool(...streams, '-c:v', 'libx264', '-preset', 'ultrafast', '-c:s', 'mov_text', clip);
    const asset = await scenario.ready(clip);
    await scenario.idle(asset.id);
    expect((await segments(asset, 'track-1')).join('')).toContain('00:00:11.000 --> 00:00:13.000\nBye &amp; thanks');
    expect((await scenario.text(`assets/${asset.id}/master.m3u8`)).match(/TYPE=SUBTITLES/g)).toHaveLength(1);
  });

  test('drawn as pictures are left out and noted, and the film is ready all the same', async () => {
    const clip = join(folder, 'drawn.mkv');
    const disc = join(folder, 'disc.sup');
    await writeFile(disc, pictureSubtitles());
    const streams = [...PICTURE, '-i', disc, '-map', '0', '-map', '1', '-metadata:s:s:0', 'language=fre'];
    await ffmpegTool(...streams, ...ENCODE, '-c:s', 'copy', clip);
    const asset = await scenario.ready(clip);
    expect(asset.film?.leftOut).toEqual([{ kind: 'subtitles', why: 'pictures', language: 'fr' }]);
    expect(await scenario.text(`assets/${asset.id}/master.m3u8`)).not.toContain('SUBTITLES');
  });
});
