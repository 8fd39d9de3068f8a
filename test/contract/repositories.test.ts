import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AssetRepository } from '../../src/database/assets.ts';
import { IdempotencyKeyRepository } from '../../src/database/idempotency-keys.ts';
import { pingDatabase } from '../../src/database/open.ts';
import { SigningKeyRepository } from '../../src/database/signing-keys.ts';
import { SubtitleRepository } from '../../src/database/subtitles.ts';
import { type Film, segmentCount } from '../../src/kernel/film/film.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const FILM: Film = {
  segmentSeconds: 4,
  durationSeconds: 10,
  audio: {
    sampleRate: 48_000,
    frameCount: 469,
    renditions: [{ name: 'audio', codecs: 'mp4a.40.2', bitrateBps: 128_000, channels: 2 }],
  },
};

/** A sound of so many frames, some 47 a second. */
const filmOf = (frameCount: number): Film => ({
  ...FILM,
  ...(FILM.audio ? { audio: { ...FILM.audio, frameCount } } : {}),
});

describe.each(DATABASES)('the repositories on $name', ({ fresh }) => {
  let on: FreshDatabase;
  let clock: HandClock;

  beforeEach(async () => {
    on = await fresh();
    clock = new HandClock();
  });
  afterEach(() => on.discard());

  describe('subtitles', () => {
    const track = (name: string, language: string) => ({
      name,
      language,
      kind: 'subtitles' as const,
      isDefault: true,
      isForced: false,
      origin: 'uploaded' as const,
    });
    let subtitles: SubtitleRepository;
    let gone: (readonly string[])[];
    const addWork = async (_trx: unknown, names: readonly string[]) => void gone.push(names);

    beforeEach(async () => {
      subtitles = new SubtitleRepository(on.database, clock);
      gone = [];
      await new AssetRepository(on.database, clock).create({
        id: 'as_a',
        title: 'a',
        policy: 'public',
        sourceName: 'a',
      });
    });

    test('are found as they were made, and once published say when', async () => {
      await subtitles.uploaded('as_a', track('de-1', 'de'), 10, addWork);
      expect(await subtitles.list('as_a')).toEqual([{ ...track('de-1', 'de'), createdAtMs: clock.now() }]);
      clock.turn(5);
      expect(await subtitles.published('as_a', 'de-1')).toBe(true);
      expect((await subtitles.list('as_a'))[0]?.publishedAtMs).toBe(clock.now());
    });

    test('take the place of those uploaded in the same language, and of no others', async () => {
      await subtitles.embedded('as_a', { ...track('track-2', 'de'), origin: 'embedded' });
      await subtitles.uploaded('as_a', track('de-1', 'de'), 10, addWork);
      await subtitles.uploaded('as_a', track('fr-1', 'fr'), 10, addWork);
      await subtitles.uploaded('as_a', track('de-2', 'de'), 10, addWork);
      expect(gone).toEqual([[], [], ['de-1']]);
      expect((await subtitles.list('as_a')).map(({ name }) => name)).toEqual(['de-2', 'fr-1', 'track-2']);
      expect(await subtitles.published('as_a', 'de-1')).toBe(false);
    });

    test('without their work are not recorded', async () => {
      const failing = () => Promise.reject(new Error('no queue'));
      await expect(subtitles.uploaded('as_a', track('de-1', 'de'), 10, failing)).rejects.toThrow('no queue');
      expect(await subtitles.list('as_a')).toEqual([]);
    });

    test('are no more than so many, though one may always be replaced', async () => {
      await subtitles.uploaded('as_a', track('de-1', 'de'), 1, addWork);
      expect(await subtitles.uploaded('as_a', track('fr-1', 'fr'), 1, addWork)).toBeUndefined();
      expect(await subtitles.uploaded('as_a', track('de-2', 'de'), 1, addWork)).toBeDefined();
    });

    test('recorded twice out of the source count once, and go with their asset', async () => {
      const own = { ...track('track-2', 'de'), origin: 'embedded' as const };
      await subtitles.embedded('as_a', own);
      await subtitles.embedded('as_a', own);
      expect(await subtitles.list('as_a')).toHaveLength(1);
      expect(await subtitles.remove('as_a', 'de', addWork)).toBe(false);
      await new AssetRepository(on.database, clock).delete('as_a');
      expect(await subtitles.list('as_a')).toEqual([]);
    });
  });

  describe('assets', () => {
    let assets: AssetRepository;
    const make = (id: string) => assets.create({ id, title: id, policy: 'public', sourceName: `${id}.mp4` });

    beforeEach(() => {
      assets = new AssetRepository(on.database, clock);
    });

    test('begin uploading and are found as they were made', async () => {
      const made = await assets.create({
        id: 'as_a',
        title: 'Ä "film"',
        policy: 'signed',
        sourceName: 'a',
        sourceBytes: 5_000_000_000,
      });
      expect(made).toEqual({
        id: 'as_a',
        title: 'Ä "film"',
        policy: 'signed',
        status: 'uploading',
        version: 1,
        sourceName: 'a',
        sourceBytes: 5_000_000_000,
        receivedBytes: 0,
        arriving: true,
        segmentsTotal: 0,
        segmentsDone: 0,
        createdAtMs: clock.now(),
        updatedAtMs: clock.now(),
      });
      expect(await assets.find('as_a')).toEqual(made);
      expect(await assets.find('as_b')).toBeUndefined();
      await expect(make('as_a')).rejects.toThrow();
    });

    test('are listed newest first in pages that fit together, also when made in one millisecond', async () => {
      for (const id of ['as_a', 'as_b', 'as_c']) await make(id);
      clock.turn(1);
      await make('as_d');
      const first = await assets.list(2);
      const second = await assets.list(2, first.at(-1));
      expect([...first, ...second].map(({ id }) => id)).toEqual(['as_d', 'as_c', 'as_b', 'as_a']);
      expect(await assets.list(2, second.at(-1))).toEqual([]);
    });

    test('go from uploading to ready, and never back', async () => {
      await make('as_a');
      expect(await assets.advance('as_a', 'ready')).toBe(false);
      expect(await assets.received('as_a', 10, 100)).toBe(true);
      expect(await assets.find('as_a')).toMatchObject({ receivedBytes: 10, sourceBytes: 100 });
      expect(await assets.sourceStored('as_a', 99)).toBe(true);
      expect(await assets.sourceStored('as_a', 99)).toBe(false);
      expect(await assets.received('as_a', 50)).toBe(false);
      expect(await assets.find('as_a')).toMatchObject({ status: 'queued', receivedBytes: 99, sourceBytes: 99 });
      expect(await assets.advance('as_a', 'playable')).toBe(true);
      expect(await assets.advance('as_a', 'ready')).toBe(true);
      expect(await assets.advance('as_a', 'playable')).toBe(false);
    });

    test('are queued together with the work that follows, or not at all', async () => {
      await make('as_a');
      const failed = assets.sourceStored('as_a', 1, () => Promise.reject(new Error('the queue is away')));
      await expect(failed).rejects.toThrow('the queue is away');
      expect((await assets.find('as_a'))?.status).toBe('uploading');
    });

    test('once errored keep their first error', async () => {
      await make('as_a');
      expect(await assets.fail('as_a', { code: 'SOURCE_EMPTY', says: 'empty' })).toBe(true);
      expect(await assets.fail('as_a', { code: 'ENCODE_FAILED', says: 'later' })).toBe(false);
      expect(await assets.sourceStored('as_a', 1)).toBe(false);
      expect(await assets.advance('as_a', 'ready')).toBe(false);
      expect((await assets.find('as_a'))?.error).toEqual({ code: 'SOURCE_EMPTY', says: 'empty' });
    });

    test('may be playable while they arrive, stay so when they are stored, and are not ready before', async () => {
      await make('as_a');
      await make('as_b');
      expect(await assets.advance('as_a', 'playable')).toBe(true);
      expect(await assets.stillArriving('a node')).toEqual(['as_a', 'as_b']);
      expect(await assets.received('as_a', 10, 100)).toBe(true);
      expect(await assets.find('as_a')).toMatchObject({ status: 'playable', arriving: true, receivedBytes: 10 });
      expect(await assets.advance('as_a', 'ready')).toBe(false);
      expect(await assets.sourceStored('as_a', 100)).toBe(true);
      expect(await assets.find('as_a')).toMatchObject({ status: 'playable', arriving: false, receivedBytes: 100 });
      await assets.fail('as_b', { code: 'UPLOAD_EXPIRED', says: '' });
      expect(await assets.stillArriving('a node')).toEqual([]);
      expect(await assets.advance('as_a', 'ready')).toBe(true);
    });

    test('that are made anew while they arrive are the next version with nothing of the last, and once stored stay', async () => {
      await make('as_a');
      expect(await assets.startOver('as_a')).toBeUndefined();
      await assets.planned('as_a', 1, FILM);
      const segment = { rendition: 'audio', segment: 0, bytes: 10 };
      expect(await assets.segmentPublished('as_a', 1, segment)).toBe(true);
      await assets.advance('as_a', 'playable');
      expect(await assets.startOver('as_a')).toBe(1);
      const anew = await assets.find('as_a');
      expect(anew).toMatchObject({ status: 'uploading', version: 2, segmentsDone: 0, segmentsTotal: 0 });
      expect(anew?.film).toBeUndefined();
      expect(await assets.segments('as_a', 1)).toEqual([]);
      expect(await assets.segmentPublished('as_a', 1, segment)).toBe(false);
      expect(await assets.planned('as_a', 1, FILM)).toBe(false);
      expect(await assets.planned('as_a', 2, FILM)).toBe(true);
      await assets.sourceStored('as_a', 100);
      expect(await assets.startOver('as_a')).toBeUndefined();
    });

    test('count a segment once however often it is published', async () => {
      await make('as_a');
      await assets.planned('as_a', 1, FILM);
      expect(await assets.find('as_a')).toMatchObject({ film: FILM, segmentsTotal: 3 });
      const one = { rendition: 'audio', segment: 0, bytes: 10 };
      expect(await assets.segmentPublished('as_a', 1, one)).toBe(true);
      expect(await assets.segmentPublished('as_a', 1, { ...one, segment: 1 })).toBe(true);
      expect(await assets.segmentPublished('as_a', 1, { ...one, bytes: 12 })).toBe(true);
      expect(await assets.segments('as_a', 1)).toEqual([
        { ...one, bytes: 12 },
        { ...one, segment: 1 },
      ]);
      expect((await assets.find('as_a'))?.segmentsDone).toBe(2);
    });

    test('know where the key frame of a segment lies, as it was published last', async () => {
      await make('as_a');
      await assets.planned('as_a', 1, FILM);
      const one = { rendition: 'audio', segment: 0, bytes: 10, keyFrame: { startByte: 24, sizeBytes: 5 } };
      const other = { ...one, keyFrame: { startByte: 30, sizeBytes: 7 } };
      await assets.segmentPublished('as_a', 1, one);
      expect(await assets.segments('as_a', 1)).toEqual([one]);
      await assets.segmentPublished('as_a', 1, other);
      expect(await assets.segments('as_a', 1)).toEqual([other]);
    });

    test('count every segment once, and become ready once, also when many processes publish at once', async () => {
      const others = [assets];
      for (let more = 0; more < 3; more++) others.push(new AssetRepository(await on.another(), clock));
      const of = (at: number) => others[at % others.length] ?? assets;
      await make('as_a');
      await assets.sourceStored('as_a', 1);
      await assets.planned('as_a', 1, filmOf(3_000));
      const publish = (segment: number, at: number) =>
        of(at).segmentPublished('as_a', 1, { rendition: 'audio', segment, bytes: 10 });
      // Each segment by two, as after a lease that was lost.
      await Promise.all(Array.from({ length: 32 }, (_, at) => publish(Math.floor(at / 2), at)));
      expect((await assets.find('as_a'))?.segmentsDone).toBe(16);
      const [shorter] = await Promise.all([
        of(1).correct('as_a', 1, () => filmOf(1_875)),
        ...Array.from({ length: 16 }, (_, at) => publish(at, at)),
      ]);
      const kept = segmentCount(shorter ?? FILM);
      expect(kept).toBe(10);
      expect((await assets.segments('as_a', 1)).map(({ segment }) => segment)).toEqual([...Array(kept).keys()]);
      expect((await assets.find('as_a'))?.segmentsDone).toBe(kept);
      const advanced = await Promise.all(others.map((each) => each.advance('as_a', 'ready')));
      expect(advanced.filter(Boolean).length).toBe(1);
    });

    test('count no segment past their end, which a late worker may publish after they turned out shorter', async () => {
      await make('as_a');
      await assets.planned('as_a', 1, FILM);
      const past = { rendition: 'audio', segment: segmentCount(FILM), bytes: 10 };
      expect(await assets.segmentPublished('as_a', 1, past)).toBe(false);
      expect(await assets.segments('as_a', 1)).toEqual([]);
      expect((await assets.find('as_a'))?.segmentsDone).toBe(0);
    });

    test('forget the segments of a rendition that is taken back, and take no more of it', async () => {
      await make('as_a');
      const sound = FILM.audio?.renditions ?? [];
      const two = { ...FILM, audio: { sampleRate: 48_000, frameCount: 469, renditions: [...sound, ...sound] } };
      two.audio.renditions[1] = { name: 'other', codecs: 'mp4a.40.2', bitrateBps: 64_000, channels: 1 };
      await assets.planned('as_a', 1, two);
      const other = { rendition: 'other', segment: 0, bytes: 10 };
      expect(await assets.segmentPublished('as_a', 1, other)).toBe(true);
      expect(await assets.segmentPublished('as_a', 1, { ...other, rendition: 'audio' })).toBe(true);
      expect(await assets.correct('as_a', 1, () => FILM)).toEqual(FILM);
      expect(await assets.segmentPublished('as_a', 1, other)).toBe(false);
      expect(await assets.segments('as_a', 1)).toEqual([{ ...other, rendition: 'audio' }]);
      expect(await assets.find('as_a')).toMatchObject({ segmentsDone: 1, segmentsTotal: 3 });
    });

    test('are deleted with their segments, and a late worker publishes into nothing', async () => {
      await make('as_a');
      await assets.segmentPublished('as_a', 1, { rendition: 'audio', segment: 0, bytes: 1 });
      expect(await assets.delete('as_a')).toBe(true);
      expect(await assets.delete('as_a')).toBe(false);
      expect(await assets.segments('as_a', 1)).toEqual([]);
      expect(await assets.edit('as_a', { title: 'x' })).toBe(false);
      expect(await assets.segmentPublished('as_a', 1, { rendition: 'audio', segment: 0, bytes: 1 })).toBe(false);
    });

    test('tell which uploads were left alone, by their last byte', async () => {
      await make('as_left');
      await make('as_going');
      await make('as_done');
      await assets.sourceStored('as_done', 1);
      clock.turn(1_000);
      await assets.received('as_going', 1);
      expect(await assets.abandonedUploads('nd_a', clock.now())).toEqual(['as_left']);
    });

    test('are looked after by the node that receives them, and by others only when it let them lie for long', async () => {
      const receive = (id: string, node: string) =>
        assets.create({ id, title: id, policy: 'public', sourceName: id, receivedBy: node });
      await receive('as_ours', 'nd_a');
      await receive('as_theirs', 'nd_b');
      await make('as_early');
      clock.turn(1_000);
      const ids = (found: readonly { id: string }[]) => found.map(({ id }) => id);
      expect(ids(await assets.receivedBy('nd_a', 'uploading'))).toEqual(['as_early', 'as_ours']);
      expect(ids(await assets.receivedBy('nd_b', 'uploading'))).toEqual(['as_early', 'as_theirs']);
      expect(await assets.receivedBy('nd_a', 'queued')).toEqual([]);
      const abandoned = (othersBeforeMs: number) => assets.abandonedUploads('nd_a', clock.now(), othersBeforeMs);
      expect((await abandoned(clock.now() - 1_000)).toSorted()).toEqual(['as_early', 'as_ours']);
      expect((await abandoned(clock.now() - 999)).toSorted()).toEqual(['as_early', 'as_ours', 'as_theirs']);
    });

    test('tell what changed since a time, in the order of the changes', async () => {
      await make('as_a');
      await make('as_b');
      clock.turn(1_000);
      const sinceMs = clock.now();
      await make('as_c');
      clock.turn(1);
      await assets.edit('as_a', { title: 'new', policy: 'signed' });
      expect((await assets.changedSince(sinceMs, 10)).map(({ id }) => id)).toEqual(['as_c', 'as_a']);
      expect((await assets.inStatus('uploading')).length).toBe(3);
    });
  });

  describe('signing keys', () => {
    const key = { keyPairId: 'K1', name: 'site', owner: 'user', algorithm: 'RSA', publicKeyPem: 'pem' } as const;

    test('are added once, listed in order and revoked for good', async () => {
      const keys = new SigningKeyRepository(on.database, clock);
      const first = await keys.add(key);
      clock.turn(5);
      expect(await keys.add({ ...key, name: 'other' })).toEqual(first);
      await keys.add({ ...key, keyPairId: 'K0' });
      expect((await keys.list()).map(({ keyPairId }) => keyPairId)).toEqual(['K1', 'K0']);
      expect(await keys.revoke('K1')).toBe(true);
      const revokedAtMs = clock.now();
      clock.turn(5);
      expect(await keys.revoke('K1')).toBe(true);
      expect((await keys.find('K1'))?.revokedAtMs).toBe(revokedAtMs);
      expect((await keys.add(key)).revokedAtMs).toBe(revokedAtMs);
      expect(await keys.revoke('K9')).toBe(false);
    });
  });

  describe('stored answers', () => {
    test('are found until they are too old, and then forgotten', async () => {
      const answers = new IdempotencyKeyRepository(on.database, clock);
      const answer = { requestHash: 'h', status: 201, body: '{}' };
      await answers.keep('one', answer, 1_000);
      expect(await answers.find('one', 1_000)).toEqual(answer);
      expect(await answers.find('two', 1_000)).toBeUndefined();
      clock.turn(1_000);
      expect(await answers.find('one', 1_000)).toBeUndefined();
      await answers.keep('one', { ...answer, status: 202 }, 1_000);
      expect((await answers.find('one', 1_000))?.status).toBe(202);
    });
  });

  test('the database answers while it is open', async () => {
    await expect(pingDatabase(on.database)).resolves.toBeUndefined();
  });
});
