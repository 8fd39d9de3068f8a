import { describe, expect, test } from 'vitest';
import { type GrantFacts, readGrantFacts, siblingUrl } from './grant-facts.ts';
import { explainFailure, type Failure } from './playback-error.ts';

const NOW_MS = 1_700_000_000_000;
const BASE = 'http://127.0.0.1:8090/assets/as_1/master.m3u8';

function policyUrl(condition: object): string {
  const policy = JSON.stringify({ Statement: [{ Resource: `${BASE}???>>>`, Condition: condition }] });
  const encoded = btoa(policy).replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
  return `${BASE}?Policy=${encoded}&Signature=s&Key-Pair-Id=K1`;
}

function tokenOf(claims: object): string {
  return `e30.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.sig`;
}

describe('what an address says about its grant', () => {
  test('a plain one carries none', () => expect(readGrantFacts(BASE)).toBeUndefined());

  test('a canned policy names its end', () => {
    expect(readGrantFacts(`${BASE}?Expires=1700000000&Signature=s`)).toEqual({ carrier: 'url', endsAtMs: NOW_MS });
  });

  test('a custom policy names its end, its start and its address', () => {
    const url = policyUrl({
      DateLessThan: { 'AWS:EpochTime': 1_700_000_000 },
      DateGreaterThan: { 'AWS:EpochTime': 1_600_000_000 },
      IpAddress: { 'AWS:SourceIp': '203.0.113.0/24' },
    });
    expect(readGrantFacts(url)).toEqual({
      carrier: 'url',
      endsAtMs: NOW_MS,
      startsAtMs: 1_600_000_000_000,
      ip: '203.0.113.0/24',
    });
  });

  test('a token is read from the query and from the path', () => {
    const token = tokenOf({ exp: 1_700_000_000, ip: '0.0.0.0/0' });
    const facts: GrantFacts = { carrier: 'token', endsAtMs: NOW_MS };
    expect(readGrantFacts(`${BASE}?token=${token}`)).toEqual(facts);
    expect(readGrantFacts(`http://127.0.0.1:8090/t/${token}/assets/as_1/master.m3u8`)).toEqual(facts);
  });

  test.each(['no address', `${BASE}?Policy=%%%`, `${BASE}?Policy=e30`, `${BASE}?token=x`, `${BASE}?token=x.bnVsbA.z`])(
    '%j does not throw',
    (url) => expect(() => readGrantFacts(url)).not.toThrow(),
  );
});

describe('the poster beside a manifest', () => {
  test('keeps the query of a grant for the whole folder', () => {
    expect(siblingUrl(`${BASE}?token=t`, 'poster.jpg')).toBe('http://127.0.0.1:8090/assets/as_1/poster.jpg?token=t');
  });

  test('is not asked for under a canned policy, nor beside another file', () => {
    expect(siblingUrl(`${BASE}?Expires=1`, 'poster.jpg')).toBeUndefined();
    expect(siblingUrl('http://edge/live.m3u8', 'poster.jpg')).toBeUndefined();
  });
});

describe('why playback stopped', () => {
  const refused: Failure = { kind: 'network', details: 'manifestLoadError', status: 403 };

  test.each<[string, Failure, GrantFacts | undefined, string]>([
    ['no grant', refused, undefined, 'GRANT_MISSING'],
    ['an old grant', refused, { carrier: 'url', endsAtMs: NOW_MS - 1 }, 'GRANT_EXPIRED'],
    ['an early grant', refused, { carrier: 'url', startsAtMs: NOW_MS + 1 }, 'GRANT_NOT_YET'],
    ['a tampered grant', refused, { carrier: 'token', endsAtMs: NOW_MS + 1 }, 'GRANT_REJECTED'],
    ['a missing token', { ...refused, status: 401 }, undefined, 'GRANT_MISSING'],
    ['no film', { ...refused, status: 404 }, undefined, 'NOT_FOUND'],
    ['no answer', { kind: 'network', details: 'fragLoadError' }, undefined, 'NETWORK_AWAY'],
    ['a busy encoder', { kind: 'network', details: 'fragLoadError', status: 503 }, undefined, 'STILL_ENCODING'],
    ['no decoder', { kind: 'media', details: 'manifestIncompatibleCodecsError' }, undefined, 'CODEC_UNSUPPORTED'],
    ['a broken decoder', { kind: 'media', details: 'bufferAppendError' }, undefined, 'bufferAppendError'],
  ])('%s has its own code', (_, failure, grant, code) =>
    expect(explainFailure(failure, grant, NOW_MS).code).toBe(code),
  );

  test('an expired link says how long ago', () => {
    const grant: GrantFacts = { carrier: 'url', endsAtMs: NOW_MS - 7_200_000 };
    expect(explainFailure(refused, grant, NOW_MS).says).toContain('2 hours ago');
  });

  test('a grant for one address says which', () => {
    const grant: GrantFacts = { carrier: 'url', endsAtMs: NOW_MS + 1, ip: '203.0.113.7' };
    expect(explainFailure(refused, grant, NOW_MS).says).toContain('203.0.113.7');
  });
});
