import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LiveDeletionRepository } from '../../src/database/live-deletions.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const [ONE, OTHER] = ['ls_aaaaaaaaaaaaaaaa', 'ls_bbbbbbbbbbbbbbbb'] as const;
const HOUR_MS = 3_600_000;

describe.each(DATABASES)('messages taken back in $name', ({ fresh }) => {
  let on: FreshDatabase;
  let clock: HandClock;
  let deletions: LiveDeletionRepository;

  beforeEach(async () => {
    on = await fresh();
    clock = new HandClock();
    deletions = new LiveDeletionRepository(on.database, clock);
  });
  afterEach(() => on.discard());

  test('are known of their stream for an hour, however often they were', async () => {
    await deletions.add(ONE, 'm_one');
    await deletions.add(ONE, 'm_one');
    await deletions.add(OTHER, 'm_two');
    expect([await deletions.list(ONE), await deletions.list(OTHER)]).toEqual([['m_one'], ['m_two']]);
    clock.turn(HOUR_MS);
    expect(await deletions.list(ONE)).toEqual([]);
  });

  test('are not kept for longer', async () => {
    await deletions.add(ONE, 'm_one');
    clock.turn(HOUR_MS);
    await deletions.add(ONE, 'm_two');
    expect(await on.database.selectFrom('live_deletions').selectAll().execute()).toHaveLength(1);
  });
});
