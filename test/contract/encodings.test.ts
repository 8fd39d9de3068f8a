import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AssetRepository } from '../../src/database/assets.ts';
import { EncodingRepository } from '../../src/database/encodings.ts';
import type { Film } from '../../src/kernel/film/film.ts';
import { parseLadder } from '../../src/kernel/ladder/ladder.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const ladder = (name: string) =>
  parseLadder(
    JSON.stringify({
      name,
      codec: 'h264',
      preset: 'veryfast',
      rungs: [{ height: 240, crf: 25, maxrateBps: 400_000 }],
      audio: { codec: 'aac', bitrateBps: 128_000, sampleRate: 48_000, channels: 2 },
    }),
  );

/** A sound of so many segments. */
const filmOf = (segments: number): Film => ({
  segmentSeconds: 4,
  durationSeconds: 4 * segments,
  audio: {
    sampleRate: 48_000,
    frameCount: Math.floor(187.5 * segments),
    renditions: [{ name: 'audio', codecs: 'mp4a.40.2', bitrateBps: 128_000, channels: 2 }],
  },
});

describe.each(DATABASES)('encodings anew on $name', ({ fresh }) => {
  let on: FreshDatabase;
  let clock: HandClock;
  let assets: AssetRepository;
  let encodings: EncodingRepository;
  let begun: number[];

  beforeEach(async () => {
    on = await fresh();
    clock = new HandClock();
    assets = new AssetRepository(on.database, clock);
    encodings = new EncodingRepository(on.database, clock);
    begun = [];
    await assets.create({ id: 'as_a', title: 'a', policy: 'public', sourceName: 'a.mp4' });
    await assets.sourceStored('as_a', 1);
    await assets.planned('as_a', 1, filmOf(3));
    for (const segment of [0, 1, 2]) await publish(1, segment);
    await assets.advance('as_a', 'ready');
  });
  afterEach(() => on.discard());

  const publish = (version: number, segment: number) =>
    assets.segmentPublished('as_a', version, { rendition: 'audio', segment, bytes: 10 });
  const ask = (name: string, wish: { encryption?: 'aes-128' | null } = {}) =>
    encodings.request('as_a', { ladder: ladder(name), ...wish }, async (_trx, version) => void begun.push(version));
  const events = async () =>
    (await on.database.selectFrom('events').select('type').orderBy('created_at').execute()).map(({ type }) => type);

  test('are begun once for one wish, and again for another, under a number that none had', async () => {
    expect(await ask('one')).toEqual({ version: 2, isNew: true });
    expect(await ask('one')).toEqual({ version: 2, isNew: false });
    expect(await ask('two')).toEqual({ version: 3, isNew: true, replaces: 2 });
    expect(begun).toEqual([2, 3]);
    expect((await assets.find('as_a'))?.encoding).toMatchObject({
      version: 3,
      state: 'running',
      ladder: ladder('two'),
    });
    expect(await encodings.isKept('as_a', 2)).toBe(false);
    await encodings.fail('as_a', 3, { code: 'ENCODE_FAILED', says: 'no' });
    expect(await ask('two')).toEqual({ version: 4, isNew: true });
  });

  test('are encrypted as the served version is unless another wish is said, and the asset is what its version is', async () => {
    expect(await ask('one', { encryption: 'aes-128' })).toEqual({ version: 2, isNew: true });
    expect(await ask('one', { encryption: 'aes-128' })).toEqual({ version: 2, isNew: false });
    expect((await assets.find('as_a'))?.encryption).toBeUndefined();
    expect((await assets.find('as_a'))?.encoding?.encryption).toBe('aes-128');
    // The same ladder in the clear is another wish.
    expect(await ask('one')).toEqual({ version: 3, isNew: true, replaces: 2 });
    expect(await ask('one', { encryption: 'aes-128' })).toEqual({ version: 4, isNew: true, replaces: 3 });
    await encodings.switchTo('as_a', 4, 1_000);
    expect((await assets.find('as_a'))?.encryption).toBe('aes-128');
    await ask('two');
    expect((await assets.find('as_a'))?.encoding?.encryption).toBe('aes-128');
    const { version } = await ask('two', { encryption: null });
    await encodings.switchTo('as_a', version, 1_000);
    expect((await assets.find('as_a'))?.encryption).toBeUndefined();
  });

  test('are for assets whose source is here', async () => {
    await expect(encodings.request('as_b', { ladder: ladder('one') }, async () => {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await assets.create({ id: 'as_b', title: 'b', policy: 'public', sourceName: 'b.mp4' });
    await expect(encodings.request('as_b', { ladder: ladder('one') }, async () => {})).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  test('may be asked for before the first version is whole, and take its place after it, not before', async () => {
    await assets.create({ id: 'as_b', title: 'b', policy: 'public', sourceName: 'b.mp4' });
    await assets.sourceStored('as_b', 1);
    const wish = { ladder: ladder('one') };
    expect(await encodings.request('as_b', wish, async () => {})).toEqual({ version: 2, isNew: true });
    for (const version of [1, 2]) {
      await assets.planned('as_b', version, filmOf(1));
      await assets.segmentPublished('as_b', version, { rendition: 'audio', segment: 0, bytes: 10 });
    }
    await assets.advance('as_b', 'playable');
    expect(await encodings.switchTo('as_b', 2, 1_000)).toBe(false);
    expect(await assets.find('as_b')).toMatchObject({ version: 1, status: 'playable', encoding: { state: 'running' } });
    await assets.advance('as_b', 'ready');
    expect(await encodings.switchTo('as_b', 2, 1_000)).toBe(true);
    expect(await assets.find('as_b')).toMatchObject({ version: 2, status: 'ready', encoding: { state: 'ready' } });
    expect(await encodings.isKept('as_b', 1)).toBe(true);
  });

  test('bring a film back that was given up, unless its source is no good', async () => {
    await assets.fail('as_a', { code: 'ENCODE_TIMEOUT', says: 'too slow' });
    expect(await encodings.isKept('as_a', 1)).toBe(false);
    expect(await ask('one')).toEqual({ version: 2, isNew: true });
    expect(await assets.find('as_a')).toMatchObject({ version: 1, status: 'errored', error: { says: 'too slow' } });
    await assets.planned('as_a', 2, filmOf(1));
    await publish(2, 0);
    expect(await encodings.switchTo('as_a', 2, 0)).toBe(true);
    const healed = await assets.find('as_a');
    expect(healed).toMatchObject({ version: 2, status: 'ready', segmentsDone: 1, segmentsTotal: 1 });
    expect(healed?.error).toBeUndefined();
    expect(await assets.segments('as_a', 1)).toEqual([]);
    expect(await encodings.due()).toEqual([]);
    expect((await events()).at(-1)).toBe('asset.ready');
    await assets.fail('as_a', { code: 'SOURCE_TRUNCATED', says: 'too short' });
    await expect(ask('two')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('leave the film, the segments and the progress of the served version alone until they take its place', async () => {
    const before = await assets.find('as_a');
    await ask('one');
    expect(await assets.planned('as_a', 2, filmOf(2))).toBe(true);
    expect(await publish(2, 0)).toBe(true);
    expect(await publish(2, 5)).toBe(false);
    const during = await assets.find('as_a');
    expect(during).toEqual({ ...before, encoding: during?.encoding, updatedAtMs: clock.now() });
    expect(during?.encoding).toMatchObject({ film: filmOf(2), segmentsDone: 1, segmentsTotal: 2 });
    await publish(2, 1);
    expect(await assets.correct('as_a', 2, () => filmOf(1))).toEqual(filmOf(1));
    expect((await assets.segments('as_a', 1)).length).toBe(3);

    expect(await encodings.switchTo('as_a', 2, 1_000)).toBe(true);
    expect(await assets.find('as_a')).toMatchObject({
      version: 2,
      status: 'ready',
      film: filmOf(1),
      segmentsDone: 1,
      segmentsTotal: 1,
      encoding: { version: 2, state: 'ready' },
    });
    expect(await encodings.switchTo('as_a', 2, 1_000)).toBe(false);
    expect((await events()).at(-1)).toBe('asset.reencoded');
  });

  test('that fail leave nothing but the reason, and are told of', async () => {
    await ask('one');
    await assets.planned('as_a', 2, filmOf(2));
    await publish(2, 0);
    expect(await encodings.fail('as_a', 2, { code: 'ENCODE_FAILED', says: 'no' })).toBe(true);
    expect(await encodings.fail('as_a', 2, { code: 'INTERNAL', says: 'later' })).toBe(false);
    expect(await publish(2, 1)).toBe(false);
    expect(await assets.segments('as_a', 2)).toEqual([]);
    const asset = await assets.find('as_a');
    expect(asset).toMatchObject({ version: 1, status: 'ready', segmentsDone: 3 });
    expect(asset?.encoding).toMatchObject({ state: 'failed', error: { code: 'ENCODE_FAILED', says: 'no' } });
    expect((await events()).at(-1)).toBe('asset.encoding_failed');
  });

  test('keep what they replaced until its time has come', async () => {
    await ask('one');
    await assets.planned('as_a', 2, filmOf(2));
    await encodings.switchTo('as_a', 2, 1_000);
    clock.turn(999);
    expect(await encodings.due()).toEqual([]);
    expect(await encodings.isKept('as_a', 1)).toBe(true);
    clock.turn(1);
    expect(await encodings.due()).toEqual([{ assetId: 'as_a', version: 1 }]);
    await encodings.forget({ assetId: 'as_a', version: 1 });
    expect(await assets.segments('as_a', 1)).toEqual([]);
    expect(await encodings.due()).toEqual([]);
    expect(await encodings.isKept('as_a', 1)).toBe(false);
    expect(await encodings.isKept('as_a', 2)).toBe(true);
  });

  test('are gone with their asset', async () => {
    await ask('one');
    await encodings.switchTo('as_a', 2, 0);
    await ask('two');
    await assets.delete('as_a');
    expect(await encodings.running()).toEqual([]);
    expect(await encodings.due()).toEqual([]);
  });
});
