import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { Agent, get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { RevocationRepository } from '../../src/database/revocations.ts';
import { FollowedRevocations } from '../../src/edge/feed/revocations.ts';
import { policyGrantId } from '../../src/kernel/access/grant-id.ts';
import { checkConditions, type Proof } from '../../src/kernel/access/proof.ts';
import { signUrl } from '../../src/kernel/access/sign.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { EdgeFleet } from '../harness/edge-fleet.ts';
import { behavior, originAt } from '../harness/site-edge.ts';
import { median, type Table } from './measure.ts';

const EDGES = 20;
const ROUNDS = 10;
const REVOKED = 10_000;
/** Between two looks at an edge. */
const LOOK_MS = 5;
const ASSET = 'as_abcdefghjkmnpqrs';
const PATH = `/assets/${ASSET}/v1/360p/s00000.m4s`;
const agent = new Agent({ keepAlive: true });

/** How long a change takes from the call that makes it to what viewers get of every edge, and what many revocations cost. */
export async function benchFeed(): Promise<Table[]> {
  const server = await startControl();
  const fleet = await new EdgeFleet().start();
  try {
    for (let at = 0; at < EDGES; at += 1) await fleet.add(server);
    fleet.origin.serve(`/access/${ASSET}`, { body: '{"policy":"signed"}' });
    fleet.origin.serve('/x', { body: 'x' });
    const changes = await measureChanges(server, fleet);
    const revoked = [await measureArrival(server, fleet), ...measureLookups()];
    return [
      changes,
      { title: `${REVOKED} revoked grants`, head: ['what', 'none revoked', 'all of them'], rows: revoked },
    ];
  } finally {
    await fleet.stop();
    await server.stop();
    agent.destroy();
  }
}

interface Look {
  readonly path: string;
  readonly host?: string;
  readonly done: (answer: { status: number; body: string }) => boolean;
}

interface Change {
  readonly name: string;
  /** Prepares a round; the function returned makes the change, and what it gives says how its effect is seen. */
  readonly prepare: (round: number) => Promise<{ readonly make: () => Promise<unknown>; readonly look: Look }>;
}

async function measureChanges(server: ControlServer, fleet: EdgeFleet): Promise<Table> {
  const rows: string[][] = [];
  for (const { name, prepare } of changesOf(server, fleet)) {
    process.stderr.write(`feed: ${name}\n`);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { make, look } = await prepare(round);
      const from = performance.now();
      const seen = fleet.members.map(async ({ url }) => {
        while (!look.done(await ask(url, look))) await pause(LOOK_MS);
        return performance.now() - from;
      });
      await make();
      times.push(...(await Promise.all(seen)));
    }
    times.sort((one, other) => one - other);
    const at = (share: number) => `${(times[Math.ceil(times.length * share) - 1] ?? Number.NaN).toFixed(0)} ms`;
    rows.push([name, at(0.5), at(0.99), at(1)]);
  }
  return {
    title: `Change at control to effect on ${EDGES} edges, ${ROUNDS} rounds`,
    head: ['change', 'p50', 'p99', 'last'],
    rows,
  };
}

function changesOf(server: ControlServer, fleet: EdgeFleet): Change[] {
  const privateKey = createPrivateKey(server.secrets.grantKey.privateKeyPem);
  const { keyPairId } = server.secrets.grantKey;
  const byCookies = 'http://*/assets/*';
  const granted = (seconds: number, key = { keyPairId, privateKey }) => {
    const terms = { ...key, expiresAtMs: (Math.floor(Date.now() / 1000) + seconds) * 1000, resource: byCookies };
    const url = signUrl({ ...terms, url: `http://edge.example${PATH}` });
    return url.slice(url.indexOf('/assets/'));
  };
  const post = (path: string, json: unknown, method = 'POST') => server.call(path, { method, json });
  const serve = (body: string) =>
    fleet.origin.serve(PATH, { headers: { 'Cache-Control': 'max-age=3600', ETag: `"${body}"` }, body });
  const everywhere = async (path: string) => {
    for (const { url } of fleet.members) await ask(url, { path });
  };
  const key = async () => {
    const made = (await (await post('/v1/signing-keys', { algorithm: 'ECDSA' })).json()) as {
      keyPairId: string;
      privateKeyPem: string;
    };
    const path = granted(3_600, { keyPairId: made.keyPairId, privateKey: createPrivateKey(made.privateKeyPem) });
    while ((await Promise.all(fleet.members.map(({ url }) => ask(url, { path })))).some(({ status }) => status !== 200))
      await pause(LOOK_MS);
    return { id: made.keyPairId, path };
  };
  const refused: Look['done'] = ({ status }) => status === 403;
  serve('0');
  return [
    {
      name: 'signing key revoked',
      prepare: async () => {
        const { id, path } = await key();
        return {
          make: () => server.call(`/v1/signing-keys/${id}`, { method: 'DELETE' }),
          look: { path, done: refused },
        };
      },
    },
    {
      name: 'the same, and the signal for it is lost',
      prepare: async () => {
        const { id, path } = await key();
        return { make: () => server.keys.revoke(id), look: { path, done: refused } };
      },
    },
    {
      name: 'single grant revoked',
      prepare: async (round) => {
        const path = granted(7_200 + round);
        await everywhere(path);
        return {
          make: () => post('/v1/revocations', { url: `http://edge.example${path}` }),
          look: { path, done: refused },
        };
      },
    },
    {
      name: 'path invalidated',
      prepare: async (round) => {
        const path = granted(100_000);
        await everywhere(path);
        serve(`${round + 1}`);
        return {
          make: () => post('/v1/distributions/default/invalidations', { paths: [PATH] }),
          look: { path, done: ({ body }) => body === `${round + 1}` },
        };
      },
    },
    {
      name: 'distribution made',
      prepare: async (round) => {
        const host = `host-${round}.example`;
        const cachePolicyId = '658327ea-f89d-4fab-a63d-7e88639e58f6';
        const config = {
          aliases: [host],
          origins: [originAt(fleet.origin.url)],
          defaultCacheBehavior: behavior({ cachePolicyId }),
        };
        return {
          make: () => post('/v1/distributions', config),
          look: { path: '/x', host, done: ({ body }) => body === 'x' },
        };
      },
    },
  ];
}

function ask(url: string, { path, host }: Pick<Look, 'path' | 'host'>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    get(url + path, { agent, headers: host === undefined ? {} : { host } }, (response) => {
      response.setEncoding('utf8');
      let body = '';
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    }).on('error', reject);
  });
}

/** How long an edge that is new takes to start, which includes hearing all that control has to say. */
async function measureArrival(server: ControlServer, fleet: EdgeFleet): Promise<string[]> {
  const start = async () => {
    const from = performance.now();
    const member = await fleet.add(server);
    const tookMs = performance.now() - from;
    await fleet.remove(member);
    return `${tookMs.toFixed(0)} ms`;
  };
  const before = await start();
  const revocations = new RevocationRepository(server.database, systemClock);
  for (let at = 0; at < REVOKED; at += 1) {
    const grantId = policyGrantId('K', `grant ${at}`);
    await revocations.add({ grantId, keyPairId: 'K', expiresAtMs: Date.now() + 3_600_000 }, REVOKED * 2);
  }
  await settled(server);
  return ['start of an edge, until it serves', before, await start()];
}

/** Resolves when the edges that are there have everything. */
async function settled(server: ControlServer): Promise<void> {
  for (;;) {
    const { revision, items } = (await (await server.call('/v1/edges')).json()) as {
      revision: number;
      items: readonly { state: string; configuration?: { revision: number } }[];
    };
    const there = items.filter(({ state }) => state === 'connected');
    if (there.every(({ configuration }) => configuration?.revision === revision)) return;
    await pause(100);
  }
}

const CHECKS = 1_000_000;

/** What a viewer's hundredth segment costs: the proof is known, its conditions are asked. */
function measureLookups(): string[][] {
  const [none, all] = [new FollowedRevocations(systemClock), new FollowedRevocations(systemClock)];
  const entries = Array.from({ length: REVOKED }, (_, at) => ({
    id: policyGrantId('K', `grant ${at}`),
    expiresAtMs: Date.now() + 3_600_000,
  }));
  const before = process.memoryUsage().heapUsed;
  all.check({ after: null, upTo: 1, entries })();
  const bytes = Math.max(0, process.memoryUsage().heapUsed - before);
  const timeOf = (revoked: FollowedRevocations) => {
    const proof = proofOf();
    const asked = { url: 'http://edge.example/a', path: '/a', ip: '203.0.113.1', nowMs: Date.now() };
    const keys = { find: () => proof.key };
    for (let at = 0; at < CHECKS / 10; at += 1) checkConditions(proof, asked, keys, revoked);
    const from = performance.now();
    for (let at = 0; at < CHECKS; at += 1) checkConditions(proof, asked, keys, revoked);
    return ((performance.now() - from) * 1e6) / CHECKS;
  };
  const times = Array.from({ length: 7 }, () => [timeOf(none), timeOf(all)] as const);
  const ns = (which: 0 | 1) => `${median(times.map((each) => each[which])).toFixed(0)} ns`;
  const message = Buffer.byteLength(JSON.stringify(entries));
  return [
    ['conditions of a known grant', ns(0), ns(1)],
    ['memory of an edge', '-', `${(bytes / 1024 / 1024).toFixed(1)} MiB`],
    ['message to a new edge', '-', `${(message / 1024).toFixed(0)} KiB`],
  ];
}

function proofOf(): Proof {
  const { publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    carrier: 'url',
    id: policyGrantId('K', 'one that is not revoked'),
    keyPairId: 'K',
    key,
    derived: false,
    fromSeconds: 0,
    untilSeconds: Number.MAX_SAFE_INTEGER,
    ip: undefined,
    covers: { kind: 'paths', paths: ['/*'] },
  };
}
