import { expect, test } from 'vitest';
import { EventRing } from './event-ring.ts';

test('the newest are kept, and each is found by what came before it', () => {
  const ring = new EventRing({ count: 3, bytes: 1_000 });
  expect([ring.first, ring.sequence, ring.has(0), ring.after(0)]).toEqual([1, 0, true, []]);
  for (const text of ['a', 'b', 'c', 'd']) ring.push(text);
  expect([ring.first, ring.sequence]).toEqual([2, 4]);
  expect(ring.after(2)).toEqual(['c', 'd']);
  expect(ring.after(4)).toEqual([]);
  expect([0, 1, 4, 5].map((each) => ring.has(each))).toEqual([false, true, true, false]);
});

test('bytes are bounded too, but one event is always kept', () => {
  const ring = new EventRing({ count: 10, bytes: 5 });
  ring.push('aaaa');
  ring.push('bbbbbbbb');
  expect(ring.after(0)).toEqual(['bbbbbbbb']);
});

test('it goes on from a number', () => {
  const ring = new EventRing({ count: 10, bytes: 100 }, 41);
  ring.push('a');
  expect([ring.first, ring.sequence, ring.has(40), ring.after(41)]).toEqual([42, 42, false, ['a']]);
});

test('what was deleted takes no room from what comes later', () => {
  const ring = new EventRing({ count: 10, bytes: 1_000 });
  for (let at = 0; at < 50; at += 1) {
    ring.push(JSON.stringify({ type: 'chat', id: `m_${at}`, text: 'x'.repeat(200) }));
    ring.withdraw([`m_${at}`]);
  }
  expect(ring.after(0)).toHaveLength(10);
});

test('only what somebody said and was not deleted has words', () => {
  const ring = new EventRing({ count: 10, bytes: 1_000 });
  ring.push(JSON.stringify({ type: 'chat', id: 'm_1', text: 'about m_2' }));
  ring.push(JSON.stringify({ type: 'chat-deleted', ids: ['m_3'] }));
  expect(['m_1', 'm_2', 'm_3'].map((id) => ring.hasWords(id))).toEqual([true, false, false]);
  ring.withdraw(['m_1']);
  expect(ring.hasWords('m_1')).toBe(false);
});

test('what was deleted is told to nobody any more, and nothing else is touched', () => {
  const said = (id: string) =>
    JSON.stringify({ type: 'chat', id, author: { id: 'a', name: 'm_1' }, text: 'about m_1' });
  const ring = new EventRing({ count: 10, bytes: 1_000 });
  for (const id of ['m_1', 'm_2']) ring.push(said(id));
  ring.withdraw(['m_1']);
  const [first = '', second] = ring.after(0);
  expect(JSON.parse(first)).toEqual({ ...JSON.parse(said('m_1')), text: '' });
  expect(second).toBe(said('m_2'));
});
