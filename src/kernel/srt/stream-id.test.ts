import { expect, test } from 'vitest';
import { REASON, readStreamId } from './stream-id.ts';

const cases: [string, ReturnType<typeof readStreamId>][] = [
  ['sk_a', { streamKey: 'sk_a' }],
  ['#!::r=sk_a,m=publish', { streamKey: 'sk_a' }],
  ['#!::m=publish,u=somebody,r=sk_a', { streamKey: 'sk_a' }],
  ['#!::r=sk_a', { streamKey: 'sk_a' }],
  ['%23!::r=sk_a', { streamKey: 'sk_a' }],
  ['100%', { streamKey: '100%' }],
  ['#!::r=sk_a,m=request', { reason: REASON.badMode }],
  ['#!::m=publish', { reason: REASON.unauthorized }],
  ['', { reason: REASON.unauthorized }],
];

test.each(cases)('the stream id %s is read', (text, expected) => {
  expect(readStreamId(text)).toEqual(expected);
});
