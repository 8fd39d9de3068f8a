import { Fault, type FaultCode } from '../../kernel/errors.ts';
import type { StreamKeys } from '../stream-keys.ts';

/** What is said to a viewer who says that he has the stream's key; without a code that he has. */
export interface ClaimAnswer {
  readonly code?: FaultCode;
  readonly retryAfterMs?: number;
}

export async function answerClaim(
  keys: Pick<StreamKeys, 'open'>,
  streamId: string,
  { address, streamKey }: { readonly address: string; readonly streamKey: string },
): Promise<ClaimAnswer> {
  try {
    await keys.open({ door: 'channel', address, streamKey }, streamId);
    return {};
  } catch (cause) {
    const { code, retryAfterSeconds } = Fault.from(cause);
    // A database that is away says nothing of the key.
    if (code !== 'STREAM_KEY_REFUSED' && code !== 'LIVE_CLAIMS_LIMITED') return { code: 'CHANNEL_AWAY' };
    return { code, ...(retryAfterSeconds === undefined ? {} : { retryAfterMs: retryAfterSeconds * 1_000 }) };
  }
}
