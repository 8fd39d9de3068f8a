import { expect, test } from 'vitest';
import { FAULTS } from '../../kernel/errors.ts';
import { Crowd, type Party } from './crowd.ts';

const LIMITS = { all: 4, ofOneStream: 3, ofOneViewer: 2 };
const party = (streamId: string, address?: string): Party => ({ streamId, address });

test.each<[string, Party[], Party]>([
  ['a viewer', [party('ls_a', '10.0.0.1'), party('ls_b', '10.0.0.1')], party('ls_c', '10.0.0.1')],
  ['a network of IPv6', [party('ls_a', '2001:db8::1'), party('ls_b', '2001:db8::2')], party('ls_c', '2001:db8::3')],
  ['a stream', [party('ls_a'), party('ls_a', '10.0.0.1'), party('ls_a', '10.0.0.2')], party('ls_a', '10.0.0.3')],
  ['all', [party('ls_a'), party('ls_b'), party('ls_c'), party('ls_d')], party('ls_e', '10.0.0.1')],
])('%s has no room for one more, until one leaves, and then for one', (_, inside, oneMore) => {
  const crowd = new Crowd(LIMITS);
  for (const each of inside) {
    expect(crowd.hasRoom(each)).toBe(true);
    crowd.enter(each);
  }
  expect(crowd.hasRoom(oneMore)).toBe(false);
  expect(() => crowd.check(oneMore)).toThrow(FAULTS.LIVE_WAITERS_FULL.says);
  for (const each of inside.slice(0, 1)) crowd.leave(each);
  expect(crowd.hasRoom(oneMore)).toBe(true);
  crowd.enter(oneMore);
  expect(crowd.count).toBe(inside.length);
  expect(crowd.hasRoom(oneMore)).toBe(false);
});

test('whoever stands for many is counted for the stream, and for no address', () => {
  const crowd = new Crowd(LIMITS);
  for (let at = 0; at < 3; at += 1) crowd.enter(party('ls_a'));
  expect(crowd.hasRoom(party('ls_b'))).toBe(true);
  expect(crowd.hasRoom(party('ls_a'))).toBe(false);
});
