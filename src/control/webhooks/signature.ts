import { createHmac, randomBytes } from 'node:crypto';

/** A fresh secret of one endpoint, 256 bits, in a form that secret scanners can be taught to find. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64url')}`;
}

/**
 * The value of `Frontrow-Signature`: when it was sent, and the HMAC-SHA256 of that time, a dot and the body, under the
 * endpoint's secret as it was shown. The time is signed too, so that an old message cannot be sent again as a new one.
 */
export function signWebhook(body: string, secret: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  const mac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${mac}`;
}
