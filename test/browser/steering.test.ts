import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { generateClip } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { TestServer } from '../harness/server.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const LAUNCHER = fileURLToPath(new URL('../../src/cli/frontrow.js', import.meta.url));
const SECRET = 'a secret that this fleet shares';
/** Edges that differ in their host alone, as those of a fleet do. */
const HOSTS = ['127.0.0.2', '127.0.0.3'] as const;
type Host = (typeof HOSTS)[number];

/** So little is buffered that an edge's death must be answered at once: players keep half a minute and more. */
const BUFFER_SECONDS = 8;
/** Silence shows after a limit: in the demo player ten seconds, of the thirty and more that it has buffered. */
const SILENCE = { bufferSeconds: 11, firstByteMs: 3_000 };
const FILM_SECONDS = 75;

/** What the player page lays open, and what this test notes there. */
interface PlayerWindow {
  readonly __frontrowPlayer?: {
    readonly hls: {
      readonly config: {
        maxBufferLength: number;
        maxMaxBufferLength: number;
        readonly fragLoadPolicy: { readonly default: { maxTimeToFirstByteMs: number } };
      };
    };
    readonly video: {
      readonly currentTime: number;
      muted: boolean;
      play(): Promise<void>;
      addEventListener(event: string, listener: () => void): void;
    };
  };
  stalls?: number;
}

let folder: string;
let port: number;
let server: TestServer;
let browser: Browser;
let path: string;
const edges = new Map<Host, ChildProcess>();

beforeAll(async () => {
  folder = await freshFolder();
  port = await freePort();
  server = await TestServer.start({
    roles: 'control,origin,worker',
    environment: { FRONTROW_EDGE_SECRET: SECRET, FRONTROW_EDGE_URL: urlOf(HOSTS[0]) },
  });
  browser = await launchBrowser();
  await Promise.all(HOSTS.map(startEdge));
  const clip = join(folder, 'clip.mp4');
  await generateClip(clip, { seconds: FILM_SECONDS, size: '640x360', rate: '24' });
  const { assetId } = await server.uploadFile(clip, 'film.mp4');
  await server.api('PATCH', `/v1/assets/${assetId}`, { policy: 'signed' });
  await server.until(assetId, ({ status }) => status === 'ready');
  const grant = await server.api('POST', '/v1/playback-grants', { assetId, expiresInSeconds: 3_600 });
  path = new URL(((await grant.json()) as { pathUrl: string }).pathUrl).pathname;
});
afterAll(async () => {
  await browser?.close();
  for (const edge of edges.values()) edge.kill('SIGKILL');
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a film goes on at another edge without a stall when the one in use is killed', async () => {
  await untilConnected(2);
  const first = await routed();
  const viewing = await Viewing.start(`${server.run.control}/r${path}`);
  await viewing.until(BUFFER_SECONDS);
  expect(viewing.hosts()).toEqual([first]);

  edges.get(first)?.kill('SIGKILL');
  await viewing.until(BUFFER_SECONDS * 4);
  expect(viewing.hosts()).toEqual([first, other(first)]);
  expect(await viewing.stalls()).toBe(0);
  await viewing.end();
});

test('whoever starts then is led to the edge that is left', async () => {
  const dead = HOSTS.find((host) => edges.get(host)?.signalCode !== null) ?? HOSTS[0];
  await expect.poll(routed, { timeout: 30_000 }).toBe(other(dead));
  const viewing = await Viewing.start(`${server.run.control}/r${path}`);
  await viewing.until(2);
  expect(viewing.hosts()).toEqual([other(dead)]);
  await viewing.end();
});

test('an edge that is drained is left when the player asks next', async () => {
  await Promise.all(HOSTS.filter((host) => edges.get(host)?.signalCode !== null).map(startEdge));
  await untilConnected(2);
  const first = await routed();
  const viewing = await Viewing.start(`${server.run.control}/r${path}`);
  await viewing.until(2);
  expect(viewing.hosts()).toEqual([first]);

  const drainedAt = performance.now();
  const { edgeId } = (await edgeList()).find(({ url }) => url === urlOf(first)) ?? { edgeId: '' };
  expect((await server.api('PATCH', `/v1/edges/${edgeId}`, { draining: true })).status).toBe(200);
  await expect.poll(() => viewing.hosts().includes(other(first)), { timeout: 40_000 }).toBe(true);
  expect(performance.now() - drainedAt).toBeLessThan(25_000);
  expect(await viewing.stalls()).toBe(0);
  await viewing.end();
  expect((await server.api('PATCH', `/v1/edges/${edgeId}`, { draining: false })).status).toBe(200);
});

test('an edge that falls silent is left before what is buffered has been played', async () => {
  await untilConnected(2);
  const first = await routed();
  const viewing = await Viewing.start(`${server.run.control}/r${path}`, SILENCE);
  await viewing.until(4);
  edges.get(first)?.kill('SIGSTOP');
  await viewing.until(4 + SILENCE.bufferSeconds * 1.5);
  expect(viewing.hosts()).toEqual([first, other(first)]);
  expect(await viewing.stalls()).toBe(0);
  await viewing.end();
});

/** A film in a page of its own, and where its media came from. */
class Viewing {
  readonly #page: Page;
  readonly #media = new Set<string>();

  private constructor(page: Page) {
    this.#page = page;
    page.on('response', (response) => {
      const { hostname, pathname } = new URL(response.url());
      if (pathname.endsWith('.m4s') && response.ok()) this.#media.add(hostname);
    });
  }

  static async start(url: string, limits: Partial<typeof SILENCE> = {}): Promise<Viewing> {
    const page = await (await browser.newContext()).newPage();
    const viewing = new Viewing(page);
    await page.goto(`${server.run.control}/#/play?url=${encodeURIComponent(url)}`);
    await page.waitForFunction(() => (globalThis as unknown as PlayerWindow).__frontrowPlayer !== undefined);
    const { bufferSeconds = BUFFER_SECONDS, firstByteMs = 10_000 } = limits;
    await page.evaluate(
      ({ bufferSeconds: seconds, firstByteMs: limitMs }) => {
        const { hls, video } = (globalThis as unknown as Required<PlayerWindow>).__frontrowPlayer;
        hls.config.maxBufferLength = seconds;
        hls.config.maxMaxBufferLength = seconds;
        hls.config.fragLoadPolicy.default.maxTimeToFirstByteMs = limitMs;
        video.muted = true;
        return video.play();
      },
      { bufferSeconds, firstByteMs },
    );
    await viewing.until(0.5);
    await page.evaluate(() => {
      const seen = globalThis as unknown as Required<PlayerWindow>;
      seen.stalls = 0;
      seen.__frontrowPlayer.video.addEventListener('waiting', () => {
        seen.stalls += 1;
      });
    });
    return viewing;
  }

  /** Waits until the picture has moved on to `seconds`. */
  async until(seconds: number): Promise<void> {
    const timeout = (seconds + 30) * 1_000;
    const at = () =>
      this.#page.evaluate(() => (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video.currentTime);
    await expect.poll(at, { timeout }).toBeGreaterThan(seconds);
  }

  /** Hosts that media came from, in the order of the first. */
  hosts(): string[] {
    return [...this.#media];
  }

  /** How often the picture stood since it began. */
  stalls(): Promise<number> {
    return this.#page.evaluate(() => (globalThis as unknown as PlayerWindow).stalls ?? Number.NaN);
  }

  end(): Promise<void> {
    return this.#page.context().close();
  }
}

interface ListedEdge {
  readonly edgeId: string;
  readonly state: string;
  readonly url?: string;
}

async function edgeList(): Promise<readonly ListedEdge[]> {
  return ((await (await server.api('GET', '/v1/edges')).json()) as { items: readonly ListedEdge[] }).items;
}

async function untilConnected(count: number): Promise<void> {
  const connected = async () => (await edgeList()).filter(({ state }) => state === 'connected').length;
  await expect.poll(connected, { timeout: 30_000 }).toBe(count);
  // Edges hear of each other by the same feed.
  const steered = async () => (await (await fetch(urlOf(HOSTS[0]) + path)).text()).includes('CONTENT-STEERING');
  await expect.poll(steered, { timeout: 30_000 }).toBe(true);
}

/** Where the router leads to now. */
async function routed(): Promise<Host> {
  const answer = await fetch(`${server.run.control}/v1/route`);
  const { hostname } = new URL(((await answer.json()) as { url: string }).url);
  return HOSTS.find((host) => host === hostname) ?? HOSTS[0];
}

function other(host: Host): Host {
  return HOSTS.find((each) => each !== host) ?? HOSTS[0];
}

function urlOf(host: Host): string {
  return `http://${host}:${port}`;
}

/** On the addresses of all edges, as far as one test machine's are free alike. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, HOSTS[0]);
  await once(probe, 'listening');
  const { port: free } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return free;
}

async function startEdge(host: Host): Promise<void> {
  const { origin, control } = server.run;
  const places = ['--origin', origin, '--control', control, '--port', `${port}`, '--data', join(folder, host)];
  const edge = spawn(process.execPath, [LAUNCHER, 'edge', ...places], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, FRONTROW_EDGE_SECRET: SECRET, FRONTROW_HOST: host, FRONTROW_LOG_LEVEL: 'error' },
  });
  edges.set(host, edge);
  // It says so when it is ready.
  if (edge.stdout) await once(edge.stdout, 'data');
}
