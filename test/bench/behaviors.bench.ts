import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FILM_DISTRIBUTION_CONFIG } from '../../src/kernel/distribution/film-distribution.ts';
import { MANAGED_CACHE_POLICIES } from '../../src/kernel/distribution/managed-policies.ts';
import type { DistributionConfig } from '../../src/kernel/distribution/model.ts';
import type { SiteConfig } from '../../src/kernel/distribution/site-config.ts';
import { behavior, distribution, originAt, site } from '../harness/site-edge.ts';
import { cpuMicros } from './cpu.ts';
import { startEdge } from './frontrow-edge.ts';
import { type HotObject, makeSigner, PLAYLIST, SEGMENT, startOrigin, urlOf, warm } from './hot.ts';
import { median, type Table } from './measure.ts';
import type { Peer } from './peer.ts';
import { type Load, load } from './wrk.ts';

const SERVER_CORE = 0;
const LOAD_CORE = 1;
const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = 32;

const DISTRIBUTIONS = 100;
const BEHAVIORS = 25;

interface Run extends Load {
  /** Of the server, in microseconds. */
  readonly cpuPerRequest: number;
}

interface Side {
  readonly name: string;
  readonly peer: Peer;
  readonly headers: Readonly<Record<string, string>>;
}

/** A hot object of a film where an edge knows no distributions, the default one, and a hundred more with 25 behaviours each. */
export async function benchBehaviors(): Promise<Table[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const signer = makeSigner();
  const place = async (name: string, config?: (originUrl: string) => SiteConfig): Promise<Peer> => {
    const states: Record<string, unknown> = { keys: signer.keys };
    const origin = await startOrigin(states);
    const originUrl = urlOf(origin);
    if (config) states.site = config(originUrl);
    closing.push(async () => {
      origin.closeAllConnections();
      origin.close();
    });
    const peer = await startEdge({ folder: join(folder, name), originUrl, controlUrl: originUrl, core: SERVER_CORE });
    closing.unshift(() => peer.stop());
    return peer;
  };
  try {
    const none = await place('none');
    const one = await place('one', () => siteOf({}));
    const many = await place('many', (originUrl) => siteOf(hundred(originUrl)));
    const cookie = (peer: Peer) => ({ cookie: signer.cookieFor(peer.url) });
    const sides: Side[] = [
      { name: 'film, no distributions', peer: none, headers: cookie(none) },
      { name: 'film, the default one', peer: one, headers: cookie(one) },
      { name: `film, ${DISTRIBUTIONS} more of ${BEHAVIORS} behaviours`, peer: many, headers: cookie(many) },
      {
        name: 'the last behaviour of the last one',
        peer: many,
        headers: { ...cookie(many), Host: hostOf(DISTRIBUTIONS - 1) },
      },
    ];
    return [await compare(sides)];
  } finally {
    for (const close of closing) await close();
  }
}

async function compare(sides: readonly Side[]): Promise<Table> {
  const rows: string[][] = [];
  for (const object of [SEGMENT, PLAYLIST]) {
    process.stderr.write(`behaviors: ${object.name}\n`);
    for (const { peer, headers } of sides) await warm(peer.url + object.path, headers.cookie ?? '');
    const all = sides.map((): Run[] => []);
    for (let round = 0; round < ROUNDS; round++)
      for (const [at, side] of sides.entries()) all[at]?.push(await run(side, object));
    const [first = []] = all;
    for (const [at, { name }] of sides.entries()) rows.push(row(`${object.name}: ${name}`, all[at] ?? [], first));
  }
  const head = ['hot object', 'requests/s', 'CPU us/request', 'rate / no distributions', 'CPU / no distributions'];
  return { title: `Choosing a behaviour, one core, ${CONNECTIONS} connections (medians of ${ROUNDS})`, head, rows };
}

async function run({ peer, headers }: Side, { path }: HotObject): Promise<Run> {
  const before = cpuMicros(peer.pid);
  const loaded = await load({
    url: peer.url + path,
    headers,
    connections: CONNECTIONS,
    seconds: SECONDS,
    core: LOAD_CORE,
  });
  return { ...loaded, cpuPerRequest: (cpuMicros(peer.pid) - before) / loaded.requests };
}

function row(name: string, runs: readonly Run[], first: readonly Run[]): string[] {
  const pick = (value: (run: Run) => number, of = runs) => median(of.map(value));
  const rate = ({ requestsPerSecond }: Run) => requestsPerSecond;
  const cpu = ({ cpuPerRequest }: Run) => cpuPerRequest;
  return [
    name,
    pick(rate).toFixed(0),
    pick(cpu).toFixed(1),
    (pick(rate) / pick(rate, first)).toFixed(3),
    (pick(cpu) / pick(cpu, first)).toFixed(3),
  ];
}

function siteOf(more: Readonly<Record<string, DistributionConfig>>): SiteConfig {
  return site({
    distributions: { default: FILM_DISTRIBUTION_CONFIG, ...more },
    cachePolicies: MANAGED_CACHE_POLICIES,
  });
}

function hostOf(at: number): string {
  return `site-${at}.example.com`;
}

/** Each looks for the path of the hot objects in 24 patterns before it finds the one that has it. */
function hundred(originUrl: string): Record<string, DistributionConfig> {
  const cachePolicyId = Object.keys(MANAGED_CACHE_POLICIES)[0] ?? '';
  const of = { ...behavior(), cachePolicyId };
  const cacheBehaviors = Array.from({ length: BEHAVIORS }, (_, at) => ({
    ...of,
    pathPattern: at === BEHAVIORS - 1 ? '/assets/*' : `/folder-${at}/*/part-*.js`,
  }));
  const made = Array.from({ length: DISTRIBUTIONS }, (_, at) => {
    const more = { aliases: [hostOf(at)], cacheBehaviors, defaultCacheBehavior: of };
    return [`ds_${at}`, distribution([originAt(originUrl)], more)] as const;
  });
  return Object.fromEntries(made);
}
