import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeCertificate } from '../harness/certificate.ts';
import { EdgeScenario, HandClock, type ScenarioOptions } from '../harness/edge-scenario.ts';
import { Http2Viewer } from '../harness/http2-viewer.ts';
import { exchangeBytes } from '../harness/raw-viewer.ts';

/** What RFC 9110 sections 8.4, 8.8.3.3 and 12.5.3 ask of whoever compresses for others, over both versions of HTTP. */
type Fields = Readonly<Record<string, string>>;

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

let folder: string;
let s: EdgeScenario;
let clock: HandClock;
let second: Http2Viewer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
  const { cert, key } = makeCertificate('localhost');
  await Promise.all([writeFile(join(folder, 'default.crt'), cert), writeFile(join(folder, 'default.key'), key)]);
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => start());
afterEach(() => stop());

async function start(options: ScenarioOptions = {}): Promise<void> {
  clock = new HandClock();
  s = await new EdgeScenario({ clock, ...options, settings: { edgeTlsCerts: folder, ...options.settings } }).start();
  second = new Http2Viewer(s.tlsUrl);
}

async function stop(): Promise<void> {
  await second.stop();
  await s.stop();
}

async function restart(options: ScenarioOptions): Promise<void> {
  await stop();
  await start(options);
}

const BROWSER = { 'Accept-Encoding': 'gzip, deflate, br, zstd' };
const FRESH = { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/plain', ETag: '"x"' };
const TEXT = Buffer.from('All happy families are alike; each unhappy family is unhappy in its own way.\n'.repeat(200));
const DECODE: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
  gzip: gunzipSync,
};

const decoded = ({ headers, body }: Got) => DECODE[String(headers['content-encoding'])]?.(body) ?? body;
const codingOf = ({ headers }: Got) => headers['content-encoding'];

/** Asks and waits until the edge has done all that it does about it. */
async function get(target: string, headers: Fields = {}, method = 'GET'): Promise<Got> {
  const before = s.facts.length;
  const answer = await s.get(target, { method, headers });
  await s.settled(before + 1);
  return answer;
}

describe.each([
  ['HTTP/1.1', get],
  ['HTTP/2', (target: string, headers: Fields) => second.get(target, headers as Record<string, string>)],
] as const)('over %s', (_version, ask) => {
  test.each(['br', 'zstd', 'gzip'])('a text comes in %s, cold and hot, under a weak tag', async (coding) => {
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    for (const verdict of ['miss', 'hit']) {
      const answer = await ask('/a', { 'accept-encoding': coding });
      expect(answer.headers).toMatchObject({ 'content-encoding': coding, vary: 'Accept-Encoding', etag: 'W/"x"' });
      expect(answer.headers['cache-status']).toContain(verdict);
      expect(answer.headers['accept-ranges']).toBeUndefined();
      expect(answer.headers['content-length']).toBe(verdict === 'hit' ? String(answer.body.length) : undefined);
      expect([decoded(answer).equals(TEXT), answer.body.length < 2_000]).toEqual([true, true]);
    }
    expect(s.edge.compressions?.counts[coding as 'br']).toMatchObject({ done: 1, takenBytes: TEXT.length });
    expect(s.origin.count('/a')).toBe(1);
  });

  test('the same body as it is stays whole, with its strong tag, and says that it varies', async () => {
    s.origin.serve('/a', { headers: { ...FRESH, Vary: 'Origin' }, body: TEXT });
    await ask('/a', { 'accept-encoding': 'br' });
    for (const asked of [{}, { 'accept-encoding': 'identity' }, { 'accept-encoding': 'br;q=0' }]) {
      const { headers, body } = await ask('/a', asked);
      expect(headers).toMatchObject({ vary: 'Origin, Accept-Encoding', etag: '"x"', 'accept-ranges': 'bytes' });
      expect([headers['content-encoding'], headers['content-length'], body.equals(TEXT)]).toEqual([
        undefined,
        String(TEXT.length),
        true,
      ]);
    }
  });

  test('a body that its origin breaks off looks whole in no coding', async () => {
    const held = s.origin.hold('/a');
    const answer = Promise.resolve(ask('/a', { 'accept-encoding': 'gzip' }));
    const outcome = answer.then(
      () => 'whole',
      () => 'broken off',
    );
    await held.arrived;
    held.head({ headers: FRESH, lengthBytes: TEXT.length });
    held.write(TEXT.subarray(0, 5_000));
    held.breakOff();
    expect(await outcome).toBe('broken off');
  });
});

describe('which coding', () => {
  test.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate, zstd', 'zstd'],
    ['br;q=0.5, gzip;q=0.8', 'gzip'],
    ['*;q=0.1', 'br'],
    ['identity, br;q=0.9', undefined],
    ['identity;q=0', undefined],
    ['br;;', undefined],
  ])('%s comes as %s', async (accepts, coding) => {
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    for (let time = 0; time < 2; time += 1) {
      const answer = await get('/a', { 'Accept-Encoding': accepts });
      expect([codingOf(answer), decoded(answer).equals(TEXT)]).toEqual([coding, true]);
    }
  });

  test.each<[string, Fields, Buffer]>([
    ['a segment', { 'Content-Type': 'video/iso.segment' }, TEXT],
    ['a picture', { 'Content-Type': 'image/jpeg' }, TEXT],
    ['a key', { 'Content-Type': 'application/octet-stream' }, TEXT],
    ['something small', {}, TEXT.subarray(0, 999)],
    ['what must not be changed', { 'Cache-Control': 'max-age=60, no-transform' }, TEXT],
    ['what its origin has coded', { 'Content-Encoding': 'gzip' }, TEXT],
  ])('%s goes out as it came, without a word about codings', async (_what, fields, body) => {
    s.origin.serve('/a', { headers: { ...FRESH, ...fields }, body });
    for (let time = 0; time < 2; time += 1) {
      const answer = await get('/a', BROWSER);
      expect([answer.body.equals(body), answer.headers.vary, answer.headers.etag]).toEqual([true, undefined, '"x"']);
      expect(codingOf(answer)).toBe(fields['Content-Encoding']);
    }
  });

  test.each<[string, Fields]>([
    ['private', { 'Cache-Control': 'private' }],
    ['not to be stored', { 'Cache-Control': 'no-store' }],
    ["one viewer's cookie", { 'Cache-Control': 'must-revalidate', 'Set-Cookie': 'a=b' }],
  ])('an answer that is %s is not compressed', async (_what, fields) => {
    s.origin.serve('/a', { headers: { ...FRESH, ...fields }, body: TEXT });
    for (let time = 0; time < 2; time += 1) {
      const answer = await get('/a', BROWSER);
      expect([codingOf(answer), answer.headers.vary, answer.body.equals(TEXT)]).toEqual([undefined, undefined, true]);
    }
  });

  test('an answer that one viewer alone was fetched is not compressed, and says that it varies', async () => {
    const dated = { ...FRESH, 'Last-Modified': 'Mon, 01 Jun 2026 10:00:00 GMT' };
    s.origin.serve('/a', { headers: dated, body: TEXT });
    await get('/a');
    const answer = await get('/a', { ...BROWSER, 'If-Unmodified-Since': 'Mon, 01 Jun 2026 09:00:00 GMT' });
    expect(s.facts.at(-1)?.reason).toBe('precondition');
    expect([answer.body.equals(TEXT), codingOf(answer), answer.headers.vary]).toEqual([
      true,
      undefined,
      'Accept-Encoding',
    ]);
  });

  test('an answer to POST, and an absence, are left alone', async () => {
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    s.origin.serve('/gone', { status: 404, headers: FRESH, body: TEXT });
    const posted = await s.get('/a', { method: 'POST', headers: BROWSER, body: 'x' });
    expect(s.origin.last('/a')?.headers['accept-encoding']).toBe(BROWSER['Accept-Encoding']);
    const gone = await get('/gone', BROWSER);
    expect([codingOf(posted), codingOf(gone)]).toEqual([undefined, undefined]);
  });

  test('who speaks HTTP/1.0 could not tell an end from a break, and gets the body as it is', async () => {
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    const answer = await exchangeBytes(s.url, 'GET /a HTTP/1.0\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n');
    expect(answer).toContain(`Content-Length: ${TEXT.length}\r\n`);
    expect(answer).not.toContain('Content-Encoding');
  });

  test('a viewer who wants nothing changed gets the body as it is', async () => {
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    const answer = await get('/a', { ...BROWSER, 'Cache-Control': 'max-age=0, no-transform' });
    expect([codingOf(answer), answer.headers.vary]).toEqual([undefined, 'Accept-Encoding']);
  });

  test('switched off, the edge leaves bodies and wishes as they are', async () => {
    await restart({ settings: { edgeCompression: false } });
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    const answer = await get('/a', BROWSER);
    expect([codingOf(answer), answer.headers.vary, answer.body.equals(TEXT)]).toEqual([undefined, undefined, true]);
    expect(s.origin.last('/a')?.headers['accept-encoding']).toBe(BROWSER['Accept-Encoding']);
  });
});

describe('parts and conditions', () => {
  beforeEach(async () => {
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    await get('/a', BROWSER);
  });

  test.each<[string, Fields]>([
    ['a range', { Range: 'bytes=2-5' }],
    ['a range of the body it has', { Range: 'bytes=2-5', 'If-Range': '"x"' }],
  ])('%s is cut from the body as it is', async (_what, fields) => {
    const part = await get('/a', { ...BROWSER, ...fields });
    expect(part.headers).toMatchObject({ 'content-range': `bytes 2-5/${TEXT.length}`, etag: '"x"' });
    expect([part.status, codingOf(part), part.headers.vary]).toEqual([206, undefined, 'Accept-Encoding']);
    expect(part.body.toString()).toBe('l ha');
  });

  test.each<[string, Fields, number]>([
    ['the tag of a coding with a range', { Range: 'bytes=2-5', 'If-Range': 'W/"x"' }, 200],
    ['the tag of the body as it is', { 'If-Match': '"x"' }, 200],
    ['that tag, for a range that he does not ask for', { 'If-Range': '"x"' }, 200],
    ['a place behind its end', { Range: 'bytes=999999-' }, 416],
  ])('whoever names %s means the body as it is', async (_what, fields, status) => {
    const answer = await get('/a', { ...BROWSER, ...fields });
    expect([answer.status, codingOf(answer), answer.headers.etag]).toEqual([status, undefined, '"x"']);
    expect(answer.headers.vary).toBe('Accept-Encoding');
  });

  test.each(['"x"', 'W/"x"', '"y", W/"x"', '*'])('%s is known in every coding', async (tag) => {
    for (const [accepts, etag] of [
      ['br', 'W/"x"'],
      ['zstd', 'W/"x"'],
      ['identity', '"x"'],
    ] as const) {
      const answer = await get('/a', { 'Accept-Encoding': accepts, 'If-None-Match': tag });
      expect([answer.status, answer.headers.etag, answer.headers.vary]).toEqual([304, etag, 'Accept-Encoding']);
      // Who holds the body as it is must not take it for a coded one.
      expect(codingOf(answer)).toBeUndefined();
    }
    expect(s.edge.compressions?.counts).toMatchObject({ br: { done: 1 }, zstd: { done: 0 } });
  });

  test('another tag is not', async () => {
    const answer = await get('/a', { ...BROWSER, 'If-None-Match': 'W/"y"' });
    expect([answer.status, codingOf(answer)]).toEqual([200, 'br']);
  });

  test('HEAD tells what GET would', async () => {
    for (const accepts of ['br', 'identity']) {
      const [head, whole] = [
        await get('/a', { 'Accept-Encoding': accepts }, 'HEAD'),
        await get('/a', { 'Accept-Encoding': accepts }),
      ];
      const fieldsOf = ({ headers: { 'x-frontrow-id': _own, ...fields } }: Got) => fields;
      expect(fieldsOf(head)).toEqual(fieldsOf(whole));
    }
  });

  test('HEAD of what is not stored tells it too, and compresses nothing', async () => {
    s.origin.serve('/b', { headers: FRESH, body: TEXT });
    const { headers } = await get('/b', BROWSER, 'HEAD');
    expect(headers).toMatchObject({ 'content-encoding': 'br', etag: 'W/"x"', vary: 'Accept-Encoding' });
    expect([headers['content-length'], s.edge.compressions?.size]).toEqual([undefined, 0]);
    await get('/a', { 'Accept-Encoding': 'zstd' }, 'HEAD');
    expect(s.edge.compressions?.size).toBe(0);
  });
});

describe('one compression', () => {
  test('serves all who wait for the same coding while the origin still sends', async () => {
    const held = s.origin.hold('/a');
    const viewers = Array.from({ length: 5 }, (_, at) =>
      s.viewer('/a', { headers: { 'Accept-Encoding': at < 4 ? 'br' : 'gzip' } }),
    );
    await held.arrived;
    held.head({ headers: FRESH, lengthBytes: TEXT.length });
    held.write(TEXT.subarray(0, 4_000));
    // The origin pauses: what it has sent is brought to everybody.
    await Promise.all(viewers.map((viewer) => viewer.received(50)));
    held.write(TEXT.subarray(4_000));
    held.end();
    const answers = await Promise.all(viewers.map((viewer) => viewer.answer));
    expect(answers.map(codingOf)).toEqual(['br', 'br', 'br', 'br', 'gzip']);
    for (const answer of answers) expect(decoded(answer).equals(TEXT)).toBe(true);
    expect(s.edge.compressions?.counts).toMatchObject({ br: { done: 1 }, gzip: { done: 1 } });
    expect(s.origin.count('/a')).toBe(1);
  });

  test('serves all who ask for a stored body at once', async () => {
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    await get('/a');
    const answers = await Promise.all(Array.from({ length: 5 }, () => s.get('/a', { headers: BROWSER })));
    for (const answer of answers) expect([codingOf(answer), decoded(answer).equals(TEXT)]).toEqual(['br', true]);
    expect(s.edge.compressions?.counts.br.done).toBe(1);
  });

  test('goes on for the others when a viewer leaves, and gives the origin up with the last', async () => {
    const held = s.origin.hold('/a');
    const [first, other] = [s.viewer('/a', { headers: BROWSER }), s.viewer('/a', { headers: BROWSER })];
    await held.arrived;
    held.head({ headers: FRESH, lengthBytes: TEXT.length * 10 });
    held.write(TEXT);
    await Promise.all([first.received(50), other.received(50)]);
    first.leave();
    await s.settled(1);
    held.write(TEXT);
    await other.received(60);
    other.leave();
    await held.abandoned;
    expect(s.edge.compressions?.counts.br.done).toBe(0);
    expect(s.edge.usage).toMatchObject({ cachedBytes: 0, fills: 0 });
  });

  test.each(['stored', 'just stored'])(
    'is finished for who comes next when the only viewer of a %s body leaves',
    async (how) => {
      // Noise in letters: it takes its time, and becomes smaller.
      const large = Buffer.from(randomBytes(2_000_000).toString('base64'));
      s.origin.serve('/a', { headers: FRESH, body: large });
      if (how === 'stored') await get('/a');
      const viewer = s.viewer('/a', { headers: { 'Accept-Encoding': 'gzip' } });
      await viewer.head;
      const done = () => s.edge.compressions?.counts.gzip.done;
      while (s.edge.usage.entries === 0) await new Promise(setImmediate);
      viewer.leave();
      expect(done()).toBe(0);
      while (done() === 0) await new Promise(setImmediate);
      const next = await get('/a', { 'Accept-Encoding': 'gzip' });
      expect([decoded(next).equals(large), next.headers['content-length'], done()]).toEqual([
        true,
        String(next.body.length),
        1,
      ]);
    },
  );
});

describe('the coded bytes', () => {
  const held = () => s.edge.usage.cachedBytes;

  test('count against the limit of memory, and go with their object', async () => {
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    await get('/a');
    const before = held();
    const coded = await get('/a', BROWSER);
    expect(held() - before).toBe(coded.body.length * 2 + 512);
    await s.get('/a', { method: 'DELETE' });
    expect(held()).toBe(0);
  });

  test('are made anew when another body comes', async () => {
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    await get('/a', BROWSER);
    clock.advance(61);
    const other = Buffer.from(TEXT.toString().toUpperCase());
    s.origin.serve('/a', { headers: { ...FRESH, ETag: '"y"' }, body: other });
    for (let time = 0; time < 2; time += 1) {
      const answer = await get('/a', BROWSER);
      expect([decoded(answer).equals(other), answer.headers.etag]).toEqual([true, 'W/"y"']);
    }
    expect(s.edge.compressions?.counts.br.done).toBe(2);
  });

  test('stay when the origin confirms the body, under its newer fields', async () => {
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    await get('/a', BROWSER);
    const before = held();
    clock.advance(61);
    s.origin.serve('/a', { status: 304, headers: { ...FRESH, 'X-New': '1' } });
    for (const status of ['fwd=stale', 'hit']) {
      const answer = await get('/a', BROWSER);
      expect(answer.headers).toMatchObject({ 'x-new': '1', etag: 'W/"x"', 'content-length': `${answer.body.length}` });
      expect([decoded(answer).equals(TEXT), answer.headers['cache-status']]).toEqual([
        true,
        expect.stringContaining(status),
      ]);
    }
    expect(s.edge.compressions?.counts.br.done).toBe(1);
    expect(held() - before).toBe('X-New'.length + '1'.length);
  });

  test('are not kept where the coding makes nothing smaller', async () => {
    const noise = randomBytes(5_000);
    s.origin.serve('/a', { headers: FRESH, body: noise });
    await get('/a', { 'Accept-Encoding': 'gzip' });
    const answer = await get('/a', { 'Accept-Encoding': 'gzip' });
    expect([codingOf(answer), answer.headers.vary, answer.body.equals(noise)]).toEqual([
      undefined,
      'Accept-Encoding',
      true,
    ]);
    expect(s.edge.compressions?.counts.gzip.done).toBe(1);
  });

  test('are made again of what comes back from disk, where the body alone lies', async () => {
    await restart({ settings: { edgeDiskBytes: 100_000_000, cacheBytes: 1_048_576 } });
    const large = Buffer.alloc(120_000, TEXT);
    s.origin.serve('/a', { headers: FRESH, body: large });
    await get('/a', BROWSER);
    await s.edge.written();
    await s.restartEdge();
    // With memory to spare everything would be brought there.
    for (let at = 0; at < 8; at += 1) {
      s.origin.serve(`/${at}`, { headers: { ...FRESH, 'Content-Type': 'video/mp4' }, body: Buffer.alloc(120_000) });
      await get(`/${at}`);
    }
    for (let time = 0; time < 2; time += 1) {
      const answer = await get('/a', BROWSER);
      expect([codingOf(answer), decoded(answer).equals(large)]).toEqual(['br', true]);
    }
    expect(s.origin.count('/a')).toBe(1);
    expect(s.edge.compressions?.counts.br.done).toBe(1);
  });
});

describe('an origin that compresses by itself', () => {
  test('is told the codings that are welcome in one of a few ways, and its answers stay as they are', async () => {
    s.origin.script('/a', ({ headers }, response) => {
      response.writeHead(200, { ...FRESH, Vary: 'Accept-Encoding', 'X-Told': String(headers['accept-encoding']) });
      response.end(TEXT);
    });
    const same = ['gzip, deflate, br, zstd', 'br;q=1.0, gzip;q=0.8, zstd;q=0.1', 'zstd,br , GZIP'];
    for (const accepts of same) {
      const { headers, body } = await get('/a', { 'Accept-Encoding': accepts });
      expect([headers['x-told'], headers['content-encoding']]).toEqual(['br, zstd, gzip', undefined]);
      expect([headers.vary, headers.etag, body.equals(TEXT)]).toEqual(['Accept-Encoding', '"x"', true]);
    }
    expect(s.origin.count('/a')).toBe(1);
    for (const accepts of [{}, { 'Accept-Encoding': 'deflate' }, { 'Accept-Encoding': 'br;;' }]) {
      expect((await get('/a', accepts)).headers['x-told']).toBe('identity');
    }
    expect(s.origin.count('/a')).toBe(2);
  });
});

describe('an edge behind an edge', () => {
  test('sends bodies as they are, without a word about codings, and the one before it compresses', async () => {
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    const before = await new EdgeScenario({ clock, originUrl: s.url }).start();
    try {
      for (const accepts of ['br', 'gzip', 'identity']) {
        const answer = await before.get('/a', { headers: { 'Accept-Encoding': accepts } });
        expect([codingOf(answer) ?? 'identity', answer.headers.vary]).toEqual([accepts, 'Accept-Encoding']);
        expect(decoded(answer).equals(TEXT)).toBe(true);
      }
      // Hot there, and asked for by an edge all the same.
      const elsewhere = await get('/a', {
        ...BROWSER,
        'Surrogate-Capability': 'x="a", frontrow="Surrogate/1.0 Coding/1.0"',
      });
      expect([codingOf(elsewhere), elsewhere.headers.vary, elsewhere.headers.etag]).toEqual([
        undefined,
        undefined,
        '"x"',
      ]);
      expect([s.origin.count('/a'), s.facts.length, s.edge.compressions?.counts.br.done]).toEqual([1, 2, 0]);
    } finally {
      await before.stop();
    }
  });

  test('compresses for one before it that does not', async () => {
    s.origin.serve('/a', { headers: FRESH, body: TEXT });
    const before = await new EdgeScenario({ clock, originUrl: s.url, settings: { edgeCompression: false } }).start();
    try {
      const answer = await before.get('/a', { headers: BROWSER });
      expect([codingOf(answer), answer.headers.vary, decoded(answer).equals(TEXT)]).toEqual([
        'br',
        'Accept-Encoding',
        true,
      ]);
    } finally {
      await before.stop();
    }
  });
});

test('when as many bodies are being compressed as may be, the next one goes out as it is', async () => {
  const targets = Array.from({ length: 33 }, (_, at) => `/${at}`);
  const held = targets.map((target) => s.origin.hold(target));
  const viewers = targets.map((target) => s.viewer(target, { headers: BROWSER }));
  for (const [at, each] of held.entries()) {
    await each.arrived;
    each.head({ headers: FRESH, lengthBytes: TEXT.length });
    await viewers[at]?.head;
  }
  for (const each of held) {
    each.write(TEXT);
    each.end();
  }
  const answers = await Promise.all(viewers.map((viewer) => viewer.answer));
  expect(answers.filter((answer) => codingOf(answer) === 'br').length).toBe(32);
  for (const answer of answers) expect(decoded(answer).equals(TEXT)).toBe(true);
  expect(s.edge.compressions?.refused).toBe(1);
});
