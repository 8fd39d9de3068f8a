import { describe, expect, test } from 'vitest';
import { Stay } from './stay.ts';

/** Somebody whose connection says nothing by itself, with what was done to it. */
function stayed(grantMs?: number) {
  const clock = { nowMs: 1e12, steadyMs: 0, now: () => clock.nowMs, steady: () => clock.steadyMs };
  const done: string[] = [];
  const socket = { heardAtMs: 0, ping: () => done.push('ping'), close: (reason: string) => done.push(reason) };
  const expiresAtMs = clock.nowMs + (grantMs ?? 0);
  const judge = (nowMs: number) => {
    if (grantMs === undefined) return { granted: true };
    return nowMs < expiresAtMs
      ? { granted: true, grant: { id: 'g', expiresAtMs } }
      : { granted: false, why: 'expired' };
  };
  const stay = new Stay(socket, { address: '', judge, renew: judge } as never, clock);
  return { stay, clock, done };
}

describe('a time of day that is set', () => {
  test.each([3_600_000, -3_600_000])('by %i ms sends nobody away as silent', (byMs) => {
    const { stay, clock, done } = stayed();
    stay.greeted();
    clock.nowMs += byMs;
    stay.beat();
    expect(done).not.toContain('IDLE');
    clock.steadyMs += 60_001;
    stay.beat();
    expect(done).toContain('IDLE');
  });

  test('costs nobody his patience with a node that is away', () => {
    const { stay, clock, done } = stayed();
    clock.nowMs += 3_600_000;
    stay.beat();
    expect(done).not.toContain('TRY_AGAIN');
    clock.steadyMs += 10_001;
    stay.beat();
    expect(done).toContain('TRY_AGAIN');
  });

  test('is what a grant ends by', () => {
    const { stay, clock, done } = stayed(60_000);
    stay.greeted();
    clock.steadyMs += 50_000;
    stay.beat();
    expect(done).not.toContain('GRANT_ENDED');
    clock.nowMs += 60_000;
    stay.beat();
    expect(done).toContain('GRANT_ENDED');
  });
});
