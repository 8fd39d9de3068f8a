import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BanList } from '../../src/edge/invalidation/ban-list.ts';
import { readJournal } from '../../src/edge/invalidation/journal.ts';
import { covers, parseTarget, type Target } from '../../src/edge/invalidation/target.ts';

const TARGETS = ['/a', '/a?x', '/a*', '/*b', '/*', '#red', '#blue', '/%61', '/c/*/d'].map(
  (text) => parseTarget(text) as Target,
);
const KEYS = ['/a', '/a?x', '/a\ng\nv', '/b', '/ab', '/c/x/d', '/c'];
const TAGS = [[], ['red'], ['blue', 'red']];

const of = (length: number) => fc.integer({ min: 0, max: length - 1 });
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('ban' as const), target: of(TARGETS.length), soft: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ask' as const), key: of(KEYS.length), tags: of(TAGS.length) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('store' as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('judge' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'sweep' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);

/** What a list does that never forgets anything and looks at all of it each time. */
interface Naive {
  readonly bans: { target: Target; soft: boolean; atMs: number }[];
}

interface Held {
  readonly key: string;
  readonly tags: readonly string[];
  checked: number;
  /** Bans that there were when it was asked for, or last judged. */
  knew: number;
}

function naively({ bans }: Naive, held: Held): unknown {
  const newer = bans.slice(held.knew).filter(({ target }) => covers(target, held));
  if (newer.some(({ soft }) => !soft)) return 'gone';
  const latest = newer.at(-1);
  return latest ? { staleFromMs: latest.atMs } : 'stands';
}

test('bans that are merged, swept and forgotten say what a list would say that forgets nothing', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      let list = new BanList();
      const naive: Naive = { bans: [] };
      let asked: Held[] = [];
      let stored: Held[] = [];
      const judge = (held: Held) => {
        const ruling = list.judge(held);
        expect(ruling).toEqual(naively(naive, held));
        held.checked = list.sequence;
        held.knew = naive.bans.length;
        return ruling !== 'gone';
      };
      for (const [atMs, each] of steps.entries()) {
        if (each.do === 'ban') {
          const target = TARGETS[each.target] as Target;
          list.add([target], each.soft, atMs);
          naive.bans.push({ target, soft: each.soft, atMs });
        } else if (each.do === 'ask') {
          const [key = '', tags = []] = [KEYS[each.key], TAGS[each.tags]];
          asked.push({ key, tags, checked: list.begin(), knew: naive.bans.length });
        } else if (each.do === 'store') {
          const [held] = asked.splice(each.which % Math.max(1, asked.length), 1);
          if (!held) continue;
          const began = held.checked;
          if (judge(held)) stored.push(held);
          list.end(began);
        } else if (each.do === 'judge') {
          const held = stored[each.which];
          if (held && !judge(held)) stored = stored.filter((other) => other !== held);
        } else if (each.do === 'sweep') {
          stored = stored.filter(judge);
          list.finish(list.finishable(list.sequence));
          if (asked.length === 0) expect(list.pending).toBe(0);
        } else {
          const { known } = list;
          list = new BanList();
          list.restore(known);
          // What was on its way is lost with its process.
          asked = [];
        }
      }
      for (const held of stored) judge(held);
    }),
    { numRuns: 300 },
  );
});

test('a list that is full takes no more, until some are finished, and everything at any time', () => {
  const list = new BanList();
  const paths = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => parseTarget(`/${from + at}`) as Target);
  list.add(paths(0, 4_096), false, 0);
  expect(() => list.add(paths(4_096, 1), false, 0)).toThrow(expect.objectContaining({ code: 'INVALIDATIONS_PENDING' }));
  // The same once more is no more than before.
  list.add(paths(0, 10), true, 1);
  list.add([parseTarget('/*') as Target], false, 2);
  expect(list.pending).toBe(1);
  list.add(paths(4_096, 1), false, 3);
  const patterns = Array.from({ length: 257 }, (_, at) => parseTarget(`/${at}/*`) as Target);
  expect(() => list.add(patterns, false, 4)).toThrow(expect.objectContaining({ code: 'INVALIDATIONS_PENDING' }));
});

test('no text makes reading a journal throw, and a last line without an end does not count', () => {
  fc.assert(fc.property(fc.string(), (text) => void readJournal(text)));
  const head = '{"journal":1,"lineage":"x","floor":1,"sequence":4}\n';
  const ban = '{"sequence":5,"target":"/a/*","soft":true,"atMs":7}\n';
  expect(readJournal(head + ban + ban.slice(0, -1))?.bans).toMatchObject([{ sequence: 5, soft: true, atMs: 7 }]);
  expect(readJournal(`${head}nonsense\n${ban}`)).toBeUndefined();
});
