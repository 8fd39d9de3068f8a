import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import Fastify from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { edgeCredentialOf, signAsEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import type { TokenGrant } from '../../src/kernel/access/grant-token.ts';
import { signToken } from '../../src/kernel/access/grant-token.ts';
import { signCookies, signUrl } from '../../src/kernel/access/sign.ts';
import { LINK_PROTOCOL } from '../../src/kernel/live/channel-link.ts';
import { liveChannelPath } from '../../src/kernel/live/paths.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { mountWithoutRole } from '../../src/live/live.ts';
import { DATABASES, type FreshDatabase } from '../contract/databases.ts';
import { ChannelNode, ChannelScenario, STREAM } from '../harness/channel-scenario.ts';
import { EDGE_ID, FLEET_SECRET } from '../harness/edge-scenario.ts';
import { CONSOLE, KEY_PAIR_ID, privateKey } from '../harness/film-edge.ts';

const PATH = liveChannelPath(STREAM);
let c: ChannelScenario;

async function start(options: ConstructorParameters<typeof ChannelScenario>[0] = {}): Promise<void> {
  c = await new ChannelScenario(options).start();
}

afterEach(() => c.stop());

const inSeconds = (seconds: number) => c.clock.now() + seconds * 1_000;

function token(grant: Partial<TokenGrant> = {}): string {
  const whole = { paths: [`/live/${STREAM}/*`], expiresAtMs: inSeconds(60), ...grant };
  return signToken(whole, KEY_PAIR_ID, privateKey);
}

const terms = () => ({ keyPairId: KEY_PAIR_ID, privateKey, expiresAtMs: inSeconds(60) });

function cookies(): string {
  const signed = signCookies({ url: `${c.s.url}/`, resource: `${c.s.url}/live/${STREAM}/*`, ...terms() });
  return Object.entries(signed)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

describe('a signed stream', () => {
  test('lets in by the same grants as its playlists, and nobody else', async () => {
    await start({ policy: 'signed' });
    const signed = signUrl({ url: `${c.s.url}${PATH}`, ...terms() });
    for (const client of [
      c.join(`?token=${token()}`),
      c.join('', { Authorization: `Bearer ${token()}` }),
      c.join(new URL(signed).search),
    ])
      await client.message('hello');
    const other = signToken({ paths: ['/live/ls_other/*'], expiresAtMs: inSeconds(60) }, KEY_PAIR_ID, privateKey);
    for (const behind of ['', `?token=${other}`, '?token=none']) expect(await c.join(behind).ended).toBe(403);
  });

  test('lets in by cookies and by a token in the path too', async () => {
    await start({ policy: 'signed' });
    expect(await c.join('', { Cookie: cookies() }).message('hello')).toMatchObject({ expiresAtMs: inSeconds(60) });
    expect(await c.joinAt(`/t/${token()}${PATH}`).message('hello')).toMatchObject({ expiresAtMs: inSeconds(60) });
  });

  test('refuses before the switch whatever is forged, over, not yet, elsewhere or of another stream', async () => {
    await start({ policy: 'signed' });
    const signed = (request: Partial<Parameters<typeof signUrl>[0]>) =>
      new URL(signUrl({ url: `${c.s.url}${PATH}`, ...terms(), ...request })).search;
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const behinds = {
      none: '',
      'no token': '?token=none',
      'another stream': `?token=${token({ paths: ['/live/ls_bcdefghjkmnpqrst/*'] })}`,
      'its playlist alone': `?token=${token({ paths: [`/live/${STREAM}/master.m3u8`] })}`,
      over: `?token=${token({ expiresAtMs: inSeconds(-1) })}`,
      'not yet': `?token=${token({ startsAtMs: inSeconds(30) })}`,
      'another address': `?token=${token({ ip: '203.0.113.0/24' })}`,
      'a key of nobody': `?token=${signToken({ paths: ['/*'], expiresAtMs: inSeconds(60) }, KEY_PAIR_ID, stranger)}`,
      'a URL that was stretched': signed({}).replace(/Expires=\d+/, `Expires=${inSeconds(600) / 1_000}`),
      'a URL of another stream': signed({ url: `${c.s.url}/live/ls_bcdefghjkmnpqrst/channel` }),
      'a URL that is over': signed({ expiresAtMs: inSeconds(-1) }),
      'a URL for another address': signed({ ip: '203.0.113.0/24' }),
    };
    const expected: Readonly<Record<string, string>> = { none: 'MissingKey', 'no token': 'MalformedSignature' };
    for (const [name, behind] of Object.entries(behinds)) {
      const client = c.join(behind);
      expect([name, await client.ended, client.refusal]).toEqual([name, 403, expected[name] ?? 'AccessDenied']);
    }
    const forged = cookies().replace(/CloudFront-Signature=./, 'CloudFront-Signature=-');
    expect(await c.join('', { Cookie: forged }).ended).toBe(403);
    for (const behind of [`?token=${token({ ip: '127.0.0.0/8' })}`, signed({ ip: '127.0.0.1' })])
      await c.join(behind).message('hello');
    expect(c.s.edge.channels).toMatchObject({ viewers: 2 });
  });

  test('sends away whose grant is over by whatever it came', async () => {
    await start({ policy: 'signed' });
    const signed = new URL(signUrl({ url: `${c.s.url}${PATH}`, ...terms() })).search;
    const all = [
      c.join(signed),
      c.join('', { Cookie: cookies() }),
      c.joinAt(`/t/${token()}${PATH}`),
      c.join('', { Authorization: `Bearer ${token()}` }),
    ];
    for (const each of all) await each.message('hello');
    c.clock.advance(59);
    for (const each of all) each.say({ type: 'ping' });
    for (const each of all) await each.message('pong');
    c.clock.advance(2);
    expect(await Promise.all(all.map(({ ended }) => ended))).toEqual([4_001, 4_001, 4_001, 4_001]);
  });

  test('takes no worse token for the one that somebody came with', async () => {
    await start({ policy: 'signed' });
    const viewer = await c.listener(`?token=${token()}`);
    const worse = [
      token({ paths: ['/live/ls_bcdefghjkmnpqrst/*'], expiresAtMs: inSeconds(3_600) }),
      token({ expiresAtMs: inSeconds(-1) }),
      token({ ip: '203.0.113.7', expiresAtMs: inSeconds(3_600) }),
    ];
    for (const [at, each] of worse.entries()) {
      viewer.say({ type: 'authorize', token: each, ref: `${at}` });
      expect(await viewer.message('error', ({ ref }) => ref === `${at}`)).toMatchObject({ code: 'GRANT_REJECTED' });
    }
    c.clock.advance(58);
    viewer.say({ type: 'ping' });
    await viewer.message('pong');
    c.clock.advance(3);
    expect(await viewer.ended).toBe(4_001);
  });

  test('sends away whose grant is over, and keeps who has brought a fresh one', async () => {
    await start({ policy: 'signed' });
    const [one, other] = [await c.listener(`?token=${token()}`), await c.listener(`?token=${token()}`)];
    expect(await one.message('hello')).toMatchObject({ expiresAtMs: inSeconds(60) });
    other.say({ type: 'authorize', token: token({ expiresAtMs: inSeconds(3_600) }) });
    expect(await other.message('authorized')).toMatchObject({ expiresAtMs: inSeconds(3_600) });
    other.say({ type: 'authorize', token: 'forged', ref: 'f' });
    expect(await other.message('error')).toMatchObject({ code: 'GRANT_REJECTED', ref: 'f' });
    // Just over the end, and not so far that he seems to have fallen silent.
    c.clock.advance(59);
    other.say({ type: 'ping' });
    await other.message('pong');
    c.clock.advance(1);
    expect(await one.ended).toBe(4_001);
    // For as long as an edge takes to look at every grant once, whether it seems to be over or not.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    other.say({ type: 'ping', ref: 'still' });
    await other.message('pong', ({ ref }) => ref === 'still');
  });

  test('sends away everybody without a grant when it was public before', async () => {
    await start();
    const [without, having] = [await c.listener(), await c.listener(`?token=${token()}`)];
    if (c.node.stream) c.node.stream = { ...c.node.stream, policy: 'signed' };
    const turning = setInterval(() => c.clock.advance(1), 200);
    expect(await without.ended).toBe(4_003);
    clearInterval(turning);
    having.say({ type: 'ping' });
    await having.message('pong');
  });
});

describe('pages', () => {
  test('of other origins do not get in by cookies, unless these are allowed', async () => {
    await start({ policy: 'signed' });
    const bring = (origin: string) => c.join('', { Cookie: cookies(), Origin: origin });
    for (const origin of [
      'https://elsewhere.example',
      'null',
      c.s.url.replace('http:', 'https:'),
      `${c.s.url}.example`,
    ]) {
      const refused = bring(origin);
      expect([origin, await refused.ended, refused.refusal]).toEqual([origin, 403, 'CHANNEL_ORIGIN_REFUSED']);
    }
    await bring(CONSOLE).message('hello');
    await bring(c.s.url).message('hello');
    await c.join(`?token=${token()}`, { Origin: 'https://elsewhere.example' }).message('hello');
    // No page sends it without saying which it is.
    await c.join('', { Cookie: cookies() }).message('hello');
  });

  test('of other origins are on public streams as anybody is', async () => {
    await start();
    await c.join('', { Origin: 'https://elsewhere.example' }).message('hello');
  });
});

describe('what is no channel', () => {
  test('a WebSocket without the subprotocol, and a request without a WebSocket, are refused', async () => {
    await start();
    expect(await c.join('', {}, ['chat']).ended).toBe(400);
    expect((await c.s.get(PATH)).status).toBe(400);
  });

  test('a stream that there is not', async () => {
    await start();
    const gone = await c.listener();
    c.node.stream = undefined;
    expect(await gone.ended).toBe(4_004);
  });
});

describe('a stream at another node', () => {
  test('is passed on to it by the node that is asked, and followed when it begins there', async () => {
    await start();
    const there = await new ChannelNode('public', c.clock).start();
    try {
      const waiting = await c.listener();
      const moved = { nodeUrl: there.url, ownedUntilMs: inSeconds(3_600) };
      for (const node of [c.node, there]) if (node.stream) node.stream = { ...node.stream, ...moved };
      const broadcast = await there.broadcast();
      broadcast.start();
      await waiting.message('hello', ({ state }) => state === 'live');
      waiting.say({ type: 'subscribe', video: '360p' });
      broadcast.publish(2);
      await waiting.until(() => waiting.frames.length === 3);
    } finally {
      await there.stop();
    }
  });

  test('that is deleted there ends here too, and when that node has died beforehand', async () => {
    for (const dies of [false, true]) {
      await start();
      const there = await new ChannelNode('public', c.clock).start();
      const moved = { nodeUrl: there.url, ownedUntilMs: inSeconds(3_600) };
      for (const node of [c.node, there]) if (node.stream) node.stream = { ...node.stream, ...moved };
      const [watching, idle] = [await c.listener(), await c.listener()];
      const broadcast = await there.broadcast();
      broadcast.start();
      await watching.message('state', ({ event }) => event === 'started');
      if (dies) await there.stop();
      else broadcast.end();
      for (const node of [c.node, there]) node.stream = undefined;
      expect(await Promise.all([watching.ended, idle.ended])).toEqual([4_004, 4_004]);
      if (!dies) await there.stop();
      if (!dies) await c.stop();
    }
  }, 30_000);

  test('is found through an origin without the role', async () => {
    await start();
    const fresh = await freshSqlite();
    const { clock } = c;
    const there = await new ChannelNode('public', clock).start();
    const app = Fastify({ forceCloseConnections: true });
    const moved = { ...there.stream, nodeUrl: there.url, ownedUntilMs: clock.now() + 3_600_000 };
    if (there.stream) there.stream = { ...there.stream, ...moved };
    const channels = await mountWithoutRole(app, {
      database: fresh.database,
      store: undefined as never,
      streams: { find: async () => there.stream } as never,
      nodeUrl: () => 'http://127.0.0.1:1',
      sign: (method, target) => ({
        [EDGE_SIGNATURE_HEADER]: signAsEdge(edgeCredentialOf(FLEET_SECRET, EDGE_ID), method, target, clock.now()),
      }),
      viewerSecret: 'a secret of the fleet',
      settings: { trustedProxies: '' },
      count: () => {},
      clock,
      log: silentLog,
    });
    try {
      const url = await app.listen({ host: '127.0.0.1', port: 0 });
      const edge = new WebSocket(`${url.replace('http', 'ws')}${PATH}`, [LINK_PROTOCOL]);
      edge.on('open', () => edge.send(JSON.stringify({ type: 'open', epoch: '', sequence: 0 })));
      const [first] = await once(edge, 'message');
      expect(JSON.parse(String(first))).toMatchObject({ type: 'state-of', state: 'idle' });
      edge.terminate();
    } finally {
      await channels.stop();
      await app.close();
      await there.stop();
      await fresh.discard();
    }
  });
});

async function freshSqlite(): Promise<FreshDatabase> {
  const [sqlite] = DATABASES;
  if (!sqlite) throw new Error('there is no database to test with');
  return sqlite.fresh();
}
