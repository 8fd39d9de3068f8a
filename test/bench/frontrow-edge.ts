import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MadeCertificate, makeCertificate } from '../harness/certificate.ts';
import { type Peer, startPeer } from './peer.ts';
import { freePort } from './ports.ts';

const LAUNCHER = fileURLToPath(new URL('../../src/cli/frontrow.js', import.meta.url));

export const BENCH_SECRET = 'the-secret-of-this-bench-and-nothing-else';

export interface EdgePlan {
  readonly folder: string;
  readonly originUrl: string;
  /** In front of films, with access checked, where there is one; otherwise in front of any origin. */
  readonly controlUrl?: string;
  readonly core: number;
  /** Folder of certificates. */
  readonly certificates?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** An edge in a process of its own, access log on. */
export async function startEdge({
  folder,
  originUrl,
  controlUrl,
  core,
  certificates,
  environment,
}: EdgePlan): Promise<Peer> {
  const port = await freePort();
  const tlsPort = certificates === undefined ? undefined : await freePort();
  const control = controlUrl === undefined ? [] : ['--control', controlUrl];
  const command = ['edge', '--origin', originUrl, ...control, '--port', `${port}`, '--data', folder];
  return startPeer({
    name: 'Frontrow',
    command: [process.execPath, LAUNCHER, ...command],
    core,
    port,
    ...(tlsPort === undefined ? {} : { tlsPort }),
    environment: {
      FRONTROW_EDGE_SECRET: BENCH_SECRET,
      ...environment,
      FRONTROW_ACCESS_LOG: join(folder, 'edge.log'),
      ...(certificates === undefined
        ? {}
        : { FRONTROW_EDGE_TLS_CERTS: certificates, FRONTROW_EDGE_TLS_PORT: `${tlsPort}` }),
    },
  });
}

/** A certificate for the bench's host, as files that every server here takes. */
export async function placeCertificate(folder: string): Promise<{ folder: string; cert: string; key: string }> {
  const made: MadeCertificate = makeCertificate('localhost');
  const place = join(folder, 'certificates');
  const [cert, key] = [join(place, 'localhost.crt'), join(place, 'localhost.key')];
  await mkdir(place, { recursive: true });
  await writeFile(cert, made.cert);
  await writeFile(key, made.key, { mode: 0o600 });
  return { folder: place, cert, key };
}
