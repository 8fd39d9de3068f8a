import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * What an edge puts on its requests to the origin and to control, so that they answer edges only: an HMAC over the
 * method, the target as sent and the time, under a secret all roles of a fleet share.
 */
export const EDGE_SIGNATURE_HEADER = 'frontrow-edge-signature';

/** How far two clocks may differ before a signature counts as replayed. */
const SKEW_MS = 60_000;

/** The header's value, such as `t=1790000000,v=…` with the time in epoch seconds. */
export function signEdgeRequest(secret: string, method: string, target: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  return `t=${seconds},v=${mac(secret, method, target, seconds).toString('base64url')}`;
}

/** True when the value was made with this secret for this very request within the last minute. */
export function verifyEdgeRequest(
  secret: string,
  method: string,
  target: string,
  value: string | undefined,
  nowMs: number,
): boolean {
  const match = /^t=(\d{1,12}),v=([A-Za-z0-9_-]{43})$/.exec(value ?? '');
  if (!match) return false;
  const seconds = Number(match[1]);
  if (Math.abs(nowMs - seconds * 1000) > SKEW_MS) return false;
  const given = Buffer.from(match[2] ?? '', 'base64url');
  const wanted = mac(secret, method, target, seconds);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function mac(secret: string, method: string, target: string, seconds: number): Buffer {
  return createHmac('sha256', secret).update(`${method}\n${target}\n${seconds}`).digest();
}
