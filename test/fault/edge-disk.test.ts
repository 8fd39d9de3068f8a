import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askPlace } from '../../src/config/edge-operator.ts';
import { Segment } from '../../src/edge/cache/disk/segment.ts';
import { chanceFrom } from '../bench/eviction/traces.ts';
import { EdgeScenario, HandClock } from '../harness/edge-scenario.ts';
import { RunningCommand } from '../harness/frontrow.ts';
import { RecordingLog } from '../harness/recording-log.ts';
import { SmallDisk } from '../harness/small-disk.ts';

const MEBIBYTE = 1_048_576;
const OBJECTS = 60;
const ROUNDS = 4;

/** An origin whose objects can be told from one another, and their versions too, by every part of them. */
class VersionedOrigin {
  readonly versions = new Map<string, number>();
  readonly #server: Server;
  fetches = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      const target = request.url ?? '';
      if (request.method === 'DELETE') {
        this.versions.set(target, this.versionOf(target) + 1);
        response.end();
        return;
      }
      this.fetches += 1;
      response.setHeader('Cache-Control', 'max-age=86400').end(this.bodyOf(target));
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  versionOf(target: string): number {
    return this.versions.get(target) ?? 0;
  }

  bodyOf(target: string): Buffer {
    const number = Number(/\d+/.exec(target)?.[0]);
    const word = `${target} in version ${this.versionOf(target)}; `;
    return Buffer.alloc(1_000 + ((number * 7_919) % 400_000), word);
  }
}

describe('an edge that is killed', () => {
  let folder: string;
  let origin: VersionedOrigin;
  let edge: RunningCommand | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frontrow-edge-kill-'));
    origin = new VersionedOrigin();
  });

  afterEach(async () => {
    edge?.process.kill('SIGKILL');
    await edge?.ended();
    origin.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function startEdge(originUrl: string): Promise<string> {
    const started = new RunningCommand(['edge', '--origin', originUrl, '--port', '0', '--data', folder, '--json'], {
      environment: {
        FRONTROW_EDGE_DISK_BYTES: String(64 * MEBIBYTE),
        FRONTROW_CACHE_BYTES: String(4 * MEBIBYTE),
        FRONTROW_EDGE_TLS_PORT: '0',
        FRONTROW_LOG_LEVEL: 'error',
      },
    });
    edge = started;
    const [text] = (await once(started.process.stdout ?? expect.fail(), 'data')) as [Buffer];
    return (JSON.parse(String(text)) as { edge: string }).edge;
  }

  /** Asks for random objects until the edge is gone; what comes whole must be what the origin has. */
  async function watch(url: string, chance: () => number, onWhole: (target: string) => void): Promise<void> {
    for (;;) {
      const target = `/${Math.floor(chance() * OBJECTS)}.bin`;
      const answer = await fetch(url + target).catch(() => undefined);
      const body = await answer?.arrayBuffer().catch(() => undefined);
      if (!body) return;
      expect(Buffer.from(body).equals(origin.bodyOf(target)), target).toBe(true);
      onWhole(target);
    }
  }

  test('serves after kill -9 at any moment nothing but what the origin had, and keeps most of what it had stored', async () => {
    const originUrl = await origin.start();
    const chance = chanceFrom(11);
    const stored = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const url = await startEdge(originUrl);
      // What was stored in a round before is changed, and must never be seen again.
      for (const target of [...stored].filter(() => chance() < 0.1)) {
        expect((await fetch(url + target, { method: 'DELETE' })).status).toBe(200);
      }
      // In the middle of what the other viewers are getting, and of what is being written.
      let left = 20 + Math.floor(chance() * 60);
      const onWhole = (target: string) => {
        stored.add(target);
        left -= 1;
        if (left === 0) edge?.process.kill('SIGKILL');
      };
      await Promise.all(Array.from({ length: 6 }, () => watch(url, chance, onWhole)));
      await edge?.ended();
    }
    const url = await startEdge(originUrl);
    const before = origin.fetches;
    for (const target of stored) {
      const body = Buffer.from(await (await fetch(url + target)).arrayBuffer());
      expect(body.equals(origin.bodyOf(target)), target).toBe(true);
    }
    expect(stored.size).toBeGreaterThan(OBJECTS / 2);
    expect(origin.fetches - before).toBeLessThan(stored.size / 2);
  });

  test('does not serve after kill -9 what was invalidated a moment before, and keeps the rest', async () => {
    let url = await startEdge(await origin.start());
    const targets = Array.from({ length: 30 }, (_, at) => `/${at}.bin`);
    const get = async (target: string) => Buffer.from(await (await fetch(url + target)).arrayBuffer());
    for (const target of targets) await get(target);
    for (const [round, order] of [{ paths: ['/1.bin', '/2*'] }, { all: true }].entries()) {
      for (const target of ['/1.bin', '/2.bin', '/29.bin']) origin.versions.set(target, round + 1);
      const told = await askPlace({ name: 'edge', folder }, { method: 'POST', path: '/invalidations', body: order });
      edge?.process.kill('SIGKILL');
      expect(told[0]?.answer?.status).toBe(200);
      await edge?.ended();
      url = await startEdge(`http://127.0.0.1:${origin.port}`);
      const before = origin.fetches;
      for (const target of targets) expect((await get(target)).equals(origin.bodyOf(target)), target).toBe(true);
      // Of all objects only those which begin with 1.bin or 2, or all; but for what was not on disk yet in the first round.
      expect(origin.fetches - before).toBeGreaterThanOrEqual(round === 0 ? 12 : 30);
      expect(origin.fetches - before).toBeLessThan(round === 0 ? 20 : 31);
    }
  });
});

const noDisk = await SmallDisk.missing();

describe.skipIf(noDisk)(`an edge whose disk is full${noDisk ? ` (skipped: ${noDisk})` : ''}`, () => {
  let disk: SmallDisk;
  let s: EdgeScenario;
  let clock: HandClock;
  let log: RecordingLog;

  beforeEach(async () => {
    disk = await SmallDisk.mount('size=3m');
    clock = new HandClock();
    log = new RecordingLog();
    const settings = { edgeDiskBytes: 64 * MEBIBYTE, cacheBytes: MEBIBYTE };
    s = await new EdgeScenario({ clock, log, settings, dataDir: disk.folder }).start();
  });

  afterEach(async () => {
    await s.stop();
    await disk.unmount();
  });

  async function ask(from: number, to: number): Promise<void> {
    for (let at = from; at < to; at += 1) {
      const body = Buffer.alloc(100_000, `body ${at} `);
      s.origin.serve(`/${at}`, { headers: { 'Cache-Control': 'max-age=3600' }, body });
      expect((await s.get(`/${at}`)).body.equals(body)).toBe(true);
      await s.edge.written();
    }
  }

  const warnings = () => log.lines.filter(({ says }) => says.startsWith('the disk cache')).map(({ says }) => says);

  test('serves its viewers as ever, says so once, and writes again when there is room', async () => {
    await ask(0, 60);
    expect(warnings()).toEqual(['the disk cache cannot be written and rests']);
    expect(s.edge.tiers.disk?.dropped).toBeGreaterThan(20);
    const before = s.origin.count('/3');
    expect((await s.get('/3')).headers['cache-status']).toContain('detail=disk');
    expect(s.origin.count('/3')).toBe(before);
    // Still full at the next try.
    clock.advance(61);
    await ask(60, 65);
    expect(warnings()).toHaveLength(1);
    await disk.resize('size=40m');
    await ask(65, 66);
    // It rests, whatever there is room for.
    expect(warnings()).toHaveLength(1);
    clock.advance(61);
    await ask(66, 80);
    expect(warnings()).toEqual(['the disk cache cannot be written and rests', 'the disk cache is written again']);
    await s.restartEdge();
    const kept = await s.get('/79');
    expect([kept.headers['cache-status'], kept.body.equals(Buffer.alloc(100_000, 'body 79 '))]).toEqual([
      expect.stringContaining('detail=disk'),
      true,
    ]);
  });

  test('forgets what was deleted while nothing could be written', async () => {
    await ask(0, 60);
    s.origin.serve('/3', { body: 'done' });
    await s.get('/3', { method: 'DELETE' });
    await s.restartEdge();
    s.origin.serve('/3', { headers: { 'Cache-Control': 'max-age=3600' }, body: 'new' });
    expect((await s.get('/3')).body.toString()).toBe('new');
    expect((await s.get('/4')).headers['cache-status']).toContain('detail=disk');
  });
});

test.skipIf(noDisk)(
  'records that were written whole in a batch that failed are not there for the next start',
  async () => {
    const disk = await SmallDisk.mount('size=256k');
    try {
      const segment = await Segment.create<unknown>(disk.folder, 1);
      await segment.append([Buffer.alloc(1_000)], []);
      const bytes = segment.sizeBytes;
      await expect(segment.append([Buffer.alloc(64_000), Buffer.alloc(1_000_000)], [])).rejects.toThrow(
        /ENOSPC|nothing was written/,
      );
      expect([segment.sizeBytes, segment.isSpoilt]).toEqual([bytes, false]);
      expect((await Segment.reopen<unknown>(disk.folder, 1)).sizeBytes).toBe(bytes);
    } finally {
      await disk.unmount();
    }
  },
);
