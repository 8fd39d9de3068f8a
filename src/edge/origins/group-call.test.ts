import { expect, test, vi } from 'vitest';
import type { UpstreamSink } from '../upstream.ts';
import { GroupCall } from './group-call.ts';
import { type Member, Turn } from './member.ts';

/** A server that never answers, and what became of the turn at it. */
function silent(begun: boolean): { member: Member; outcomes: unknown[] } {
  const outcomes: unknown[] = [];
  const call = { begun, resume: () => {}, abort: () => {} };
  const member = {
    name: 'silent',
    admits: true,
    counts: { requests: 0, failures: 0, failovers: 0 },
    upstream: { send: () => call },
    enter: () => new Turn((outcome) => outcomes.push(outcome instanceof Error ? 'failed' : outcome)),
  };
  return { member: member as unknown as Member, outcomes };
}

test.each([
  ['was asked and said nothing has failed', true, 'failed'],
  ['could not be asked for want of a connection has not', false, 'dropped'],
])('within the time a server that %s', (_, begun, outcome) => {
  vi.useFakeTimers();
  try {
    const { member, outcomes } = silent(begun);
    const faults: unknown[] = [];
    const sink: UpstreamSink = {
      head: () => {},
      data: () => true,
      end: () => {},
      fail: ({ code }) => faults.push(code),
    };
    const request = { method: 'GET', target: '/', fields: [] };
    const tier = {
      members: [member],
      failoverStatuses: new Set<number>(),
      limitMs: 1_000,
      isHeld: false,
      requestTo: () => request,
    };
    new GroupCall([tier], sink).begin();
    vi.advanceTimersByTime(1_000);
    expect([outcomes, faults]).toEqual([[outcome], ['ORIGIN_TIMEOUT']]);
  } finally {
    vi.useRealTimers();
  }
});
