/** What became of a request, as the metrics of `Server-Timing` tell it. Times in milliseconds. */
export interface TimingFacts {
  readonly outcome: 'hit' | 'refresh' | 'miss';
  /** Which edge answered. */
  readonly edgeId: string;
  readonly exchangeId: string;
  /** Until the first byte of the origin's answer, where one was asked. */
  readonly upstreamFirstByteMs?: number | undefined;
  /** Until the first byte to the viewer. */
  readonly firstByteMs?: number | undefined;
}

/** CloudFront's metrics, as far as an edge can tell them. Server Timing, section 2. */
export function writeServerTiming(facts: TimingFacts): string {
  const { outcome, upstreamFirstByteMs, firstByteMs } = facts;
  const metrics = [
    `cdn-cache-${outcome}`,
    `cdn-pop;desc="${quotable(facts.edgeId)}"`,
    `cdn-rid;desc="${quotable(facts.exchangeId)}"`,
  ];
  if (outcome === 'hit') metrics.push('cdn-hit-layer;desc="EDGE"');
  if (upstreamFirstByteMs !== undefined) metrics.push(`cdn-upstream-fbl;dur=${Math.round(upstreamFirstByteMs)}`);
  if (firstByteMs !== undefined) metrics.push(`cdn-downstream-fbl;dur=${Math.round(firstByteMs)}`);
  return metrics.join(',');
}

function quotable(text: string): string {
  return text.replace(/[^\x20-\x7e]|["\\]/g, '_');
}
