import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LivePart } from '../../src/kernel/live/broadcast.ts';
import { livePartUri, livePlaylistUri } from '../../src/kernel/live/paths.ts';
import { FLEET_SECRET } from '../harness/edge-scenario.ts';
import { LiveOrigin, STREAM } from '../harness/live-origin.ts';
import { LiveSource, SOURCE_FORMAT } from '../harness/live-source.ts';
import { NO_NEWS, STREAM as PACKAGED_STREAM, PackagedLive } from '../harness/packaged-live.ts';
import type { Arrivals } from './arrivals.ts';
import { BenchChild } from './bench-child.ts';
import { cpuMicros } from './cpu.ts';
import { type Delays, delaysOf } from './delays.ts';
import { placeCertificate, startEdge } from './frontrow-edge.ts';
import { FEED_PATH, makeSigner, tellEdges, urlOf } from './hot.ts';
import type { Table } from './measure.ts';
import { residentBytes } from './memory.ts';
import { startNginx } from './nginx.ts';
import type { Peer } from './peer.ts';

const SERVER_CORE = 0;
const LOAD_CORE = 1;
const HEAD = [
  ...['server', 'origin requests a state', 'and a part', 'playlist p50', 'p99', 'last viewer p50', 'p99'],
  ...['part p50', 'p99', 'last viewer p50', 'p99', 'memory a viewer', 'processor'],
];
const RENDITION = '180p';
const VIEWERS = 1_000;
const SECONDS = 20;
const HELD = 3_000;
/** In which all of them have asked, and before any is answered. */
const SETTLING_MS = 6_000;
/** Some 480 kbit/s: what is measured is waiting and telling, and not how much goes through the loopback. */
const PART_BYTES = 20_000;
const PART_SECONDS = 1 / 3;

/** A thousand viewers of one low-latency broadcast, a tenth of them slow, beside nginx with proxy_cache_lock. */
export async function benchLiveViewers(): Promise<Table[]> {
  return [await benchWatching(), await benchPackaged(), await benchHeld()];
}

async function benchWatching(): Promise<Table> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  const live = new LiveOrigin({ partBytes: PART_BYTES, partSeconds: PART_SECONDS });
  const origin = await startOrigin(live);
  const originUrl = urlOf(origin);
  const publishing = setInterval(() => live.publish(), PART_SECONDS * 1000);
  const peers: Peer[] = [];
  try {
    peers.push(await startEdge({ folder, originUrl, controlUrl: originUrl, core: SERVER_CORE }));
    peers.push(await startNginx(folder, originUrl, SERVER_CORE));
    const rows: string[][] = [];
    for (const peer of peers) {
      process.stderr.write(`live-viewers: ${peer.name}\n`);
      rows.push(rowOf(peer.name, await measure(peer, { live, playlist: LiveOrigin.playlistPath(), coding: 'gzip' })));
    }
    const title = `${VIEWERS} viewers of one broadcast, a tenth of them slow, parts of ${PART_BYTES / 1000} KB every 333 ms; delays from publishing`;
    return { title, head: HEAD, rows };
  } finally {
    clearInterval(publishing);
    for (const peer of peers) await peer.stop();
    origin.closeAllConnections();
    origin.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What one costs who waits for the next state, over what he costs while he asks for nothing. */
async function benchHeld(): Promise<Table> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  // Nothing is published, and the origin is waited for as long as may be.
  const origin = await startOrigin(new LiveOrigin({ partSeconds: 6 }));
  const originUrl = urlOf(origin);
  const { folder: certificates } = await placeCertificate(folder);
  try {
    const rows: string[][] = [];
    for (const kind of ['HTTP/1.1', 'HTTP/2 over TLS']) {
      process.stderr.write(`live-viewers: held, ${kind}\n`);
      const edge = await startEdge({ folder, originUrl, controlUrl: originUrl, core: SERVER_CORE, certificates });
      try {
        rows.push([kind, ...(await holdAt(edge, kind === 'HTTP/1.1' ? edge.url : (edge.tlsUrl ?? '')))]);
      } finally {
        await edge.stop();
      }
    }
    const head = ['viewers over', 'memory a connection', 'more while it waits'];
    return { title: `${HELD} viewers who wait for one state`, head, rows };
  } finally {
    origin.closeAllConnections();
    origin.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function holdAt({ pid }: Peer, url: string): Promise<string[]> {
  const before = residentBytes(pid);
  const paths = [LiveOrigin.playlistPath(), LiveOrigin.playlistPath('720p', '_HLS_msn=103')];
  const script = new URL('./live-held-process.ts', import.meta.url);
  const crowd = new BenchChild(script, [url, ...paths, `${HELD}`], LOAD_CORE);
  try {
    await crowd.line();
    const open = residentBytes(pid);
    crowd.goOn();
    await pause(SETTLING_MS);
    const held = residentBytes(pid);
    return [open - before, held - open].map((bytes) => `${(bytes / HELD / 1024).toFixed(1)} KiB`);
  } finally {
    crowd.stop();
  }
}

/** The same before our own packager, which real ffmpeg feeds in this process. */
async function benchPackaged(): Promise<Table> {
  process.stderr.write('live-viewers: our own origin\n');
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  const control = await startOrigin(new LiveOrigin());
  const origin = await PackagedLive.start();
  const publishedAtMs = new Map<string, number>();
  const news = {
    ...NO_NEWS,
    part: ({ rendition, session, sequence, part }: LivePart) => {
      const now = performance.timeOrigin + performance.now();
      if (rendition === RENDITION) publishedAtMs.set(livePartUri(session, sequence, part), now);
    },
  };
  const packager = origin.packager(SOURCE_FORMAT, { news });
  packager.openSession({ number: 1, beganAtMs: Date.now() }, ['90p', RENDITION, 'audio']);
  const source = new LiveSource({
    init: (rendition, bytes) => packager.takeInit(rendition, bytes),
    fragment: (rendition, fragment) => packager.takeFragment(rendition, fragment),
  });
  const places = {
    originUrl: origin.url,
    controlUrl: urlOf(control),
    environment: { FRONTROW_EDGE_SECRET: FLEET_SECRET },
  };
  const edge = await startEdge({ folder, ...places, core: SERVER_CORE });
  try {
    while (publishedAtMs.size < 10) await pause(100);
    const playlist = `/live/${PACKAGED_STREAM}/${livePlaylistUri(1, RENDITION)}`;
    const row = rowOf(
      'Frontrow',
      await measure(edge, { live: { asked: origin.asked, publishedAtMs }, playlist, coding: 'identity' }),
    );
    const title = `${VIEWERS} viewers of our own packager, a tenth of them slow, parts of 320 ms at 160 kbit/s; delays from the packager's own news`;
    return { title, head: HEAD, rows: [row] };
  } finally {
    await source.stop();
    await edge.stop();
    await origin.stop();
    control.closeAllConnections();
    control.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function startOrigin(live: LiveOrigin): Promise<Server> {
  const states = { keys: makeSigner().keys };
  const server = createServer((request, response) => {
    const target = request.url ?? '';
    if (target.startsWith(FEED_PATH)) tellEdges(response, states);
    else if (target === `/access/${STREAM}`) response.end('{"policy":"public"}');
    else live.answer(target, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** What viewers watch. */
interface Watched {
  readonly live: Pick<LiveOrigin, 'asked' | 'publishedAtMs'>;
  readonly playlist: string;
  readonly coding: string;
}

interface Measured {
  readonly playlists: Delays;
  readonly parts: Delays;
  readonly requestsAState: number;
  readonly requestsAPart: number;
  readonly bytesAViewer: number;
  readonly processor: number;
}

async function measure(peer: Peer, { live, playlist, coding }: Watched): Promise<Measured> {
  const before = residentBytes(peer.pid);
  const args = [peer.url, playlist, `${VIEWERS}`, `${SECONDS}`, coding];
  const crowd = new BenchChild(new URL('./live-viewers-process.ts', import.meta.url), args, LOAD_CORE);
  try {
    await crowd.line();
    const settled = residentBytes(peer.pid);
    const from = { asked: live.asked.length, cpu: cpuMicros(peer.pid), at: performance.now() };
    crowd.goOn();
    const seen = JSON.parse(await crowd.line()) as Record<'playlists' | 'parts', Arrivals>;
    const processor = (cpuMicros(peer.pid) - from.cpu) / 1000 / (performance.now() - from.at);
    const asked = live.asked.slice(from.asked);
    const playlists = delaysOf(seen.playlists, live.publishedAtMs);
    const states = playlists.things;
    return {
      playlists,
      parts: delaysOf(seen.parts, live.publishedAtMs),
      requestsAState: asked.filter((each) => each.includes('_HLS_msn')).length / states,
      requestsAPart: asked.filter((each) => each.includes('.m4s')).length / states,
      bytesAViewer: (settled - before) / VIEWERS,
      processor,
    };
  } finally {
    crowd.stop();
  }
}

function rowOf(name: string, { playlists, parts, ...rest }: Measured): string[] {
  const delays = ({ p50Ms, p99Ms, lastP50Ms, lastP99Ms }: Delays) =>
    [p50Ms, p99Ms, lastP50Ms, lastP99Ms].map((ms) => `${ms.toFixed(0)} ms`);
  return [
    name,
    rest.requestsAState.toFixed(2),
    rest.requestsAPart.toFixed(2),
    ...delays(playlists),
    ...delays(parts),
    `${(rest.bytesAViewer / 1024).toFixed(1)} KiB`,
    `${(rest.processor * 100).toFixed(0)} %`,
  ];
}
