/** The last so many values, oldest first; older ones fall out. A value itself: `push` gives the next ring. */
export interface Ring<T> {
  readonly limit: number;
  readonly items: readonly T[];
}

export function emptyRing<T>(limit: number): Ring<T> {
  return { limit, items: [] };
}

export function pushRing<T>(ring: Ring<T>, item: T): Ring<T> {
  return { limit: ring.limit, items: [...ring.items, item].slice(-ring.limit) };
}

export type CacheVerdict = 'hit' | 'miss' | 'unknown';

/** One delivered segment, as the strip of the stats panel shows it. */
export interface SegmentFact {
  readonly id: number;
  readonly name: string;
  readonly rendition: string;
  readonly verdict: CacheVerdict;
  readonly ageSeconds?: number;
  readonly sizeBytes: number;
  readonly loadMs: number;
}

/** Reads `X-Cache` as CloudFront writes it (`Hit from cloudfront`, `RefreshHit …`, `Miss from …`). */
export function readVerdict(xCache: string | undefined): CacheVerdict {
  if (xCache === undefined) return 'unknown';
  if (/hit/i.test(xCache)) return 'hit';
  return /miss|error|pass/i.test(xCache) ? 'miss' : 'unknown';
}

/**
 * One field out of `getAllResponseHeaders()`. Asking by name would log an error in the console for every header that
 * CORS does not expose; this way a hidden header is simply absent.
 */
export function headerOf(rawHeaders: string, name: string): string | undefined {
  const line = rawHeaders.split('\r\n').find((text) => text.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim();
}

export interface HitSum {
  readonly hits: number;
  readonly known: number;
  readonly share: number | undefined;
}

export function sumHits(segments: readonly SegmentFact[]): HitSum {
  const known = segments.filter((segment) => segment.verdict !== 'unknown').length;
  const hits = segments.filter((segment) => segment.verdict === 'hit').length;
  return { hits, known, share: known === 0 ? undefined : hits / known };
}

/** Seconds buffered without a hole from `time` on. Ranges are [start, end) pairs in seconds. */
export function bufferAheadSeconds(ranges: readonly (readonly [number, number])[], time: number): number {
  // A tenth of a second is no hole: encoders leave such gaps at the very start, and players step over them.
  const current = ranges.find(([start, end]) => time >= start - 0.1 && time < end);
  return current ? current[1] - time : 0;
}

/** The points of a polyline through the values, in a box of the given size; the newest value is at the right end. */
export function sparkline(
  values: readonly number[],
  limit: number,
  width: number,
  height: number,
  ceiling: number,
): string {
  const step = width / Math.max(1, limit - 1);
  const left = width - (values.length - 1) * step;
  const top = Math.max(ceiling, 1e-6);
  return values
    .map((value, index) => {
      const y = height - (Math.min(value, top) / top) * height;
      return `${(left + index * step).toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}
