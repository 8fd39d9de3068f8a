import { cpuMicros } from './cpu.ts';
import { loadHttp2 } from './h2load.ts';
import { type HotObject, type HotPlace, openHotPlace, PLAYLIST, SEGMENT } from './hot.ts';
import { median, type Table } from './measure.ts';
import { residentBytes } from './memory.ts';
import type { Peer } from './peer.ts';
import { type Load, load } from './wrk.ts';

const SERVER_CORE = 0;
const LOAD_CORE = 1;
const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 32;
const GB = 1e9;

interface Way {
  readonly name: string;
  /** Undefined for a server that does not speak it. */
  readonly urlOf: (peer: Peer) => string | undefined;
  readonly load: typeof load;
}

const PLAIN: Way = { name: 'HTTP/1.1', urlOf: ({ url }) => url, load };
const TLS: Way = { name: 'HTTP/1.1 over TLS', urlOf: ({ tlsUrl }) => tlsUrl, load };
const HTTP2: Way = { name: 'HTTP/2 over TLS', urlOf: ({ tlsUrl }) => tlsUrl, load: loadHttp2 };

/** Hot objects through the edge (signed cookie checked, access log on) beside nginx and Varnish, one core each. */
export function benchEdge(): Promise<Table[]> {
  return bench([PLAIN]);
}

/** The same encrypted. */
export function benchEdgeTls(): Promise<Table[]> {
  return bench([TLS, HTTP2]);
}

async function bench(ways: readonly Way[]): Promise<Table[]> {
  const place = await openHotPlace(SERVER_CORE);
  try {
    const tables: Table[] = [];
    for (const way of ways) tables.push(await benchWay(way, place));
    return tables;
  } finally {
    await place.close();
  }
}

async function benchWay(way: Way, place: HotPlace): Promise<Table> {
  const rows: string[][] = [];
  for (const object of [SEGMENT, PLAYLIST]) {
    process.stderr.write(`edge: ${object.name}, ${way.name}\n`);
    const all = new Map<string, Run[]>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const peer of place.peers) {
        const url = way.urlOf(peer);
        if (url === undefined) continue;
        all.set(peer.name, [...(all.get(peer.name) ?? []), await run(way, peer, url, object, place.cookieFor(url))]);
      }
    }
    const [ours = [], ...others] = [...all.values()];
    for (const [name, runs] of all) rows.push(row(`${object.name}, ${name}`, runs));
    for (const [at, theirs] of others.entries()) {
      rows.push([`${object.name}, Frontrow / ${[...all.keys()][at + 1]}`, ...ratios(ours, theirs)]);
    }
  }
  const head = ['hot object', 'requests/s', 'CPU us/request', 'CPU s/GB', 'MiB/s', 'p50', 'p99', 'memory'];
  const title = `Hot objects by ${way.name}, one core each, ${CONNECTIONS} connections (medians of ${ROUNDS})`;
  return { title, head, rows };
}

interface Run extends Load {
  /** Of the server, in microseconds; it tells more than the rate on a machine that is not idle. */
  readonly cpuPerRequest: number;
  readonly cpuSecondsPerGb: number;
  /** Afterwards. */
  readonly residentBytes: number;
}

/** All servers get the same request, cookie included, though only one reads it. */
async function run(way: Way, peer: Peer, url: string, { path, body }: HotObject, cookie: string): Promise<Run> {
  const before = cpuMicros(peer.pid);
  const loaded = await way.load({
    url: url + path,
    headers: { cookie },
    connections: CONNECTIONS,
    seconds: SECONDS,
    core: LOAD_CORE,
  });
  const cpuPerRequest = (cpuMicros(peer.pid) - before) / loaded.requests;
  const cpuSecondsPerGb = (cpuPerRequest / 1e6 / body.length) * GB;
  return { ...loaded, cpuPerRequest, cpuSecondsPerGb, residentBytes: residentBytes(peer.pid) };
}

function row(name: string, runs: readonly Run[]): string[] {
  const pick = (value: (run: Run) => number) => median(runs.map(value));
  return [
    name,
    pick((each) => each.requestsPerSecond).toFixed(0),
    pick((each) => each.cpuPerRequest).toFixed(1),
    pick((each) => each.cpuSecondsPerGb).toFixed(2),
    (pick((each) => each.bytesPerSecond) / 1024 / 1024).toFixed(0),
    `${pick((each) => each.p50Ms).toFixed(2)} ms`,
    `${pick((each) => each.p99Ms).toFixed(2)} ms`,
    `${(pick((each) => each.residentBytes) / 1024 / 1024).toFixed(0)} MiB`,
  ];
}

function ratios(ours: readonly Run[], theirs: readonly Run[]): string[] {
  const ratio = (value: (run: Run) => number) => (median(ours.map(value)) / median(theirs.map(value))).toFixed(2);
  return [
    ratio((each) => each.requestsPerSecond),
    ratio((each) => each.cpuPerRequest),
    ratio((each) => each.cpuSecondsPerGb),
    ...['', '', '', ''],
  ];
}
