import { describe, expect, test } from 'vitest';
import type { Asset } from '../api/shapes.ts';
import { viewStatus } from './asset-status.ts';
import { applyEvent, isUnsettled, placeAsset, searchShelf, sortShelf, topRung } from './shelf.ts';

function film(assetId: string, part: Partial<Asset> = {}): Asset {
  return {
    assetId,
    title: assetId,
    policy: 'public',
    status: 'ready',
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    source: { name: `${assetId}.mp4` },
    progress: { segmentsDone: 0, segmentsTotal: 0 },
    version: 1,
    playbackUrl: `http://edge/assets/${assetId}/master.m3u8`,
    ...part,
  };
}

describe('the shelf', () => {
  test('a new film stands in front', () => {
    const shelf = applyEvent([film('old')], {
      type: 'asset',
      asset: film('new', { createdAt: '2026-02-01T00:00:00Z' }),
    });
    expect(shelf.map((asset) => asset.assetId)).toEqual(['new', 'old']);
  });

  test('a known film changes where it stands', () => {
    const shelf = placeAsset([film('a'), film('b'), film('c')], film('b', { title: 'Renamed' }));
    expect(shelf.map((asset) => asset.title)).toEqual(['a', 'Renamed', 'c']);
  });

  test('an older word never replaces a newer one', () => {
    const newer = film('a', { status: 'ready', updatedAt: '2026-01-02T00:00:00.000Z' });
    expect(placeAsset([newer], film('a', { status: 'queued' }))[0]?.status).toBe('ready');
  });

  test('a deleted film is gone, and deleting it twice changes nothing', () => {
    const once = applyEvent([film('a'), film('b')], { type: 'deleted', assetId: 'a' });
    expect(applyEvent(once, { type: 'deleted', assetId: 'a' })).toEqual([film('b')]);
  });

  test('newest comes first', () => {
    const dates = ['2026-01-01', '2026-03-01', '2026-02-01'].map((createdAt) => film(createdAt, { createdAt }));
    expect(sortShelf(dates).map((asset) => asset.createdAt)).toEqual(['2026-03-01', '2026-02-01', '2026-01-01']);
  });

  test('a search needs all its words, anywhere', () => {
    const shelf = [film('bunny', { policy: 'signed' }), film('sintel')];
    expect(searchShelf(shelf, 'SIGNED bun')).toHaveLength(1);
    expect(searchShelf(shelf, 'mp4')).toHaveLength(2);
    expect(searchShelf(shelf, 'bunny sintel')).toHaveLength(0);
  });

  test('only work in progress is worth asking about again', () => {
    const statuses = ['uploading', 'queued', 'playable', 'ready', 'errored'] as const;
    expect(statuses.map((status) => isUnsettled(film('a', { status })))).toEqual([true, true, true, false, false]);
  });

  test('the top rung is the tallest picture, or says that there is none', () => {
    const video = (height: number) => ({
      name: `${height}p`,
      kind: 'video' as const,
      height,
      codecs: '',
      bitrateBps: 1,
    });
    expect(topRung(film('a', { renditions: [video(360), video(720)] }))).toBe('720p');
    expect(topRung(film('a', { renditions: [{ name: 'audio', kind: 'audio', codecs: '', bitrateBps: 1 }] }))).toBe(
      'Audio',
    );
    expect(topRung(film('a'))).toBeUndefined();
  });
});

describe('the status of a film', () => {
  test('an upload shows how much arrived', () => {
    const source = { name: 'a.mp4', sizeBytes: 1_000, receivedBytes: 437 };
    expect(viewStatus(film('a', { status: 'uploading', source }))).toMatchObject({
      label: 'Uploading 43%',
      share: 0.437,
    });
  });

  test('an upload of unknown length shows no share', () => {
    expect(viewStatus(film('a', { status: 'uploading' })).share).toBeUndefined();
    const source = { name: 'a.mp4', sizeBytes: 0, receivedBytes: 0 };
    expect(viewStatus(film('a', { status: 'uploading', source })).share).toBeUndefined();
  });

  test('a playable film says that it plays, and how much is encoded', () => {
    const view = viewStatus(film('a', { status: 'playable', progress: { segmentsDone: 3, segmentsTotal: 12 } }));
    expect(view).toMatchObject({ tone: 'busy', label: 'Encoding 25%', share: 0.25 });
    expect(view.says).toContain('plays already');
  });

  test('a failed film gives the server’s sentence', () => {
    const error = { code: 'SOURCE_NOT_MEDIA', detail: 'The file is not audio or video.' };
    expect(viewStatus(film('a', { status: 'errored', error })).says).toBe(error.detail);
  });
});
