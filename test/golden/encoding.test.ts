import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { commandArguments } from '../../src/ffmpeg/ffmpeg.ts';
import { filmManifest } from '../../src/kernel/dash/film-manifest.ts';
import { writeManifest } from '../../src/kernel/dash/write.ts';
import type { AudioRendition, Film } from '../../src/kernel/film/film.ts';
import {
  filmIframePlaylist,
  filmMediaPlaylist,
  filmMultivariantPlaylist,
  iframeBandwidth,
} from '../../src/kernel/hls/film-playlists.ts';
import { writeIframePlaylist, writeMediaPlaylist, writeMultivariantPlaylist } from '../../src/kernel/hls/write.ts';
import { parseLadder } from '../../src/kernel/ladder/ladder.ts';
import { audioCommand, posterCommand, storyboardCommand, videoCommand } from '../../src/transcode/commands.ts';
import { planFilm, planLayout } from '../../src/transcode/plan.ts';
import type { SourceInfo } from '../../src/transcode/source.ts';

const ladder = parseLadder(readFileSync(new URL('../../media/ladders/h264.json', import.meta.url), 'utf8'));

const SOURCE: SourceInfo = {
  container: 'mov',
  video: {
    streamIndex: 0,
    width: 1280,
    height: 720,
    pixelShape: { num: 1, den: 1 },
    rotation: 0,
    frameRate: { num: 30_000, den: 1_001 },
    timeBase: { num: 1, den: 30_000 },
    startPts: 3_003,
    durationSeconds: 21.5,
    interlaced: false,
    matrix: 'bt709',
    transfer: 'sdr',
  },
  audio: { streamIndex: 1, sampleRate: 44_100, channels: 2, startSeconds: 0.1, durationSeconds: 21.5, language: 'en' },
};

const { film } = planFilm('as_golden', SOURCE, ladder, 6);
const layout = planLayout(SOURCE);
const sound = renditionOf(film, 'audio');
const uriOf = (name: string) => `v1/${name}/index.m3u8`;

function renditionOf(of: Film, name: string): AudioRendition {
  const found = of.audio?.renditions.find((each) => each.name === name);
  if (!found) throw new Error(`no rendition ${name}`);
  return found;
}

/** One option and its value a line, as a reader would write them. */
function readable(args: readonly string[]): string {
  return args.join(' ').replaceAll(/ (?=-[a-z])/g, '\n');
}

function rungs(of: Film, names: readonly string[]) {
  const all = of.video?.renditions ?? [];
  return all
    .filter(({ name }) => names.includes(name))
    .map((rendition, at) => ({ rendition, target: `unix:/s/${at}` }));
}

describe('playlists', () => {
  test('the multivariant playlist, planned', () => {
    expect(writeMultivariantPlaylist(filmMultivariantPlaylist(film, uriOf))).toMatchSnapshot();
  });

  test('the multivariant playlist, measured', () => {
    const measured = new Map([
      ['240p', { peakBps: 300_000, averageBps: 200_000 }],
      ['audio', { peakBps: 130_000, averageBps: 128_000 }],
    ]);
    expect(writeMultivariantPlaylist(filmMultivariantPlaylist(film, uriOf, measured))).toMatchSnapshot();
  });

  test('a video rendition', () => expect(writeMediaPlaylist(filmMediaPlaylist(film, '720p'))).toMatchSnapshot());

  test('the sound', () => expect(writeMediaPlaylist(filmMediaPlaylist(film, 'audio'))).toMatchSnapshot());

  test('the key frames of a rendition, and the multivariant playlist that names them', () => {
    const places = Array.from({ length: 6 }, (_, at) => [at, { startByte: 24, sizeBytes: 9_000 + at }] as const);
    const playlist = filmIframePlaylist(film, '720p', new Map(places));
    if (!playlist) throw new Error('no playlist');
    expect(writeIframePlaylist(playlist)).toMatchSnapshot();
    const iframes = new Map([['720p', { uri: 'v1/720p/iframes.m3u8', ...iframeBandwidth(playlist) }]]);
    expect(writeMultivariantPlaylist(filmMultivariantPlaylist(film, uriOf, undefined, iframes))).toMatchSnapshot();
    expect(filmIframePlaylist(film, '720p', new Map(places.slice(1)))).toBeUndefined();
  });

  test('a film of sound alone', () => {
    const { audio } = SOURCE;
    const sound = planFilm('as_golden', { container: 'mp3', ...(audio ? { audio } : {}) }, ladder, 6).film;
    expect(writeMultivariantPlaylist(filmMultivariantPlaylist(sound, uriOf))).toMatchSnapshot();
  });
});

describe('a film of several tracks', () => {
  const six = { ...ladder, audio: { ...ladder.audio, channels: 6 } };
  const english = { streamIndex: 1, sampleRate: 48_000, channels: 6, startSeconds: 0.1, durationSeconds: 21.5 };
  const tracks: SourceInfo = {
    ...SOURCE,
    audio: { ...english, language: 'en' },
    otherAudio: [
      { ...english, streamIndex: 2, channels: 2, language: 'fr', title: 'Français' },
      { ...english, streamIndex: 3, channels: 1, language: 'en', role: 'description' },
      { ...english, streamIndex: 4, channels: 2, language: 'en', role: 'commentary' },
      { ...english, streamIndex: 5, channels: 2, language: 'en' },
    ],
  };
  const planned = planFilm('as_golden', tracks, six, 6).film;
  const command = (name: string, silent = false) =>
    audioCommand(
      planned,
      planLayout(tracks),
      renditionOf(planned, name),
      { firstSegment: 2, endSegment: 4, silent },
      '/src',
      'unix:/s/0',
    );

  test('its multivariant playlist', () => {
    expect(writeMultivariantPlaylist(filmMultivariantPlaylist(planned, uriOf))).toMatchSnapshot();
  });

  test('its DASH manifest', () => expect(writeManifest(filmManifest(planned, 1))).toMatchSnapshot());

  test('without a picture', () => {
    const { video: _, ...sounds } = tracks;
    const film = planFilm('as_golden', sounds, six, 6).film;
    expect(writeMultivariantPlaylist(filmMultivariantPlaylist(film, uriOf))).toMatchSnapshot();
  });

  test('5.1 mixed down', () => expect(readable(commandArguments(command('audio')))).toMatchSnapshot());

  test('5.1 as it is', () => expect(readable(commandArguments(command('audio-surround')))).toMatchSnapshot());

  test('the third track', () => expect(readable(commandArguments(command('audio-3')))).toMatchSnapshot());
});

describe('a film planned by an earlier release', () => {
  test('still has its playlist', () => {
    const old = { name: 'audio', codecs: 'mp4a.40.2', bitrateBps: 128_000, channels: 2 };
    const { audio } = film;
    if (!audio) throw new Error('no sound');
    const stored = { ...film, audio: { ...audio, renditions: [old] } };
    expect(writeMultivariantPlaylist(filmMultivariantPlaylist(stored, uriOf))).toContain('NAME="Audio",DEFAULT=YES');
  });
});

describe('the DASH manifest', () => {
  test('of a film, planned', () => expect(writeManifest(filmManifest(film, 1))).toMatchSnapshot());

  test('states what was measured', () => {
    const measured = new Map([['240p', { peakBps: 300_000, averageBps: 200_000 }]]);
    expect(writeManifest(filmManifest(film, 2, measured))).toContain('bandwidth="300000"');
  });

  test('of a film whose rungs have two codecs has a set for each', () => {
    const { video } = film;
    if (!video) throw new Error('no video');
    const [low, ...rest] = video.renditions;
    const mixed = rest.map((each) => ({ ...each, codecs: 'hvc1.1.6.L93.90' }));
    const both = { ...film, video: { ...video, renditions: low ? [low, ...mixed] : mixed } };
    const sets = filmManifest(both, 1).periods[0]?.sets.map((set) => set.representations.map(({ id }) => id));
    expect(sets).toEqual([['240p'], ['360p', '480p', '720p'], ['audio']]);
  });
});

describe('ffmpeg', () => {
  const chunk = { firstSegment: 2, endSegment: 4, padded: false };

  test('the first chunk of the lowest rung', () => {
    const first = { ...chunk, firstSegment: 0, endSegment: 1 };
    expect(
      readable(commandArguments(videoCommand(film, layout, rungs(film, ['240p']), first, '/src'))),
    ).toMatchSnapshot();
  });

  test('a later chunk of two upper rungs', () => {
    const upper = rungs(film, ['480p', '720p']);
    expect(readable(commandArguments(videoCommand(film, layout, upper, chunk, '/src')))).toMatchSnapshot();
  });

  test('a chunk of standard definition, which keeps its colours', () => {
    const { video } = layout;
    const small = { ...layout, ...(video ? { video: { ...video, matrix: 'bt601' as const } } : {}) };
    expect(
      readable(commandArguments(videoCommand(film, small, rungs(film, ['240p']), chunk, '/src'))),
    ).toMatchSnapshot();
  });

  test('a chunk of an interlaced film in high dynamic range, filled up', () => {
    const { video } = layout;
    const special = { ...layout, ...(video ? { video: { ...video, interlaced: true, transfer: 'pq' as const } } : {}) };
    const command = videoCommand(film, special, rungs(film, ['240p']), { ...chunk, padded: true }, '/src');
    expect(readable(commandArguments(command))).toMatchSnapshot();
  });

  test.each(['hevc', 'av1'])('a chunk of a rung in %s', (name) => {
    const file = readFileSync(new URL(`../../media/ladders/${name}.json`, import.meta.url), 'utf8');
    const other = planFilm('as_golden', SOURCE, parseLadder(file), 6).film;
    const command = videoCommand(other, layout, rungs(other, [`480p-${name}`]), chunk, '/src');
    expect(readable(commandArguments(command))).toMatchSnapshot();
  });

  test('a chunk of the sound', () => {
    const command = audioCommand(film, layout, sound, { ...chunk, silent: false }, '/src', 'unix:/s/0');
    expect(readable(commandArguments(command))).toMatchSnapshot();
  });

  test('a chunk of sound whose times were rounded to milliseconds', () => {
    const rounded = planLayout({ ...SOURCE, container: 'matroska' });
    const command = audioCommand(film, rounded, sound, { ...chunk, silent: false }, '/src', 'unix:/s/0');
    expect(readable(commandArguments(command))).toMatchSnapshot();
  });

  test('a chunk of silence', () => {
    const command = audioCommand(film, layout, sound, { ...chunk, silent: true }, '/src', 'unix:/s/0');
    expect(readable(commandArguments(command))).toMatchSnapshot();
  });

  test('the poster', () => {
    expect(readable(commandArguments(posterCommand(film, layout, '/src', '/p.jpg', false)))).toMatchSnapshot();
  });

  test('the storyboard', () => {
    if (!film.storyboard) throw new Error('no storyboard');
    const command = storyboardCommand(film.storyboard, layout, '/src', '/s-%03d.jpg');
    expect(readable(commandArguments(command))).toMatchSnapshot();
  });
});
