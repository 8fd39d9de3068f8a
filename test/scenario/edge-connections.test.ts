import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { EdgeScenario, HandClock, type ScenarioOptions } from '../harness/edge-scenario.ts';
import { RawViewer } from '../harness/raw-viewer.ts';

const FRESH = { 'Cache-Control': 'max-age=60' };
const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

let s: EdgeScenario;
let viewer: RawViewer | undefined;
afterEach(async () => {
  viewer?.socket.destroy();
  await s.stop();
});

/** Until what was sent has arrived: both ends are in this process. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise(setImmediate);
}

// What holds of a connection holds of it in the fast lane and in node's own server.
describe.each([
  ['in the fast lane', true],
  ['without it', false],
])('a connection %s', (_where, fastLane) => {
  async function begin(options: ScenarioOptions = {}): Promise<RawViewer> {
    s = await new EdgeScenario({ fastLane, ...options }).start();
    viewer = await new RawViewer(s.url).connected();
    return viewer;
  }

  test('that says nothing is told that it took too long, and ended', async () => {
    const silent = await begin({ clock: systemClock, settings: { edgeHeaderMs: 500 } });
    expect(await silent.toEnd()).toMatch(/^HTTP\/1\.1 408 .*"code":"REQUEST_TIMEOUT"/s);
  });

  test('answers what was asked before an earlier answer was there when that is out, in its order', async () => {
    const early = await begin();
    const held = s.origin.hold('/slow');
    s.origin.serve('/quick', { headers: FRESH, body: 'quick' });
    await s.get('/quick');
    early.send(get('/slow'));
    await held.arrived;
    // The second is simple, the third ends the connection; they arrive one by one.
    early.send(get('/quick'));
    await turns();
    early.send(`GET /quick HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    await turns();
    held.release({ headers: FRESH, body: 'slow' });
    expect((await early.toEnd()).match(/\r\n\r\n(slow|quick)/g)?.map((each) => each.trim())).toEqual([
      'slow',
      'quick',
      'quick',
    ]);
  });

  test('answers all that is said too early, also what is more than a head', async () => {
    const early = await begin({ settings: { edgeHeaderBytes: 1_024 } });
    const held = s.origin.hold('/slow');
    s.origin.serve('/quick', { headers: FRESH, body: 'quick' });
    await s.get('/quick');
    early.send(get('/slow'));
    await held.arrived;
    // Longer than a head may be by its line ends, which do not count.
    const lines = Array.from({ length: 124 }, (_, at) => `X-${at}: y\r\n`).join('');
    const long = `GET /quick HTTP/1.1\r\nHost: a\r\n${lines}Connection: close\r\n\r\n`;
    early.send(long.slice(0, 1_060));
    await turns();
    early.send(long.slice(1_060));
    await turns();
    held.release({ headers: FRESH, body: 'slow' });
    expect((await early.toEnd()).match(/\r\n\r\nquick/g)).toHaveLength(1);
  });

  test('carries a body of unknown length in chunks, and goes on', async () => {
    const lasting = await begin();
    s.origin.script('/stream', (_asked, response) => {
      response.writeHead(200, FRESH);
      response.write('first ');
      setImmediate(() => response.end('second'));
    });
    lasting.send(get('/stream'));
    const answer = await lasting.until(/\r\n0\r\n\r\n/);
    expect(answer).toMatch(/\r\nTransfer-Encoding: chunked\r\n\r\n/);
    const chunks = [...answer.matchAll(/\r\n([0-9a-f]+)\r\n((?:first |second)+)(?=\r\n)/g)];
    expect(chunks.map(([, , text]) => text).join('')).toBe('first second');
    for (const [, size = '', text] of chunks) expect(Number.parseInt(size, 16)).toBe(text?.length);
    lasting.send(get('/stream'));
    expect(await lasting.until(/second$/)).toMatch(/Content-Length: 12\r\n.*first second$/s);
  });

  test('says nothing of chunks to who asks for the head alone', async () => {
    const lasting = await begin();
    s.origin.script('/stream', (_asked, response) => {
      response.writeHead(200, FRESH);
      response.end();
    });
    lasting.send('HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n');
    await lasting.until(/\r\n\r\n/);
    await turns();
    expect(lasting.received).toMatch(/^HTTP\/1\.1 200 OK\r\n(?!.*Transfer-Encoding).*\r\n\r\n$/s);
  });

  test('passes on a word before the answer', async () => {
    const hinted = await begin();
    const held = s.origin.hold('/page');
    hinted.send(get('/page'));
    await held.arrived;
    held.inform(103, ['Link', '</style.css>; rel=preload']);
    await hinted.until(/103/);
    held.release({ headers: FRESH, body: 'page' });
    expect(await hinted.until(/page$/)).toMatch(
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/style\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
    );
  });

  test('that its viewer half closes while he waits is ended, and the origin given up', async () => {
    const half = await begin();
    const held = s.origin.hold('/slow');
    half.send(get('/slow'));
    await held.arrived;
    half.socket.end();
    await half.closed;
    await s.settled(1);
    expect(s.facts[0]?.status).toBe(499);
    await held.abandoned;
  });

  test('with an answer under way when the edge stops gets it as its last, and one without is ended', async () => {
    const busy = await begin();
    const idle = await new RawViewer(s.url).connected();
    s.origin.serve('/quick', { headers: FRESH, body: 'quick' });
    idle.send(get('/quick'));
    await idle.until(/quick$/);
    const held = s.origin.hold('/slow');
    busy.send(get('/slow'));
    await held.arrived;
    const stopped = s.edge.stop();
    await idle.closed;
    held.release({ headers: FRESH, body: 'slow' });
    expect(await busy.toEnd()).toMatch(/\r\nConnection: close\r\n.*slow$/s);
    await stopped;
  });

  test('whose viewer leaves in the middle of a large answer is told of with what was sent', async () => {
    const leaving = await begin();
    s.origin.serve('/large', { headers: FRESH, body: Buffer.alloc(8_388_608, 'l') });
    await s.get('/large');
    leaving.send(get('/large'));
    await once(leaving.socket, 'data');
    leaving.socket.destroy();
    await s.settled(2);
    expect(s.facts[1]).toMatchObject({ status: 200, verdict: 'hit', httpVersion: '1.1' });
    expect(s.edge.usage.connections).toBeLessThanOrEqual(1);
  });

  test('is one line of facts a request, with the bytes of its body', async () => {
    const asking = await begin({ clock: new HandClock() });
    s.origin.serve('/quick', { headers: FRESH, body: 'quick' });
    asking.send(get('/quick'));
    await asking.until(/quick$/);
    asking.received = '';
    asking.send(`HEAD /quick HTTP/1.1\r\nHost: a\r\n\r\n`);
    await asking.until(/\r\n\r\n/);
    asking.received = '';
    asking.send(`GET /quick HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\n\r\n`);
    await asking.until(/ui$/);
    await s.settled(3);
    expect(s.facts.map(({ method, status, verdict, bytesSent }) => [method, status, verdict, bytesSent])).toEqual([
      ['GET', 200, 'miss', 5],
      ['HEAD', 200, 'hit', 0],
      ['GET', 206, 'hit', 2],
    ]);
  });
});
