import { expect, test } from 'vitest';
import { readCachePolicy } from './cache-policy.ts';

const HOUR = ['Cache-Control', 'max-age=3600'];

test.each([
  ['Cache-Control alone', [], { targeted: false, maxAgeSeconds: 3_600 }],
  ['CDN-Cache-Control before it', ['CDN-Cache-Control', 'max-age=1'], { targeted: true, maxAgeSeconds: 1 }],
  [
    'on two lines',
    ['CDN-Cache-Control', 'max-age=1', 'cdn-cache-control', 'no-store'],
    { maxAgeSeconds: 1, noStore: true },
  ],
  ['a broken one', ['CDN-Cache-Control', 'max-age=1, &'], { targeted: false, maxAgeSeconds: 3_600 }],
  ['an empty one', ['CDN-Cache-Control', ' '], { targeted: false, maxAgeSeconds: 3_600 }],
  ['one in capitals', ['CDN-Cache-Control', 'Max-Age=1'], { targeted: false, maxAgeSeconds: 3_600 }],
  ['a lifetime that is a text', ['CDN-Cache-Control', 'max-age="1"'], { targeted: true, maxAgeSeconds: undefined }],
  ['a negative lifetime', ['CDN-Cache-Control', 'max-age=-1'], { targeted: true, maxAgeSeconds: 0 }],
  ['a lifetime without end', ['CDN-Cache-Control', 'max-age=99999999999'], { targeted: true, maxAgeSeconds: 2 ** 31 }],
  ['a directive that is off', ['CDN-Cache-Control', 'no-store=?0'], { targeted: true, noStore: false }],
  ['what nobody knows', ['CDN-Cache-Control', 'foo;bar=1, max-age=2;baz'], { targeted: true, maxAgeSeconds: 2 }],
  ['fields', ['CDN-Cache-Control', 'private="A, b", no-cache=c'], { private: false, unkeptFields: ['c', 'a', 'b'] }],
  ['a list of fields', ['CDN-Cache-Control', 'private=("a" "b")'], { private: false, unkeptFields: ['a', 'b'] }],
  ['Surrogate-Control', ['Surrogate-Control', 'MAX-AGE=5'], { targeted: true, maxAgeSeconds: 5 }],
  [
    'CDN-Cache-Control before it as well',
    ['Surrogate-Control', 'max-age=5', 'CDN-Cache-Control', 'max-age=1'],
    { maxAgeSeconds: 1 },
  ],
  ['with time to renew', ['Surrogate-Control', 'max-age=5+9'], { maxAgeSeconds: 5, staleWhileRevalidateSeconds: 9 }],
  ['for us', ['Surrogate-Control', 'max-age=5, max-age=7;frontrow'], { targeted: true, maxAgeSeconds: 7 }],
  [
    'for somebody else',
    ['Surrogate-Control', 'max-age=7;other, no-store;other'],
    { targeted: false, maxAgeSeconds: 3_600 },
  ],
  ['no-store for us', ['Surrogate-Control', 'no-store;frontrow'], { targeted: true, noStore: true }],
  ['no-store far away', ['Surrogate-Control', 'no-store-remote'], { targeted: true, noStore: true }],
  ['about content only', ['Surrogate-Control', 'content="ESI/1.0"'], { targeted: false, maxAgeSeconds: 3_600 }],
])('reads %s', (_name, fields, expected) => {
  expect({ maxAgeSeconds: undefined, ...readCachePolicy([...HOUR, ...fields]) }).toMatchObject(expected);
});
