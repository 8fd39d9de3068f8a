import { expect, test } from 'vitest';
import { compileErrorResponses } from './error-responses.ts';

const find = compileErrorResponses([
  { errorCode: 404, responsePagePath: '/lost.html', responseCode: 200, errorCachingMinTTL: 1 },
  { errorCode: 404, responsePagePath: '/never.html', responseCode: 404, errorCachingMinTTL: 2 },
  { errorCode: 503, errorCachingMinTTL: 0 },
  { errorCode: 500, responsePagePath: '', errorCachingMinTTL: 5 },
]);

test.each([
  [404, { page: { path: '/lost.html', status: 200 }, minTTL: 1 }],
  [503, { page: undefined, minTTL: 0 }],
  [500, { page: undefined, minTTL: 5 }],
  [502, { page: undefined, minTTL: 10 }],
])('of %i becomes %j', (status, response) => {
  expect(find(status)).toEqual(response);
});
