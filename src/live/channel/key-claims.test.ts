import { expect, test } from 'vitest';
import { Fault } from '../../kernel/errors.ts';
import { answerClaim } from './key-claims.ts';

const HOLDER = { address: '203.0.113.7', streamKey: 'lsk_1' };

test.each([
  ['a wrong key', new Fault('STREAM_KEY_REFUSED'), { code: 'STREAM_KEY_REFUSED' }],
  [
    'too many of them',
    new Fault('LIVE_CLAIMS_LIMITED', { retryAfterSeconds: 36 }),
    { code: 'LIVE_CLAIMS_LIMITED', retryAfterMs: 36_000 },
  ],
  ['a database that is away', new Error('away'), { code: 'CHANNEL_AWAY' }],
])('%s is told as it is', async (_, cause, answer) => {
  expect(await answerClaim({ open: () => Promise.reject(cause) }, 'ls_a', HOLDER)).toEqual(answer);
});
