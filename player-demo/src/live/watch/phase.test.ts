import { expect, test } from 'vitest';
import { type ChannelView, UNKNOWN } from '../channel/channel-view.ts';
import { formatBehind, phaseOf, placeOf, seekTarget } from './phase.ts';

const heard = (part: Partial<ChannelView>): ChannelView => ({ ...UNKNOWN, connection: 'open', ...part });

test.each([
  ['before anything is known', UNKNOWN, undefined, 'asking'],
  ['with a channel that lets nobody in', { ...UNKNOWN, connection: 'closed' as const }, undefined, 'refused'],
  ['without a channel, with a playlist', { ...UNKNOWN, connection: 'away' as const }, 'there', 'on-air'],
  ['without either', { ...UNKNOWN, connection: 'away' as const }, 'missing', 'waiting'],
  ['with a link that has ended', { ...UNKNOWN, connection: 'away' as const }, 'refused', 'refused'],
  [
    'once its grant is revoked',
    heard({ status: 'live', connection: 'closed', closedBy: 'GRANT_REVOKED' }),
    undefined,
    'refused',
  ],
  [
    'once its stream is deleted',
    heard({ status: 'live', connection: 'closed', closedBy: 'STREAM_GONE' }),
    'missing',
    'refused',
  ],
  [
    'with a channel closed for another reason',
    heard({ status: 'live', connection: 'closed', closedBy: '4009' }),
    'there',
    'on-air',
  ],
  ['before the first broadcast', heard({ status: 'idle' }), undefined, 'waiting'],
  ['on air', heard({ status: 'live' }), undefined, 'on-air'],
  [
    'on air, with a channel that is away for a moment',
    heard({ status: 'live', connection: 'away' }),
    'missing',
    'on-air',
  ],
  ['without a publisher', heard({ status: 'reconnecting' }), undefined, 'reconnecting'],
  ['after the end', heard({ status: 'idle', endedBroadcast: 3 }), undefined, 'ended'],
  ['in the next broadcast', heard({ status: 'live', endedBroadcast: 3 }), undefined, 'on-air'],
] as const)('%s the page knows what it is about', (_name, view, playlist, phase) => {
  expect(phaseOf(view, playlist)).toBe(phase);
});

test.each([
  ['at the edge', 'on-air', true, 0.4, 'live'],
  ['more than two seconds behind it', 'on-air', true, 2.1, 'behind'],
  ['paused at the edge', 'on-air', false, 0.4, 'behind'],
  ['before the first picture', 'on-air', true, undefined, undefined],
  ['while nobody publishes', 'reconnecting', true, 0.4, undefined],
  ['after the end', 'ended', true, 0, undefined],
] as const)('%s what is on the screen is called what it is', (_name, phase, isPlaying, behindSeconds, place) => {
  expect(placeOf(phase, isPlaying, behindSeconds)).toBe(place);
});

test('the distance from the newest is said as a clock', () => {
  expect([4, 65, 3_725].map(formatBehind)).toEqual(['-0:04', '-1:05', '-1:02:05']);
});

test('keys move in the window and never out of it', () => {
  const by = (seconds: number, behindSeconds: number) => seekTarget({ kind: 'seek-by', seconds }, behindSeconds, 60);
  expect([by(-10, 0), by(-10, 55), by(5, 12), by(10, 3)]).toEqual([10, 60, 7, 0]);
  const to = (share: number) => seekTarget({ kind: 'seek-to', share }, 5, 60);
  expect([to(0), to(0.5), to(1)]).toEqual([60, 30, 0]);
});
