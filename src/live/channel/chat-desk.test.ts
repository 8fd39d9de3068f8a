import { beforeEach, describe, expect, test } from 'vitest';
import { ChatDesk } from './chat-desk.ts';

const ADA = { address: '203.0.113.7', grantId: '' };
/** The time of day goes with the time that passes, until it is set. */
const clock = { steadyMs: 0, aheadMs: 0, steady: () => clock.steadyMs, now: () => clock.steadyMs + clock.aheadMs };
let desk: ChatDesk;
let count = 0;

beforeEach(() => {
  clock.aheadMs = 0;
  desk = new ChatDesk('ls_abcdefghjkmnpqrs', { isOpen: true, slowSeconds: 0 }, 'secret', clock);
});

function say(steadyMs: number, viewer = ADA, ref?: string) {
  count += 1;
  clock.steadyMs = steadyMs;
  return desk.judge({ viewer, text: 'x', ref: ref ?? `r${count}` });
}

const authorOf = (verdict: ReturnType<typeof say>) => ('authorId' in verdict ? verdict.authorId : verdict.code);

test.each([3_600_000, -3_600_000])('a time of day that is set by %i ms lets nobody say more or less', (byMs) => {
  desk.options = { isOpen: true, slowSeconds: 30 };
  const fromMs = 7_200_000;
  say(fromMs);
  clock.aheadMs = byMs;
  expect(say(fromMs + 1_000)).toMatchObject({ code: 'CHAT_SLOW', retryAfterMs: 29_000 });
  expect(say(fromMs + 30_000)).toMatchObject({ isRepeat: false });
  desk.options = { isOpen: true, slowSeconds: 0 };
  for (let at = 1; at < 5; at += 1) say(fromMs + 30_000 + at);
  clock.aheadMs = 0;
  expect(say(fromMs + 30_005)).toMatchObject({ code: 'CHAT_SLOW' });
  expect(say(fromMs + 40_000)).toMatchObject({ isRepeat: false });
});

describe('an author', () => {
  test('has one name for one address and grant, which tells neither', () => {
    const name = authorOf(say(0));
    expect(authorOf(say(1))).toBe(name);
    expect(authorOf(say(2, { ...ADA, grantId: 'g' }))).not.toBe(name);
    expect(name).toMatch(/^v_[\w-]{12}$/);
  });

  test('has another name in another stream', () => {
    const other = new ChatDesk('ls_bbbbbbbbbbbbbbbb', desk.options, 'secret', clock);
    expect(other.judge({ viewer: ADA, text: 'x', ref: '1' })).not.toMatchObject({ authorId: authorOf(say(0)) });
  });

  test('is one network where that is IPv6', () => {
    const of = (address: string) => authorOf(say(0, { address, grantId: '' }));
    expect(of('2001:db8:1:2::1')).toBe(of('2001:db8:1:2:ffff::1'));
    expect(of('2001:db8:1:2::1')).not.toBe(of('2001:db8:1:3::1'));
  });

  test('says nothing twice under one ref, but other words under the same', () => {
    say(0, ADA, 'same');
    expect(say(1, ADA, 'same')).toMatchObject({ isRepeat: true });
    expect(desk.judge({ viewer: ADA, text: 'other', ref: 'same' })).toMatchObject({ isRepeat: false });
  });

  test('may not go on when banned, until the ban ends', () => {
    const name = authorOf(say(0)) ?? '';
    desk.ban(name, 5_000);
    expect(say(4_999)).toEqual({ code: 'CHAT_BANNED' });
    expect(say(5_000)).toMatchObject({ authorId: name });
    desk.ban(name);
    expect(say(9e15)).toEqual({ code: 'CHAT_BANNED' });
    desk.unban(name);
    expect(say(9e15)).toMatchObject({ authorId: name });
  });
});

describe('limits', () => {
  test('five messages in ten seconds, and it is said when the next one may come', () => {
    for (let at = 0; at < 5; at += 1) expect(say(at * 100)).toHaveProperty('authorId');
    expect(say(1_000)).toEqual({ code: 'CHAT_SLOW', retryAfterMs: 9_000 });
    expect(say(10_000)).toHaveProperty('authorId');
  });

  test('twenty of one network, whatever their grants', () => {
    const verdicts = Array.from({ length: 30 }, (_, at) => say(0, { ...ADA, grantId: `g${at}` }));
    expect(verdicts.filter(({ code }) => code === undefined)).toHaveLength(20);
  });

  test('three hundred in all, whoever they are', () => {
    const verdicts = Array.from({ length: 400 }, (_, at) => {
      return say(0, { address: `203.0.${at >> 8}.${at & 255}`, grantId: '' });
    });
    expect(verdicts.filter(({ code }) => code === undefined)).toHaveLength(300);
  });

  test('slow mode holds each viewer for its seconds', () => {
    desk.options = { isOpen: true, slowSeconds: 30 };
    say(0);
    expect(say(1_000)).toEqual({ code: 'CHAT_SLOW', retryAfterMs: 29_000 });
    expect(say(1_000, { address: '198.51.100.1', grantId: '' })).toHaveProperty('authorId');
    expect(say(30_000)).toHaveProperty('authorId');
  });

  test('a closed chat takes nothing', () => {
    desk.options = { isOpen: false, slowSeconds: 0 };
    expect(say(0)).toEqual({ code: 'CHAT_CLOSED' });
  });
});
