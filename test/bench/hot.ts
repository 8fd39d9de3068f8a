import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signCookies } from '../../src/kernel/access/sign.ts';
import type { KeysSection } from '../../src/kernel/edge-feed/keys-section.ts';
import type { FeedMessage } from '../../src/kernel/edge-feed/message.ts';
import { placeCertificate, startEdge } from './frontrow-edge.ts';
import { startNginx } from './nginx.ts';
import type { Peer } from './peer.ts';
import { startVarnish } from './varnish.ts';

const ASSET = 'as_aaaabbbbccccdddd';

export interface HotObject {
  readonly name: string;
  readonly path: string;
  readonly body: Buffer;
}

export const SEGMENT: HotObject = {
  name: '1 MiB segment',
  path: `/assets/${ASSET}/v1/480p/s00000.m4s`,
  body: Buffer.alloc(1024 * 1024, 7),
};
export const PLAYLIST: HotObject = {
  name: '3 KB playlist',
  path: `/assets/${ASSET}/v1/480p/index.m3u8`,
  body: Buffer.from(playlist()),
};

/** The edge of a signed film, nginx and Varnish in front of one origin, each on the same core. */
export interface HotPlace {
  readonly peers: readonly Peer[];
  /** What lets a viewer in to a server's address; everybody sends it, one server reads it. */
  cookieFor(url: string): string;
  close(): Promise<void>;
}

export async function openHotPlace(core: number): Promise<HotPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  const signer = makeSigner();
  const origin = await startOrigin({ keys: signer.keys });
  const originUrl = urlOf(origin);
  const tls = await placeCertificate(folder);
  const peers: Peer[] = [];
  const close = async () => {
    for (const peer of peers) await peer.stop();
    origin.closeAllConnections();
    origin.close();
    await rm(folder, { recursive: true, force: true });
  };
  const { cookieFor } = signer;
  try {
    peers.push(await startEdge({ folder, originUrl, controlUrl: originUrl, core, certificates: tls.folder }));
    peers.push(await startNginx(folder, originUrl, core, tls));
    peers.push(await startVarnish(folder, originUrl, core));
    for (const { url } of peers) for (const { path } of [SEGMENT, PLAYLIST]) await warm(url + path, cookieFor(url));
  } catch (cause) {
    await close();
    throw cause;
  }
  return { peers, cookieFor, close };
}

export interface HotSigner {
  readonly keys: KeysSection;
  cookieFor(url: string): string;
}

/** Somebody who lets viewers in, and what edges must know of him. */
export function makeSigner(): HotSigner {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicKeyPem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const privateKey = createPrivateKey(key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return {
    keys: {
      keys: [{ keyPairId: 'KBENCH', publicKeyPem }],
      groupKeys: {},
      credentialOrigins: [],
      fleet: { derivedSecret: 'bench', peerSecret: 'bench', revoked: [] },
    },
    cookieFor: (url) => {
      const expiresAtMs = Date.now() + 3_600_000;
      const cookies = signCookies({ url: `${url}/assets/${ASSET}/*`, keyPairId: 'KBENCH', privateKey, expiresAtMs });
      return Object.entries(cookies)
        .map(([name, value]) => `${name}=${value}`)
        .join('; ');
    },
  };
}

export function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Asks until it is kept. */
export async function warm(url: string, cookie: string): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const response = await fetch(url, { headers: { cookie } });
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  }
}

/** Origin and control in one: it says that the asset is signed, what edges go by, and has two objects. */
export async function startOrigin(states: Readonly<Record<string, unknown>>): Promise<Server> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path === FEED_PATH) {
      tellEdges(response, states);
      return;
    }
    if (path === `/access/${ASSET}`) {
      response.setHeader('content-type', 'application/json').end('{"policy":"signed"}');
      return;
    }
    const subject = [SEGMENT, PLAYLIST].find((each) => each.path === path);
    response.statusCode = subject ? 200 : 404;
    response.setHeader('cache-control', 'public, max-age=31536000, immutable').setHeader('etag', '"bench"');
    response.end(subject?.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export const FEED_PATH = '/v1/edge/feed';

/** What edges go by, once; after that only that there is nothing new. */
export function tellEdges(response: ServerResponse, states: Readonly<Record<string, unknown>>): void {
  const beatMs = 60_000;
  const news = Object.entries(states).map(([name, value]) => [name, { version: 'bench', value }] as const);
  const sections = Object.fromEntries(news);
  const message: FeedMessage = { lineage: 'bench', revision: 1, nowMs: Date.now(), beatMs, sections };
  response.write(`${JSON.stringify(message)}\n`);
  const beat = setInterval(() => response.write(`${JSON.stringify({ ...message, sections: {} })}\n`), beatMs);
  response.on('close', () => clearInterval(beat));
}

function playlist(): string {
  const segments = Array.from({ length: 110 }, (_, at) => `#EXTINF:4.000000,\ns${String(at).padStart(5, '0')}.m4s\n`);
  return `#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:4\n${segments.join('')}#EXT-X-ENDLIST\n`;
}
