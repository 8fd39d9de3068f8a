import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeUrlSafe, encodeUrlSafe, joinTarget, splitQuery } from '../../src/kernel/access/canonical.ts';
import { readCredential } from '../../src/kernel/access/credential.ts';
import { derivedKeyOf, derivedSecretOf, deriveToken } from '../../src/kernel/access/derive.ts';
import { explainGrant } from '../../src/kernel/access/explain.ts';
import { signToken } from '../../src/kernel/access/grant-token.ts';
import { parsePolicy } from '../../src/kernel/access/policy.ts';
import { coversUrl, parseCookieResource, parseUrlResource } from '../../src/kernel/access/resource.ts';
import { type Hash, signCookies, signUrl } from '../../src/kernel/access/sign.ts';
import { verifyGrant } from '../../src/kernel/access/verify.ts';

const NOW_MS = 1_800_000_000_000;
const ORIGIN = 'https://media.example';
const FOLDER = '/assets/as_k3v9mn2p4q7r8s5t';
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const EC = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const OTHER = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const KEYS = new Map([
  ['KRSA', RSA.publicKey],
  ['KEC', EC.publicKey],
  ['KOTHER', OTHER.publicKey],
]);
const keys = { find: (id: string) => KEYS.get(id) };
const derivedKey = derivedKeyOf(derivedSecretOf('a secret of one fleet'));

interface Sent {
  readonly target: string;
  readonly cookieHeader?: string;
  readonly authorizationHeader?: string;
}

function isGranted(sent: Sent, origin = ORIGIN): boolean {
  const { credential, path, query } = readCredential(sent);
  const asked = { url: origin + joinTarget(path, query), path, ip: '203.0.113.7', nowMs: NOW_MS };
  return verifyGrant(credential, asked, keys, derivedKey).granted;
}

const pair = fc.constantFrom(
  { keyPairId: 'KRSA', privateKey: RSA.privateKey },
  { keyPairId: 'KEC', privateKey: EC.privateKey },
);
const expiresAtMs = fc.integer({ min: NOW_MS + 2_000, max: NOW_MS + 1e10 });
const hash = fc.constantFrom<Hash>('SHA1', 'SHA256');
const file = fc.stringMatching(/^\/[a-z0-9][a-z0-9-]{0,20}\.m4s$/);

/** A request that is let in, by any carrier. */
const granted: fc.Arbitrary<Sent> = fc
  .record({ pair, expiresAtMs, hash, file, ip: fc.option(fc.constant('203.0.113.0/24'), { nil: undefined }) })
  .chain(({ pair, expiresAtMs, hash, file, ip }) => {
    const terms = { ...pair, expiresAtMs, hash, ...(ip === undefined ? {} : { ip }) };
    const path = FOLDER + file;
    const grant = { expiresAtMs, ...(ip === undefined ? {} : { ip }) };
    const token = signToken({ ...grant, paths: [`${FOLDER}/*`] }, pair.keyPairId, pair.privateKey);
    const parent = { carrier: 'url', id: 'x', keyPairId: pair.keyPairId, derived: false, ...grant } as const;
    const cookies = signCookies({ ...terms, url: `${ORIGIN}${FOLDER}/*` });
    const cookieHeader = Object.entries(cookies).map((each) => each.join('='));
    return fc.constantFrom<Sent>(
      { target: signUrl({ ...terms, url: ORIGIN + path }).slice(ORIGIN.length) },
      { target: path, cookieHeader: cookieHeader.join('; ') },
      { target: `${path}?token=${token}` },
      { target: path, authorizationHeader: `Bearer ${token}` },
      { target: `/t/${token}${path}` },
      { target: `/t/${deriveToken(parent, `${FOLDER}/*`, derivedKey)}${path}` },
    );
  });

/** Where the part of a request stands that was signed or signs; a change elsewhere may well be harmless. */
function guarded(sent: Sent): { field: keyof Sent; from: number; to: number } {
  if (sent.cookieHeader) return { field: 'cookieHeader', from: 0, to: sent.cookieHeader.length };
  if (sent.authorizationHeader) return { field: 'authorizationHeader', from: 7, to: sent.authorizationHeader.length };
  if (!sent.target.startsWith('/t/')) return { field: 'target', from: 0, to: sent.target.length };
  return { field: 'target', from: 3, to: sent.target.indexOf('/', 3) };
}

describe('a grant', () => {
  test('is good as it was made, by every carrier', () => {
    fc.assert(fc.property(granted, (sent) => isGranted(sent)));
  });

  test('never survives the change of one character of what was signed', () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
      char: fc.stringMatching(/^[A-Za-z0-9_~.=-]$/),
    });
    fc.assert(
      fc.property(granted, change, (sent, { at, char }) => {
        const { field, from, to } = guarded(sent);
        const text = sent[field] ?? '';
        const place = from + Math.floor(at * (to - from));
        const changed = text.slice(0, place) + char + text.slice(place + 1);
        // A token or a wildcard grants its whole folder: another file in it is no tampering.
        const { path } = readCredential({ ...sent, [field]: changed });
        fc.pre(changed !== text && (path === readCredential(sent).path || !path.startsWith(`${FOLDER}/`)));
        return !isGranted({ ...sent, [field]: changed });
      }),
      { numRuns: 1_000 },
    );
  });

  test('never passes for one of another key', () => {
    fc.assert(
      fc.property(granted, (sent) => {
        const swapped = sent.target.replace(/Key-Pair-Id=K\w+/, 'Key-Pair-Id=KOTHER');
        fc.pre(swapped !== sent.target);
        return !isGranted({ ...sent, target: swapped });
      }),
    );
  });

  test('ends with the second it names', () => {
    fc.assert(
      fc.property(pair, expiresAtMs, (pair, expiresAtMs) => {
        const url = signUrl({ ...pair, expiresAtMs, url: `${ORIGIN}/a.mp4` });
        const { credential } = readCredential({ target: url.slice(ORIGIN.length) });
        const endMs = Math.round(expiresAtMs / 1000) * 1000;
        const at = (nowMs: number) =>
          verifyGrant(credential, { url: `${ORIGIN}/a.mp4`, path: '/a.mp4', ip: '::1', nowMs }, keys).granted;
        return at(endMs - 1) && !at(endMs);
      }),
    );
  });
});

describe('whatever is sent', () => {
  const parameter = fc.constantFrom(
    'Expires',
    'Policy',
    'Signature',
    'Key-Pair-Id',
    'Hash-Algorithm',
    'token',
    'x',
    '',
  );
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('KRSA', 'KEC', 'SHA256', '4102444800', '', '%'),
    fc.base64String(),
  );
  const query = fc.array(fc.tuple(parameter, value)).map((pairs) => pairs.map((each) => each.join('=')).join('&'));
  const jwt = fc
    .tuple(fc.json(), fc.json(), fc.string())
    .map((parts) => parts.map((each) => Buffer.from(each).toString('base64url')).join('.'));
  const path = fc.oneof(
    fc.webPath(),
    fc.string().map((text) => `/${text}`),
    jwt.map((token) => `/t/${token}/a`),
  );
  const sent = fc.record({
    target: fc
      .tuple(
        path,
        fc.oneof(
          query,
          jwt.map((token) => `token=${token}`),
        ),
      )
      .map((parts) => parts.join('?')),
    cookieHeader: fc.oneof(
      fc.string(),
      query.map((text) => `CloudFront-${text.replaceAll('&', '; CloudFront-')}`),
    ),
    authorizationHeader: fc.oneof(
      fc.string(),
      jwt.map((token) => `Bearer ${token}`),
    ),
  });

  test('is refused without an exception, and so it is explained', () => {
    fc.assert(
      fc.property(sent, (each) => {
        expect(isGranted(each)).toBe(false);
        expect(explainGrant({ ...each, origin: ORIGIN, nowMs: NOW_MS }, keys, derivedKey).granted).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  test('is never read as a policy that it is not', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => !parsePolicy(text).ok));
  });

  test('keeps its own parameters in order and bytes', () => {
    fc.assert(
      fc.property(query, (text) => {
        const { own } = splitQuery(text);
        const names = ['Expires', 'Policy', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm', 'token'];
        const kept = text.split('&').filter((pair) => !names.includes(pair.split('=')[0] ?? ''));
        expect(own).toBe(kept.join('&'));
      }),
    );
  });
});

describe('the URL-safe base64 of policies and signatures', () => {
  test('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        expect(new Uint8Array(decodeUrlSafe(encodeUrlSafe(bytes)) ?? [])).toEqual(bytes);
      }),
    );
  });

  test('has one spelling for each value', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_~-]{1,12}$/), (text) => {
        const bytes = decodeUrlSafe(text);
        return bytes === undefined || encodeUrlSafe(bytes) === text;
      }),
    );
  });
});

describe('a resource pattern', () => {
  const url = fc.webUrl({ validSchemes: ['http', 'https'], withQueryParameters: true });

  test('covers the very URL that it spells', () => {
    fc.assert(
      fc.property(url, (each) => {
        // As an edge sees URLs: with a path, and no `?` that nothing follows.
        fc.pre(/^https?:\/\/[^/?]+\/[^*\\]*$/.test(each) && !each.endsWith('?'));
        return coversUrl(parseUrlResource(each), each) && coversUrl(parseCookieResource(each), each);
      }),
    );
  });

  test('with a wildcard at its end covers everything that begins so', () => {
    fc.assert(
      fc.property(url, fc.stringMatching(/^[a-z0-9/?=&.]{0,20}$/), (base, rest) => {
        const folder = `${base.split('?')[0]?.replaceAll(/[*\\]/g, '')}/`;
        return coversUrl(parseUrlResource(`${folder}*`), folder + rest);
      }),
    );
  });

  test('never reaches another host', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9/?=&.*]{0,20}$/),
        fc.stringMatching(/^[a-z0-9/?=&.]{0,30}$/),
        (rest, path) => {
          return !coversUrl(parseUrlResource(`https://one.example/${rest}`), `https://two.example/${path}`);
        },
      ),
    );
  });
});
