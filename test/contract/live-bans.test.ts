import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LiveBanRepository } from '../../src/database/live-bans.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const [ONE, OTHER] = ['ls_aaaaaaaaaaaaaaaa', 'ls_bbbbbbbbbbbbbbbb'] as const;

describe.each(DATABASES)('bans from chats in $name', ({ fresh }) => {
  let on: FreshDatabase;
  let clock: HandClock;
  let bans: LiveBanRepository;

  beforeEach(async () => {
    on = await fresh();
    clock = new HandClock();
    bans = new LiveBanRepository(on.database, clock);
  });
  afterEach(() => on.discard());

  test('hold in their stream until they end or are lifted', async () => {
    await bans.add(ONE, { authorId: 'v_one' });
    await bans.add(ONE, { authorId: 'v_two', untilMs: clock.now() + 1_000 });
    await bans.add(OTHER, { authorId: 'v_three' });
    const held = await bans.list(ONE);
    expect(held.map(({ authorId }) => authorId).sort()).toEqual(['v_one', 'v_two']);
    clock.turn(1_000);
    expect(await bans.list(ONE)).toEqual([{ authorId: 'v_one' }]);
    await bans.remove(ONE, 'v_one');
    expect(await bans.list(ONE)).toEqual([]);
    expect(await bans.list(OTHER)).toEqual([{ authorId: 'v_three' }]);
  });

  test('a second one has its own end', async () => {
    await bans.add(ONE, { authorId: 'v_one', untilMs: clock.now() + 1_000 });
    await bans.add(ONE, { authorId: 'v_one' });
    expect(await bans.list(ONE)).toEqual([{ authorId: 'v_one' }]);
  });

  test('what is over is not kept', async () => {
    await bans.add(ONE, { authorId: 'v_one', untilMs: clock.now() + 1_000 });
    clock.turn(2_000);
    await bans.add(ONE, { authorId: 'v_two' });
    expect(await on.database.selectFrom('live_bans').selectAll().execute()).toHaveLength(1);
  });
});
