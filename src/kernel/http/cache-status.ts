/** One member of `Cache-Status`: what this cache did for this request. RFC 9211. */
export interface CacheStatus {
  readonly hit?: boolean;
  /** Why the request went on: section 2.2. */
  readonly fwd?: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'stale' | 'request';
  readonly fwdStatus?: number;
  /** Seconds of freshness left; negative when stale. */
  readonly ttlSeconds?: number;
  readonly stored?: boolean;
  readonly collapsed?: boolean;
  /** A token of ours. */
  readonly detail?: string;
}

export function writeCacheStatus(cache: string, status: CacheStatus): string {
  let text = cache;
  if (status.hit) text += '; hit';
  if (status.fwd) text += `; fwd=${status.fwd}`;
  if (status.fwdStatus !== undefined) text += `; fwd-status=${status.fwdStatus}`;
  if (status.ttlSeconds !== undefined) text += `; ttl=${Math.trunc(status.ttlSeconds)}`;
  if (status.stored) text += '; stored';
  if (status.collapsed) text += '; collapsed';
  if (status.detail) text += `; detail=${status.detail}`;
  return text;
}
