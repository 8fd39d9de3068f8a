import { describe, expect, test } from 'vitest';
import { type Deed, decide, EMPTY, type Happening, type Occupancy, ORPHANED } from './occupancy.ts';

/** What is done when these happen one after the other, as words. */
function done(from: Occupancy, happenings: readonly Happening[]): { now: Occupancy; deeds: string[] } {
  let now = from;
  const deeds: Deed[] = [];
  for (const happening of happenings) {
    const decision = decide(now, happening);
    now = decision.now;
    deeds.push(...decision.deeds);
  }
  return {
    now,
    deeds: deeds.map((deed) =>
      [deed.do, 'who' in deed ? deed.who : '', 'reason' in deed ? deed.reason : ''].filter(Boolean).join(' '),
    ),
  };
}

const joined = (who: number): Happening => ({ is: 'joined', who });
const lost = (who: number): Happening => ({ is: 'left', who, how: 'lost' });
const finished = (who: number): Happening => ({ is: 'left', who, how: 'finished' });
const began: Happening = { is: 'began' };
const waited: Happening = { is: 'waited' };

describe('a stream', () => {
  test.each<[string, Occupancy, Happening[], string[], Occupancy['phase']]>([
    ['is live with its first publisher', EMPTY, [joined(1), began], ['encode 1'], 'live'],
    [
      'is given back when nothing came of one',
      EMPTY,
      [joined(1), lost(1)],
      ['encode 1', 'close-session', 'give-back'],
      'empty',
    ],
    [
      'waits for a publisher that was lost',
      EMPTY,
      [joined(1), began, lost(1)],
      ['encode 1', 'close-session', 'wait'],
      'reconnecting',
    ],
    [
      'waits after a goodbye as well',
      EMPTY,
      [joined(1), began, finished(1)],
      ['encode 1', 'close-session', 'wait'],
      'reconnecting',
    ],
    [
      'goes on with one that comes back',
      EMPTY,
      [joined(1), began, lost(1), joined(2), began],
      ['encode 1', 'close-session', 'wait', 'stop-waiting', 'encode 2'],
      'live',
    ],
    [
      'ends as it was left when nobody comes',
      EMPTY,
      [joined(1), began, finished(1), waited],
      ['encode 1', 'close-session', 'wait', 'close-session', 'end finished'],
      'over',
    ],
    ['has the backup take over', EMPTY, [joined(1), began, joined(2), lost(1)], ['encode 1', 'encode 2'], 'live'],
    [
      'lets two change places when the first is silent',
      EMPTY,
      [joined(1), began, joined(2), { is: 'silent', who: 1 }, { is: 'silent', who: 2 }],
      ['encode 1', 'encode 2', 'encode 1'],
      'live',
    ],
    [
      'does nothing about a silent one without a backup',
      EMPTY,
      [joined(1), began, { is: 'silent', who: 1 }],
      ['encode 1'],
      'live',
    ],
    ['misses no backup that leaves', EMPTY, [joined(1), began, joined(2), lost(2)], ['encode 1'], 'live'],
    ['refuses a third', EMPTY, [joined(1), joined(2), joined(3)], ['encode 1', 'send-away 3'], 'empty'],
    [
      'encodes the same one again when its encoder is lost',
      EMPTY,
      [joined(1), began, { is: 'encoder-lost' }],
      ['encode 1', 'encode 1'],
      'live',
    ],
    [
      'sends everybody away at its end',
      EMPTY,
      [joined(1), began, joined(2), { is: 'ended', reason: 'requested' }],
      ['encode 1', 'send-away 1', 'send-away 2', 'close-session', 'end requested'],
      'over',
    ],
    [
      'sends one away whose media cannot be encoded',
      EMPTY,
      [joined(1), { is: 'useless', who: 1, why: 'LIVE_MEDIA_REFUSED' }],
      ['encode 1', 'send-away 1', 'close-session', 'give-back'],
      'empty',
    ],
    ['goes on after a crash with whoever comes', ORPHANED, [joined(1), began], ['stop-waiting', 'encode 1'], 'live'],
    ['ends after a crash when nobody comes', ORPHANED, [waited], ['close-session', 'end lost'], 'over'],
    ['stays over', ORPHANED, [waited, joined(1), began, waited], ['close-session', 'end lost', 'send-away 1'], 'over'],
  ])('%s', (_claim, from, happenings, deeds, phase) => {
    const { now, deeds: all } = done(from, happenings);
    expect(all).toEqual(deeds);
    expect(now.phase).toBe(phase);
  });
});
