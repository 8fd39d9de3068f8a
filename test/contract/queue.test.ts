import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  LOST_ATTEMPTS,
  type NewJob,
  PRIORITY_NEXT,
  PRIORITY_PROBE,
  Queue,
  WISH_MS,
  type Wish,
} from '../../src/queue/queue.ts';
import { LocalSignals, WORK } from '../../src/queue/signals.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const LEASE_MS = 10_000;

describe.each(DATABASES)('the queue on $name', ({ fresh }) => {
  let on: FreshDatabase;
  let clock: HandClock;
  let signals: LocalSignals;
  let queue: Queue;

  beforeEach(async () => {
    on = await fresh();
    clock = new HandClock();
    signals = new LocalSignals();
    queue = new Queue(on.database, clock, signals, { leaseMs: LEASE_MS, maxAttempts: 3 });
  });
  afterEach(() => on.discard());

  const job = (name: string, more: Partial<NewJob> = {}): NewJob => ({
    kind: 'video',
    subject: 'as_one',
    lanes: ['360p'],
    firstSegment: 0,
    endSegment: 6,
    payload: { name },
    priority: 100,
    ...more,
  });
  const wish = (segment: number, more: Partial<Wish> = {}): Wish => ({
    subject: 'as_one',
    lane: '360p',
    segment,
    asker: 'a viewer',
    ...more,
  });
  const lease = (worker = 'w1', kinds = ['video', 'audio', 'probe']) => queue.lease(worker, kinds);
  const mustLease = async (worker?: string) => {
    const leased = await lease(worker);
    if (!leased) throw new Error('there was nothing to lease');
    return leased;
  };
  const nameOf = (leased: { payload: unknown } | undefined) => (leased?.payload as { name?: string } | undefined)?.name;

  test('hands out the most urgent first, and equals in the order they came', async () => {
    await queue.add([job('a'), job('b'), job('urgent', { priority: PRIORITY_PROBE })]);
    expect([nameOf(await lease()), nameOf(await lease()), nameOf(await lease()), await lease()]).toEqual([
      'urgent',
      'a',
      'b',
      undefined,
    ]);
  });

  test('keeps work back until its part of an arriving source is there, and whoever waits hears of it', async () => {
    await queue.add([job('near', { needsBytes: 100 }), job('far', { needsBytes: 300 }), job('free', { priority: 1 })]);
    expect([nameOf(await lease()), await lease()]).toEqual(['free', undefined]);
    await queue.bytesArrived('as_one', 99);
    await queue.bytesArrived('as_two');
    expect(await lease()).toBeUndefined();
    const woken = signals.next(WORK, 60_000);
    await queue.bytesArrived('as_one', 100);
    await woken;
    expect([nameOf(await lease()), await lease()]).toEqual(['near', undefined]);
    await queue.bytesArrived('as_one');
    expect(nameOf(await lease())).toBe('far');
  });

  test('gives work on a source that still arrives to nobody but its node, and to everybody once all of it is there', async () => {
    const there = { atNode: 'nd_a' };
    await queue.add([job('near', there), job('far', { ...there, needsBytes: 300 })]);
    const elsewhere = [await lease(), await queue.lease('worker-1', ['video'], { node: 'nd_b' })];
    expect(elsewhere).toEqual([undefined, undefined]);
    expect(nameOf(await queue.lease('worker-1', ['video'], { node: 'nd_a' }))).toBe('near');
    await queue.bytesArrived('as_one', 300);
    expect(await lease()).toBeUndefined();
    await queue.bytesArrived('as_one');
    expect(nameOf(await lease())).toBe('far');
  });

  test('a piece that a viewer waits for waits for its bytes like the whole', async () => {
    await queue.add([job('far', { needsBytes: 300, lanes: ['360p', '480p'] })]);
    await queue.raise(wish(2));
    expect(await lease()).toBeUndefined();
    await queue.bytesArrived('as_one', 300);
    expect(await mustLease()).toMatchObject({ lanes: ['360p'], firstSegment: 2, wanted: true });
  });

  test('a job that came too early for its bytes waits for all of them, and loses no attempt', async () => {
    await queue.add([job('early', { needsBytes: 10 })]);
    await queue.bytesArrived('as_one', 10);
    await queue.waitForAll(await mustLease());
    await queue.bytesArrived('as_one', 1_000_000);
    expect(await lease()).toBeUndefined();
    await queue.bytesArrived('as_one');
    expect(await mustLease()).toMatchObject({ attempt: 1 });
  });

  test('hands out a job whole, as it was added', async () => {
    const given = job('a', { lanes: ['360p', 'audio'], firstSegment: 6, endSegment: 12, payload: { deep: [1, null] } });
    await queue.add([given]);
    expect(await lease()).toMatchObject({ ...given, attempt: 1, fence: 1 });
  });

  test('hands out only the kinds that are asked for', async () => {
    await queue.add([job('pull', { kind: 'pull', priority: 999 }), job('a')]);
    expect(nameOf(await lease())).toBe('a');
    expect(await lease()).toBeUndefined();
    expect(nameOf(await lease('puller', ['pull']))).toBe('pull');
    expect(await queue.lease('w1', [])).toBeUndefined();
  });

  test('gives each of many workers at once a job of its own', async () => {
    await queue.add(Array.from({ length: 20 }, (_, at) => job(String(at))));
    const leased = await Promise.all(Array.from({ length: 25 }, (_, at) => lease(`w${at}`)));
    const ids = leased.flatMap((each) => (each ? [each.id] : []));
    expect([ids.length, new Set(ids).size]).toEqual([20, 20]);
  });

  test('takes more jobs at once than a statement has room for', async () => {
    await queue.add(Array.from({ length: 1_200 }, (_, at) => job(String(at))));
    expect(await queue.remaining('as_one', ['video'])).toBe(1_200);
  });

  test("a lease that ran out goes to another, and the first one's word no longer counts", async () => {
    await queue.add([job('a')]);
    const first = await mustLease('w1');
    clock.turn(LEASE_MS + 1);
    const second = await mustLease('w2');
    expect([second.id, second.fence, second.attempt]).toEqual([first.id, 2, 2]);
    expect(await queue.extend(first)).toBe(false);
    expect(await queue.complete(first, [job('wrong')])).toBe(false);
    expect(await queue.fail(first)).toBe('lost');
    await queue.release(first);
    expect(await lease('w3')).toBeUndefined();
    expect(await queue.complete(second)).toBe(true);
    expect(await queue.remaining('as_one', ['video'])).toBe(0);
  });

  test('a heartbeat keeps a lease for as long as it beats', async () => {
    await queue.add([job('a')]);
    const held = await mustLease();
    for (let beat = 0; beat < 5; beat++) {
      clock.turn(LEASE_MS - 1);
      expect(await queue.extend(held)).toBe(true);
    }
    expect(await lease('w2')).toBeUndefined();
  });

  test('a finished job adds those that follow from it, in the same step', async () => {
    await queue.add([job('probe', { kind: 'probe' })]);
    const probe = await mustLease();
    expect(await queue.complete(probe, [job('a'), job('b')])).toBe(true);
    expect(await queue.complete(probe, [job('c')])).toBe(false);
    expect(await queue.remaining('as_one', ['video', 'probe'])).toBe(2);
  });

  test('a failed job waits longer each time, and is dead after its last attempt', async () => {
    await queue.add([job('a')]);
    expect(await queue.fail(await mustLease())).toBe('retry');
    clock.turn(999);
    expect(await lease()).toBeUndefined();
    clock.turn(1);
    expect(await queue.fail(await mustLease())).toBe('retry');
    clock.turn(1_999);
    expect(await lease()).toBeUndefined();
    clock.turn(1);
    expect(await queue.fail(await mustLease())).toBe('dead');
    clock.turn(3_600_000);
    expect(await lease()).toBeUndefined();
    expect(await queue.remaining('as_one', ['video'])).toBe(0);
  });

  test('a job that takes its worker along every time is spent, though no attempt ever reports back', async () => {
    await queue.add([job('a')]);
    for (let attempt = 1; attempt <= 3 * LOST_ATTEMPTS; attempt += 1) {
      expect(queue.isSpent(await mustLease())).toBe(false);
      clock.turn(LEASE_MS + 1);
    }
    const last = await mustLease();
    expect(queue.isSpent(last)).toBe(true);
    expect(await queue.fail(last)).toBe('dead');
  });

  test('nothing is left of a dead job', async () => {
    await queue.add([job('a')]);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await queue.fail(await mustLease());
      clock.turn(60_000);
    }
    expect(await on.database.selectFrom('jobs').selectAll().execute()).toEqual([]);
  });

  test('a kind of work with limits of its own is tried as often and as late as they say', async () => {
    await queue.add([job('a')]);
    const limits = { maxAttempts: 5, pauseMs: 7_000 };
    for (let attempt = 1; attempt < 5; attempt++) {
      expect(await queue.fail(await mustLease(), limits)).toBe('retry');
      clock.turn(6_999);
      expect(await lease()).toBeUndefined();
      clock.turn(1);
    }
    expect(await queue.fail(await mustLease(), limits)).toBe('dead');
  });

  test('leaves out the subjects that are asked to wait', async () => {
    await queue.add([job('a'), job('other', { subject: 'as_two' })]);
    expect(nameOf(await queue.lease('w1', ['video'], { except: ['as_one', 'as_none'] }))).toBe('other');
    expect(await queue.lease('w1', ['video'], { except: ['as_one'] })).toBeUndefined();
  });

  test('work added within a transaction is there only when that is through', async () => {
    const given = on.database.transaction().execute(async (trx) => {
      await queue.addWithin(trx, [job('a')]);
      throw new Error('changed my mind');
    });
    await expect(given).rejects.toThrow('changed my mind');
    expect(await lease()).toBeUndefined();
    await on.database.transaction().execute((trx) => queue.addWithin(trx, [job('b')]));
    expect(nameOf(await lease())).toBe('b');
  });

  test('a job that was given back waits for nobody and has lost no attempt', async () => {
    await queue.add([job('a')]);
    await queue.release(await mustLease());
    expect(await lease('w2')).toMatchObject({ attempt: 1, fence: 2 });
  });

  test('what a dead process held is free at once, what others hold is not', async () => {
    await queue.add([job('a'), job('b')]);
    await mustLease('dead');
    await mustLease('alive');
    expect(await queue.waiting()).toBe(0);
    await queue.releaseAll('dead');
    expect(await queue.waiting()).toBe(1);
    expect(nameOf(await lease('w3'))).toBe('a');
    expect(await lease('w3')).toBeUndefined();
  });

  test('a viewer raises exactly the waiting job that holds the segment', async () => {
    await queue.add([
      job('early'),
      job('other lane', { lanes: ['720p'], firstSegment: 6, endSegment: 12 }),
      job('wanted', { firstSegment: 6, endSegment: 12 }),
      job('other film', { subject: 'as_two', firstSegment: 6, endSegment: 12 }),
      job('lane with a like name', { lanes: ['1360p'], firstSegment: 6, endSegment: 12 }),
    ]);
    await queue.raise(wish(11));
    expect(await lease()).toMatchObject({ payload: { name: 'wanted' }, firstSegment: 11, wanted: true });
    await queue.raise(wish(12));
    expect(await lease()).toMatchObject({ payload: { name: 'early' }, wanted: false });
  });

  const drained = async () => {
    const pieces: string[] = [];
    for (let next = await lease(); next; next = await lease()) {
      pieces.push(`${next.lanes.join('+')} ${next.firstSegment}-${next.endSegment}${next.wanted ? ' wanted' : ''}`);
    }
    return pieces;
  };

  test('a raised job is split: the wanted piece first, what follows it next, and everything is still done once', async () => {
    await queue.add([
      job('before', { lanes: ['360p', '480p'], firstSegment: 0, endSegment: 6, priority: 5 }),
      job('whole', { lanes: ['360p', '480p'], firstSegment: 6, endSegment: 12, priority: 5 }),
    ]);
    await queue.raise(wish(8, { lane: '480p' }));
    await queue.raise(wish(9, { lane: '480p' })); // within the piece that already comes first
    expect(await drained()).toEqual(['480p 8-10 wanted', '480p 10-12', '360p+480p 0-6', '360p+480p 6-8', '360p 8-12']);
  });

  test('what follows a wanted segment comes next also where that is the beginning of another job', async () => {
    const lanes = ['360p', '480p'];
    await queue.add([
      job('first', { lanes, firstSegment: 0, endSegment: 6, priority: 5 }),
      job('second', { lanes, firstSegment: 6, endSegment: 12, priority: 5 }),
      job('third', { lanes, firstSegment: 12, endSegment: 18, priority: 5 }),
    ]);
    await queue.raise(wish(11, { lane: '480p' }));
    expect((await drained()).slice(0, 3)).toEqual(['480p 11-12 wanted', '480p 12-18', '360p+480p 0-6']);
  });

  test('a new film becomes playable before what only follows a wanted segment is made', async () => {
    await queue.add([job('old', { endSegment: 12, priority: 5 })]);
    await queue.raise(wish(0));
    await queue.add([job('new', { kind: 'probe', subject: 'as_two', lanes: [], priority: PRIORITY_PROBE })]);
    const kinds = [await lease(), await lease(), await lease()].map((each) => [each?.kind, each?.priority]);
    expect(kinds).toEqual([
      ['video', 5],
      ['probe', PRIORITY_PROBE],
      ['video', PRIORITY_NEXT],
    ]);
  });

  test('a worker that only helps waiting viewers takes nothing else', async () => {
    await queue.add([job('ordinary'), job('wanted', { firstSegment: 6, endSegment: 8 })]);
    expect(await queue.lease('helper', ['video'], { wantedOnly: true })).toBeUndefined();
    await queue.raise(wish(6));
    expect(nameOf(await queue.lease('helper', ['video'], { wantedOnly: true }))).toBe('wanted');
  });

  describe('viewers who wait', () => {
    beforeEach(() => queue.add([job('film', { endSegment: 60, priority: 5 })]));
    const at = async () => (await mustLease()).firstSegment;

    test('are served in rounds: whoever seeks wildly waits mostly for himself', async () => {
      for (const segment of [10, 20, 30, 40]) {
        await queue.raise(wish(segment, { asker: 'wild' }));
        clock.turn(100);
      }
      await queue.raise(wish(50, { asker: 'calm' }));
      // The first of the wild one's is older; while it is encoded, the calm one's goes before the others.
      expect([await at(), await at(), await at(), await at(), await at()]).toEqual([10, 50, 20, 30, 40]);
    });

    test('of several films get their turns all the same', async () => {
      await queue.add([job('other', { subject: 'as_two', endSegment: 60, priority: 1 })]);
      for (const segment of [10, 20, 30]) await queue.raise(wish(segment, { asker: 'one' }));
      clock.turn(1);
      for (const segment of [40, 50]) await queue.raise(wish(segment, { subject: 'as_two', asker: 'two' }));
      const order = [await mustLease(), await mustLease(), await mustLease(), await mustLease(), await mustLease()];
      expect(order.map(({ subject }) => subject)).toEqual(['as_one', 'as_two', 'as_one', 'as_two', 'as_one']);
    });

    test('who have left do not keep anybody waiting, and their part of the film keeps its place in it', async () => {
      await queue.raise(wish(10));
      await queue.raise(wish(20));
      clock.turn(1);
      await queue.raise(wish(50, { asker: 'another' }));
      await queue.withdraw(wish(10));
      await queue.withdraw(wish(20));
      expect(await at()).toBe(50);
      expect(await queue.lease('helper', ['video'], { wantedOnly: true })).toBeUndefined();
    });

    test('and whose server died are forgotten after a while', async () => {
      await queue.raise(wish(10));
      clock.turn(WISH_MS - 1);
      await queue.raise(wish(10)); // renewed in time
      clock.turn(WISH_MS - 1);
      expect(await queue.lease('helper', ['video'], { wantedOnly: true })).toMatchObject({ firstSegment: 10 });
      await queue.raise(wish(20));
      clock.turn(WISH_MS);
      expect(await queue.lease('helper', ['video'], { wantedOnly: true })).toBeUndefined();
    });

    test('keep their turn when they were asked for patience and come back', async () => {
      await queue.raise(wish(10, { asker: 'patient' }));
      clock.turn(WISH_MS + 500);
      await queue.raise(wish(20, { asker: 'late' }));
      await queue.raise(wish(10, { asker: 'patient' }));
      expect([await at(), await at()]).toEqual([10, 20]);
    });
  });

  test('a cancelled subject loses its jobs, leased ones too, and no other does', async () => {
    await queue.add([job('a'), job('b'), job('other', { subject: 'as_two' })]);
    const held = await mustLease();
    await queue.cancel('as_one');
    expect(await queue.extend(held)).toBe(false);
    expect(await queue.complete(held, [job('late')])).toBe(false);
    expect(nameOf(await lease())).toBe('other');
    expect(await lease()).toBeUndefined();
  });

  describe('beside other processes', () => {
    const queues = async (count: number) => {
      const databases = [on.database, ...(await Promise.all(Array.from({ length: count - 1 }, () => on.another())))];
      const options = { leaseMs: LEASE_MS, maxAttempts: 3 };
      return databases.map((database) => new Queue(database, clock, signals, options));
    };

    test('each of many jobs is done exactly once by many workers, and what follows from each is there once', async () => {
      await queue.add(Array.from({ length: 60 }, (_, at) => job(String(at))));
      const done: string[] = [];
      const work = async (own: Queue, worker: string) => {
        for (let next = await own.lease(worker, ['video']); next; next = await own.lease(worker, ['video'])) {
          const name = nameOf(next) ?? '';
          expect([name, next.attempt]).toEqual([name, 1]);
          if (await own.complete(next, [job(name, { kind: 'after' })])) done.push(name);
        }
      };
      const all = await queues(4);
      await Promise.all(Array.from({ length: 16 }, (_, at) => work(all[at % 4] ?? queue, `w${at}`)));
      expect(done.length).toBe(60);
      expect(new Set(done).size).toBe(60);
      expect(await queue.remaining('as_one', ['video'])).toBe(0);
      expect(await queue.remaining('as_one', ['after'])).toBe(60);
    });

    test('of two who believe that they hold a lease only the later one counts, however both insist', async () => {
      const [first = queue, second = queue] = await queues(2);
      for (let round = 0; round < 10; round++) {
        await queue.add([job('a')]);
        const old = await first.lease('w1', ['video']);
        clock.turn(LEASE_MS + 1);
        const now = await second.lease('w2', ['video']);
        if (!old || !now) throw new Error('there was nothing to lease');
        const words = await Promise.all([
          first.complete(old, [job('wrong', { kind: 'after' })]),
          second.complete(now, [job('right', { kind: 'after' })]),
          first.extend(old),
          first.fail(old),
          first.release(old),
        ]);
        expect(words.slice(0, 4)).toEqual([false, true, false, 'lost']);
      }
      expect(await queue.remaining('as_one', ['video'])).toBe(0);
      for (let round = 0; round < 10; round++) expect(nameOf(await lease('w3', ['after']))).toBe('right');
    });

    test('viewers who raise parts of one job at once split it into pieces that are each there once', async () => {
      const all = await queues(4);
      await queue.add([job('whole', { lanes: ['360p', '480p'], firstSegment: 0, endSegment: 24, priority: 5 })]);
      const asked = Array.from({ length: 24 }, (_, segment) => segment);
      await Promise.all(
        asked.map((segment) => all[segment % 4]?.raise(wish(segment, { lane: segment % 2 ? '360p' : '480p' }))),
      );
      const pieces: string[] = [];
      const front: string[] = [];
      for (let next = await lease(); next; next = await lease()) {
        for (let segment = next.firstSegment; segment < next.endSegment; segment++) {
          for (const lane of next.lanes) {
            pieces.push(`${lane} ${segment}`);
            if (next.wanted) front.push(`${lane} ${segment}`);
          }
        }
      }
      expect(pieces.length).toBe(48);
      expect(new Set(pieces).size).toBe(48);
      for (const segment of asked) expect(front).toContain(`${segment % 2 ? '360p' : '480p'} ${segment}`);
    });
  });

  test('new and raised work wakes who waits for it', async () => {
    const woken = signals.next(WORK, 60_000);
    await queue.add([job('a')]);
    await woken;
    const again = signals.next(WORK, 60_000);
    await queue.raise(wish(0));
    await again;
  });
});
