import { describe, expect, test } from 'vitest';
import type { EdgeChannel } from './edge-channel.ts';
import { ChannelViewer } from './viewer.ts';
import type { SocketListener, ViewerSocket } from './viewer-socket.ts';

/** Somebody whose connection says nothing by itself, with what was done to it. */
function joined({ isGreeted = true, grantMs }: { isGreeted?: boolean; grantMs?: number } = {}) {
  const clock = { nowMs: 1e12, steadyMs: 0, now: () => clock.nowMs, steady: () => clock.steadyMs };
  const done: string[] = [];
  const socket = {
    ...{ heardAtMs: 0, isFull: false, write: () => {}, ping: () => done.push('ping') },
    listen: (_: SocketListener, now: () => number) => {
      socket.heardAtMs = now();
    },
    close: (reason: string) => done.push(reason),
  };
  const expiresAtMs = clock.nowMs + (grantMs ?? 0);
  const judge = (nowMs: number) => {
    if (grantMs === undefined) return { granted: true };
    return nowMs < expiresAtMs
      ? { granted: true, grant: { id: 'g', expiresAtMs } }
      : { granted: false, why: 'expired' };
  };
  const host = { hello: () => (isGreeted ? { sequence: 0 } : undefined), renditions: [], attend: () => {} };
  const viewer = new ChannelViewer(
    socket as unknown as ViewerSocket,
    { address: '', judge, renew: judge } as never,
    host as unknown as EdgeChannel,
    clock,
  );
  viewer.begin();
  return { viewer, clock, done };
}

describe('a time of day that is set', () => {
  test.each([3_600_000, -3_600_000])('by %i ms sends nobody away as silent', (byMs) => {
    const { viewer, clock, done } = joined();
    clock.nowMs += byMs;
    viewer.beat();
    expect(done).not.toContain('IDLE');
    clock.steadyMs += 60_001;
    viewer.beat();
    expect(done).toContain('IDLE');
  });

  test('costs nobody his patience with a node that is away', () => {
    const { viewer, clock, done } = joined({ isGreeted: false });
    clock.nowMs += 3_600_000;
    viewer.beat();
    expect(done).not.toContain('TRY_AGAIN');
    clock.steadyMs += 10_001;
    viewer.beat();
    expect(done).toContain('TRY_AGAIN');
  });

  test('is what a grant ends by', () => {
    const { viewer, clock, done } = joined({ grantMs: 60_000 });
    clock.steadyMs += 50_000;
    viewer.beat();
    expect(done).not.toContain('GRANT_ENDED');
    clock.nowMs += 60_000;
    viewer.beat();
    expect(done).toContain('GRANT_ENDED');
  });
});
