import { describe, expect, test } from 'vitest';
import { applyMessage, type ChannelView, resumeFrom, UNKNOWN } from './channel-view.ts';
import type { ChannelBroadcast, ChannelMessage, Hello } from './messages.ts';

const BROADCAST: ChannelBroadcast = { number: 3, startedAtMs: 0, partTargetSeconds: 0.334, renditions: [] };
const HELLO: Hello = {
  type: 'hello',
  nowMs: 1_500,
  epoch: 'e1',
  sequence: 41,
  replayFrom: 12,
  state: 'live',
  broadcast: BROADCAST,
  viewers: 2,
  chat: { isOpen: true, slowSeconds: 0, maxLength: 500, maxNameLength: 40 },
  reactions: ['👍'],
};

const said = (sequence: number, text = `${sequence}`): ChannelMessage => ({
  type: 'chat',
  sequence,
  id: `m${sequence}`,
  author: { id: 'v1', name: 'Ada' },
  text,
  atMs: 0,
});
const state = (sequence: number, event: 'started' | 'ended'): ChannelMessage => ({
  type: 'state',
  sequence,
  event,
  state: event === 'ended' ? 'idle' : 'live',
  broadcast: event === 'ended' ? null : BROADCAST,
  atMs: 0,
});
const follow = (view: ChannelView, ...messages: readonly ChannelMessage[]) =>
  messages.reduce((now, message) => applyMessage(now, message, 1_000), view);

describe('a page that joins', () => {
  test('asks for all that is kept, and takes what was said known for history', () => {
    expect(resumeFrom(UNKNOWN, HELLO)).toEqual({ epoch: 'e1', sequence: 11 });
    const view = follow(UNKNOWN, HELLO, state(12, 'started'), said(13), state(14, 'ended'), state(40, 'started'));
    expect(view).toMatchObject({ status: 'live', connection: 'open', clockAheadMs: 500, viewers: 2 });
    expect(view.messages.map(({ text }) => text)).toEqual(['13']);
    expect(view.endedBroadcast).toBeUndefined();
  });

  test('sees the end of the broadcast it watched', () => {
    const view = follow(UNKNOWN, HELLO, state(42, 'ended'));
    expect(view).toMatchObject({ status: 'idle', endedBroadcast: 3 });
    expect(follow(view, state(43, 'started')).status).toBe('live');
  });
});

describe('the recording', () => {
  const film = (isReady: boolean) => ({ recordingId: 'as_1', playbackPath: '/assets/as_1/master.m3u8', isReady });
  const told = (sequence: number, event: 'ended' | 'recording', isReady: boolean): ChannelMessage => ({
    type: 'state',
    sequence,
    event,
    state: 'idle',
    broadcast: null,
    recording: film(isReady),
    atMs: 0,
  });

  test('is led to once it plays, and no more when the next broadcast begins', () => {
    const ended = follow(UNKNOWN, HELLO, told(42, 'ended', false));
    expect(ended).toMatchObject({ endedBroadcast: 3, recording: undefined });
    const ready = follow(ended, told(43, 'recording', true));
    expect(ready).toMatchObject({ endedBroadcast: 3, recording: { recordingId: 'as_1' } });
    expect(follow(ready, state(44, 'started')).recording).toBeUndefined();
  });

  test('of a broadcast that was missed is led to as well', () => {
    const idle = { ...HELLO, state: 'idle' as const, broadcast: null, recording: film(true) };
    expect(follow(UNKNOWN, idle)).toMatchObject({ recording: { recordingId: 'as_1' } });
  });
});

describe('a page that comes back', () => {
  const known = follow(UNKNOWN, HELLO, said(42));

  test('asks for what it missed, and shows nothing twice', () => {
    const hello = { ...HELLO, sequence: 44 };
    expect(resumeFrom(known, hello)).toEqual({ epoch: 'e1', sequence: 42 });
    const view = follow(known, hello, said(42), said(43), said(44));
    expect(view.messages.map(({ text }) => text)).toEqual(['42', '43', '44']);
  });

  test('learns that the broadcast ended meanwhile', () => {
    const view = follow(known, { ...HELLO, sequence: 43, state: 'idle', broadcast: null }, state(43, 'ended'));
    expect(view).toMatchObject({ status: 'idle', endedBroadcast: 3 });
  });

  test('begins anew where the numbering did', () => {
    const view = follow(known, { ...HELLO, epoch: 'e2', sequence: 0, replayFrom: 1 }, said(1, 'first'));
    expect(view.messages.map(({ text }) => text)).toEqual(['first']);
  });
});

test('a deleted message is gone', () => {
  const view = follow(UNKNOWN, HELLO, said(42), said(43), { type: 'chat-deleted', sequence: 44, ids: ['m42'] });
  expect(view.messages.map(({ id }) => id)).toEqual(['m43']);
});
