import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Board } from '../../src/control/edge-feed/board.ts';
import { streamFeed } from '../../src/control/edge-feed/stream.ts';
import { noteEdgeChange } from '../../src/database/edge-feed.ts';
import { edgeCredentialOf, signAsEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { EdgesSection } from '../../src/kernel/edge-feed/edges-section.ts';
import type { KeysSection } from '../../src/kernel/edge-feed/keys-section.ts';
import { type FeedMessage, parseFeedMessage } from '../../src/kernel/edge-feed/message.ts';
import type { EdgeReport } from '../../src/kernel/edge-feed/report.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { LocalSignals } from '../../src/queue/signals.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';

let folder: string;
let server: ControlServer;

beforeEach(async () => {
  folder = await freshFolder();
  server = await startControl({ folder, feedBeatMs: 100 });
});
afterEach(async () => {
  await server.stop();
  await removeFolder(folder);
});

const FEED = '/v1/edge/feed';

function ask(query = '', signedAs = FEED + query): Promise<Response> {
  const credential = edgeCredentialOf(server.secrets.edgeSecret, 'ed_abcdefghjkmnpqrs');
  const signature = signAsEdge(credential, 'GET', signedAs, Date.now());
  return server.call(FEED + query, { token: null, headers: { [EDGE_SIGNATURE_HEADER]: signature } });
}

/** An edge's side of the feed, without an edge. */
async function follow(
  query = '',
): Promise<{ next(): Promise<FeedMessage>; news(): Promise<FeedMessage>; leave(): Promise<void> }> {
  const response = await ask(query);
  expect(response.status).toBe(200);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  const next = async (): Promise<FeedMessage> => {
    for (;;) {
      const end = text.indexOf('\n');
      if (end !== -1) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        return parseFeedMessage(line);
      }
      const { value, done } = await reader.read();
      if (done) throw new Error('the feed ended');
      text += decoder.decode(value, { stream: true });
    }
  };
  const news = async (): Promise<FeedMessage> => {
    for (;;) {
      const message = await next();
      if (Object.keys(message.sections).length > 0) return message;
    }
  };
  return { next, news, leave: () => reader.cancel() };
}

const keysOf = ({ sections }: FeedMessage) =>
  ((sections.keys as { value: KeysSection } | undefined)?.value.keys ?? []).map(({ keyPairId }) => keyPairId);
const versionsOf = ({ sections }: FeedMessage) =>
  Object.entries(sections)
    .flatMap(([name, news]) => ('version' in news ? [`${name}:${news.version}`] : []))
    .join(',');
const newKey = async (): Promise<string> => {
  const made = await server.call('/v1/signing-keys', { json: { algorithm: 'ECDSA' } });
  return ((await made.json()) as { keyPairId: string }).keyPairId;
};

test('is for edges only, and a signature is good for its own target', async () => {
  for (const response of [await server.call(FEED), await ask('?states=keys:a', FEED)]) {
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'EDGE_SIGNATURE_INVALID' });
  }
});

test('says first what there is, and nothing that the edge has', async () => {
  const fresh = await follow();
  const first = await fresh.next();
  expect(keysOf(first)).toEqual([server.secrets.grantKey.keyPairId]);
  expect((first.sections.keys as { value: KeysSection }).value.credentialOrigins).toContain(server.url);
  await fresh.leave();
  const again = await follow(`?lineage=${first.lineage}&states=${versionsOf(first)}`);
  expect(await again.next()).toMatchObject({ revision: first.revision, sections: {} });
  await again.leave();
});

test('leaves out what an edge has refused', async () => {
  const fresh = await follow();
  const first = await fresh.next();
  await fresh.leave();
  const again = await follow(`?lineage=${first.lineage}&refused=${versionsOf(first)}`);
  expect((await again.next()).sections).not.toHaveProperty('keys');
  const keyPairId = await newKey();
  expect(keysOf(await again.news())).toContain(keyPairId);
  await again.leave();
});

test('tells at once when a key is made or revoked, also when the signal for it is lost', async () => {
  const edge = await follow();
  await edge.next();
  const keyPairId = await newKey();
  expect(keysOf(await edge.news())).toContain(keyPairId);
  const askedAt = performance.now();
  await server.keys.revoke(keyPairId);
  expect(keysOf(await edge.news())).not.toContain(keyPairId);
  expect(performance.now() - askedAt).toBeLessThan(1_000);
  await edge.leave();
});

test('beats while there is nothing to say, and says so when an edge has everything', async () => {
  const edge = await follow();
  const first = await edge.next();
  expect(await edge.next()).toMatchObject({ revision: first.revision, beatMs: 100, sections: {} });
  await noteEdgeChange(server.database);
  await expect.poll(async () => (await edge.next()).revision).toBe(first.revision + 1);
  await edge.leave();
});

test('tells of load at the revision that there is, and at a new one that an edge is there', async () => {
  const edge = await follow();
  await edge.next();
  const credential = edgeCredentialOf(server.secrets.edgeSecret, 'ed_abcdefghjkmnpqrs');
  const report = async (busy: number) => {
    const json: EdgeReport = {
      process: 'edge-0',
      name: 'one',
      version: '1',
      url: 'https://edge.example',
      configuration: { revision: 1, logs: {} },
      load: { requestsPerSecond: 1, bytesPerSecond: 2, connections: 3, cachedBytes: 4, hitRatio: 0.5, busy },
      origins: [],
      clockAheadMs: 0,
    };
    const headers = { [EDGE_SIGNATURE_HEADER]: signAsEdge(credential, 'POST', '/v1/edge/report', Date.now()) };
    expect((await server.call('/v1/edge/report', { token: null, json, headers })).status).toBe(204);
  };
  const loadOf = ({ sections }: FeedMessage) =>
    (sections.edges as { value: EdgesSection } | undefined)?.value.edges[0]?.load;
  const heardOf = async (busy: number): Promise<number> => {
    await report(busy);
    for (;;) {
      const news = await edge.news();
      if (loadOf(news) === busy) return news.revision;
    }
  };
  const first = await heardOf(0);
  const second = await heardOf(1);
  expect(second).toBeGreaterThan(first);
  expect([await heardOf(0), await heardOf(1)]).toEqual([second, second]);
  await edge.leave();
});

test('asks proxies not to hold it back', async () => {
  const response = await ask();
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'application/x-ndjson',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  await response.body?.cancel();
});

test('ends when control stops, which it does not hold up', async () => {
  const edge = await follow();
  await edge.next();
  const from = performance.now();
  await server.stop();
  expect(performance.now() - from).toBeLessThan(3_000);
  await expect(edge.news()).rejects.toThrow();
  server = await startControl({ folder });
});

describe('the board', () => {
  const value = 'x'.repeat(1_000_000);

  function board(counts: { reads: number; marks: number }, revision = { at: 1 }) {
    return new Board({
      sections: [
        {
          name: 'big',
          read: async () => {
            counts.reads += 1;
            return { version: `${revision.at}`, value };
          },
        },
      ],
      mark: async () => {
        counts.marks += 1;
        return { lineage: 'l', revision: revision.at };
      },
      signals: new LocalSignals(),
      log: silentLog,
    });
  }
  const NOTHING = { lineage: '', states: {}, logs: {}, refused: {} };

  test('reads once for however many edges, and not while the mark stands', async () => {
    const counts = { reads: 0, marks: 0 };
    const read = board(counts);
    const stops = Array.from({ length: 20 }, () => read.follow(() => {}));
    await Promise.all(stops.map(() => read.noticeFor(NOTHING, 0, 0)));
    await expect.poll(() => counts.marks, { timeout: 3_000 }).toBeGreaterThan(3);
    for (const stop of stops) stop();
    expect(counts.reads).toBe(1);
  });

  test('has what another control has told by now for whoever comes', async () => {
    const revision = { at: 1 };
    const read = board({ reads: 0, marks: 0 }, revision);
    await read.refresh();
    revision.at = 2;
    await read.refresh();
    expect((await read.noticeFor(NOTHING, 0, 0)).revision).toBe(2);
  });

  test('goes on beating for an edge that has everything while the database is away', async () => {
    const source = { isThere: true };
    const read = new Board({
      sections: [
        {
          name: 'log',
          after: async (sequence) => {
            if (!source.isThere) throw new Error('away');
            return { whole: sequence === undefined, upTo: 7, entries: [] };
          },
        },
      ],
      mark: async () => ({ lineage: 'l', revision: 1 }),
      signals: new LocalSignals(),
      log: silentLog,
    });
    const { position } = await read.noticeFor(NOTHING, 0, 0);
    source.isThere = false;
    expect((await read.noticeFor(position, 0, 0)).text).toContain('"sections":{}');
    await expect(read.noticeFor(NOTHING, 0, 0)).resolves.toBeDefined();
    await expect(read.noticeFor({ ...position, logs: { log: 3 } }, 0, 0)).rejects.toThrow('away');
  });

  test('reads again what changes without the mark', async () => {
    const counts = { reads: 0, marks: 0 };
    const read = board(counts);
    await read.refresh();
    read.rereads();
    await read.refresh();
    await read.refresh();
    expect(counts.reads).toBe(2);
  });

  test('keeps one message for an edge that takes nothing, however much changes', async () => {
    const counts = { reads: 0, marks: 0 };
    const revision = { at: 1 };
    const read = board(counts, revision);
    const ending = new AbortController();
    const responding = Promise.withResolvers<ServerResponse>();
    const listener = createServer((_request, response) => {
      responding.resolve(response);
      const options = { clock: systemClock, beatMs: 50, ending: ending.signal, admits: async () => true };
      void streamFeed(response, read, NOTHING, options);
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const socket = connect((listener.address() as AddressInfo).port, '127.0.0.1');
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const response = await responding.promise;
    // More than what the system takes on behalf of a reader.
    for (; revision.at < 30; revision.at += 1) await read.noticeFor(NOTHING, 0, 0);
    await expect.poll(() => response.writableNeedDrain).toBe(true);
    expect(response.writableLength).toBeLessThan(2 * value.length);
    ending.abort();
    socket.destroy();
    listener.close();
    await expect.poll(() => response.destroyed).toBe(true);
  });
});
