import { describe, expect, test } from 'vitest';
import { writeSample } from './code-samples.ts';
import { type GrantChoice, refuseChoice, writeGrantRequest } from './grant-choice.ts';
import { highlight } from './highlight.ts';

const CHOICE: GrantChoice = {
  assetId: 'as_1',
  carrier: 'url',
  expiresInSeconds: 3_600,
  startsAtLocal: '',
  ip: '',
};
const LIMITED: GrantChoice = { ...CHOICE, startsAtLocal: '2026-05-01T10:00', ip: ' 203.0.113.0/24 ' };
const CONTEXT = {
  playbackUrl: 'http://127.0.0.1:8090/assets/as_1/master.m3u8',
  keyPairId: 'KABC',
  algorithm: 'RSA',
} as const;
const START_MS = Date.parse('2026-05-01T10:00');

describe('the request for a grant', () => {
  test('names only what was chosen', () => {
    expect(writeGrantRequest(CHOICE)).toEqual({ assetId: 'as_1', expiresInSeconds: 3_600 });
    expect(writeGrantRequest(LIMITED)).toEqual({
      assetId: 'as_1',
      expiresInSeconds: 3_600,
      startsAt: new Date(START_MS).toISOString(),
      ip: '203.0.113.0/24',
    });
  });

  test('is refused when it could never hold', () => {
    expect(refuseChoice(CHOICE, 0)).toBeUndefined();
    expect(refuseChoice({ ...CHOICE, ip: 'my house' }, 0)).toContain('IP');
    expect(refuseChoice({ ...CHOICE, ip: '2001:db8::/32' }, 0)).toBeUndefined();
    expect(refuseChoice(LIMITED, START_MS - 3_600_000)).toContain('before it starts');
  });
});

describe('the code for a backend', () => {
  test('a plain choice signs with the end alone', () => {
    const { code, install } = writeSample(CHOICE, CONTEXT);
    expect(install).toBe('npm install @aws-sdk/cloudfront-signer');
    expect(code).toContain("const keyPairId = 'KABC';");
    expect(code).toContain('dateLessThan: new Date(Date.now() + 3_600_000).toISOString(), // 1 hour\n');
    expect(code).not.toMatch(/dateGreaterThan|ipAddress|undefined/);
  });

  test.each([
    ['url', `dateGreaterThan: '${new Date(START_MS).toISOString()}'`, "ipAddress: '203.0.113.0/24'"],
    [
      'cookies',
      `DateGreaterThan: { 'AWS:EpochTime': ${START_MS / 1000} }`,
      "IpAddress: { 'AWS:SourceIp': '203.0.113.0/24' }",
    ],
    ['token', `nbf: ${START_MS / 1000}`, "ip: '203.0.113.0/24'"],
  ] as const)('%s carries the start and the address', (carrier, start, ip) => {
    const { code } = writeSample({ ...LIMITED, carrier }, CONTEXT);
    expect(code).toContain(start);
    expect(code).toContain(ip);
  });

  test('cookies are bound to the film’s folder', () => {
    const { code } = writeSample({ ...CHOICE, carrier: 'cookies' }, CONTEXT);
    expect(code).toContain("Resource: 'http://127.0.0.1:8090/assets/as_1/*'");
    expect(code).toContain('Path=/assets/as_1/;');
  });

  test('a token follows the algorithm of its key', () => {
    const choice: GrantChoice = { ...CHOICE, carrier: 'token' };
    expect(writeSample(choice, CONTEXT).code).toContain("algorithm: 'RS256'");
    expect(writeSample(choice, { ...CONTEXT, algorithm: 'ECDSA' }).code).toContain("algorithm: 'ES256'");
    expect(writeSample(choice, CONTEXT).code).toContain("path: '/assets/as_1/*'");
  });

  test('without a key it shows where the id goes', () => {
    expect(writeSample(CHOICE, { ...CONTEXT, keyPairId: undefined }).code).toContain("'YOUR_KEY_PAIR_ID'");
  });
});

describe('colours', () => {
  test.each(['url', 'cookies', 'token'] as const)('the pieces of the %s sample are the sample', (carrier) => {
    const { code } = writeSample({ ...LIMITED, carrier }, CONTEXT);
    expect(
      highlight(code)
        .map((token) => token.text)
        .join(''),
    ).toBe(code);
  });

  test('an address in a string is no comment', () => {
    expect(highlight("const a = 'http://x'; // why")).toEqual([
      { kind: 'keyword', text: 'const' },
      { kind: 'plain', text: ' a = ' },
      { kind: 'string', text: "'http://x'" },
      { kind: 'plain', text: '; ' },
      { kind: 'comment', text: '// why' },
    ]);
  });
});
