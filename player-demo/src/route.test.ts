import { describe, expect, test } from 'vitest';
import { parseRoute, type Route, readPastedCredential, writeRoute } from './route.ts';

const SIGNED = 'http://127.0.0.1:8090/assets/as_1/master.m3u8?Expires=1&Signature=a~b-c_&Key-Pair-Id=K1';

describe('addresses', () => {
  test.each<[string, Route]>([
    ['', { page: 'library' }],
    ['#/', { page: 'library' }],
    ['#/sign-in/a.b.c', { page: 'sign-in', signInToken: 'a.b.c' }],
    ['#/sign-in', { page: 'sign-in' }],
    ['#/watch/as_1', { page: 'watch', assetId: 'as_1' }],
    ['#/watch/as_1?carrier=cookies', { page: 'watch', assetId: 'as_1', carrier: 'cookies' }],
    ['#/watch/as_1?carrier=pigeon', { page: 'watch', assetId: 'as_1' }],
    ['#/watch', { page: 'lost' }],
    ['#/sign', { page: 'sign' }],
    ['#/sign/as_1', { page: 'sign', assetId: 'as_1' }],
    ['#/keys', { page: 'keys' }],
    ['#/keys/more', { page: 'lost' }],
    ['#/live', { page: 'live' }],
    ['#/live/ls_1', { page: 'broadcast', streamId: 'ls_1' }],
    ['#/tune-in/ls_1', { page: 'tune-in', streamId: 'ls_1' }],
    ['#/tune-in/ls_1?by=channel', { page: 'tune-in', streamId: 'ls_1', delivery: 'channel' }],
    [
      '#/tune-in/ls_1?by=channel&carrier=cookies',
      { page: 'tune-in', streamId: 'ls_1', delivery: 'channel', carrier: 'cookies' },
    ],
    ['#/tune-in/ls_1?by=pigeon', { page: 'tune-in', streamId: 'ls_1' }],
    ['#/tune-in', { page: 'lost' }],
    ['#/nowhere', { page: 'lost' }],
    ['#/watch/as_1/more', { page: 'lost' }],
    ['#/watch/%E0%A4%A', { page: 'watch', assetId: '%E0%A4%A' }],
  ])('%s is read', (hash, route) => expect(parseRoute(hash)).toEqual(route));

  test('a signed URL passes through the play address byte for byte', () => {
    const hash = writeRoute({ page: 'play', url: SIGNED });
    expect(parseRoute(hash)).toEqual({ page: 'play', url: SIGNED });
  });

  test.each<Route>([
    { page: 'library' },
    { page: 'sign-in', signInToken: 'a.b.c' },
    { page: 'watch', assetId: 'as_1', carrier: 'token' },
    { page: 'play', url: SIGNED, posterUrl: `${SIGNED}&p`, storyboardUrl: `${SIGNED}&s` },
    { page: 'sign', assetId: 'as_1' },
    { page: 'keys' },
    { page: 'live' },
    { page: 'broadcast', streamId: 'ls_1' },
    { page: 'tune-in', streamId: 'ls_1', delivery: 'channel' },
  ])('$page is read as it was written', (route) => expect(parseRoute(writeRoute(route))).toEqual(route));
});

describe('what people paste to sign in', () => {
  const claims = (use: string) => `e30.${btoa(JSON.stringify({ use })).replaceAll('=', '')}.sig`;

  test('a whole link gives its sign-in token', () => {
    expect(readPastedCredential(' http://localhost:8080/#/sign-in/a.b.c \n')).toEqual({
      kind: 'sign-in',
      value: 'a.b.c',
    });
  });

  test('a bare token is told apart by what it was made for', () => {
    expect(readPastedCredential(claims('sign-in'))?.kind).toBe('sign-in');
    expect(readPastedCredential(claims('api'))?.kind).toBe('token');
    expect(readPastedCredential('not.json.here')?.kind).toBe('token');
  });

  test.each(['', 'hello', 'http://localhost:8080/#/', 'a.b'])('%j is neither', (text) =>
    expect(readPastedCredential(text)).toBeUndefined(),
  );
});
