import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Changed, Configurations } from '../../src/control/distributions/configurations.ts';
import { writeEtag } from '../../src/control/distributions/preconditions.ts';
import { RESOURCES, type Resource } from '../../src/control/distributions/resources.ts';
import { invalidationsSection } from '../../src/control/edge-feed/invalidations-section.ts';
import { ConfigurationRepository } from '../../src/database/configuration.ts';
import { readFeedMark } from '../../src/database/edge-feed.ts';
import { InvalidationRepository } from '../../src/database/invalidations.ts';
import type { Database } from '../../src/database/open.ts';
import type { Kind } from '../../src/kernel/distribution/documents.ts';
import { EDGE_CONFIG, LocalSignals } from '../../src/queue/signals.ts';
import { RecordingLog } from '../harness/recording-log.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const resource = (kind: Kind) => RESOURCES.find((each) => each.kind === kind) as Resource;
const DISTRIBUTION = resource('distribution');
const CACHE_POLICY = resource('cache-policy');
const ACCESS_CONTROL = resource('origin-access-control');

const nothing = async () => {};
const codeOf = (cause: unknown) => (cause as { code?: string }).code;
const site = (more: object = {}) => ({
  origins: [{ id: 'site', domainName: 'origin.example' }],
  defaultCacheBehavior: { targetOriginId: 'site' },
  ...more,
});

describe.each(DATABASES)('configuration in $name', ({ fresh }) => {
  let on: FreshDatabase;
  let clock: HandClock;
  let signals: LocalSignals;
  let log: RecordingLog;
  let here: Configurations;

  const over = (database: Database, secret = 'secret') =>
    new Configurations({
      configurations: new ConfigurationRepository(database, clock, secret),
      keys: { list: async () => [] },
      signals,
      edgeUrls: async () => ['http://edge.test', 'http://other-edge.test:8090'],
      log,
    });
  const target = ({ document }: Changed, ifMatch = writeEtag(document.revision)) => ({ id: document.id, ifMatch });
  const mark = async () => (await readFeedMark(on.database)).revision;
  const commentOf = async (id: string) => (await here.find(DISTRIBUTION, id))?.config;

  beforeEach(async () => {
    on = await fresh();
    clock = new HandClock();
    signals = new LocalSignals();
    log = new RecordingLog();
    here = over(on.database);
  });
  afterEach(() => on.discard());

  test('of two operators who change one document at once, one is told', async () => {
    const there = over(await on.another());
    const made = await here.create(DISTRIBUTION, site(), nothing);
    for (let round = 0; round < 5; round += 1) {
      const { id, revision } = (await here.find(DISTRIBUTION, made.document.id)) ?? made.document;
      const change = (by: Configurations, comment: string) =>
        by.replace(DISTRIBUTION, { id, ifMatch: writeEtag(revision) }, site({ comment }), nothing);
      const results = await Promise.allSettled([change(here, 'here'), change(there, 'there')]);
      const lost = results.filter((each) => each.status === 'rejected');
      expect(lost.map(({ reason }) => codeOf(reason))).toEqual(['IF_MATCH_STALE']);
      const winner = results[0].status === 'fulfilled' ? 'here' : 'there';
      expect(await commentOf(id)).toMatchObject({ comment: winner });
    }
  });

  test('of two distributions made at once, one gets the alias', async () => {
    const there = over(await on.another());
    const make = (by: Configurations) => by.create(DISTRIBUTION, site({ aliases: ['www.example'] }), nothing);
    const results = await Promise.allSettled([here, there, here, there].map(make));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const lost = results.filter((each) => each.status === 'rejected').map(({ reason }) => codeOf(reason));
    expect(lost).toEqual(Array.from({ length: 3 }, () => 'CONFIGURATION_INVALID'));
  });

  test('a policy is not deleted while somebody begins to use it', async () => {
    const there = over(await on.another());
    for (let round = 0; round < 5; round += 1) {
      const policy = await here.create(CACHE_POLICY, { name: `p${round}` }, nothing);
      const { id } = policy.document;
      const [used, gone] = await Promise.allSettled([
        here.create(
          DISTRIBUTION,
          site({ defaultCacheBehavior: { targetOriginId: 'site', cachePolicyId: id } }),
          nothing,
        ),
        there.delete(CACHE_POLICY, target(policy), nothing),
      ]);
      expect([used.status, gone.status].sort()).toEqual(['fulfilled', 'rejected']);
      expect((await here.find(CACHE_POLICY, id)) !== undefined).toBe(used.status === 'fulfilled');
    }
  });

  test('a change that breaks off in its middle has not happened', async () => {
    const made = await here.create(DISTRIBUTION, site({ comment: 'before' }), nothing);
    const before = await mark();
    const crash = async () => {
      throw new Error('crashed');
    };
    await expect(here.create(DISTRIBUTION, site(), crash)).rejects.toThrow('crashed');
    await expect(here.replace(DISTRIBUTION, target(made), site({ comment: 'after' }), crash)).rejects.toThrow(
      'crashed',
    );
    await expect(here.delete(DISTRIBUTION, target(made), crash)).rejects.toThrow('crashed');
    expect(await here.list(DISTRIBUTION, { limit: 10, tags: new Map() })).toEqual([made.document]);
    expect(await mark()).toBe(before);
  });

  test('an origin that is any of the edges is refused', async () => {
    const customOriginConfig = { httpPort: 8090, originProtocolPolicy: 'http-only' };
    const origins = [{ id: 'site', domainName: 'other-edge.test', customOriginConfig }];
    expect(await here.create(DISTRIBUTION, site({ origins }), nothing).catch(codeOf)).toBe('CONFIGURATION_INVALID');
  });

  test('edges are told of every change, and of none that was refused', async () => {
    const made = await here.create(DISTRIBUTION, site(), nothing);
    const change = async (ifMatch?: string) => {
      const before = await mark();
      let isTold = false;
      void signals.next(EDGE_CONFIG, 60_000).then(() => {
        isTold = true;
      });
      const result = await here
        .replace(DISTRIBUTION, target(made, ifMatch), site(), nothing)
        .then(() => 'done', codeOf);
      await new Promise(setImmediate);
      return [result, isTold, (await mark()) - before];
    };
    expect(await change('"1000"')).toEqual(['IF_MATCH_STALE', false, 0]);
    expect(await change()).toEqual(['done', true, 1]);
  });

  test('no two states of a document have the same ETag, not even one made anew', async () => {
    const etags = new Set<number>();
    for (let round = 0; round < 3; round += 1) {
      const made = await here.create(CACHE_POLICY, { name: 'same' }, nothing);
      const changed = await here.replace(CACHE_POLICY, target(made), { name: 'same', comment: 'x' }, nothing);
      await here.delete(CACHE_POLICY, target(changed), nothing);
      etags.add(made.document.revision).add(changed.document.revision);
    }
    expect(etags.size).toBe(6);
  });

  test('the distribution of films is made once, however many servers start', async () => {
    const there = over(await on.another());
    await Promise.all([here, there, here, there].map((each) => each.start()));
    const found = await here.find(DISTRIBUTION, 'default');
    await here.start();
    expect(await here.find(DISTRIBUTION, 'default')).toEqual(found);
    expect(await here.list(DISTRIBUTION, { limit: 10, tags: new Map() })).toEqual([found]);
  });

  test('lists go on where a page ended, whatever was made at the same moment', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 7; at += 1) {
      ids.push((await here.create(DISTRIBUTION, site({ tags: { odd: `${at % 2}` } }), nothing)).document.id);
      if (at % 3 === 0) clock.turn(1);
    }
    const walk = async (tags: Map<string, string>) => {
      const seen: string[] = [];
      for (let after: { createdAtMs: number; id: string } | undefined; ; ) {
        const page = await here.list(DISTRIBUTION, { limit: 2, tags, ...(after ? { after } : {}) });
        seen.push(...page.map(({ id }) => id));
        after = page.at(-1);
        if (!after) return seen;
      }
    };
    expect((await walk(new Map())).sort()).toEqual([...ids].sort());
    expect(await walk(new Map([['odd', '1']]))).toHaveLength(3);
  });

  test('secrets rest where they cannot be read, and edges alone are told them', async () => {
    const keys = { region: 'eu-central-1', accessKeyId: 'AKIA' };
    const secretAccessKey = 'wJalrXUtnFEMI-secret';
    const control = await here.create(ACCESS_CONTROL, { name: 'bucket', ...keys, secretAccessKey }, nothing);
    const originAccessControlId = control.document.id;
    const origins = [{ id: 'site', domainName: 's3.example', s3OriginConfig: {}, originAccessControlId }];
    await here.create(DISTRIBUTION, site({ origins }), nothing);
    const told = () => here.siteConfig().then((config) => config.originAccessControls[originAccessControlId]);
    expect(await told()).toMatchObject({ accessKeyId: 'AKIA', secretAccessKey });
    const rows = await on.database.selectFrom('configurations').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(secretAccessKey);

    const kept = await here.replace(ACCESS_CONTROL, target(control), { name: 'renamed', ...keys }, nothing);
    expect(await told()).toMatchObject({ name: 'renamed', secretAccessKey });
    const other = here.replace(ACCESS_CONTROL, target(kept), { name: 'x', ...keys, accessKeyId: 'OTHER' }, nothing);
    expect(await other.catch(codeOf)).toBe('CONFIGURATION_INVALID');

    const stranger = over(on.database, 'another secret');
    expect((await stranger.siteConfig()).originAccessControls[originAccessControlId]).toEqual(kept.document.config);
    expect(log.lines.map(({ says }) => says)).toContain(
      'secrets of origin access controls were sealed under another secret',
    );
  });

  test('a secret that was put into another row is none', async () => {
    const make = (name: string) => here.create(ACCESS_CONTROL, { name, signingProtocol: 'edge' }, nothing);
    const [one, other] = [await make('one'), await make('other')];
    const { secret } = await on.database
      .selectFrom('configurations')
      .select('secret')
      .where('id', '=', one.document.id)
      .executeTakeFirstOrThrow();
    await on.database.updateTable('configurations').set({ secret }).where('id', '=', other.document.id).execute();
    const secrets = await new ConfigurationRepository(on.database, clock, 'secret').secrets();
    expect(secrets.get(one.document.id)).toBe(one.madeSecret);
    expect(secrets.get(other.document.id)).toBeUndefined();
  });

  test('edges are told all distributions, and of policies those that are named', async () => {
    const policy = await here.create(CACHE_POLICY, { name: 'named' }, nothing);
    await here.create(CACHE_POLICY, { name: 'unused' }, nothing);
    const cachePolicyId = policy.document.id;
    const behavior = { targetOriginId: 'site', cachePolicyId };
    const ids = [true, false].map(async (enabled) => {
      const made = await here.create(DISTRIBUTION, site({ enabled, defaultCacheBehavior: behavior }), nothing);
      return made.document.id;
    });
    const told = await Promise.all(ids).then(() => here.siteConfig());
    // Hosts of one that is switched off must not fall to another.
    expect(Object.keys(told.distributions).sort()).toEqual((await Promise.all(ids)).sort());
    expect(told.cachePolicies).toEqual({ [cachePolicyId]: policy.document.config });
  });

  describe('invalidations', () => {
    let invalidations: InvalidationRepository;
    let distributionId: string;
    let made = 0;

    beforeEach(async () => {
      invalidations = new InvalidationRepository(on.database, clock);
      distributionId = (await here.create(DISTRIBUTION, site(), nothing)).document.id;
    });

    const add = (by: InvalidationRepository, more: object = {}) => {
      made += 1;
      return by.add({ id: `inv_${made}`, distributionId, paths: ['/*'], soft: false, ...more });
    };

    test('are numbered in the order in which they can be seen', async () => {
      const there = new InvalidationRepository(await on.another(), clock);
      const seen: number[] = [];
      const adding = Promise.all(Array.from({ length: 20 }, (_, at) => add(at % 2 ? there : invalidations)));
      while (seen.length < 20) {
        const news = await invalidations.after(seen.at(-1) ?? 0, 100);
        seen.push(...news.map(({ sequence }) => sequence));
        // The writers' turn: SQLite answers without ever leaving the loop to them.
        await new Promise(setImmediate);
      }
      const all = await adding;
      expect(seen).toEqual(all.map((each) => each?.sequence).sort((one = 0, other = 0) => one - other));
    });

    test('of one reference are one, however many ask at once', async () => {
      const there = new InvalidationRepository(await on.another(), clock);
      const ask = (by: InvalidationRepository) => add(by, { callerReference: 'release' });
      const all = await Promise.all([invalidations, there, invalidations, there].map(ask));
      expect(new Set(all.map((each) => each?.id)).size).toBe(1);
      expect(await invalidations.list(distributionId, 10)).toHaveLength(1);
      expect(await add(invalidations, { callerReference: 'another' })).not.toEqual(all[0]);
    });

    test('are forgotten when they have been complete for 30 days, but the newest, and who has missed one drops everything', async () => {
      const all = [
        await add(invalidations),
        await add(invalidations),
        await add(invalidations),
        await add(invalidations),
      ];
      const [first, second, third, newest] = all.map((each) => each?.sequence ?? 0) as [number, number, number, number];
      // The third is not carried out everywhere yet.
      for (const at of [0, 1, 3]) await invalidations.complete(all[at]?.id ?? '');
      clock.turn(30 * 86_400_000);
      await invalidations.sweep();
      expect(await invalidations.after(0, 10)).toHaveLength(4);
      clock.turn(1);
      await invalidations.sweep();
      const left = [third, newest];
      expect((await invalidations.after(0, 10)).map(({ sequence }) => sequence)).toEqual(left);

      const section = invalidationsSection(invalidations);
      const dropAll = { whole: true, upTo: newest, entries: [] };
      expect([await section.after(0), await section.after(first)]).toEqual([dropAll, dropAll]);
      const told = { whole: false, upTo: newest };
      expect(await section.after(second)).toMatchObject({ ...told, entries: [{}, {}] });
      expect(await section.after(newest)).toMatchObject({ ...told, entries: [] });

      const distribution = await here.find(DISTRIBUTION, distributionId);
      await here.delete(DISTRIBUTION, { id: distributionId, ifMatch: `${distribution?.revision}` }, nothing);
      expect(await section.after(first)).toEqual({ whole: true, upTo: second, entries: [] });
      expect(await section.after(second)).toEqual({ whole: false, upTo: second, entries: [] });
    });

    test('are all told to who had none when there was none', async () => {
      const section = invalidationsSection(invalidations);
      expect(await section.after(undefined)).toEqual({ whole: true, upTo: 0, entries: [] });
      const one = await add(invalidations);
      await invalidations.complete(one?.id ?? '');
      clock.turn(60 * 86_400_000);
      await invalidations.sweep();
      expect(await section.after(0)).toMatchObject({ whole: false, upTo: one?.sequence, entries: [{}] });
    });

    test('are complete once, and go with their distribution', async () => {
      const one = await add(invalidations);
      clock.turn(1_000);
      await invalidations.complete(one?.id ?? '');
      const complete = await invalidations.find(distributionId, one?.id ?? '');
      clock.turn(1_000);
      await invalidations.complete(one?.id ?? '');
      expect(await invalidations.find(distributionId, one?.id ?? '')).toEqual(complete);
      expect(complete?.completedAtMs).toBe((one?.createdAtMs ?? 0) + 1_000);
      const distribution = await here.find(DISTRIBUTION, distributionId);
      await here.delete(DISTRIBUTION, { id: distributionId, ifMatch: `${distribution?.revision}` }, nothing);
      expect(await invalidations.after(0, 10)).toEqual([]);
      expect(await add(invalidations)).toBeUndefined();
    });
  });
});
