import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuditLogRepository } from '../../src/database/audit-log.ts';
import { transact } from '../../src/database/transact.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

describe.each(DATABASES)('the audit log on $name', ({ fresh }) => {
  let on: FreshDatabase;
  let clock: HandClock;
  let log: AuditLogRepository;

  beforeEach(async () => {
    on = await fresh();
    clock = new HandClock();
    log = new AuditLogRepository(on.database, clock);
  });
  afterEach(() => on.discard());

  const record = (id: string, actor = 'usr_a') => ({
    actor: { kind: 'user' as const, id: actor, name: 'Ada' },
    address: '192.0.2.1',
    operation: 'editAsset',
    resource: { kind: 'assets', id },
    before: '{"title":"a"}',
    after: '{"title":"b"}',
    requestId: 'r',
  });
  const ids = async (...of: Parameters<AuditLogRepository['list']>) =>
    (await log.list(...of)).map(({ resource }) => resource.id);

  test('gives back what was added, newest first, in pages', async () => {
    for (const id of ['a', 'b', 'c', 'd']) {
      await log.add(record(id));
      if (id !== 'b') clock.turn(1);
    }
    const all = await log.list(10);
    expect(all[0]).toEqual({ ...record('d'), id: expect.stringMatching(/^au_/), createdAtMs: clock.now() - 1 });
    const [first, second] = all;
    if (!second) throw new Error('no second record');
    expect([first, second, ...(await log.list(10, { after: second }))]).toEqual(all);
    expect(new Set(await ids(10))).toEqual(new Set(['a', 'b', 'c', 'd']));
  });

  test('is filtered by resource, actor and time', async () => {
    await log.add(record('a'));
    clock.turn(10);
    const then = clock.now();
    await log.add(record('b', 'usr_b'));
    await log.add({ ...record('c'), resource: { kind: 'webhooks' } });
    expect(await ids(10, { resourceKind: 'assets', resourceId: 'a' })).toEqual(['a']);
    expect(await ids(10, { resourceKind: 'webhooks' })).toEqual([undefined]);
    expect(await ids(10, { actorId: 'usr_b' })).toEqual(['b']);
    expect(await ids(10, { untilMs: then })).toEqual(['a']);
    expect((await ids(10, { sinceMs: then })).length).toBe(2);
  });

  test('has nothing of a transaction that was undone', async () => {
    const undone = transact(on.database, async (trx) => {
      await log.add(record('a'), trx);
      throw new Error('no');
    });
    await expect(undone).rejects.toThrow('no');
    expect(await log.list(10)).toEqual([]);
  });

  test('forgets what is older than it is told', async () => {
    await log.add(record('a'));
    clock.turn(1_000);
    await log.add(record('b'));
    expect(await log.sweep(clock.now())).toBe(1);
    expect(await ids(10)).toEqual(['b']);
  });
});
