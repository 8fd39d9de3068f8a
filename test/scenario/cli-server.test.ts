import { once } from 'node:events';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { placeClip } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { frontrow, RunningCommand } from '../harness/frontrow.ts';
import { TestServer } from '../harness/server.ts';

/** The commands against a real server. */
let server: TestServer;
let folder: string;
let clip: string;

beforeAll(async () => {
  folder = await freshFolder();
  clip = join(folder, 'a film.mp4');
  await placeClip(clip);
  server = await TestServer.start();
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** One command by `run.json`, its JSON answer. */
async function ask(...args: string[]) {
  const ended = await frontrow([...args, '--data', server.folder, '--json'], {
    environment: { XDG_CACHE_HOME: folder },
  });
  expect(ended).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(ended.stdout);
}

async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(url, { headers });
  await response.body?.cancel();
  return response.status;
}

test('an invalidation is waited for until the edge of this server has it', async () => {
  const answer = await ask('invalidate', 'default', '/assets/*', '--tag', 'news');
  expect(answer).toMatchObject({ status: 'Completed', paths: ['/assets/*', '#news'] });
});

describe('a film by the command line', () => {
  let assetId: string;
  let playbackUrl: string;

  test('is uploaded and playable', { timeout: 120_000 }, async () => {
    const answer = await ask('upload', clip, '--policy', 'signed', '--title', 'A film', '--wait', 'playable');
    expect(answer).toEqual({
      assetId: expect.stringMatching(/^as_/),
      status: expect.stringMatching(/playable|ready/),
      playbackUrl: expect.any(String),
    });
    ({ assetId, playbackUrl } = answer);
    expect(await statusOf(playbackUrl)).toBe(403);
  });

  test('plays under a URL, cookies and a token that the server signs', async () => {
    const { url } = await ask('sign', playbackUrl);
    const { cookies } = await ask('sign', assetId, '--cookies');
    const { tokenUrl, pathUrl } = await ask('sign', assetId, '--token');
    const cookie = Object.entries(cookies)
      .map((pair) => pair.join('='))
      .join('; ');
    const statuses = [statusOf(url), statusOf(playbackUrl, { cookie }), statusOf(tokenUrl), statusOf(pathUrl)];
    expect(await Promise.all(statuses)).toEqual([200, 200, 200, 200]);
  });

  test('is explained by the keys of the server', async () => {
    const { url } = await ask('sign', playbackUrl);
    expect(await ask('sign', url, '--explain')).toMatchObject({ granted: true });
    expect(await ask('sign', url.replace('master', 'other'), '--explain')).toMatchObject({
      granted: false,
      code: 'AccessDenied',
    });
  });

  test('is listed, shown, opened to everybody and deleted', async () => {
    expect((await ask('asset', 'list')).items).toMatchObject([{ assetId, title: 'A film', policy: 'signed' }]);
    expect(await ask('asset', 'show', assetId)).toMatchObject({ assetId });
    expect(await ask('asset', 'policy', assetId, 'public')).toMatchObject({ policy: 'public' });
    expect(await ask('asset', 'delete', assetId)).toEqual({ assetId, deleted: true });
    const gone = await frontrow(['asset', 'show', assetId, '--data', server.folder]);
    expect(gone).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('(NOT_FOUND)') });
  });
});

describe('keys', () => {
  test('a key is made, kept in a file of its owner’s, listed, and revoked', async () => {
    const out = join(folder, 'key.pem');
    const { keyPairId, privateKeyPem } = await ask('key', 'create', '--name', 'backend', '--out', out);
    expect(readFileSync(out, 'utf8')).toBe(privateKeyPem);
    const listed = async () =>
      (await ask('key', 'list')).items.find((key: { keyPairId: string }) => key.keyPairId === keyPairId);
    expect(await listed()).toMatchObject({ name: 'backend', algorithm: 'RSA', owner: 'user' });
    expect(await listed()).not.toHaveProperty('privateKeyPem');
    await ask('key', 'revoke', keyPairId);
    expect(await listed()).toHaveProperty('revokedAt');
  });

  test('a URL of a revoked key is explained as one of an unknown key', async () => {
    const out = join(folder, 'short.pem');
    const { keyPairId } = await ask('key', 'create', '--algorithm', 'ECDSA', '--out', out);
    const { url } = await ask('sign', 'http://h/a.mp4', '--key-pair-id', keyPairId, '--private-key', out);
    expect(await ask('sign', url, '--explain')).toMatchObject({ granted: true });
    await ask('key', 'revoke', keyPairId);
    expect(await ask('sign', url, '--explain')).toMatchObject({ granted: false, code: 'InvalidKey' });
  });

  test('a private key is never written over a file that is there', async () => {
    const out = join(folder, 'precious.pem');
    writeFileSync(out, 'precious');
    const ended = await frontrow(['key', 'create', '--out', out, '--data', server.folder]);
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('BEGIN PRIVATE KEY') });
    expect(readFileSync(out, 'utf8')).toBe('precious');
  });
});

describe('who may do what', () => {
  test('a token is made with its scopes, does no more, is listed and revoked', async () => {
    const { tokenId, token } = await ask('token', 'create', 'ci', '--scope', 'assets:read', '--expires', '2h');
    const by = ['--api', server.run.control ?? '', '--token', token];
    expect(await frontrow(['asset', 'list', ...by])).toMatchObject({ status: 0 });
    expect((await frontrow(['key', 'list', ...by])).stderr).toContain('SCOPE_MISSING');
    const { items } = await ask('token', 'list');
    expect(items).toEqual([expect.objectContaining({ tokenId, name: 'ci', scopes: ['assets:read'], madeBy: {} })]);
    await ask('token', 'revoke', tokenId);
    expect((await frontrow(['asset', 'list', ...by])).stderr).toContain('TOKEN_INVALID');
    expect(await frontrow(['token', 'create', 'ci', '--data', server.folder])).toMatchObject({ status: 2 });
  });

  test('a user is added, signed in once by a link, disabled, and all of it is in the audit log', async () => {
    const { userId } = await ask('user', 'add', 'Ada', '--role', 'editor', '--email', 'ada@example.org');
    const { signInUrl } = await ask('user', 'link', userId);
    const open = () =>
      fetch(`${server.run.control}/v1/sessions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ signInToken: signInUrl.split('/').at(-1) }),
      });
    const { token } = (await (await open()).json()) as { token: string };
    expect((await open()).status).toBe(401);
    const authorization = `Bearer ${token}`;
    expect(await statusOf(`${server.run.control}/v1/assets`, { authorization })).toBe(200);
    expect(await ask('user', 'disable', userId)).toMatchObject({ enabled: false });
    expect(await statusOf(`${server.run.control}/v1/assets`, { authorization })).toBe(401);
    const listed = async () => (await ask('user', 'list')).items.map(({ name }: { name: string }) => name);
    expect(await listed()).toEqual(['Administrator', 'Ada']);
    const { items } = await ask('audit', '--resource', `users/${userId}`);
    const operations = items.map(({ operation }: { operation: string }) => operation);
    expect(operations).toEqual(['editUser', 'createSignInLink', 'createUser']);
    expect((await ask('audit', '--actor', userId)).items).toMatchObject([{ operation: 'openSession' }]);
    await ask('user', 'delete', userId);
    expect(await listed()).toEqual(['Administrator']);
  });

  test('the link that a start prints signs in once', async () => {
    const link = await server.signInUrl();
    const open = (url: string) =>
      fetch(`${server.run.control}/v1/sessions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ signInToken: url.split('/').at(-1) }),
      });
    expect([(await open(link)).status, (await open(link)).status]).toEqual([201, 401]);
  });
});

describe('an upload that cannot be', () => {
  const upload = (...args: string[]) => frontrow(['upload', ...args], { environment: { XDG_CACHE_HOME: folder } });

  test.each([
    ['a file that is not there', () => [join(folder, 'none.mp4'), '--data', server.folder], 'FILE_UNREADABLE'],
    ['a folder', () => [folder, '--data', server.folder], 'FILE_UNREADABLE'],
    ['a token of another server', () => [clip, '--api', server.run.control, '--token', 'x.y.z'], 'TOKEN_INVALID'],
    ['a server that is gone', () => [clip, '--api', 'http://127.0.0.1:1', '--token', 't'], 'SERVER_UNREACHABLE'],
  ])('%s', async (_, args, code) => {
    expect(await upload(...args())).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining(`(${code})`),
    });
  });

  test('a text posing as a film is an error with the asset’s own code', async () => {
    const text = join(folder, 'film.mp4');
    writeFileSync(text, 'this is no film\n'.repeat(1_000));
    const ended = await upload(text, '--wait', 'playable', '--data', server.folder);
    expect(ended).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/\(SOURCE_\w+\)\n$/) });
  });
});

test('a killed upload goes on where it stopped when the command is run again', { timeout: 120_000 }, async () => {
  const film = join(folder, 'long.mp4');
  await placeClip(film);
  // The clip's own bytes and then nothing: large enough to be cut in the middle.
  truncateSync(film, 24_000_000);
  const road = await Road.open(Number(new URL(server.run.control).port));
  try {
    const environment = { XDG_CACHE_HOME: folder };
    const args = ['upload', film, '--api', road.url, '--token', server.run.adminToken];
    road.cutAfterBytes = 12_000_000;
    const first = new RunningCommand(args, { environment });
    await road.cut;
    first.process.kill('SIGKILL');
    await first.ended();
    const carriedBytes = road.carriedBytes;
    road.cutAfterBytes = Number.POSITIVE_INFINITY;
    const second = await frontrow(args, { environment });
    expect(second).toMatchObject({ status: 0, stderr: 'Going on with an earlier upload of this file.\n' });
    expect(road.carriedBytes - carriedBytes).toBeLessThan(24_000_000 - 6_000_000);
  } finally {
    await road.close();
  }
});

/** A road to a server that breaks under so many bytes and stays broken until it is told otherwise. */
class Road {
  cutAfterBytes = Number.POSITIVE_INFINITY;
  carriedBytes = 0;
  /** Resolves when the road has broken. */
  readonly cut: Promise<void>;
  #broken: () => void;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.cut = promise;
    this.#broken = resolve;
    this.#server = createServer((near) => this.#carry(near, connect(port, '127.0.0.1')));
  }

  static async open(port: number): Promise<Road> {
    const road = new Road(port);
    road.#server.listen(0, '127.0.0.1');
    await once(road.#server, 'listening');
    return road;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #carry(near: Socket, far: Socket): void {
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      this.#sockets.add(socket.on('error', end).on('close', end));
    }
    if (this.carriedBytes >= this.cutAfterBytes) end();
    near.on('data', (bytes) => {
      this.carriedBytes += bytes.length;
      if (this.carriedBytes < this.cutAfterBytes) return;
      this.#broken();
      end();
    });
    near.pipe(far).pipe(near);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

describe('serve', () => {
  test('with --json says where it is in one document, and leaves nothing behind at SIGTERM', async () => {
    const data = await freshFolder();
    const args = ['serve', '--data', data, '--port', '0', '--edge-port', '0', '--origin-port', '0', '--json'];
    const command = new RunningCommand(args, { environment: { FRONTROW_LOG_LEVEL: 'silent' } });
    try {
      const [first] = await once(command.process.stdout ?? command.process, 'data');
      expect(await statusOf(`${JSON.parse(String(first)).control}/health/ready`)).toBe(200);
      command.process.kill('SIGTERM');
      const { status, stdout } = await command.ended();
      expect(status).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ pid: command.process.pid, edge: expect.stringMatching(/^http/) });
      expect(() => readFileSync(join(data, 'run.json'))).toThrow('ENOENT');
    } finally {
      command.process.kill('SIGKILL');
      rmSync(data, { recursive: true, force: true });
    }
  });

  test('says which port it cannot have', async () => {
    const data = await freshFolder();
    const { port } = new URL(server.run.control);
    const ended = await frontrow(['serve', '--data', data, '--port', port, '--edge-port', '0', '--origin-port', '0']);
    rmSync(data, { recursive: true, force: true });
    expect(ended).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('(ADDRESS_UNAVAILABLE)') });
    expect(ended.stderr).toContain(`Port ${port} of 127.0.0.1`);
  });

  test('refuses a data folder that another server runs on', async () => {
    const ended = await frontrow([
      'serve',
      '--data',
      server.folder,
      '--port',
      '0',
      '--edge-port',
      '0',
      '--origin-port',
      '0',
    ]);
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining('already runs') });
  });
});
