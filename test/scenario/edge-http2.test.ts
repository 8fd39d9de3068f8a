import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { EdgeScenario, type ScenarioOptions } from '../harness/edge-scenario.ts';
import { FRAME, RawHttp2, writeFields, writeFrame } from '../harness/http2-frames.ts';
import { answerOf, closeOf, Http2Viewer } from '../harness/http2-viewer.ts';

const MEBIBYTE = 1_048_576;
const FRESH = { 'Cache-Control': 'max-age=60' };

let folder: string;
let s: EdgeScenario;
let viewer: Http2Viewer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
  const { cert, key } = makeCertificate('localhost');
  await writeFile(join(folder, 'default.crt'), cert);
  await writeFile(join(folder, 'default.key'), key);
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => begin());
afterEach(() => end());

async function begin(options: ScenarioOptions = {}): Promise<void> {
  s = await new EdgeScenario({ ...options, settings: { ...options.settings, edgeTlsCerts: folder } }).start();
  viewer = new Http2Viewer(s.tlsUrl);
}

async function end(): Promise<void> {
  await viewer.stop();
  await s.stop();
}

/** The same edge for viewers whose patience is a second. */
async function beginImpatient(): Promise<void> {
  await end();
  await begin({ clock: systemClock, settings: { viewerIdleMs: 1_000 } });
}

describe('over HTTP/2', () => {
  test('a viewer gets the same answer as over HTTP/1.1, from the same cache', async () => {
    s.origin.serve('/a', {
      headers: { ...FRESH, ETag: '"1"', 'Set-Thing': 'x', Connection: 'keep-alive' },
      body: 'hello',
    });
    const before = await s.get('/a');
    const { status, headers, body } = await viewer.get('/a');
    expect(viewer.session.alpnProtocol).toBe('h2');
    expect([status, body.toString()]).toEqual([200, 'hello']);
    const { 'x-frontrow-id': _own, ...fields } = before.headers;
    for (const name of ['connection', 'keep-alive']) delete fields[name];
    const ours = { ...fields, 'x-cache': 'Hit from frontrow', age: '0', 'cache-status': 'frontrow; hit; ttl=60' };
    expect(headers).toMatchObject(ours);
    expect(headers).not.toHaveProperty('connection');
    expect(s.origin.count('/a')).toBe(1);
  });

  test('viewers of a hot object each get their own id and otherwise the same fields, by either protocol in turn', async () => {
    s.origin.serve('/a', { headers: { ...FRESH, 'X-Twice': ['1', '2'] }, body: 'hello' });
    await s.get('/a');
    const answers = [await s.get('/a'), await viewer.get('/a'), await s.get('/a'), await viewer.get('/a')];
    const ids = new Set(answers.map(({ headers }) => headers['x-frontrow-id']));
    expect([...ids].every((id) => /^edge-[0-9a-f]{8}-\w+$/.test(String(id)))).toBe(true);
    expect(ids.size).toBe(4);
    const rest = answers.map(({ status, headers, body }) => {
      const { 'x-frontrow-id': _own, connection: _1, 'keep-alive': _2, ':status': _3, ...fields } = headers;
      return { status, fields: Object.fromEntries(Object.entries(fields)), body: body.toString() };
    });
    for (const each of rest) expect(each).toEqual(rest[0]);
    expect(rest[0]).toMatchObject({ status: 200, body: 'hello', fields: { 'x-twice': '1, 2' } });
  });

  test('conditions, ranges and HEAD are answered as over HTTP/1.1', async () => {
    s.origin.serve('/a', { headers: { ...FRESH, ETag: '"1"' }, body: '0123456789' });
    await viewer.get('/a');
    const [head, unchanged, part] = await Promise.all([
      viewer.get('/a', { ':method': 'HEAD' }),
      viewer.get('/a', { 'if-none-match': '"1"' }),
      viewer.get('/a', { range: 'bytes=2-4' }),
    ]);
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '10', 0]);
    expect([unchanged.status, unchanged.body.length]).toEqual([304, 0]);
    expect([part.status, part.headers['content-range'], part.body.toString()]).toEqual([206, 'bytes 2-4/10', '234']);
    await s.settled(4);
    expect(s.facts.map(({ status }) => status).sort()).toEqual([200, 200, 206, 304]);
  });

  test('a body reaches the origin, whether its length is stated or not', async () => {
    s.origin.serve('/form', { body: 'taken' });
    await viewer.get('/form', { ':method': 'POST', 'content-length': 5 }, 'first');
    await viewer.get('/form', { ':method': 'POST' }, 'second');
    expect(s.origin.asked.map(({ method, body }) => [method, body])).toEqual([
      ['POST', 'first'],
      ['POST', 'second'],
    ]);
  });

  test('the origin gets one Cookie field, and the authority as the host', async () => {
    s.origin.serve('/a', { body: 'a' });
    const asking = { ':method': 'POST', ':authority': 'films.example', cookie: ['a=1', 'b=2'], te: 'trailers' };
    await viewer.get('/a', asking);
    const { headers } = s.origin.asked[0] ?? {};
    expect(headers).toMatchObject({
      cookie: 'a=1; b=2',
      'x-forwarded-host': 'films.example',
      'x-forwarded-proto': 'https',
    });
    expect(headers).not.toHaveProperty('te');
  });

  test('the origin may repeat a field that HTTP has once', async () => {
    s.origin.serve('/a', { headers: { 'Content-Language': ['de', 'en'], 'Set-Cookie': ['a=1', 'b=2'] }, body: 'a' });
    const { headers } = await viewer.get('/a');
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });

  test('an error is the same problem document', async () => {
    s.origin.script('/dead', (_asked, response) => void response.socket?.destroy());
    const { status, body } = await viewer.get('/dead');
    expect(status).toBe(502);
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'ORIGIN_UNREACHABLE' });
  });

  test('its own health is answered', async () => {
    const { status, body } = await viewer.get('/.well-known/frontrow/health');
    expect([status, JSON.parse(body.toString())]).toEqual([200, { status: 'ok' }]);
  });

  test.each(['from memory', 'while it arrives'])(
    'a large body comes whole %s, on many streams at once',
    async (how) => {
      const body = Buffer.from(Array.from({ length: 3 * MEBIBYTE }, (_, at) => (at * 31) & 0xff));
      s.origin.serve('/large', { headers: FRESH, body });
      if (how === 'from memory') await viewer.get('/large');
      const answers = await Promise.all(Array.from({ length: 8 }, () => viewer.get('/large')));
      for (const answer of answers) expect(answer.body.equals(body)).toBe(true);
      expect(s.origin.count('/large')).toBe(1);
    },
  );

  test.each([
    ['of stated length', { lengthBytes: 100 }],
    ['of unstated length', {}],
  ])('a body %s that the origin breaks off is a reset stream, and its session goes on', async (_what, length) => {
    const held = s.origin.hold('/broken');
    const stream = viewer.open('/broken');
    const answer = answerOf(stream);
    await held.arrived;
    held.head({ headers: FRESH, ...length });
    held.write('half');
    await once(stream, 'data');
    held.breakOff();
    await expect(answer).rejects.toThrow(`reset: ${constants.NGHTTP2_INTERNAL_ERROR}`);
    s.origin.serve('/a', { body: 'a' });
    expect((await viewer.get('/a')).status).toBe(200);
  });

  test('a viewer who takes a request back lets the origin go', async () => {
    const held = s.origin.hold('/a');
    const stream = viewer.open('/a');
    await held.arrived;
    stream.close(constants.NGHTTP2_CANCEL);
    await held.abandoned;
    await s.settled(1);
    expect(s.facts[0]).toMatchObject({ status: 499 });
  });
});

describe('a slow viewer over HTTP/2', () => {
  test('holds up no other stream of the same session, neither from memory nor in a fill', async () => {
    s.origin.serve('/hot', { headers: FRESH, body: Buffer.alloc(8 * MEBIBYTE, 'h') });
    await viewer.get('/hot');
    const cold = s.origin.hold('/cold');
    const deaf = [viewer.open('/hot'), viewer.open('/cold')];
    for (const stream of deaf) stream.pause();
    await cold.arrived;
    const following = viewer.get('/cold');
    while (s.edge.readersOf('/cold') < 2) await new Promise(setImmediate);
    cold.release({ headers: FRESH, body: Buffer.alloc(8 * MEBIBYTE, 'c') });
    expect((await viewer.get('/hot')).body.length).toBe(8 * MEBIBYTE);
    expect((await following).body.length).toBe(8 * MEBIBYTE);
  });

  test('who takes no byte loses that stream after the idle time, and no other', async () => {
    await beginImpatient();
    s.origin.serve('/hot', { headers: FRESH, body: Buffer.alloc(8 * MEBIBYTE, 'h') });
    await viewer.get('/hot');
    const held = s.origin.hold('/slow');
    const waiting = viewer.get('/slow');
    await held.arrived;
    const deaf = viewer.open('/hot');
    deaf.pause();
    await closeOf(deaf);
    expect(deaf.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    await s.settled(2);
    expect(s.facts[1]?.durationMs).toBeGreaterThan(900);
    held.release({ body: 'waited for longer than the idle time' });
    expect((await waiting).status).toBe(200);
  });

  test('who does not send the body he began loses the stream', async () => {
    await beginImpatient();
    s.origin.serve('/form', { body: 'taken' });
    const stream = viewer.session.request({ ':path': '/form', ':method': 'POST', 'content-length': 9 });
    stream.on('error', () => {});
    stream.write('half');
    await closeOf(stream);
    expect(viewer.session.destroyed).toBe(false);
  });

  test('with a session and nothing to ask is let go after the idle time', async () => {
    await beginImpatient();
    s.origin.serve('/a', { body: 'a' });
    await viewer.get('/a');
    await once(viewer.session, 'close');
  });
});

describe('a hostile HTTP/2 session', () => {
  const GET = [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/a'],
    [':authority', 'a'],
  ] as const;
  let raw: RawHttp2;
  beforeEach(async () => {
    s.origin.serve('/a', { headers: FRESH, body: 'a' });
    raw = await new RawHttp2(s.tlsUrl).start();
  });
  afterEach(() => raw.socket.destroy());

  test('that opens requests and takes them back without end is told GOAWAY after some hundreds', async () => {
    let streamId = 1;
    for (let sent = 0; sent < 20_000 && !raw.socket.destroyed; sent += 100) {
      const pairs = Array.from({ length: 100 }, () => {
        const cancel = writeFrame(FRAME.reset, 0, streamId, Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]));
        const frames = [raw.request(streamId, GET), cancel];
        streamId += 2;
        return Buffer.concat(frames);
      });
      await raw.send(...pairs);
      await new Promise(setImmediate);
    }
    expect(await raw.until(({ type }) => type === FRAME.goaway)).toBeDefined();
    expect(s.facts.length).toBeLessThan(800);
  });

  test.each([
    ['pings', writeFrame(FRAME.ping, 0, 0, Buffer.alloc(8))],
    ['settings', writeFrame(FRAME.settings, 0, 0)],
  ])('that sends %s and takes no answer is ended', async (_what, frame) => {
    raw.socket.pause();
    const flood = Buffer.concat(Array.from({ length: 1_000 }, () => frame));
    for (let sent = 0; sent < 1_000 && !raw.socket.destroyed; sent++) {
      await raw.send(flood);
    }
    await raw.closed;
  });

  test('with a header list that does not end is ended', async () => {
    await raw.send(writeFrame(FRAME.headers, 0, 1, writeFields(GET)));
    for (let sent = 0; sent < 10_000 && !raw.socket.destroyed; sent++) {
      await raw.send(writeFrame(FRAME.continuation, 0, 1, writeFields([[`x-${sent}`, 'y'.repeat(1_000)]])));
      await new Promise(setImmediate);
    }
    await raw.closed;
  });

  test('with more streams at once than it may have has to wait', async () => {
    const holds = Array.from({ length: 140 }, (_, at) => s.origin.hold(`/${at}`));
    const answers = holds.map((_, at) => viewer.get(`/${at}`).catch(() => undefined));
    await Promise.all(holds.slice(0, 128).map((hold) => hold.arrived));
    await new Promise((resolve) => viewer.session.ping(resolve));
    expect(s.origin.asked.length).toBe(128);
    for (const hold of holds) hold.release({ body: 'x' });
    const statuses = (await Promise.all(answers)).map((answer) => answer?.status);
    expect(statuses.filter((status) => status === 200).length).toBe(140);
  });
});

test('words before the answer reach the viewer of a stream', async () => {
  s.origin.script('/a', (_asked, response) => {
    response.writeInformation(103, ['Link', '</a.css>; rel=preload', 'Link', '</b.css>; rel=preload']);
    response.writeHead(200, FRESH).end('body');
  });
  const stream = viewer.open('/a');
  const early: unknown[] = [];
  stream.on('headers', (headers) => early.push([headers[':status'], headers.link]));
  expect((await answerOf(stream)).body.toString()).toBe('body');
  expect(early).toEqual([[103, '</a.css>; rel=preload, </b.css>; rel=preload']]);
});

// The time limit is part of the claim.
test('a stop finishes the streams that run, says GOAWAY and takes no more', async () => {
  const held = s.origin.hold('/a');
  const running = viewer.get('/a');
  await held.arrived;
  const farewell = once(viewer.session, 'goaway');
  const stopped = s.edge.stop();
  await farewell;
  await expect(viewer.get('/b')).rejects.toThrow();
  held.release({ headers: FRESH, body: 'to the end' });
  expect((await running).body.toString()).toBe('to the end');
  await stopped;
}, 5_000);
