import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { generateClip } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { PostgresServer } from '../harness/postgres.ts';
import { freshBucket } from '../harness/s3-bucket.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const LAUNCHER = fileURLToPath(new URL('../../src/cli/frontrow.js', import.meta.url));
const COMPOSE = fileURLToPath(new URL('../../docker-compose.yml', import.meta.url));

interface Service {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly build?: object;
}

interface Member {
  readonly process: ChildProcess;
  readonly said: string[];
}

let folder: string;
let postgres: PostgresServer;
const fleet = new Map<string, Member>();

beforeEach(async () => {
  folder = await freshFolder();
  postgres = await PostgresServer.start();
});

afterEach(async () => {
  for (const { process } of [...fleet.values()].toReversed()) {
    if (process.exitCode !== null || process.signalCode !== null) continue;
    process.kill('SIGTERM');
    await once(process, 'exit');
  }
  fleet.clear();
  await postgres.remove();
  await rm(folder, { recursive: true, force: true });
});

test('the fleet of docker-compose.yml, as plain processes, plays an upload through both edges, without one worker too', async () => {
  const { access, bucket, environment } = await freshBucket();
  const ports = { control: await freePort(), origin: await freePort() };
  const here = {
    ...environment,
    FRONTROW_HOST: '127.0.0.1',
    FRONTROW_DATABASE_URL: postgres.url(),
    FRONTROW_STORAGE: `s3://${bucket}/media?endpoint=${access.endpoint}&region=us-east-1&pathStyle=true`,
    FRONTROW_ORIGIN_URL: `http://127.0.0.1:${ports.origin}`,
    FRONTROW_CONTROL_URL: `http://127.0.0.1:${ports.control}`,
    FRONTROW_PORT: `${ports.control}`,
    FRONTROW_ORIGIN_PORT: `${ports.origin}`,
    FRONTROW_EDGE_PORT: '0',
    FRONTROW_LEASE_MS: '2000',
    FRONTROW_CHUNK_SEGMENTS: '1',
  };
  const { services } = parse(await readFile(COMPOSE, 'utf8'), { merge: true }) as {
    services: Readonly<Record<string, Service>>;
  };
  const ours = Object.entries(services).filter(([, { build }]) => build !== undefined);
  const start = ([name, { command, environment: given }]: [string, Service]) =>
    takeIn(name, command, asHere(given, here, name));
  const [control, ...others] = ours;
  if (control) await start(control);
  await Promise.all(others.map(start));
  const run = JSON.parse(await readFile(join(folder, 'control', 'run.json'), 'utf8')) as { adminToken: string };
  const api = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${ports.control}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${run.adminToken}`, ...init.headers },
    });

  const clip = join(folder, 'clip.mp4');
  await generateClip(clip, { seconds: 24, size: '426x240', rate: '24' });
  const made = await api('/v1/assets?filename=film.mp4&policy=public', {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: new Uint8Array(await readFile(clip)),
  });
  const { assetId } = (await made.json()) as { assetId: string };
  const asset = async () => (await (await api(`/v1/assets/${assetId}`)).json()) as Asset;
  await expect.poll(async () => (await asset()).progress.segmentsDone, { timeout: 120_000 }).toBeGreaterThan(2);
  fleet.get('worker-1')?.process.kill('SIGKILL');
  await expect.poll(async () => (await asset()).status, { timeout: 120_000 }).toBe('ready');

  for (const edge of ['edge-1', 'edge-2']) {
    const base = /http:\/\/\S+:\d+/.exec(fleet.get(edge)?.said.join('') ?? '')?.[0];
    const segments = await segmentsOf(`${base}/assets/${assetId}/master.m3u8`);
    expect([edge, segments.length]).toEqual([edge, (await asset()).progress.segmentsTotal]);
    for (const segment of segments) expect([segment, (await fetch(segment)).status]).toEqual([segment, 200]);
  }
});

interface Asset {
  readonly status: string;
  readonly progress: { readonly segmentsDone: number; readonly segmentsTotal: number };
}

/** A service's own settings, with the addresses that they have on this machine. */
function asHere(
  given: Readonly<Record<string, string>>,
  here: Readonly<Record<string, string>>,
  name: string,
): Record<string, string> {
  const known = Object.keys(given).map((variable) => [variable, here[variable] ?? filled(given[variable] ?? '')]);
  const { FRONTROW_PORT = '', FRONTROW_ORIGIN_PORT = '', FRONTROW_EDGE_PORT = '' } = here;
  return {
    ...Object.fromEntries(known),
    // Of live nodes too, which have no control on this machine's one address.
    FRONTROW_PORT: name === 'control' ? FRONTROW_PORT : '0',
    FRONTROW_ORIGIN_PORT,
    FRONTROW_EDGE_PORT,
    FRONTROW_LEASE_MS: here.FRONTROW_LEASE_MS ?? '',
    FRONTROW_CHUNK_SEGMENTS: here.FRONTROW_CHUNK_SEGMENTS ?? '',
    FRONTROW_DATA: join(folder, name),
    FRONTROW_LOG_LEVEL: 'warn',
  };
}

function filled(value: string): string {
  return value.replaceAll(/\$\{\w+:-([^}]*)\}/g, (_, otherwise) => otherwise);
}

/** Starts a member of the fleet; resolves when it says that it is ready. */
async function takeIn(name: string, command: readonly string[], environment: Record<string, string>): Promise<void> {
  const member = spawn(process.execPath, [LAUNCHER, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const said: string[] = [];
  fleet.set(name, { process: member, said });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const hear = (text: unknown) => {
    said.push(String(text));
    if (/is ready/.test(said.join(''))) resolve();
  };
  member.stdout.on('data', hear);
  member.stderr.on('data', hear);
  member.once('exit', (code) => reject(new Error(`${name} ended with ${code}:\n${said.join('')}`)));
  await promise;
}

/** A port that was free a moment ago: members of a fleet must know one another's before they start. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

async function segmentsOf(master: string): Promise<string[]> {
  const answer = await fetch(master);
  expect(answer.status).toBe(200);
  const text = await answer.text();
  const listed = uris(text.replaceAll(/^#EXT-X-I-FRAME-STREAM-INF.*$/gm, ''));
  const media = [...text.matchAll(/^#EXT-X-MEDIA:.*URI="([^"]+)"/gm)].map(([, uri = '']) => uri);
  const found = new Set<string>();
  for (const rendition of new Set([...listed, ...media])) {
    const url = new URL(rendition, master);
    for (const segment of uris(await (await fetch(url)).text())) found.add(new URL(segment, url).href);
  }
  return [...found];
}

function uris(playlist: string): string[] {
  return playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
