import { describe, expect, test } from 'vitest';
import { writeManifest } from '../dash/write.ts';
import { writeIframePlaylist, writeMediaPlaylist, writeMultivariantPlaylist } from '../hls/write.ts';
import type { BroadcastFormat, LiveSegment } from '../live/broadcast.ts';
import { planClip } from './clip.ts';
import { recordedManifest } from './manifest.ts';
import {
  recordedBandwidths,
  recordedIframePlaylist,
  recordedMediaPlaylist,
  recordedMultivariantPlaylist,
} from './playlists.ts';
import { makeRecording, type Recording, recordedNames, recordedSeconds, type StoredRecording } from './recording.ts';
import { recordedSubtitlePlaylist, recordedSubtitleSegments } from './subtitles.ts';

const format: Pick<BroadcastFormat, 'video' | 'audio'> = {
  video: {
    frameRate: { num: 25, den: 1 },
    timescale: 90_000,
    renditions: ['360p', '720p'].map((name, index) => ({
      name,
      width: 640 * (index + 1),
      height: 360 * (index + 1),
      codecs: 'avc1.64001f',
      averageBps: 800_000,
      maxrateBps: 1_000_000,
    })),
  },
  audio: {
    sampleRate: 48_000,
    renditions: [{ name: 'audio', codecs: 'mp4a.40.2', bitrateBps: 128_000, channels: 2 }],
  },
};

const NAMES = ['360p', '720p', 'audio'];

/** Sessions of so many segments of two seconds, without those of `lost`, such as `720p 3`. */
function storedOf(
  counts: readonly number[],
  lost: readonly string[] = [],
  gaps: readonly string[] = [],
): StoredRecording {
  let sequence = 0;
  const segments = counts.flatMap((count, session) =>
    Array.from({ length: count }, (_, index) => {
      const number = sequence++;
      return NAMES.map((rendition) => segmentOf(rendition, session + 1, number, index));
    }).flat(),
  );
  return {
    format,
    sessions: counts.map((_, index) => ({ number: index + 1, beganAtMs: 1_000_000_000_000 + 60_000 * index })),
    segments: segments
      .filter((each) => !lost.includes(`${each.rendition} ${each.sequence}`))
      .map((each) => (gaps.includes(`${each.rendition} ${each.sequence}`) ? { ...each, isGap: true as const } : each)),
  };
}

function segmentOf(rendition: string, session: number, sequence: number, index: number): LiveSegment {
  const scale = rendition === 'audio' ? 48_000 : 90_000;
  const place = { rendition, session, sequence, startTicks: 2 * index * scale, durationTicks: 2 * scale };
  const key = rendition === 'audio' ? {} : { keyFrame: { startByte: 0, sizeBytes: 9_000 } };
  return { ...place, bytes: rendition === '720p' ? 250_000 : 50_000, ...key };
}

function made(stored: StoredRecording): Recording {
  const recording = makeRecording(stored);
  if (!recording) throw new Error('nothing was recorded');
  return recording;
}

const numbersOf = (recording: Recording | undefined) => recording?.stretches.map(({ sequences }) => sequences);

describe('what is kept of what is stored', () => {
  test.each([
    [
      'all of a whole broadcast',
      storedOf([3, 2]),
      NAMES,
      [
        [0, 1, 2],
        [3, 4],
      ],
    ],
    ['no rung that was dropped in the middle', storedOf([4], ['720p 2', '720p 3']), ['360p', 'audio'], [[0, 1, 2, 3]]],
    ['no rung of gaps', storedOf([4], [], ['720p 1', '720p 2']), ['360p', 'audio'], [[0, 1, 2, 3]]],
    ['a rung that lacks one segment in the middle', storedOf([4], ['720p 1']), NAMES, [[0, 1, 2, 3]]],
    ['nothing behind the last segment that all have', storedOf([4], ['720p 3', 'audio 3']), NAMES, [[0, 1, 2]]],
    ['nothing before the first segment that all have', storedOf([4], ['360p 0']), NAMES, [[1, 2, 3]]],
    ['no session without a segment', storedOf([2, 0, 1]), NAMES, [[0, 1], [2]]],
    ['pictures alone where there was no sound', storedOf([1], ['audio 0']), ['360p', '720p'], [[0]]],
  ])('%s', (_, stored, names, numbers) => {
    const recording = makeRecording(stored);
    expect(recording && recordedNames(recording)).toEqual(names);
    expect(numbersOf(recording)).toEqual(numbers);
  });

  test('nothing at all is no recording', () => {
    expect(makeRecording(storedOf([0]))).toBeUndefined();
    expect(makeRecording(storedOf([1], [], ['360p 0', '720p 0', 'audio 0']))).toBeUndefined();
  });

  test('a missing segment is a gap as long as those beside it, on its own clock', () => {
    const [stretch] = made(storedOf([3], ['audio 1'])).stretches;
    expect(stretch?.segments.get('audio')?.[1]).toEqual({
      rendition: 'audio',
      session: 1,
      sequence: 1,
      startTicks: 96_000,
      durationTicks: 96_000,
      bytes: 0,
      isGap: true,
    });
  });
});

describe('the playlists of a recording', () => {
  const recording = made(storedOf([2, 2], ['720p 1']));

  test('begin anew with every session, say when it was recorded, and tell what is missing', () => {
    expect(writeMediaPlaylist(recordedMediaPlaylist(recording, '720p'))).toMatchInlineSnapshot(`
      "#EXTM3U
      #EXT-X-VERSION:6
      #EXT-X-TARGETDURATION:2
      #EXT-X-MEDIA-SEQUENCE:0
      #EXT-X-PLAYLIST-TYPE:VOD
      #EXT-X-MAP:URI="init-1.mp4"
      #EXT-X-PROGRAM-DATE-TIME:2001-09-09T01:46:40.000Z
      #EXTINF:2.000000,
      s00000.m4s
      #EXT-X-GAP
      #EXTINF:2.000000,
      s00001.m4s
      #EXT-X-DISCONTINUITY
      #EXT-X-MAP:URI="init-2.mp4"
      #EXT-X-PROGRAM-DATE-TIME:2001-09-09T01:47:40.000Z
      #EXTINF:2.000000,
      s00002.m4s
      #EXTINF:2.000000,
      s00003.m4s
      #EXT-X-ENDLIST
      "
    `);
  });

  const at = (seconds: number) => {
    return {
      id: `md_${seconds}`,
      class: 'com.example',
      startsAtMs: 1_000_000_000_000 + seconds * 1_000,
      text: `{"at":${seconds}}`,
    };
  };
  const told = (recording: Recording | undefined, name = '360p') => {
    const text = recording ? writeMediaPlaylist(recordedMediaPlaylist(recording, name)) : '';
    return text.match(/#EXT-X-DATERANGE:.*/g) ?? [];
  };

  test('say what was told since they begin, all in the same words', () => {
    const lasting = { ...at(-3), durationSeconds: 5 };
    const dateRanges = [at(-2), lasting, at(1), at(30), at(65)];
    const recording = made({ ...storedOf([2, 2]), dateRanges });
    expect(told(recording)).toEqual([
      '#EXT-X-DATERANGE:ID="md_-3",CLASS="com.example",START-DATE="2001-09-09T01:46:37.000Z",DURATION=5,X-COM-FRONTROW-DATA="eyJhdCI6LTN9"',
      '#EXT-X-DATERANGE:ID="md_1",CLASS="com.example",START-DATE="2001-09-09T01:46:41.000Z",X-COM-FRONTROW-DATA="eyJhdCI6MX0"',
      expect.stringContaining('ID="md_30"'),
      expect.stringContaining('ID="md_65"'),
    ]);
    for (const name of ['720p', 'audio']) expect(told(recording, name)).toEqual(told(recording));
  });

  test('of a clip say what was told in its time, and of a film nothing', () => {
    const stored = { ...storedOf([4]), dateRanges: [at(1), at(3), at(5), at(7)] };
    const clip = planClip(stored, { inSeconds: 2.5, outSeconds: 5.5 })?.recording;
    expect(clip?.dateRanges).toEqual([at(3), at(5)]);
    expect(told(clip)).toHaveLength(2);
    expect(told(made({ ...stored, sessions: [{ number: 1, beganAtMs: 0 }] }))).toEqual([]);
  });

  test('of key frames show the one before where one is missing', () => {
    const playlist = recordedIframePlaylist(recording, '720p');
    expect(playlist && writeIframePlaylist(playlist)).toMatchInlineSnapshot(`
      "#EXTM3U
      #EXT-X-VERSION:5
      #EXT-X-TARGETDURATION:2
      #EXT-X-MEDIA-SEQUENCE:0
      #EXT-X-PLAYLIST-TYPE:VOD
      #EXT-X-I-FRAMES-ONLY
      #EXT-X-MAP:URI="init-1.mp4"
      #EXTINF:4.000000,
      #EXT-X-BYTERANGE:9000@0
      s00000.m4s
      #EXT-X-DISCONTINUITY
      #EXT-X-MAP:URI="init-2.mp4"
      #EXTINF:2.000000,
      #EXT-X-BYTERANGE:9000@0
      s00002.m4s
      #EXTINF:2.000000,
      #EXT-X-BYTERANGE:9000@0
      s00003.m4s
      #EXT-X-ENDLIST
      "
    `);
  });

  test('state what was measured', () => {
    const playlist = recordedMultivariantPlaylist(
      recording,
      (name) => `v1/${name}/index.m3u8`,
      recordedBandwidths(recording),
      new Map(),
    );
    expect(writeMultivariantPlaylist(playlist)).toMatchInlineSnapshot(`
      "#EXTM3U
      #EXT-X-VERSION:6
      #EXT-X-INDEPENDENT-SEGMENTS
      #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Audio",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="v1/audio/index.m3u8"
      #EXT-X-STREAM-INF:BANDWIDTH=400000,AVERAGE-BANDWIDTH=400000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=25.000,VIDEO-RANGE=SDR,AUDIO="audio",CLOSED-CAPTIONS=NONE
      v1/360p/index.m3u8
      #EXT-X-STREAM-INF:BANDWIDTH=1200000,AVERAGE-BANDWIDTH=1200000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=25.000,VIDEO-RANGE=SDR,AUDIO="audio",CLOSED-CAPTIONS=NONE
      v1/720p/index.m3u8
      "
    `);
  });

  test('of subtitles break off where the media does, and their times count from there', () => {
    const cue = { startMs: 3_000, endMs: 5_000, text: 'over the seam', settings: '' };
    expect(recordedSubtitlePlaylist(recording).segments).toEqual([
      { uri: 's00000.vtt', durationSeconds: 4 },
      { uri: 's00001.vtt', durationSeconds: 4, isSplice: true },
    ]);
    expect(recordedSubtitleSegments(recording, [cue]).map(({ text }) => text.split('\n')[3])).toEqual([
      '00:00:03.000 --> 00:00:05.000',
      '00:00:00.000 --> 00:00:01.000',
    ]);
  });
});

test('a session of which a rendition has nothing has no init segment there, and players are sent to none', () => {
  const recording = made(storedOf([2, 1, 2], ['720p 2']));
  expect(recordedNames(recording)).toEqual(NAMES);
  const maps = (name: string) =>
    [...writeMediaPlaylist(recordedMediaPlaylist(recording, name)).matchAll(/MAP:URI="(.+)"/g)].map(([, uri]) => uri);
  expect(maps('360p')).toEqual(['init-1.mp4', 'init-2.mp4', 'init-3.mp4']);
  expect(maps('720p')).toEqual(['init-1.mp4', 'init-3.mp4']);
  const frames = recordedIframePlaylist(recording, '720p')?.frames ?? [];
  expect(frames.map(({ initUri }) => initUri)).toEqual([undefined, undefined, 'init-3.mp4', undefined]);
});

test('a number that nobody has is a gap as long as it lasted, in all renditions', () => {
  const recording = made(storedOf([4], ['360p 1', '720p 1', 'audio 1', '360p 2', '720p 2', 'audio 2']));
  expect(numbersOf(recording)).toEqual([[0, 1, 2, 3]]);
  expect(recordedSeconds(recording)).toBe(8);
  for (const name of NAMES) {
    const text = writeMediaPlaylist(recordedMediaPlaylist(recording, name));
    expect(text.match(/#EXT-X-GAP\n#EXTINF:2\.0+,\n/g)).toHaveLength(2);
  }
  const manifest = recordedManifest(recording, 1, new Map(), { tracks: [], uriOf: () => '' });
  expect(manifest.periods.map(({ sets }) => sets.map(({ startNumber }) => startNumber))).toEqual([
    [0, 0],
    [3, 3],
  ]);
  // The same moment is at the same time in both.
  expect(manifest.periods.map(({ durationSeconds }) => durationSeconds)).toEqual([6, 2]);
});

test('the last number of a session, which a node that fell silent has kept for itself, takes its time in the manifest too', () => {
  const recording = made(storedOf([2, 2], [], ['360p 1', '720p 1', 'audio 1']));
  const manifest = recordedManifest(recording, 1, new Map(), { tracks: [], uriOf: () => '' });
  expect(manifest.periods.map(({ durationSeconds }) => durationSeconds)).toEqual([4, 4]);
  expect(recordedSeconds(recording)).toBe(8);
});

test('the manifest has a period for every session, and ends one where a rendition has a gap', () => {
  const recording = made(storedOf([2, 2], ['720p 1']));
  const texts = { tracks: [], uriOf: () => '' };
  const manifest = recordedManifest(recording, 1, recordedBandwidths(recording), texts);
  expect(
    manifest.periods.map(({ durationSeconds, sets }) => [
      durationSeconds,
      sets.map(({ startNumber, periodTicks, initTemplate, representations }) =>
        [startNumber, periodTicks, initTemplate.at(-5), ...representations.map(({ id }) => id)].join(' '),
      ),
    ]),
  ).toEqual([
    [2, ['0 0 1 360p 720p', '0 0 1 audio']],
    [2, ['1 180000 1 360p', '1 96000 1 audio']],
    [4, ['2 0 2 360p 720p', '2 0 2 audio']],
  ]);
  expect(writeManifest(manifest)).toContain('<Period id="2" start="PT4.000000S">');
});

describe('a clip', () => {
  const stored = storedOf([3, 3], ['720p 0', '720p 1', '720p 2', '720p 3']);

  test.each([
    ['is snapped outward', [1.5, 4.5], [0, 6], [[0, 1, 2]]],
    ['of whole segments is what was asked for', [2, 4], [2, 4], [[1]]],
    ['goes over a seam', [5, 7], [4, 8], [[2], [3]]],
    [
      'may be all of it',
      [0, 12],
      [0, 12],
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
    ],
    ['may be rounded up by a player', [10.2, 12.08], [10, 12], [[5]]],
  ] as const)('%s', (_, [inSeconds, outSeconds], [from, to], numbers) => {
    const clip = planClip(stored, { inSeconds, outSeconds });
    expect([clip?.inSeconds, clip?.outSeconds, numbersOf(clip?.recording)]).toEqual([from, to, numbers]);
  });

  test('has a rung that is whole in it, whatever the asset lacks of it', () => {
    expect(recordedNames(made(stored))).toEqual(['360p', 'audio']);
    expect(planClip(stored, { inSeconds: 8, outSeconds: 12 })?.recording.video?.renditions).toHaveLength(2);
  });

  test('beyond the end is none', () => {
    expect(planClip(stored, { inSeconds: 10, outSeconds: 12.2 })).toBeUndefined();
  });

  test('goes on with the numbers, and the clock of the manifest begins where it does', () => {
    const clip = planClip(storedOf([5]), { inSeconds: 4, outSeconds: 8 });
    if (!clip) throw new Error('no clip');
    expect(recordedSeconds(clip.recording)).toBe(4);
    expect(writeMediaPlaylist(recordedMediaPlaylist(clip.recording, 'audio', '../key'))).toContain(
      '#EXT-X-MEDIA-SEQUENCE:2',
    );
    const manifest = recordedManifest(clip.recording, 1, new Map(), { tracks: [], uriOf: () => '' });
    expect(writeManifest(manifest)).toContain(
      '<SegmentTemplate timescale="48000" presentationTimeOffset="192000" startNumber="2" ',
    );
  });
});
