import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { joinTarget } from '../../src/kernel/access/canonical.ts';
import { readCredential } from '../../src/kernel/access/credential.ts';
import { verifyGrant } from '../../src/kernel/access/verify.ts';
import { freshFolder } from '../harness/folder.ts';
import { frontrow } from '../harness/frontrow.ts';

const folder = await freshFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ORIGIN = 'https://media.example';
const MASTER = `${ORIGIN}/assets/as_k3v9mn2p4q7r8s5t/master.m3u8`;
const CHILD = '/assets/as_k3v9mn2p4q7r8s5t/v1/360p/s00000.m4s';
const file = (name: string) => join(folder, name);
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const POLICY = {
  Statement: [{ Resource: `${ORIGIN}/*`, Condition: { DateLessThan: { 'AWS:EpochTime': 4_102_444_800 } } }],
};
writeFileSync(file('rsa.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
writeFileSync(file('rsa-public.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
writeFileSync(file('ec.pem'), ec.privateKey.export({ type: 'sec1', format: 'pem' }));
writeFileSync(file('policy.json'), JSON.stringify(POLICY, undefined, 2));
writeFileSync(file('no-policy.json'), '{"Statement":[]}');

const RSA = ['--key-pair-id', 'KRSA', '--private-key', file('rsa.pem')];
const EC = ['--key-pair-id', 'KEC', '--private-key', file('ec.pem')];
const KEYS = { find: (id: string) => ({ KRSA: publicKey, KEC: ec.publicKey })[id] };

/** What an edge thinks of a target and headers. */
function isGranted(
  target: string,
  headers: { cookieHeader?: string; authorizationHeader?: string } = {},
  ip = '10.1.1.1',
) {
  const { credential, path, query } = readCredential({ target, ...headers });
  const asked = { url: ORIGIN + joinTarget(path, query), path, ip, nowMs: Date.now() };
  return verifyGrant(credential, asked, KEYS).granted;
}

async function signed(...args: string[]) {
  const { status, stdout, stderr } = await frontrow(['sign', ...args, '--json']);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

const targetOf = (url: string) => url.slice(ORIGIN.length);

describe('signing without a server', () => {
  test('prints a URL on one line that an edge lets in', async () => {
    const { stdout } = await frontrow(['sign', MASTER, ...RSA]);
    expect(stdout).toMatch(/^https:\S+\n$/);
    expect(isGranted(targetOf(stdout.trim()))).toBe(true);
  });

  test.each([
    ['SHA-1 and RSA', RSA],
    ['SHA-256 and RSA', [...RSA, '--sha256']],
    ['SHA-1 and ECDSA', EC],
    ['a start', [...EC, '--starts', '2026-01-01']],
    ['a policy file', [...RSA, '--policy', file('policy.json')]],
  ])('by %s', async (_, args) => {
    expect(isGranted(targetOf((await signed(MASTER, ...args)).url))).toBe(true);
  });

  test('an address limits who may use it', async () => {
    const { url } = await signed(MASTER, ...EC, '--ip', '10.0.0.0/8');
    expect([isGranted(targetOf(url)), isGranted(targetOf(url), {}, '192.0.2.1')]).toEqual([true, false]);
  });

  test('the expiry is the one asked for', async () => {
    const { expiresAt } = await signed(MASTER, ...EC, '--expires', '2035-05-05T05:05:05Z');
    expect(expiresAt).toBe('2035-05-05T05:05:05.000Z');
  });

  test('cookies for a playlist open its whole folder', async () => {
    const { cookies } = await signed(MASTER, ...EC, '--cookies');
    const pairs = Object.entries(cookies).map((pair) => pair.join('='));
    const cookieHeader = pairs.join('; ');
    expect([isGranted(CHILD, { cookieHeader }), isGranted('/assets/as_other/a.ts', { cookieHeader })]).toEqual([
      true,
      false,
    ]);
  });

  test('a token for a playlist opens its whole folder by query, path and bearer', async () => {
    const { token, tokenUrl, pathUrl } = await signed(MASTER, ...RSA, '--token');
    expect(isGranted(targetOf(tokenUrl))).toBe(true);
    expect(isGranted(targetOf(pathUrl))).toBe(true);
    expect(isGranted(`/t/${token}${CHILD}`)).toBe(true);
    expect(isGranted(CHILD, { authorizationHeader: `Bearer ${token}` })).toBe(true);
    expect(isGranted('/assets/as_other/a.ts', { authorizationHeader: `Bearer ${token}` })).toBe(false);
  });
});

describe('explaining without a server', () => {
  const explain = (url: string) => signed(url, '--explain', '--public-key', file('rsa-public.pem'));

  test('a good URL is granted', async () => {
    const { url } = await signed(MASTER, ...RSA);
    expect(await explain(url)).toMatchObject({ granted: true, keyPairId: 'KRSA', url: MASTER });
  });

  test('a changed one is refused, with the check that fails', async () => {
    const { url } = await signed(MASTER, ...RSA);
    expect(await explain(url.replace('master', 'other'))).toMatchObject({
      granted: false,
      code: 'AccessDenied',
      why: 'signature-wrong',
    });
  });

  test('a refusal in words names the check', async () => {
    const { stdout } = await frontrow(['sign', MASTER, '--explain', '--public-key', file('rsa-public.pem')]);
    expect(stdout).toMatch(/^Refused with MissingKey\.\n/);
    expect(stdout).toMatch(/^credential +FAILS/m);
  });
});

describe('a command that cannot be', () => {
  test.each<[string, string[], number, string]>([
    ['an unknown command', ['play'], 2, 'play'],
    ['an unknown option', ['sign', MASTER, '--fast'], 2, '--fast'],
    ['no URL', ['sign'], 2, 'url'],
    ['a key without its id', ['sign', MASTER, '--private-key', file('rsa.pem')], 2, 'USAGE'],
    ['two carriers', ['sign', MASTER, ...RSA, '--cookies', '--token'], 2, '--cookies and --token'],
    ['a time that is none', ['sign', MASTER, ...RSA, '--expires', 'soon'], 2, '--expires'],
    ['a policy that is none', ['sign', MASTER, ...RSA, '--policy', file('no-policy.json')], 2, 'Statement'],
    ['an address that is none', ['sign', MASTER, ...RSA, '--ip', 'home'], 1, 'INVALID_REQUEST'],
    ['a URL that is none', ['sign', 'ftp://h/a', ...RSA], 1, 'INVALID_REQUEST'],
    [
      'a key file that is not there',
      ['sign', MASTER, '--key-pair-id', 'K', '--private-key', file('none')],
      1,
      'FILE_UNREADABLE',
    ],
    [
      'a public key to sign with',
      ['sign', MASTER, '--key-pair-id', 'K', '--private-key', file('rsa-public.pem')],
      1,
      'SIGNING_KEY_INVALID',
    ],
    ['no server', ['asset', 'list', '--data', '.'], 1, 'SERVER_NOT_FOUND'],
    [
      'a server that is gone',
      ['asset', 'list', '--api', 'http://127.0.0.1:1', '--token', 't'],
      1,
      'SERVER_UNREACHABLE',
    ],
    ['an address without a token', ['asset', 'list', '--api', 'http://127.0.0.1:1'], 2, 'FRONTROW_TOKEN'],
    ['a policy that nobody knows', ['asset', 'policy', 'as_x', 'secret'], 2, 'public or signed'],
    ['a port that is none', ['serve', '--port', '99999'], 2, '--port'],
    ['an edge without an origin', ['edge'], 2, '--origin'],
  ])('%s', async (_, args, status, word) => {
    const ended = await frontrow(args);
    expect({ status: ended.status, stdout: ended.stdout }).toEqual({ status, stdout: '' });
    expect(ended.stderr).toContain(word);
    expect(ended.stderr).toMatch(/^frontrow: .+\n$/);
  });

  test('a setting that is none is said by its name', async () => {
    const ended = await frontrow(['serve'], { environment: { FRONTROW_PROT: '1' } });
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining('did you mean FRONTROW_PORT') });
  });
});

describe('the launcher', () => {
  /** Makes this Node say that it is an old one. */
  const pretend = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.19.0'}})`;
  const older = ['/usr/bin/node', '/usr/local/bin/node'].find((node) => {
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    return /^v2[01]\./.test(stdout ?? '');
  });

  test('says what to do where no Node is new enough', async () => {
    const ended = await frontrow(['--version'], { nodeOptions: ['--import', pretend] });
    expect(ended).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^frontrow: Node 22\.18 or newer/),
    });
  });

  // Needs a machine whose own Node is too old, as on a plain Debian.
  test.skipIf(older === undefined)('hands over to the pinned Node with arguments, output and status', async () => {
    const node = older ?? '';
    expect(await frontrow(['--version'], { node })).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+/),
    });
    expect(await frontrow(['asset', 'list', '--data', '.'], { node })).toMatchObject({ status: 1 });
  });
});
