import { describe, expect, test } from 'vitest';
import type { Asset } from '../database/assets.ts';
import type { Film } from '../kernel/film/film.ts';
import { viewAsset } from './asset-view.ts';

const EDGE = 'https://edge.example';
const ASSET: Asset = {
  id: 'as_k3v9mn2p4q7r8s5t',
  title: 'A film',
  policy: 'signed',
  status: 'uploading',
  version: 1,
  sourceName: 'film.mp4',
  sourceBytes: 100,
  arriving: true,
  receivedBytes: 40,
  segmentsTotal: 0,
  segmentsDone: 0,
  createdAtMs: 0,
  updatedAtMs: 1_000,
};
const FILM: Film = {
  segmentSeconds: 4,
  durationSeconds: 30.5,
  video: {
    frameRate: { num: 24, den: 1 },
    framesPerSegment: 96,
    frameCount: 732,
    timescale: 24_000,
    renditions: [
      { name: '360p', width: 640, height: 360, codecs: 'avc1.64001e', level: 30, crf: 23, maxrateBps: 900_000 },
    ],
  },
  audio: {
    sampleRate: 48_000,
    frameCount: 1_430,
    renditions: [{ name: 'audio', codecs: 'mp4a.40.2', bitrateBps: 128_000, channels: 2 }],
  },
  storyboard: { tileWidth: 160, tileHeight: 90, columns: 5, rows: 5, intervalSeconds: 2, tileCount: 16 },
};

describe('an asset in the API', () => {
  test('shows what has arrived while it is uploading, and nothing that is not there yet', () => {
    expect(viewAsset(ASSET, EDGE)).toEqual({
      assetId: ASSET.id,
      title: 'A film',
      policy: 'signed',
      status: 'uploading',
      createdAt: '1970-01-01T00:00:00.000Z',
      updatedAt: '1970-01-01T00:00:01.000Z',
      source: { name: 'film.mp4', sizeBytes: 100, receivedBytes: 40 },
      progress: { segmentsDone: 0, segmentsTotal: 0 },
      version: 1,
      playbackUrl: `${EDGE}/assets/${ASSET.id}/master.m3u8`,
      dashUrl: `${EDGE}/assets/${ASSET.id}/manifest.mpd`,
    });
  });

  test('tells how much has arrived, and names no pictures yet, while it can be played and is still uploaded', () => {
    const view = viewAsset({ ...ASSET, status: 'playable', film: FILM }, EDGE);
    expect(view).toMatchObject({ durationSeconds: 30.5, source: { receivedBytes: 40 } });
    expect([view.posterUrl, view.storyboardUrl]).toEqual([undefined, undefined]);
  });

  test('names its renditions and pictures once it can be played', () => {
    const view = viewAsset({ ...ASSET, status: 'playable', arriving: false, film: FILM, sourceSha256: 'ab' }, EDGE);
    expect(view).toMatchObject({
      durationSeconds: 30.5,
      renditions: [
        { name: '360p', kind: 'video', width: 640, height: 360, codecs: 'avc1.64001e', bitrateBps: 900_000 },
        { name: 'audio', kind: 'audio', codecs: 'mp4a.40.2', bitrateBps: 128_000 },
      ],
      source: { name: 'film.mp4', sizeBytes: 100, sha256: 'ab' },
      posterUrl: `${EDGE}/assets/${ASSET.id}/poster.jpg`,
      storyboardUrl: `${EDGE}/assets/${ASSET.id}/storyboard.vtt`,
    });
    expect(view.source.receivedBytes).toBeUndefined();
  });

  test('promises no picture of a sound', () => {
    const { segmentSeconds, durationSeconds, audio } = FILM;
    const film = { segmentSeconds, durationSeconds, ...(audio ? { audio } : {}) };
    const view = viewAsset({ ...ASSET, status: 'ready', film }, EDGE);
    expect([view.posterUrl, view.storyboardUrl]).toEqual([undefined, undefined]);
  });

  test('says why it failed', () => {
    const error = { code: 'SOURCE_EMPTY', says: 'The file is empty.' } as const;
    expect(viewAsset({ ...ASSET, status: 'errored', error }, EDGE).error).toEqual({
      code: 'SOURCE_EMPTY',
      detail: 'The file is empty.',
    });
  });
});
