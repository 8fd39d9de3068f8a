import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Places } from '../../src/edge/edge-options.ts';
import type { FeedCopy } from '../../src/edge/feed/copy.ts';
import { derivedSecretOf } from '../../src/kernel/access/derive.ts';
import { peerSecretOf } from '../../src/kernel/access/edge-identity.ts';
import type { EdgesSection } from '../../src/kernel/edge-feed/edges-section.ts';
import type { KeysSection } from '../../src/kernel/edge-feed/keys-section.ts';
import type { FleetEdge } from '../../src/kernel/steering/fleet.ts';
import { EdgeScenario, FLEET_SECRET, HandClock } from './edge-scenario.ts';

export const KEY_PAIR_ID = 'K2JCJMDEHXQW5F';
export const SIGNED = 'as_abcdefghjkmnpqrs';
export const PUBLIC = 'as_bcdefghjkmnpqrst';
export const CONSOLE = 'https://console.example';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const privateKey: KeyObject = createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
export const publicKeyPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();

export const KEYS: KeysSection = {
  keys: [{ keyPairId: KEY_PAIR_ID, publicKeyPem }],
  groupKeys: {},
  credentialOrigins: [CONSOLE],
  fleet: { derivedSecret: derivedSecretOf(FLEET_SECRET), peerSecret: peerSecretOf(FLEET_SECRET), revoked: [] },
};

/** What an edge with these keys has on disk. */
export const CONFIG: FeedCopy = {
  lineage: 'test',
  revision: 1,
  states: { keys: { version: 'v1', value: KEYS } },
  logs: {},
};

export const MASTER = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000\nv1/360p/index.m3u8\n';
export const MANIFEST =
  '<MPD><SegmentTemplate initialization="v1/$RepresentationID$/init.mp4" media="v1/$RepresentationID$/s$Number%05d$.m4s"/></MPD>\n';
export const MEDIA = '#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:4,\ns00000.m4s\n#EXT-X-ENDLIST\n';
export const LOCKED_MEDIA = MEDIA.replace('#EXTINF', '#EXT-X-KEY:METHOD=AES-128,URI="../key"\n#EXTINF');
export const CONTENT_KEY = Buffer.from('0123456789abcdef');
export const STORYBOARD = 'WEBVTT\n\n00:00.000 --> 00:02.000\nv1/storyboard/sheet-000.jpg#xywh=0,0,160,90\n';

function withEdges(edges: readonly FleetEdge[]): FeedCopy {
  const value: EdgesSection = { edges };
  return { ...CONFIG, states: { ...CONFIG.states, edges: { version: 'v1', value } } };
}

interface FilmEdgeOptions {
  readonly controlUrl?: string;
  readonly settings?: object;
  /** The fleet as control has told it. */
  readonly edges?: readonly FleetEdge[];
  readonly places?: Places;
}

/** A film edge with its configuration on disk, and an origin with one signed and one public film. */
export async function startFilmEdge({ edges, ...options }: FilmEdgeOptions = {}): Promise<{
  s: EdgeScenario;
  clock: HandClock;
  stop(): Promise<void>;
}> {
  const dataDir = await mkdtemp(join(tmpdir(), 'frontrow-film-edge-'));
  await writeFile(join(dataDir, 'edge-config.json'), JSON.stringify(edges ? withEdges(edges) : CONFIG));
  const clock = new HandClock();
  const s = await new EdgeScenario({ mode: 'film', clock, dataDir, ...options }).start();
  for (const [id, policy] of [
    [SIGNED, 'signed'],
    [PUBLIC, 'public'],
  ] as const) {
    const short = { 'Cache-Control': 'public, max-age=5', ETag: `"${id}"` };
    s.origin.serve(`/access/${id}`, { body: JSON.stringify({ policy }) });
    s.origin.serve(`/assets/${id}/master.m3u8`, { headers: short, body: MASTER });
    s.origin.serve(`/assets/${id}/manifest.mpd`, { headers: short, body: MANIFEST });
    s.origin.serve(`/assets/${id}/v1/360p/index.m3u8`, { headers: short, body: MEDIA });
    s.origin.serve(`/assets/${id}/v2/360p/index.m3u8`, { headers: short, body: LOCKED_MEDIA });
    s.origin.serve(`/assets/${id}/v2/key`, { headers: { 'Cache-Control': 'private, no-store' }, body: CONTENT_KEY });
    s.origin.serve(`/assets/${id}/storyboard.vtt`, { headers: short, body: STORYBOARD });
    s.origin.serve(`/assets/${id}/v1/360p/s00000.m4s`, {
      headers: { 'Cache-Control': 'public, max-age=31536000, immutable', ETag: '"seg"' },
      body: 'segment',
    });
  }
  return {
    s,
    clock,
    stop: async () => {
      await s.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
