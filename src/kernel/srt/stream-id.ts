import type { FaultCode } from '../errors.ts';

/** Reasons that a caller is refused for, by libsrt's names (`srt.h` and `access_control.h`). */
export const REASON = {
  badSecret: 10,
  unsecure: 11,
  version: 8,
  unauthorized: 1_401,
  overload: 1_402,
  forbidden: 1_403,
  badMode: 1_405,
  conflict: 1_409,
  internal: 1_500,
} as const;

export type StreamId = { readonly streamKey: string } | { readonly reason: number };

/**
 * The key in a stream id: all of it, or `r` in the form of libsrt's access control (`#!::r=KEY,m=publish`), where other
 * parts count for nothing and another mode than `publish` is refused.
 */
export function readStreamId(sent: string): StreamId {
  const text = decoded(sent);
  const fields = text.startsWith('#!::') ? readFields(text.slice(4)) : { r: text, m: 'publish' };
  const { r = '', m = 'publish' } = fields;
  if (m !== 'publish') return { reason: REASON.badMode };
  return r === '' ? { reason: REASON.unauthorized } : { streamKey: r };
}

/** ffmpeg before version 6 sends what stands in the URL as it stands there. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readFields(text: string): { readonly r?: string; readonly m?: string } {
  const pairs = text.split(',').map((pair) => {
    const equals = pair.indexOf('=');
    return [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return Object.fromEntries(pairs);
}

const REASON_OF: Partial<Record<FaultCode, number>> = {
  STREAM_KEY_REFUSED: REASON.unauthorized,
  LIVE_STREAM_DISABLED: REASON.forbidden,
  LIVE_STREAM_BUSY: REASON.conflict,
  LIVE_FULL: REASON.overload,
  LIVE_CLAIMS_LIMITED: REASON.overload,
  UNAVAILABLE: REASON.overload,
};

export function reasonOf(code: FaultCode): number {
  return REASON_OF[code] ?? REASON.internal;
}
