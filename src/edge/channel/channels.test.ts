import { expect, test, vi } from 'vitest';
import { Fault } from '../../kernel/errors.ts';
import { silentLog } from '../../kernel/log.ts';
import { Channels } from './channels.ts';
import type { SocketListener, ViewerSocket } from './viewer-socket.ts';

const CLOCK = { now: () => 0, steady: () => 0 };

test('those for whom a proxy stands count together with nobody', () => {
  const limits = { maxViewers: 3, maxPerAddress: 1 };
  const channels = new Channels({ ...limits, urls: [], fields: () => [], clock: CLOCK, log: silentLog });
  const leave = [1, 2, 3].map(() => channels.reserve(undefined));
  expect(() => channels.reserve(undefined)).toThrow(new Fault('CHANNEL_FULL'));
  for (const each of leave) each();
  expect(channels.counts.viewers).toBe(0);
});

test('a household with many IPv6 addresses is one, and others are not', () => {
  const limits = { maxViewers: 10, maxPerAddress: 2 };
  const channels = new Channels({ ...limits, urls: [], fields: () => [], clock: CLOCK, log: silentLog });
  const giveBack = channels.reserve('2001:db8:0:1::1');
  channels.reserve('2001:db8:0:1:ffff::2');
  expect(() => channels.reserve('2001:db8:0:1::3')).toThrow(new Fault('CHANNEL_CROWDED'));
  channels.reserve('2001:db8:0:2::3');
  giveBack();
  channels.reserve('2001:db8:0:1::3');
});

/** A viewer's connection that says nothing by itself. */
function silentSocket() {
  const socket = {
    ...{ heardAtMs: 0, isFull: false, write: () => {}, close: () => {}, pings: 0, leave: () => {} },
    listen: ({ closed }: SocketListener) => {
      socket.leave = closed;
    },
    ping: () => {
      socket.pings += 1;
    },
  };
  return socket;
}

test('a viewer is pinged every twenty seconds though somebody before him leaves in each of them', () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  const limits = { maxViewers: 100, maxPerAddress: 100 };
  const urls = ['http://127.0.0.1:9'];
  const channels = new Channels({ ...limits, urls, fields: () => [], clock: CLOCK, log: silentLog });
  try {
    const judge = () => ({ granted: true }) as const;
    const sockets = Array.from({ length: 90 }, silentSocket);
    for (const socket of sockets) {
      channels.join('ls_a', socket as unknown as ViewerSocket, { address: '', judge, renew: judge });
    }
    const staying = sockets.slice(60);
    for (const leaving of sockets.slice(0, 60)) {
      leaving.leave();
      vi.advanceTimersByTime(1_000);
    }
    expect(staying.map(({ pings }) => pings)).toEqual(staying.map(() => 3));
  } finally {
    channels.stop();
    vi.useRealTimers();
  }
});
