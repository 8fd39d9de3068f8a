import { expect, test } from 'vitest';
import type { Asset } from '../database/assets.ts';
import type { Film } from '../kernel/film/film.ts';
import { parseFilmPath } from '../kernel/film/paths.ts';
import { prospectOf } from './resolve.ts';

const ID = 'as_aaaabbbbccccdddd';

const film: Film = {
  segmentSeconds: 4,
  durationSeconds: 20,
  video: {
    frameRate: { num: 25, den: 1 },
    framesPerSegment: 100,
    frameCount: 500,
    timescale: 25_000,
    renditions: [
      { name: '240p', width: 426, height: 240, codecs: 'avc1.640015', level: 21, crf: 25, maxrateBps: 400_000 },
    ],
  },
};

function asset(change: Partial<Asset>): Asset {
  return {
    id: ID,
    title: 'Film',
    policy: 'public',
    status: 'playable',
    version: 1,
    sourceName: 'film.mp4',
    film,
    segmentsTotal: 5,
    arriving: false,
    receivedBytes: 0,
    segmentsDone: 0,
    createdAtMs: 0,
    updatedAtMs: 0,
    ...change,
  };
}

const work = { rendition: '240p', segment: 3 };

test.each([
  ['a segment of the film comes, with its chunk', 'v1/240p/s00003.m4s', asset({}), { when: 'later', work }],
  ['a segment past the end never does', 'v1/240p/s00005.m4s', asset({}), { when: 'never' }],
  ['a rendition the film does not have never does', 'v1/720p/s00000.m4s', asset({}), { when: 'never' }],
  ['another version never does', 'v2/240p/s00000.m4s', asset({}), { when: 'never' }],
  [
    'an init comes with the first segment',
    'v1/240p/init.mp4',
    asset({}),
    { when: 'later', work: { ...work, segment: 0 } },
  ],
  ['before the plan everything may come', 'v1/720p/s09999.m4s', planless(), { when: 'later' }],
  ['a storyboard the film does not have never comes', 'storyboard.vtt', asset({}), { when: 'never' }],
  ['a poster comes', 'poster.jpg', asset({}), { when: 'later' }],
  ['nothing more comes of a ready film', 'v1/240p/s00003.m4s', asset({ status: 'ready' }), { when: 'never' }],
  ['nothing comes of an errored one', 'master.m3u8', asset({ status: 'errored' }), { when: 'never' }],
  ['nothing comes of a broadcast that still goes on', 'master.m3u8', recorded(), { when: 'never' }],
  ['nothing comes of an asset that is not there', 'master.m3u8', undefined, { when: 'never' }],
])('%s', (_, path, known, prospect) => {
  const object = parseFilmPath(`/assets/${ID}/${path}`);
  if (!object) throw new Error(`${path} is no path of a film`);
  expect(prospectOf(object, known)).toEqual(prospect);
});

function planless(): Asset {
  const { film: _, ...rest } = asset({ status: 'queued' });
  return rest;
}

function recorded(): Asset {
  const { film: _, ...rest } = asset({ status: 'uploading' });
  return { ...rest, recording: { from: { streamId: 'ls_a', broadcast: 1 }, format: {} } };
}
