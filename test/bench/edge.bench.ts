import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EdgeConfig } from '../../src/kernel/access/edge-config.ts';
import { signCookies } from '../../src/kernel/access/sign.ts';
import { cpuMicros } from './cpu.ts';
import { median, type Table } from './measure.ts';
import { type Peer, startNginx } from './nginx.ts';
import { freePort, reachable } from './ports.ts';
import { type Load, type LoadOptions, load } from './wrk.ts';

const LAUNCHER = fileURLToPath(new URL('../../src/cli/frontrow.js', import.meta.url));
const SERVER_CORE = 0;
const LOAD_CORE = 1;
const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 32;

const ASSET = 'as_aaaabbbbccccdddd';
const SUBJECTS = [
  { name: '1 MiB segment', path: `/assets/${ASSET}/v1/480p/s00000.m4s`, body: Buffer.alloc(1024 * 1024, 7) },
  { name: '3 KB playlist', path: `/assets/${ASSET}/v1/480p/index.m3u8`, body: Buffer.from(playlist()) },
];

/** Hot objects through the edge (signed cookie checked, access log on) beside nginx's proxy_cache, one core each. */
export async function benchEdge(): Promise<Table[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const config: EdgeConfig = {
    version: '1',
    keys: [{ keyPairId: 'KBENCH', publicKeyPem: key.publicKey.export({ type: 'spki', format: 'pem' }).toString() }],
    credentialOrigins: [],
  };
  const origin = await startOrigin(config);
  const originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const edge = await startEdge(folder, originUrl);
  const nginx = await startNginx(folder, originUrl, SERVER_CORE);
  try {
    const cookie = cookieFor(edge.url, key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const rows: string[][] = [];
    for (const subject of SUBJECTS) {
      process.stderr.write(`edge: ${subject.name}\n`);
      const ours: Run[] = [];
      const theirs: Run[] = [];
      await warm(edge.url + subject.path, cookie);
      await warm(nginx.url + subject.path, cookie);
      for (let round = 0; round < ROUNDS; round++) {
        ours.push(await run(edge, subject.path, cookie));
        theirs.push(await run(nginx, subject.path, cookie));
      }
      rows.push(row(`${subject.name}, Frontrow`, ours), row(`${subject.name}, nginx`, theirs));
      rows.push([`${subject.name}, Frontrow / nginx`, ...ratios(ours, theirs), '', '', '']);
    }
    const head = ['hot object', 'requests/s', 'CPU us/request', 'MiB/s', 'p50', 'p99'];
    return [{ title: `Hot objects, one core each, ${CONNECTIONS} connections (medians of ${ROUNDS})`, head, rows }];
  } finally {
    await nginx.stop();
    await edge.stop();
    origin.closeAllConnections();
    origin.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Run extends Load {
  /** Of the server, in microseconds; it tells more than the rate on a machine that is not idle. */
  readonly cpuPerRequest: number;
}

/** Both servers get the same request, cookie included, though only one reads it. */
async function run(server: Peer, path: string, cookie: string): Promise<Run> {
  const options: LoadOptions = {
    url: server.url + path,
    headers: { cookie },
    connections: CONNECTIONS,
    seconds: SECONDS,
    core: LOAD_CORE,
  };
  const before = cpuMicros(server.pid);
  const loaded = await load(options);
  return { ...loaded, cpuPerRequest: (cpuMicros(server.pid) - before) / loaded.requests };
}

function row(name: string, loads: readonly Run[]): string[] {
  const pick = (value: (load: Run) => number) => median(loads.map(value));
  return [
    name,
    pick((each) => each.requestsPerSecond).toFixed(0),
    pick((each) => each.cpuPerRequest).toFixed(1),
    (pick((each) => each.bytesPerSecond) / 1024 / 1024).toFixed(0),
    `${pick((each) => each.p50Ms).toFixed(2)} ms`,
    `${pick((each) => each.p99Ms).toFixed(2)} ms`,
  ];
}

function ratios(ours: readonly Run[], theirs: readonly Run[]): string[] {
  const ratio = (value: (run: Run) => number) => (median(ours.map(value)) / median(theirs.map(value))).toFixed(2);
  return [ratio((each) => each.requestsPerSecond), ratio((each) => each.cpuPerRequest)];
}

async function warm(url: string, cookie: string): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const response = await fetch(url, { headers: { cookie } });
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  }
}

/** Origin and control in one: it says that the asset is signed, which keys count, and has two objects. */
async function startOrigin(config: EdgeConfig): Promise<Server> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path === '/v1/edge/config') {
      // A feed that has nothing new holds its answer; the bench ends before it would.
      if (request.url?.includes(`after=${config.version}`)) return;
      response.setHeader('content-type', 'application/json').setHeader('etag', `"${config.version}"`);
      response.end(JSON.stringify(config));
      return;
    }
    if (path === `/access/${ASSET}`) {
      response.setHeader('content-type', 'application/json').end('{"policy":"signed"}');
      return;
    }
    const subject = SUBJECTS.find((each) => each.path === path);
    response.statusCode = subject ? 200 : 404;
    response.setHeader('cache-control', 'public, max-age=31536000, immutable').setHeader('etag', '"bench"');
    response.end(subject?.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function startEdge(folder: string, originUrl: string): Promise<Peer> {
  const port = await freePort();
  const command = ['edge', '--origin', originUrl, '--control', originUrl, '--port', `${port}`, '--data', folder];
  const edge: ChildProcess = spawn('taskset', ['-c', `${SERVER_CORE}`, process.execPath, LAUNCHER, ...command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      FRONTROW_EDGE_SECRET: 'the-secret-of-this-bench-and-nothing-else',
      FRONTROW_ACCESS_LOG: join(folder, 'edge.log'),
    },
  });
  await reachable(port);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: edge.pid ?? 0,
    async stop() {
      edge.kill('SIGTERM');
      if (edge.exitCode === null) await once(edge, 'exit');
    },
  };
}

function cookieFor(edgeUrl: string, privateKeyPem: string): string {
  const cookies = signCookies({
    url: `${edgeUrl}/assets/${ASSET}/*`,
    keyPairId: 'KBENCH',
    privateKey: createPrivateKey(privateKeyPem),
    expiresAtMs: Date.now() + 3_600_000,
  });
  return Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

function playlist(): string {
  const segments = Array.from({ length: 110 }, (_, at) => `#EXTINF:4.000000,\ns${String(at).padStart(5, '0')}.m4s\n`);
  return `#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:4\n${segments.join('')}#EXT-X-ENDLIST\n`;
}
