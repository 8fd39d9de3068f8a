import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openAsBlob,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Frontrow } from '../../src/client/index.ts';
import { makeKeyPair } from '../../src/kernel/access/key-pair.ts';
import { placeClip } from '../harness/clip.ts';
import { TestServer } from '../harness/server.ts';

// What others get: the tarball that `npm pack` makes, unpacked below a node_modules folder outside of the repository.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');

/** This Node, and the machine's own where it is one of those that strip no types. */
const NODES = [
  process.execPath,
  ...['/usr/bin/node', '/usr/local/bin/node'].filter((node) => /^v2[01]\./.test(run(node, ['--version']).stdout)),
];

let folder: string;
let files: readonly string[];

function run(command: string, args: readonly string[], cwd = ROOT) {
  const { FRONTROW_API: _api, FRONTROW_TOKEN: _token, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  return { status, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/** Its dependencies are this checkout's: fetching them would need a network and find the same. */
function installInto(modules: string, tarball: string): void {
  mkdirSync(join(modules, 'frontrow'), { recursive: true });
  for (const name of readdirSync(MODULES).filter((each) => !each.startsWith('.') && each !== 'frontrow'))
    symlinkSync(join(MODULES, name), join(modules, name));
  const { status, stderr } = run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'frontrow')]);
  if (status !== 0) throw new Error(stderr);
}

function runHere(node: string, name: string, source: string) {
  writeFileSync(join(folder, name), source);
  return run(node, [join(folder, name)], folder);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'frontrow-published-'));
  const packed = run('npm', ['pack', '--json', '--silent', '--pack-destination', folder]);
  const [tarball] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('[')));
  files = tarball.files.map(({ path }: { path: string }) => path);
  installInto(join(folder, 'node_modules'), join(folder, tarball.filename));
  const { privateKeyPem, publicKeyPem } = await makeKeyPair('RSA');
  writeFileSync(join(folder, 'key.pem'), privateKeyPem);
  writeFileSync(join(folder, 'public.pem'), publicKeyPem);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SIGNS = `
const key = require('node:fs').readFileSync('key.pem', 'utf8');
import('frontrow/sign').then(({ Signer }) => {
  const signer = new Signer({ keyPairId: 'K2JCJMDEHXQW5F', privateKey: key });
  console.log(signer.signUrl('https://media.example/assets/a/master.m3u8', { expiresIn: 3600 }));
});
`;

describe('the published package', () => {
  test('holds what is run and no source or test', () => {
    expect(files).toEqual(expect.arrayContaining(['dist/sign/index.js', 'dist/sign/index.d.ts', 'dist/cli/main.js']));
    expect(files).toEqual(expect.arrayContaining(['player-demo/dist/index.html', 'media/ladders/h264.json']));
    expect(files.filter((file) => /(?<!\.d)\.tsx?$|\.test\.|^test\/|\.pem$/.test(file))).toEqual([]);
  });

  test.each(NODES)('signs from CommonJS on %s', (node) => {
    const { stdout, stderr } = runHere(node, 'signs.cjs', SIGNS);
    expect(stderr).toBe('');
    const [url = ''] = stdout.split('\n');
    const args = ['sign', url, '--explain', '--public-key', 'public.pem', '--key-pair-id', 'K2JCJMDEHXQW5F'];
    const bin = join(folder, 'node_modules/frontrow', 'src/cli/frontrow.js');
    expect(run(process.execPath, [bin, ...args], folder).stdout).toContain('Granted.');
  });

  test.each(NODES)('has a client that finds a server or says that none is there, on %s', (node) => {
    const source = `
import { Frontrow } from 'frontrow';
const frontrow = new Frontrow({ url: 'http://127.0.0.1:9', token: 't', retries: 0 });
await frontrow.get('/v1/assets').catch(({ name, code }) => console.log(name, code));
`;
    expect(runHere(node, 'client.mjs', source)).toEqual({
      status: 0,
      stdout: 'FrontrowError UNREACHABLE\n',
      stderr: '',
    });
  });

  test('brings a command that says its version', () => {
    const bin = join(folder, 'node_modules/frontrow', 'src/cli/frontrow.js');
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(run(process.execPath, [bin, '--version'], folder)).toEqual({
      status: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });

  test('has types that a strict consumer compiles with', () => {
    writeFileSync(
      join(folder, 'consumer.mts'),
      `
import { type Asset, Frontrow, FrontrowError } from 'frontrow';
import { SignError, Signer, type UrlTerms } from 'frontrow/sign';
const frontrow = new Frontrow({ url: 'https://control.example', token: 't' });
export async function ready(assetId: string): Promise<Asset | undefined> {
  try {
    return await frontrow.get('/v1/assets/{assetId}', { path: { assetId } });
  } catch (cause) {
    if (cause instanceof FrontrowError && cause.code === 'NOT_FOUND') return undefined;
    throw cause;
  }
}
// @ts-expect-error a path that does not exist
await frontrow.get('/v1/nothing');
const terms: UrlTerms = { expiresAt: new Date(0), ip: '203.0.113.0/24' };
export function link(url: string, privateKey: string): string {
  try {
    return new Signer({ keyPairId: 'K', privateKey }).signUrl(url, terms);
  } catch (cause) {
    if (cause instanceof SignError && cause.code === 'KEY_INVALID') return '';
    throw cause;
  }
}
// @ts-expect-error a term that does not exist
new Signer({ keyPairId: 'K', privateKey: '' }).signUrl('', { expires: 1 });
`,
    );
    const compilerOptions = { strict: true, module: 'nodenext', target: 'es2022', types: ['node'], noEmit: true };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...compilerOptions, preserveSymlinks: true }, files: ['consumer.mts'] }),
    );
    expect(run(join(MODULES, '.bin/tsc'), ['-p', folder], folder)).toMatchObject({ status: 0, stdout: '' });
  });
});

describe('the examples', () => {
  let server: TestServer;
  let assetId: string;
  let keyPairId: string;

  beforeAll(async () => {
    server = await TestServer.start();
    await placeClip(join(folder, 'film.mp4'));
    const frontrow = new Frontrow({ url: server.run.control, token: server.run.adminToken });
    const film = await openAsBlob(join(folder, 'film.mp4'));
    ({ assetId } = await frontrow.upload(film, { title: 'A film', policy: 'signed' }));
    const key = await frontrow.post('/v1/signing-keys', { body: { name: 'backend' } });
    keyPairId = key.keyPairId;
    writeFileSync(join(folder, 'backend.pem'), key.privateKeyPem ?? '');
    await server.until(assetId, ({ status }) => status === 'playable' || status === 'ready');
  }, 120_000);

  afterAll(() => server.stop());

  async function startExample(name: string, node: string) {
    copyFileSync(join(ROOT, 'docs/examples', name), join(folder, name));
    const env = {
      ...process.env,
      KEY_PAIR_ID: keyPairId,
      PRIVATE_KEY: join(folder, 'backend.pem'),
      EDGE: server.run.edge,
      PORT: '0',
    };
    const child = spawn(node, [join(folder, name)], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = await once(child.stdout, 'data');
    return { url: String(said).trim(), stop: () => child.kill() };
  }

  /** The statuses of a film's playlists and of a segment, as a player asks for them. */
  async function play(url: string, headers: Record<string, string> = {}): Promise<number[]> {
    const statuses: number[] = [];
    let next = url;
    for (;;) {
      const response = await fetch(next, { headers });
      statuses.push(response.status);
      const text = await response.text();
      const [line] = text.split('\n').filter((each) => each !== '' && !each.startsWith('#'));
      if (!response.ok || !text.startsWith('#EXTM3U') || line === undefined) return statuses;
      next = new URL(line, next).href;
    }
  }

  test.each(
    NODES.flatMap((node) => ['plain-node.js', 'express.js', 'fastify.js'].map((name) => [name, node] as const)),
  )('%s on %s lets who is logged in play a signed film', async (name, node) => {
    const example = await startExample(name, node);
    try {
      expect((await fetch(`${example.url}/films/${assetId}`)).status).toBe(401);
      const login = await fetch(`${example.url}/login?user=ada`, { method: 'POST' });
      const session = login.headers
        .getSetCookie()
        .map((each) => each.split(';')[0])
        .join('; ');
      const answer = await fetch(`${example.url}/films/${assetId}`, { headers: { cookie: session } });
      const { user, url, playlist } = (await answer.json()) as Record<'user' | 'url' | 'playlist', string>;
      expect(user).toBe('ada');
      expect(await play(playlist)).toEqual([403]);
      expect(await play(url)).toEqual([200, 200, 200]);
      const set = answer.headers.getSetCookie();
      expect(set.every((each) => each.includes(`Path=/assets/${assetId}/`))).toBe(true);
      const cookie = set.map((each) => each.split(';')[0]).join('; ');
      expect(await play(playlist, { cookie })).toEqual([200, 200, 200]);
    } finally {
      example.stop();
    }
  });
});
