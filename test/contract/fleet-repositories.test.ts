import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigurationRepository } from '../../src/database/configuration.ts';
import { noteEdgeChange, readFeedMark } from '../../src/database/edge-feed.ts';
import { EdgeReportRepository } from '../../src/database/edge-reports.ts';
import { EdgeRepository } from '../../src/database/edges.ts';
import { JwksRepository } from '../../src/database/jwks.ts';
import type { Database } from '../../src/database/open.ts';
import { RevocationRepository } from '../../src/database/revocations.ts';
import { RevokedEdges } from '../../src/database/revoked-edges.ts';
import { SigningKeyRepository } from '../../src/database/signing-keys.ts';
import { transact } from '../../src/database/transact.ts';
import type { EdgeReport } from '../../src/kernel/edge-feed/report.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const REPORT: EdgeReport = {
  process: 'edge-0',
  name: 'machine',
  version: '1',
  url: 'http://edge.example',
  configuration: { revision: 1, logs: {} },
  load: { requestsPerSecond: 0, bytesPerSecond: 0, connections: 0, cachedBytes: 0, hitRatio: 0, busy: 0 },
  origins: [],
  clockAheadMs: 0,
};

describe.each(DATABASES)('of the fleet, $name', ({ fresh }) => {
  let on: FreshDatabase;
  let database: Database;
  let clock: HandClock;
  let edges: EdgeRepository;

  beforeEach(async () => {
    on = await fresh();
    ({ database } = on);
    clock = new HandClock();
    edges = new EdgeRepository(database, clock);
  });
  afterEach(() => on.discard());

  const revision = async () => (await readFeedMark(database)).revision;

  test('enrolments that nobody can use any more are forgotten', async () => {
    const [used, late, open] = [
      await edges.addEnrolment({ lifeMs: 10_000 }),
      await edges.addEnrolment({ lifeMs: 1_000 }),
      await edges.addEnrolment({ lifeMs: 10_000 }),
    ];
    await edges.enrol(used.token, 'one');
    clock.turn(1_000);
    await edges.sweep();
    const left = await database.selectFrom('edge_enrolments').select('id').execute();
    expect(left).toEqual([{ id: open.id }]);
    expect([late, used].map(({ id }) => id)).not.toContain(open.id);
    expect(await edges.enrol(open.token, 'two')).toMatchObject({ name: 'two' });
  });

  test('keys of a provider that no key group names any more are forgotten within a day', async () => {
    const jwks = new JwksRepository(database, clock);
    const configurations = new ConfigurationRepository(database, clock, 'secret');
    const config = { name: 'one', comment: '', items: [], jwksUrl: 'https://login.example/named' };
    await configurations.change((change) => change.insert({ id: 'kg_one', kind: 'key-group', config }));
    for (const url of [config.jwksUrl, 'https://login.example/gone']) {
      await jwks.claim(url, 1_000);
      await jwks.keep(url, [], clock.now());
    }
    clock.turn(86_400_000);
    await jwks.sweep();
    expect([...(await jwks.sets()).keys()]).toHaveLength(2);
    clock.turn(1);
    await jwks.sweep();
    expect([...(await jwks.sets()).keys()]).toEqual([config.jwksUrl]);
  });

  test('the mark follows the order of commits, and what is rolled back leaves none', async () => {
    const before = await revision();
    const numbers = await Promise.all(
      Array.from({ length: 10 }, () => transact(database, (trx) => noteEdgeChange(trx))),
    );
    expect(new Set(numbers).size).toBe(10);
    await transact(database, async (trx) => {
      await noteEdgeChange(trx);
      throw new Error('rolled back');
    }).catch(() => {});
    expect(await revision()).toBe(before + 10);
  });

  test('the mark moves when a key is added or revoked, and not for one that is there already', async () => {
    const keys = new SigningKeyRepository(database, clock);
    const key = { keyPairId: 'K1', name: 'one', owner: 'user', algorithm: 'RSA', publicKeyPem: 'pem' } as const;
    const before = await revision();
    await keys.add(key);
    await keys.add(key);
    expect(await revision()).toBe(before + 1);
    await keys.revoke('K1');
    await keys.revoke('K1');
    expect(await revision()).toBe(before + 2);
  });

  test('an enrolment token makes one edge, whoever uses it at the same time, from whatever process', async () => {
    const { token } = await edges.addEnrolment({ name: 'one', lifeMs: 1_000 });
    const others = [edges, new EdgeRepository(await on.another(), clock), edges];
    const made = await Promise.all(others.map((each) => each.enrol(token, 'machine')));
    expect(made.filter((edge) => edge !== undefined)).toMatchObject([{ name: 'one', enrolled: true, draining: false }]);
    const { token: late } = await edges.addEnrolment({ lifeMs: 1_000 });
    clock.turn(1_000);
    expect(await edges.enrol(late, 'machine')).toBeUndefined();
    expect(await edges.enrol('fre_other', 'machine')).toBeUndefined();
    expect((await edges.list()).length).toBe(1);
  });

  test('an edge is met once, changed, revoked and then known to be', async () => {
    await edges.meet('ed_abcdefghjkmnpqrs', 'machine');
    await edges.meet('ed_abcdefghjkmnpqrs', 'another name');
    expect(await edges.list()).toMatchObject([{ name: 'machine', enrolled: false }]);
    const location = { latitude: 1, longitude: 2 };
    expect(await edges.edit('ed_abcdefghjkmnpqrs', { location, draining: true })).toMatchObject({
      location,
      draining: true,
    });
    expect(await edges.edit('ed_abcdefghjkmnpqrs', { location: null })).not.toHaveProperty('location');
    expect(await edges.edit('ed_nothing', { name: 'x' })).toBeUndefined();
    const revoked = new RevokedEdges(new EdgeRepository(await on.another(), clock));
    expect(await revoked.has('ed_abcdefghjkmnpqrs')).toBe(false);
    expect(await edges.revoke('ed_abcdefghjkmnpqrs')).toBe(true);
    expect(await edges.revoke('ed_abcdefghjkmnpqrs')).toBe(false);
    await expect.poll(() => revoked.has('ed_abcdefghjkmnpqrs'), { timeout: 2_000 }).toBe(true);
    expect([await edges.list(), await edges.revokedIds()]).toEqual([[], ['ed_abcdefghjkmnpqrs']]);
    expect(await edges.edit('ed_abcdefghjkmnpqrs', { name: 'x' })).toBeUndefined();
  });

  test('reports take the place of the one before of the same process', async () => {
    const reports = new EdgeReportRepository(database);
    await edges.meet('ed_abcdefghjkmnpqrs', 'machine');
    const said = (process: string, atMs: number) => ({
      edgeId: 'ed_abcdefghjkmnpqrs',
      atMs,
      report: { ...REPORT, process },
    });
    await reports.keep([said('edge-0', 1), said('edge-1', 2)]);
    await reports.keep([said('edge-0', 5)]);
    await reports.keep([]);
    expect((await reports.list()).map(({ atMs, report }) => [report.process, atMs]).toSorted()).toEqual([
      ['edge-0', 5],
      ['edge-1', 2],
    ]);
    await reports.forgetBefore(5);
    expect(await reports.list()).toEqual([said('edge-0', 5)]);
    // More values than a statement may have.
    await reports.keep(Array.from({ length: 17_000 }, (_, at) => said(`edge-${at}`, 6)));
    expect((await reports.list()).length).toBe(17_000);
  });

  test('a grant is revoked once, taken back, and revoked again; edges hear of each in its order', async () => {
    const revocations = new RevocationRepository(database, clock);
    const grant = (grantId: string) => ({ grantId, keyPairId: 'K1', expiresAtMs: clock.now() + 60_000 });
    const first = await revocations.add({ ...grant('a'), reason: 'shared' }, 10);
    expect(await revocations.add(grant('a'), 10)).toEqual(first);
    await revocations.add(grant('b'), 10);
    const all = await revocations.changes(undefined);
    expect(all.map(({ grantId, removed }) => [grantId, removed])).toEqual([
      ['a', false],
      ['b', false],
    ]);
    expect(await revocations.remove(first?.id ?? '')).toBe(true);
    expect(await revocations.remove(first?.id ?? '')).toBe(false);
    const since = await revocations.changes(all.at(-1)?.sequence);
    expect(since.map(({ grantId, removed }) => [grantId, removed])).toEqual([['a', true]]);
    const again = await revocations.add(grant('a'), 10);
    expect((await revocations.changes(since.at(-1)?.sequence)).map(({ removed }) => removed)).toEqual([false]);
    expect(await revocations.find(again?.id ?? '')).toMatchObject({ grantId: 'a' });
    expect(await revocations.find(first?.id ?? '')).toBeUndefined();
    expect(await revocations.add(grant('c'), 2)).toBeUndefined();
  });

  test('revocations are listed newest first, page by page, and go when their grants are over', async () => {
    const revocations = new RevocationRepository(database, clock);
    for (const grantId of ['a', 'b', 'c']) {
      await revocations.add({ grantId, keyPairId: 'K1', expiresAtMs: clock.now() + 1_000 }, 10);
      clock.turn(1);
    }
    const [newest, next] = await revocations.list(2);
    expect([newest?.grantId, next?.grantId]).toEqual(['c', 'b']);
    expect((await revocations.list(2, next)).map(({ grantId }) => grantId)).toEqual(['a']);
    clock.turn(3_602_000);
    await revocations.sweep();
    expect(await revocations.list(10)).toEqual([]);
  });
});
