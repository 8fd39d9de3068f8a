import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseRange, writeContentRange } from '../../src/kernel/http/range.ts';
import { type Asking, EdgeScenario, HandClock } from '../harness/edge-scenario.ts';
import type { Scripted } from '../harness/origin.ts';

/** What RFC 9111 and its neighbours ask of a shared cache, by section; the public suite beside this tests much of it too. */
let s: EdgeScenario;
let clock: HandClock;
beforeEach(async () => {
  clock = new HandClock();
  s = await new EdgeScenario({ clock }).start();
});
afterEach(() => s.stop());

type Fields = Readonly<Record<string, string>>;

async function ask(target: string, asking: Asking = {}) {
  const before = s.facts.length;
  const answer = await s.get(target, asking);
  await s.settled(before + 1);
  const { verdict, reason } = s.facts.at(-1) ?? {};
  return { ...answer, text: answer.body.toString(), verdict, reason };
}

const get = (target: string, headers: Fields = {}) => ask(target, { headers });

/** Asks once, then again so much later; how the second answer came about. */
async function second(headers: Fields, { status = 200, asking = {}, again = asking, after = 0 }: Again = {}) {
  s.origin.serve('/a', { status, headers, body: 'first' });
  await ask('/a', asking);
  clock.advance(after);
  return (await ask('/a', again)).verdict;
}

interface Again {
  readonly status?: number;
  readonly asking?: Asking;
  readonly again?: Asking;
  readonly after?: number;
}

const dateAfter = (seconds: number) => new Date(clock.ms + seconds * 1000).toUTCString();
const HOUR = { 'Cache-Control': 'max-age=3600' };
/** What the hand clock begins at. */
const NOW = 'Mon, 01 Jun 2026 12:00:00 GMT';

describe('2: what is the same', () => {
  test('another query, method or spelling of the path is another thing', async () => {
    s.origin.serve('/a', { headers: HOUR, body: 'a' }).serve('/a?', { headers: HOUR, body: 'a?' });
    s.origin.serve('/%61', { headers: HOUR, body: '%61' });
    for (const target of ['/a', '/a?', '/%61']) expect(await get(target)).toMatchObject({ verdict: 'miss' });
    expect(await ask('/a', { method: 'OPTIONS' })).toMatchObject({ verdict: 'bypass', reason: 'method' });
  });
});

describe('3: what is stored', () => {
  test.each<[string, Fields, number, string]>([
    ['with a lifetime', HOUR, 200, 'hit'],
    ['for caches', { 'Cache-Control': 's-maxage=60' }, 200, 'hit'],
    ['of a status nobody knows, with a lifetime', HOUR, 299, 'hit'],
    ['of a failure, with a lifetime', HOUR, 500, 'hit'],
    ['of a refusal, without one', {}, 403, 'bypass'],
    ['with no-store', { 'Cache-Control': 'max-age=3600, no-store' }, 200, 'bypass'],
    ['with private', { 'Cache-Control': 'max-age=3600, private' }, 200, 'bypass'],
    ['with private and no-store quoted', { 'Cache-Control': 'max-age=3600, a="no-store, private"' }, 200, 'hit'],
    ['to be understood, and is', { 'Cache-Control': 'max-age=60, must-understand, no-store' }, 200, 'hit'],
    ['to be understood, and is not', { 'Cache-Control': 'max-age=60, must-understand' }, 299, 'bypass'],
    ['with nothing said', {}, 200, 'bypass'],
    ['of a status that is not kept by itself, with a tag alone', { ETag: '"1"' }, 302, 'bypass'],
    ['with a field about parts in a whole', { ...HOUR, 'Content-Range': 'bytes 0-4/9' }, 200, 'hit'],
  ])('an answer %s', async (_name, headers, status, verdict) => {
    expect(await second(headers, { status })).toBe(verdict);
  });

  test('3.1: fields about a connection, and those of a proxy alone, are not stored', async () => {
    const hops = {
      Connection: 'X-Hop',
      'X-Hop': '1',
      'Proxy-Authenticate': 'Basic',
      'Proxy-Authentication-Info': 'a=b',
    };
    s.origin.serve('/a', { headers: { ...HOUR, ...hops, 'X-Kept': '1' } });
    for (const verdict of ['miss', 'hit']) {
      const answer = await get('/a');
      expect(answer.verdict).toBe(verdict);
      expect(Object.keys(answer.headers).filter((name) => /^x-hop|^proxy-|^x-kept/.test(name))).toEqual(['x-kept']);
    }
  });

  test('3.1: trailers do not become headers, now or later', async () => {
    s.origin.script('/a', (_asked, response) => {
      response.writeHead(200, { ...HOUR, Trailer: 'X-Late' });
      response.write('body');
      response.addTrailers({ 'X-Late': '1' });
      response.end();
    });
    for (const verdict of ['miss', 'hit']) {
      const answer = await get('/a');
      expect(answer).toMatchObject({ verdict, text: 'body' });
      expect([answer.headers['x-late'], answer.headers.trailer]).toEqual([undefined, undefined]);
    }
  });

  test.each([['no-cache="x-own, set-cookie"'], ['private="X-Own", private=set-cookie']])(
    '3.1: fields named by %s reach their viewer and nobody else',
    async (directive) => {
      const headers = { 'Cache-Control': `max-age=60, ${directive}`, 'X-Own': '1', 'Set-Cookie': 'a=b', 'X-All': '2' };
      s.origin.serve('/a', { headers });
      const own = await get('/a');
      expect(own.headers).toMatchObject({ 'x-own': '1', 'set-cookie': ['a=b'], 'x-all': '2' });
      const others = await get('/a');
      expect(others.verdict).toBe('hit');
      expect([others.headers['x-own'], others.headers['set-cookie'], others.headers['x-all']]).toEqual([
        undefined,
        undefined,
        '2',
      ]);
    },
  );

  test('3.1: nor do they reach those who wait for the same answer', async () => {
    const held = s.origin.hold('/a');
    const [first, follower] = [s.get('/a'), s.get('/a')];
    await held.arrived;
    while (s.edge.readersOf('/a') < 2) await new Promise(setImmediate);
    held.release({ headers: { 'Cache-Control': 'max-age=60, private="x-own"', 'X-Own': '1' }, body: 'body' });
    const answers = await Promise.all([first, follower]);
    expect(answers.map((answer) => answer.headers['x-own'])).toEqual(['1', undefined]);
  });

  test('3.2: a confirmation brings new fields, except those that describe the bytes in hand', async () => {
    const before = {
      'Content-Type': 'text/plain',
      'Content-Encoding': 'x-a',
      'X-Old': '1',
      'X-Both': '1',
      ETag: '"1"',
    };
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1', ...before }, body: 'body' });
    await get('/a');
    clock.advance(2);
    const news = {
      'Content-Type': 'text/html',
      'Content-Encoding': 'x-b',
      'X-New': '2',
      'X-Both': '2',
      'Keep-Alive': 'x',
    };
    s.origin.serve('/a', { status: 304, headers: { 'Cache-Control': 'max-age=60', 'Content-Length': '99', ...news } });
    for (const verdict of ['revalidated', 'hit']) {
      const answer = await get('/a');
      expect(answer).toMatchObject({ verdict, text: 'body' });
      expect(answer.headers).toMatchObject({
        ...{ 'content-type': 'text/html', 'content-encoding': 'x-a', 'content-length': '4', etag: '"1"' },
        ...{ 'x-old': '1', 'x-both': '2', 'x-new': '2', 'cache-control': 'max-age=60' },
      });
    }
  });

  test('3.3: a body that broke off is not stored', async () => {
    const held = s.origin.hold('/a');
    const viewer = s.viewer('/a');
    await held.arrived;
    held.head({ headers: HOUR, lengthBytes: 10 });
    held.write('12345');
    await viewer.received(5);
    held.breakOff();
    await expect(viewer.answer).rejects.toThrow();
    expect(s.edge.usage.entries).toBe(0);
  });

  test('3.5: an answer to Authorization is stored where public, s-maxage or must-revalidate says so', async () => {
    const asking = { headers: { Authorization: 'Basic x' } };
    for (const directive of ['public', 's-maxage=60', 'must-revalidate']) {
      expect(await second({ 'Cache-Control': `max-age=60, ${directive}` }, { asking, again: {} })).toBe('hit');
      await ask('/a', { method: 'DELETE' });
    }
    expect(await second(HOUR, { asking, again: {} })).toBe('miss');
  });
});

describe('3.3 and 3.4: parts', () => {
  const BODY = '0123456789';
  const TAG = { ...HOUR, ETag: '"1"' };

  /** An origin that knows ranges. */
  function serveParts(headers: Fields = TAG, body = BODY): void {
    s.origin.script('/a', ({ headers: asked }, response) => {
      const range = parseRange(String(asked.range ?? ''), body.length);
      const bytes = typeof range === 'string' ? body : body.slice(range.start, range.end);
      const place = typeof range === 'string' ? {} : { 'Content-Range': writeContentRange(range, body.length) };
      const status = typeof range === 'string' ? 200 : 206;
      response.writeHead(status, { ...headers, ...place, 'Content-Length': bytes.length }).end(bytes);
    });
  }

  const part = (range: string, headers: Fields = {}) => get('/a', { Range: `bytes=${range}`, ...headers });
  const asked = () => s.origin.asked.map(({ headers }) => headers.range);

  test('a part is fetched alone, and what lies in it is served from it', async () => {
    serveParts();
    const cold = await part('4-8');
    expect(cold).toMatchObject({ status: 206, text: '45678', verdict: 'miss' });
    expect(cold.headers).toMatchObject({ 'content-range': 'bytes 4-8/10', 'content-length': '5' });
    clock.advance(7);
    const hot = await part('5-6');
    expect(hot).toMatchObject({ status: 206, text: '56', verdict: 'hit' });
    expect(hot.headers).toMatchObject({
      'content-range': 'bytes 5-6/10',
      'content-length': '2',
      age: '7',
      etag: '"1"',
    });
    expect(asked()).toEqual(['bytes=4-8']);
  });

  test('parts with one strong tag are joined, and are the whole when all are there', async () => {
    serveParts();
    for (const each of ['7-9', '2-4', '-1']) await part(each);
    expect(await part('3-8')).toMatchObject({ text: '345678', verdict: 'miss' });
    expect(await part('2-9')).toMatchObject({ text: '23456789', verdict: 'hit' });
    await part('0-1');
    const whole = await get('/a');
    expect(whole).toMatchObject({ status: 200, text: BODY, verdict: 'hit' });
    expect([whole.headers['content-range'], whole.headers['content-length']]).toEqual([undefined, '10']);
    expect(asked()).toEqual(['bytes=7-9', 'bytes=2-4', 'bytes=3-8', 'bytes=0-1']);
  });

  test.each<[string, Fields, Fields]>([
    ['another tag', TAG, { ...TAG, ETag: '"2"' }],
    ['a weak tag', { ...TAG, ETag: 'W/"1"' }, { ...TAG, ETag: 'W/"1"' }],
    ['no tag', HOUR, HOUR],
    [
      'a date of the very second',
      { ...HOUR, 'Last-Modified': NOW, Date: NOW },
      { ...HOUR, 'Last-Modified': NOW, Date: NOW },
    ],
  ])('parts with %s are never joined', async (_name, before, after) => {
    serveParts(before);
    await part('0-4');
    serveParts(after, 'abcdefghij');
    expect(await part('5-9')).toMatchObject({ text: 'fghij' });
    expect(await part('6-7')).toMatchObject({ text: 'gh', verdict: 'hit' });
    expect(await part('4-5')).toMatchObject({ text: 'ef', verdict: 'miss' });
    expect(await get('/a')).toMatchObject({ text: 'abcdefghij', verdict: 'miss' });
  });

  test('parts with one date that tells them apart are joined', async () => {
    serveParts({ ...HOUR, 'Last-Modified': 'Mon, 01 Jun 2026 11:00:00 GMT', Date: NOW });
    for (const each of ['1-4', '5-9']) await part(each);
    expect(await part('2-8')).toMatchObject({ text: '2345678', verdict: 'hit' });
  });

  test('a part of another size is of something else', async () => {
    serveParts();
    await part('0-4');
    serveParts(TAG, 'abcdefghijkl');
    await part('5-9');
    expect(await part('0-9')).toMatchObject({ text: 'abcdefghij', verdict: 'miss' });
  });

  test.each<[string, Fields, string]>([
    ['a place and a length that contradict each other', { ...TAG, 'Content-Range': 'bytes 4-9/10' }, '45678'],
    ['a place beyond the end', { ...TAG, 'Content-Range': 'bytes 4-10/10' }, '456789x'],
    ['no size of the whole', { ...TAG, 'Content-Range': 'bytes 4-8/*' }, '45678'],
    ['no place', TAG, '45678'],
    ['several parts', { ...TAG, 'Content-Type': 'multipart/byteranges; boundary=x' }, '--x'],
    ['no lifetime', { ETag: '"1"', 'Content-Range': 'bytes 4-8/10' }, '45678'],
    ['no-store', { 'Cache-Control': 'no-store', ETag: '"1"', 'Content-Range': 'bytes 4-8/10' }, '45678'],
    ['variants', { ...TAG, Vary: 'Foo', 'Content-Range': 'bytes 4-8/10' }, '45678'],
  ])('a part with %s is handed on and not stored', async (_name, headers, body) => {
    s.origin.serve('/a', { status: 206, headers, body });
    expect(await part('4-8')).toMatchObject({ status: 206, text: body, verdict: 'bypass' });
    expect(s.edge.usage.entries).toBe(0);
  });

  test('a part that nobody asked for is handed on and not stored', async () => {
    s.origin.serve('/a', { status: 206, headers: { ...TAG, 'Content-Range': 'bytes 0-4/10' }, body: '01234' });
    expect(await get('/a')).toMatchObject({ status: 206, reason: 'partial' });
    expect(s.edge.usage.entries).toBe(0);
  });

  test('an origin that answers a part with the whole has it stored, for everybody who asks meanwhile too', async () => {
    const held = s.origin.hold('/a');
    const first = s.get('/a', { headers: { Range: 'bytes=2-3' } });
    await held.arrived;
    held.head({ headers: TAG, lengthBytes: 10 });
    while (s.edge.readersOf('/a') < 1) await new Promise(setImmediate);
    const [whole, other] = [s.get('/a'), s.get('/a', { headers: { Range: 'bytes=6-' } })];
    while (s.edge.readersOf('/a') < 3) await new Promise(setImmediate);
    held.write(BODY);
    held.end();
    const texts = (await Promise.all([first, whole, other])).map(({ status, body }) => `${status} ${body}`);
    expect(texts).toEqual(['206 23', `200 ${BODY}`, '206 6789']);
    expect(await get('/a')).toMatchObject({ text: BODY, verdict: 'hit' });
    expect(s.origin.count('/a')).toBe(1);
  });

  test('many who ask for one part have it fetched once', async () => {
    const held = s.origin.hold('/a');
    const viewers = [1, 2, 3].map(() => s.get('/a', { headers: { Range: 'bytes=4-8' } }));
    await held.arrived;
    while (s.edge.readersOf('/a\nrange=bytes=4-8') < 3) await new Promise(setImmediate);
    held.release({ status: 206, headers: { ...TAG, 'Content-Range': 'bytes 4-8/10' }, body: '45678' });
    for (const { status, body } of await Promise.all(viewers)) expect(`${status} ${body}`).toBe('206 45678');
    expect(s.origin.count('/a')).toBe(1);
  });

  test('who begins at the beginning has the whole fetched', async () => {
    serveParts();
    expect(await part('0-')).toMatchObject({ status: 206, text: BODY });
    expect(await part('3-4')).toMatchObject({ status: 206, text: '34', verdict: 'hit' });
    expect(asked()).toEqual([undefined]);
  });

  test('expired parts are not served, and count again when a newer one shows that they still hold', async () => {
    serveParts({ ...TAG, 'Cache-Control': 'max-age=10' });
    await part('0-4');
    clock.advance(11);
    expect(await part('1-2')).toMatchObject({ verdict: 'miss' });
    expect(await part('0-4')).toMatchObject({ verdict: 'hit', text: '01234' });
  });

  test('conditions of a viewer are judged by the parts as by a whole', async () => {
    serveParts();
    await part('4-8');
    expect(await part('4-8', { 'If-None-Match': '"1"' })).toMatchObject({ status: 304, verdict: 'hit' });
    expect(await part('4-8', { 'If-Match': '"1"' })).toMatchObject({ status: 206, verdict: 'hit' });
    expect(await part('4-8', { 'If-Range': '"0"' })).toMatchObject({ status: 200, text: BODY, verdict: 'miss' });
  });

  test('a range beyond the end is the origin to refuse, to each who asks', async () => {
    s.origin.serve('/a', { status: 416, headers: { ...HOUR, 'Content-Range': 'bytes */10' } });
    for (let time = 0; time < 2; time += 1) {
      expect(await part('20-30')).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */10' } });
    }
    expect(s.edge.usage.entries).toBe(0);
  });

  test('a change makes parts old, those in store and those on their way', async () => {
    serveParts();
    await part('4-8');
    const held = s.origin.hold('/a');
    const late = s.get('/a', { headers: { Range: 'bytes=0-1' } });
    await held.arrived;
    s.origin.script('/a', (_asked, response) => void response.writeHead(204).end());
    await ask('/a', { method: 'PUT', body: 'x' });
    held.release({ status: 206, headers: { ...TAG, 'Content-Range': 'bytes 0-1/10' }, body: '01' });
    await late;
    expect(s.edge.usage.entries).toBe(0);
  });

  test('parts of something larger than the edge keeps whole are kept', async () => {
    await s.stop();
    s = await new EdgeScenario({ clock, settings: { cacheBytes: 1_048_576 } }).start();
    const body = 'x'.repeat(1_000_000);
    serveParts(TAG, body);
    await part('500000-500009');
    expect(await part('500001-500008')).toMatchObject({ verdict: 'hit', text: 'xxxxxxxx' });
    expect(await get('/a')).toMatchObject({ status: 200, verdict: 'bypass', reason: 'too-large' });
  });
});

describe('3.3: a body that broke off', () => {
  const TAG = { ...HOUR, ETag: '"1"' };

  /** Breaks off after five of ten bytes. */
  async function breakOff(headers: Fields = TAG): Promise<void> {
    const held = s.origin.hold('/a');
    const viewer = s.viewer('/a');
    await held.arrived;
    held.head({ headers, lengthBytes: 10 });
    held.write('01234');
    await viewer.received(5);
    held.breakOff();
    await expect(viewer.answer).rejects.toThrow();
  }

  const asked = () => {
    const { range, 'if-range': ifRange } = s.origin.last('/a')?.headers ?? {};
    return [range, ifRange];
  };

  test('is taken up where it broke off, and is whole then', async () => {
    await breakOff();
    s.origin.serve('/a', {
      status: 206,
      headers: { ...TAG, 'Content-Range': 'bytes 5-9/10', 'X-New': '1', Age: '3' },
      body: '56789',
    });
    const answer = await get('/a');
    expect(answer).toMatchObject({ status: 200, text: '0123456789', verdict: 'miss' });
    expect(answer.headers).toMatchObject({ 'content-length': '10', etag: '"1"', 'x-new': '1', age: '3' });
    expect(answer.headers['content-range']).toBeUndefined();
    expect(asked()).toEqual(['bytes=5-', '"1"']);
    expect(await get('/a')).toMatchObject({ status: 200, text: '0123456789', verdict: 'hit' });
  });

  test('serves ranges of what came of it', async () => {
    await breakOff();
    expect(await get('/a', { Range: 'bytes=1-3' })).toMatchObject({ status: 206, text: '123', verdict: 'hit' });
  });

  test('gives way to what has taken its place', async () => {
    await breakOff();
    s.origin.serve('/a', { headers: { ...HOUR, ETag: '"2"' }, body: 'something else' });
    expect(await get('/a')).toMatchObject({ status: 200, text: 'something else', verdict: 'miss' });
    expect(await get('/a')).toMatchObject({ text: 'something else', verdict: 'hit' });
  });

  test.each<[string, number, Fields, string]>([
    ['of something else', 206, { ...TAG, ETag: '"2"', 'Content-Range': 'bytes 5-9/10' }, '56789'],
    ['without a tag', 206, { ...HOUR, 'Content-Range': 'bytes 5-9/10' }, '56789'],
    ['that begins elsewhere', 206, { ...TAG, 'Content-Range': 'bytes 4-9/10' }, '456789'],
    ['that ends elsewhere', 206, { ...TAG, 'Content-Range': 'bytes 5-8/10' }, '5678'],
    ['of another size', 206, { ...TAG, 'Content-Range': 'bytes 5-9/11' }, '56789'],
    ['that is refused', 416, { 'Content-Range': 'bytes */4' }, ''],
  ])('is fetched anew when the rest is one %s', async (_name, status, headers, rest) => {
    await breakOff();
    s.origin.script('/a', ({ headers: { range } }, response) => {
      if (range === undefined) response.writeHead(200, { ...HOUR, ETag: '"2"' }).end('anew');
      else response.writeHead(status, headers).end(rest);
    });
    expect(await get('/a')).toMatchObject({ status: 200, text: 'anew', verdict: 'miss' });
    expect(await get('/a')).toMatchObject({ text: 'anew', verdict: 'hit' });
  });

  test('and breaks off once more goes on from there', async () => {
    await breakOff();
    const held = s.origin.hold('/a');
    const viewer = s.viewer('/a');
    await held.arrived;
    held.head({ status: 206, headers: { ...TAG, 'Content-Range': 'bytes 5-9/10' }, lengthBytes: 5 });
    held.write('56');
    await viewer.received(7);
    held.breakOff();
    await expect(viewer.answer).rejects.toThrow();
    s.origin.serve('/a', { status: 206, headers: { ...TAG, 'Content-Range': 'bytes 7-9/10' }, body: '789' });
    expect(await get('/a')).toMatchObject({ text: '0123456789' });
    expect(asked()).toEqual(['bytes=7-', '"1"']);
  });

  test.each<[string, Fields]>([
    ['no tag', HOUR],
    ['a weak tag', { ...HOUR, ETag: 'W/"1"' }],
    ['variants', { ...TAG, Vary: 'Foo' }],
  ])('is forgotten when it has %s', async (_name, headers) => {
    await breakOff(headers);
    s.origin.serve('/a', { headers, body: 'anew' });
    // Neither served from, nor gone on with.
    expect(await get('/a', { Range: 'bytes=1-2' })).toMatchObject({ text: 'ne', verdict: 'miss' });
    expect(asked()[1]).toBeUndefined();
    expect(await get('/a')).toMatchObject({ status: 200, text: 'anew', verdict: 'hit' });
  });
});

describe('4: what is used again', () => {
  test('the Date is that of the origin, the Age what has gone by', async () => {
    const date = dateAfter(-10);
    s.origin.serve('/a', { headers: { ...HOUR, Date: date, Age: '30' } });
    await get('/a');
    clock.advance(5);
    expect((await get('/a')).headers).toMatchObject({ date, age: '35' });
  });

  test('a method that is not safe goes through, whatever is stored', async () => {
    s.origin.serve('/a', { headers: HOUR, body: 'stored' });
    await get('/a');
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH']) await ask('/a', { method });
    expect(s.origin.asked.map(({ method }) => method)).toEqual(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH']);
  });

  test('the answer to a POST is that to a GET when it says so and for how long', async () => {
    const posting = { method: 'POST', body: 'x' };
    const same = { 'Content-Location': '/a' };
    expect(await second({ ...HOUR, ...same }, { asking: posting, again: {} })).toBe('hit');
    expect(await second(same, { asking: posting, again: {} })).toBe('bypass');
    expect(await second({ ...HOUR, 'Content-Location': '/b' }, { asking: posting, again: {} })).toBe('bypass');
  });

  test.each<[string, string, Fields, Fields, string]>([
    ['the same', 'Foo', { Foo: '1' }, { Foo: '1' }, 'hit'],
    ['another', 'Foo', { Foo: '1' }, { Foo: '2' }, 'miss'],
    ['in another case', 'Foo', { Foo: 'a' }, { Foo: 'A' }, 'miss'],
    ['with other blanks', 'Foo', { Foo: '1,2' }, { Foo: ' 1 ,\t2 ' }, 'hit'],
    ['absent then', 'Foo', {}, { Foo: '1' }, 'miss'],
    ['absent now', 'Foo', { Foo: '1' }, {}, 'miss'],
    ['absent both times', 'Foo', {}, {}, 'hit'],
    ['empty, which is not absent', 'Foo', { Foo: '' }, {}, 'miss'],
    ['one of two', 'Foo, Bar', { Foo: '1', Bar: '1' }, { Foo: '1', Bar: '2' }, 'miss'],
    ['what is not named', 'Foo', { Foo: '1', Bar: '1' }, { Foo: '1', Bar: '2' }, 'hit'],
    ['anything', 'Foo, *', { Foo: '1' }, { Foo: '1' }, 'bypass'],
    [
      'codings in another order and case',
      'Accept-Encoding',
      { 'Accept-Encoding': 'gzip, br' },
      { 'Accept-Encoding': 'BR,gzip' },
      'hit',
    ],
    [
      'codings liked less',
      'Accept-Encoding',
      { 'Accept-Encoding': 'gzip, br' },
      { 'Accept-Encoding': 'gzip, br;q=0.5' },
      'hit', // the origin is told the same of both
    ],
    [
      'codings not liked at all',
      'Accept-Encoding',
      { 'Accept-Encoding': 'gzip, br' },
      { 'Accept-Encoding': 'gzip, br;q=0' },
      'miss',
    ],
    [
      'languages in another order',
      'Accept-Language',
      { 'Accept-Language': 'de, en' },
      { 'Accept-Language': 'EN, de' },
      'hit',
    ],
  ])('4.1: Vary when the field is %s', async (_name, vary, before, now, verdict) => {
    expect(await second({ ...HOUR, Vary: vary }, { asking: { headers: before }, again: { headers: now } })).toBe(
      verdict,
    );
  });

  test('4.1: variants stand beside one another', async () => {
    s.origin.script(
      '/a',
      ({ headers }, response) => void response.writeHead(200, { ...HOUR, Vary: 'Foo' }).end(`for ${headers.foo}`),
    );
    for (const foo of ['1', '2']) await get('/a', { Foo: foo });
    for (const foo of ['1', '2'])
      expect(await get('/a', { Foo: foo })).toMatchObject({ verdict: 'hit', text: `for ${foo}` });
  });

  test('4.1: a variant in the language that is wanted before all others is taken', async () => {
    const headers = { ...HOUR, Vary: 'Accept-Language', 'Content-Language': 'de' };
    s.origin.serve('/a', { headers, body: 'deutsch' });
    await get('/a', { 'Accept-Language': 'en, de' });
    expect(await get('/a', { 'Accept-Language': 'fr;q=0.5, DE' })).toMatchObject({ verdict: 'hit', text: 'deutsch' });
    s.origin.serve('/a', { headers: { ...headers, 'Content-Language': 'fr' }, body: 'français' });
    expect(await get('/a', { 'Accept-Language': 'fr, de;q=0.9' })).toMatchObject({ verdict: 'miss', text: 'français' });
  });

  test.each<[string, Fields, number, string]>([
    ['s-maxage before max-age', { 'Cache-Control': 'max-age=60, s-maxage=1' }, 2, 'miss'],
    ['s-maxage before a shorter max-age', { 'Cache-Control': 'max-age=1, s-maxage=60' }, 2, 'hit'],
    ['max-age before Expires', { 'Cache-Control': 'max-age=60', Expires: 'Mon, 01 Jun 2026 11:00:00 GMT' }, 2, 'hit'],
    [
      'max-age=0 before Expires',
      { 'Cache-Control': 'max-age=0', Expires: 'Mon, 01 Jun 2027 12:00:00 GMT', ETag: '"1"' },
      0,
      'miss',
    ],
    ['Expires', { Expires: 'Mon, 01 Jun 2026 12:00:10 GMT' }, 9, 'hit'],
    ['Expires passed', { Expires: 'Mon, 01 Jun 2026 12:00:10 GMT', ETag: '"1"' }, 10, 'miss'],
    ['Expires that is no date', { Expires: 'tomorrow', ETag: '"1"' }, 0, 'miss'],
    ['Age counts', { 'Cache-Control': 'max-age=60', Age: '59' }, 1, 'miss'],
    ['an old Date counts', { 'Cache-Control': 'max-age=60', Date: 'Mon, 01 Jun 2026 11:59:01 GMT' }, 1, 'miss'],
    ['a guess by the last change', { 'Last-Modified': 'Mon, 01 Jun 2026 11:50:00 GMT' }, 59, 'hit'],
    ['a guess, passed', { 'Last-Modified': 'Mon, 01 Jun 2026 11:50:00 GMT' }, 60, 'miss'],
    [
      'no guess beside what is stated',
      { 'Last-Modified': 'Mon, 01 Jun 2020 12:00:00 GMT', 'Cache-Control': 'max-age=1' },
      2,
      'miss',
    ],
    [
      'CDN-Cache-Control before all (RFC 9213)',
      { 'CDN-Cache-Control': 'max-age=60', 'Cache-Control': 'no-store' },
      2,
      'hit',
    ],
    [
      'CDN-Cache-Control that is no structured field',
      { 'CDN-Cache-Control': 'max-age=60, &', 'Cache-Control': 'no-store' },
      2,
      'bypass',
    ],
    ['CDN-Cache-Control: no-store', { 'CDN-Cache-Control': 'no-store', ...HOUR }, 0, 'bypass'],
    ['CDN-Cache-Control: private', { 'CDN-Cache-Control': 'private', ...HOUR }, 0, 'bypass'],
    ['CDN-Cache-Control: no-cache', { 'CDN-Cache-Control': 'no-cache', ...HOUR, ETag: '"1"' }, 0, 'miss'],
  ])('4.2: %s', async (_name, headers, after, verdict) => {
    expect(await second(headers, { after })).toBe(verdict);
  });

  test('4.2.3: the time an answer took counts as age', async () => {
    const held = s.origin.hold('/a');
    const first = s.get('/a');
    await held.arrived;
    clock.advance(40);
    held.release({ headers: { 'Cache-Control': 'max-age=60', Age: '10' } });
    await first;
    clock.advance(10);
    s.origin.serve('/a', { headers: HOUR });
    expect((await get('/a')).verdict).toBe('miss');
  });

  test.each<[string, string, number, number]>([
    ['when nothing forbids it', 'max-age=1', 5, 200],
    ['within stale-if-error (RFC 5861)', 'max-age=1, stale-if-error=10', 10, 200],
    ['not beyond stale-if-error', 'max-age=1, stale-if-error=10', 12, 502],
    ['not with must-revalidate', 'max-age=1, must-revalidate', 5, 502],
    ['not with proxy-revalidate', 'max-age=1, proxy-revalidate', 5, 502],
    ['not with s-maxage', 's-maxage=1', 5, 502],
    ['not with no-cache', 'max-age=60, no-cache', 0, 502],
    ['not even where stale-if-error would', 'max-age=1, must-revalidate, stale-if-error=60', 5, 502],
  ])('4.2.4: stale around a dead origin: %s', async (_name, control, after, status) => {
    s.origin.serve('/a', { headers: { 'Cache-Control': control, ETag: '"1"' }, body: 'copy' });
    await get('/a');
    clock.advance(after);
    await s.origin.stop();
    expect((await get('/a')).status).toBe(status);
  });

  test('4.2.4: stale around a dead origin only where it says so, where the operator has it so', async () => {
    await s.stop();
    s = await new EdgeScenario({ clock, settings: { staleIfErrorSeconds: 0 } }).start();
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1' } });
    s.origin.serve('/b', { headers: { 'Cache-Control': 'max-age=1, stale-if-error=9' } });
    for (const each of ['/a', '/b']) await get(each);
    clock.advance(5);
    await s.origin.stop();
    expect([(await get('/a')).status, (await get('/b')).status]).toEqual([502, 200]);
  });

  test('4.2.4: stale while it is renewed, within its time and no longer (RFC 5861)', async () => {
    const headers = { 'Cache-Control': 'max-age=1, stale-while-revalidate=4', ETag: '"1"' };
    expect(await second(headers, { after: 4 })).toBe('stale');
    while (s.edge.usage.fills > 0) await new Promise(setImmediate);
    clock.advance(60);
    expect((await get('/a')).verdict).not.toBe('stale');
  });
});

describe('4.3: asking whether it still holds', () => {
  const CHANGED = 'Mon, 01 Jun 2026 11:00:00 GMT';
  const validators = { ETag: '"1"', 'Last-Modified': CHANGED };

  /** What the origin was asked when the copy had expired. */
  async function askedAgain(headers: Fields, next: Scripted) {
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1', ...headers }, body: 'old' });
    await get('/a');
    clock.advance(2);
    s.origin.serve('/a', next);
    const answer = await get('/a', { 'If-None-Match': '"viewer"' });
    return { answer, asked: s.origin.last('/a')?.headers ?? {} };
  }

  test('4.3.1: it is asked by all validators there are, and by none of the viewer', async () => {
    const { asked } = await askedAgain(validators, { status: 304 });
    expect([asked['if-none-match'], asked['if-modified-since']]).toEqual(['"1"', CHANGED]);
  });

  test('4.3.1: without validators it is asked without conditions', async () => {
    const { asked, answer } = await askedAgain({}, { headers: HOUR, body: 'new' });
    expect([asked['if-none-match'], asked['if-modified-since'], answer.text]).toEqual([undefined, undefined, 'new']);
  });

  test.each<[string, Fields, number]>([
    ['the tag', { 'If-None-Match': '"1"' }, 304],
    ['the tag, weakly', { 'If-None-Match': 'W/"1"' }, 304],
    ['any tag', { 'If-None-Match': '*' }, 304],
    ['another tag, whatever the date', { 'If-None-Match': '"2"', 'If-Modified-Since': CHANGED }, 200],
    ['the date', { 'If-Modified-Since': CHANGED }, 304],
    ['the date in an old form', { 'If-Modified-Since': 'Monday, 01-Jun-26 11:00:00 GMT' }, 304],
    ['an earlier date', { 'If-Modified-Since': 'Mon, 01 Jun 2026 10:59:59 GMT' }, 200],
    ['no date', { 'If-Modified-Since': 'recently' }, 200],
  ])('4.3.2: a viewer who holds %s', async (_name, headers, status) => {
    s.origin.serve('/a', { headers: { ...HOUR, ...validators }, body: 'body' });
    await get('/a');
    const answer = await get('/a', headers);
    expect([answer.status, answer.verdict]).toEqual([status, 'hit']);
    if (status === 304) {
      expect(answer.headers).toMatchObject({ etag: '"1"', 'cache-control': 'max-age=3600' });
      expect(answer.headers['content-length']).toBeUndefined();
    }
  });

  test.each<[string, Fields]>([
    ['If-Match', { 'If-Match': '"2"' }],
    ['If-Unmodified-Since', { 'If-Unmodified-Since': 'Mon, 01 Jun 2026 10:00:00 GMT' }],
  ])('4.3.2: %s that a copy fails is the origin to judge', async (_name, headers) => {
    s.origin.serve('/a', { headers: { ...HOUR, ...validators }, body: 'copy' });
    await get('/a');
    s.origin.serve('/a', { headers: { ...HOUR, ETag: '"2"' }, body: 'newer' });
    expect(await get('/a', headers)).toMatchObject({ status: 200, text: 'newer', reason: 'precondition' });
    expect(s.origin.last('/a')?.headers).toMatchObject(
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    );
    s.origin.serve('/a', { status: 412 });
    expect(await get('/a', headers)).toMatchObject({ status: 412, verdict: 'bypass' });
  });

  test.each<[string, string, number]>([
    ['GET', 'a confirmation', 412],
    ['HEAD', 'an answer to HEAD', 200],
  ])(
    '4.3.2: a condition of a %s that the copy fails after %s is not asked about twice',
    async (method, _by, status) => {
      s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1', ETag: '"1"' }, body: 'copy' });
      await get('/a');
      clock.advance(2);
      s.origin.script('/a', (asked, response) => {
        response.writeHead(asked.method === 'HEAD' ? 200 : 304, { ...HOUR, ETag: '"1"' }).end();
      });
      expect(await ask('/a', { method, headers: { 'If-Match': '"2"' } })).toMatchObject({ status });
      expect(s.origin.count('/a')).toBe(2);
    },
  );

  test('4.3.2: a condition that nothing in store fails is judged by what the origin sends', async () => {
    s.origin.serve('/a', { headers: { ...HOUR, ...validators }, body: 'body' });
    expect(await get('/a', { 'If-Match': '"2"' })).toMatchObject({ status: 412, verdict: 'miss' });
    expect(await get('/a', { 'If-Match': '"1"' })).toMatchObject({ status: 200, verdict: 'hit' });
  });

  test('4.3.3: a newer answer takes the place of the old, and the old that of a failure', async () => {
    const { answer } = await askedAgain(validators, { headers: HOUR, body: 'new' });
    expect(answer).toMatchObject({ text: 'new', verdict: 'miss' });
    clock.advance(4_000);
    s.origin.serve('/a', { status: 500, body: 'broken' });
    expect(await get('/a')).toMatchObject({ text: 'new', verdict: 'stale', reason: 'origin-failed' });
  });

  test('4.3.4: a confirmation of something else confirms nothing, and it is asked anew', async () => {
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1', ...validators }, body: 'old' });
    await get('/a');
    clock.advance(2);
    s.origin.script('/a', ({ headers }, response) => {
      if (headers['if-modified-since']) response.writeHead(304, { ETag: '"2"', 'Last-Modified': CHANGED }).end();
      else response.writeHead(200, { ...HOUR, ETag: '"2"', 'Last-Modified': CHANGED }).end('new');
    });
    expect(await get('/a')).toMatchObject({ status: 200, text: 'new', verdict: 'miss' });
    expect(await get('/a')).toMatchObject({ text: 'new', verdict: 'hit' });
  });

  test('4.3.4: a confirmation that forbids keeping ends it', async () => {
    const { answer } = await askedAgain(validators, { status: 304, headers: { 'Cache-Control': 'no-store' } });
    expect(answer.text).toBe('old');
    expect(s.edge.usage.entries).toBe(0);
  });

  test.each<[string, Fields, string]>([
    ['shows the same', { 'Cache-Control': 'max-age=60', ETag: '"1"', 'X-New': '1' }, 'hit'],
    ['has another tag', { 'Cache-Control': 'max-age=60', ETag: '"2"' }, 'miss'],
    ['has another date', { 'Cache-Control': 'max-age=60', 'Last-Modified': CHANGED }, 'miss'],
    ['has another length', { 'Cache-Control': 'max-age=60', 'Content-Length': '9' }, 'miss'],
  ])('4.3.5: a HEAD whose answer %s', async (_name, headers, verdict) => {
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1', ETag: '"1"', 'X-Old': '1' }, body: 'old' });
    await get('/a');
    clock.advance(2);
    s.origin.script('/a', ({ method }, response) => {
      if (method === 'HEAD') response.writeHead(200, headers).end();
      else response.writeHead(200, HOUR).end('new');
    });
    const head = await ask('/a', { method: 'HEAD' });
    expect([head.status, s.origin.last('/a')?.method]).toEqual([200, 'HEAD']);
    const answer = await get('/a');
    expect(answer.verdict).toBe(verdict);
    if (verdict === 'hit') expect(answer.headers).toMatchObject({ 'x-old': '1', 'x-new': '1' });
  });

  test('4.3.5: a HEAD is answered from an expired copy when the origin is gone', async () => {
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1' }, body: 'old' });
    await get('/a');
    clock.advance(2);
    await s.origin.stop();
    expect(await ask('/a', { method: 'HEAD' })).toMatchObject({ status: 200, verdict: 'stale', text: '' });
  });
});

describe('4.4: what a change makes old', () => {
  test.each<[string, number, Fields, string]>([
    ['the thing itself', 204, {}, '/a'],
    ['the thing itself, by a redirection', 303, {}, '/a'],
    ['what Location names', 201, { Location: '/b' }, '/b'],
    ['what Location names in full', 201, { Location: 'http://HOST/b' }, '/b'],
    ['what Content-Location names', 200, { 'Content-Location': 'b' }, '/b'],
  ])('%s', async (_name, status, named, target) => {
    for (const each of ['/a', '/b']) {
      s.origin.serve(each, { headers: HOUR, body: 'before' });
      await get(each);
    }
    const headers = Object.fromEntries(
      Object.entries(named).map(([name, value]) => [name, value.replace('HOST', new URL(s.url).host)]),
    );
    s.origin.serve('/a', { status, headers });
    await ask('/a', { method: 'PUT', body: 'x' });
    s.origin.serve(target, { headers: HOUR, body: 'after' });
    expect(await get(target)).toMatchObject({ verdict: 'miss', text: 'after' });
  });

  test('a failed change changes nothing, nor does a name on another host', async () => {
    for (const each of ['/a', '/b']) s.origin.serve(each, { headers: HOUR, body: 'before' });
    for (const each of ['/a', '/b']) await get(each);
    s.origin.serve('/a', { status: 500 });
    await ask('/a', { method: 'PUT', body: 'x' });
    s.origin.serve('/c', { status: 201, headers: { Location: 'http://elsewhere.example/b' } });
    await ask('/c', { method: 'POST', body: 'x' });
    for (const each of ['/a', '/b']) expect(await get(each)).toMatchObject({ verdict: 'hit', text: 'before' });
  });

  test('a name relative to a path with two slashes is one on this host', async () => {
    s.origin.serve('/b', { headers: HOUR, body: 'before' });
    await get('/b');
    s.origin.serve('//elsewhere.example/a', { status: 201, headers: { Location: '/b' } });
    await ask('//elsewhere.example/a', { method: 'POST', body: 'x' });
    expect(await get('/b')).toMatchObject({ verdict: 'miss' });
  });

  test('a copy whose renewal is on its way', async () => {
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1', ETag: '"1"' }, body: 'before' });
    await get('/a');
    clock.advance(2);
    const held = s.origin.hold('/a');
    const renewal = s.get('/a');
    await held.arrived;
    s.origin.script('/a', (_asked, response) => void response.writeHead(204).end());
    await ask('/a', { method: 'PUT', body: 'x' });
    held.release({ status: 304, headers: HOUR });
    await renewal;
    s.origin.serve('/a', { headers: HOUR, body: 'after' });
    expect(await get('/a')).toMatchObject({ verdict: 'miss', text: 'after' });
  });

  test('every variant, also when another one is stored anew', async () => {
    const serve = (text: string) =>
      s.origin.script(
        '/a',
        ({ method }, response) =>
          void response.writeHead(200, method === 'GET' ? { ...HOUR, Vary: 'Foo' } : {}).end(text),
      );
    serve('before');
    for (const foo of ['1', '2']) await get('/a', { Foo: foo });
    await ask('/a', { method: 'POST', body: 'x' });
    serve('after');
    for (const foo of ['1', '2'])
      expect(await get('/a', { Foo: foo })).toMatchObject({ verdict: 'miss', text: 'after' });
  });

  test('a path with dots or two slashes is meant as it is written', async () => {
    for (const target of ['/x/../a', '//elsewhere.example/a']) {
      s.origin.serve(target, { headers: HOUR, body: 'before' });
      await get(target);
      await ask(target, { method: 'POST', body: 'x' });
      expect(await get(target)).toMatchObject({ verdict: 'miss' });
    }
  });
});

describe('5: fields', () => {
  test.each<[string, string, number | undefined]>([
    ['a number', '7', 7],
    ['the first of two', '7, 9', 7],
    ['no number', 'seven', undefined],
    ['a negative one', '-7', undefined],
    ['a fraction', '7.5', undefined],
  ])('5.1: Age that is %s', async (_name, age, seconds) => {
    s.origin.serve('/a', { headers: { ...HOUR, Age: age } });
    expect((await get('/a')).headers.age).toBe(seconds?.toString());
  });

  test('5.2.1: what a viewer wishes counts where the operator lets it', async () => {
    await s.stop();
    s = await new EdgeScenario({ clock, settings: { honourRequestDirectives: true } }).start();
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' }, body: 'first' });
    const wish = (value: string) => get('/a', { 'Cache-Control': value });
    expect(await wish('only-if-cached')).toMatchObject({ status: 504 });
    expect(s.origin.count('/a')).toBe(0);
    expect(await wish('max-age=10')).toMatchObject({ verdict: 'miss' });
    clock.advance(20);
    expect(await wish('max-age=20')).toMatchObject({ verdict: 'hit' });
    expect(await wish('only-if-cached')).toMatchObject({ verdict: 'hit' });
    s.origin.serve('/a', { status: 304, headers: { 'Cache-Control': 'max-age=60' } });
    expect(await wish('no-cache')).toMatchObject({ verdict: 'revalidated', text: 'first' });
    expect(s.origin.last('/a')?.headers['if-none-match']).toBe('"1"');
    clock.advance(70);
    expect(await wish('max-stale=20')).toMatchObject({ verdict: 'stale', reason: 'asked-stale' });
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=60' }, body: 'second' });
    expect(await wish('no-store')).toMatchObject({ verdict: 'bypass', text: 'second' });
    expect(await wish('max-stale=20')).toMatchObject({ verdict: 'stale', text: 'first' });
    await s.origin.stop();
    expect(await wish('no-cache')).toMatchObject({ status: 502 });
  });

  test('5.2.1: by default no viewer makes the edge ask', async () => {
    s.origin.serve('/a', { headers: HOUR });
    await get('/a');
    for (const wish of ['no-cache', 'no-store', 'max-age=0', 'min-fresh=9999']) {
      expect(await get('/a', { 'Cache-Control': wish, Pragma: 'no-cache' })).toMatchObject({ verdict: 'hit' });
    }
  });

  test('5.2.2: directives that nobody knows, and spaces and cases of all kinds, do no harm', async () => {
    expect(await second({ 'Cache-Control': ' ,, foo=bar ;q , MAX-AGE=60,\t"x" , private-ish' }, { after: 59 })).toBe(
      'hit',
    );
  });

  test('5.4: Pragma in an answer means nothing', async () => {
    expect(await second({ ...HOUR, Pragma: 'no-cache' })).toBe('hit');
  });
});

test('RFC 9211: every answer tells what this cache did, behind what those before it said', async () => {
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1', ETag: '"1"', 'Cache-Status': 'Shield; hit' } });
  expect((await get('/a')).headers['cache-status']).toBe('Shield; hit, frontrow; fwd=uri-miss; stored; detail=absent');
  expect((await get('/a')).headers['cache-status']).toBe('Shield; hit, frontrow; hit; ttl=1');
  clock.advance(2);
  s.origin.serve('/a', { status: 304, headers: { 'Cache-Control': 'max-age=9' } });
  expect((await get('/a')).headers['cache-status']).toBe(
    'frontrow; fwd=stale; fwd-status=304; ttl=9; detail=not-modified',
  );
  expect((await ask('/a', { method: 'POST' })).headers['cache-status']).toBe('frontrow; fwd=method; detail=method');
});

test('RFC 9213: a field for content delivery networks goes on to the next one', async () => {
  s.origin.serve('/a', { headers: { 'CDN-Cache-Control': 'max-age=60', 'Cache-Control': 'max-age=1' } });
  await get('/a');
  expect((await get('/a')).headers).toMatchObject({ 'cdn-cache-control': 'max-age=60', 'cache-control': 'max-age=1' });
});

test('the origin is told that this is a surrogate, behind those before it that are the operator’s', async () => {
  const others = { 'Surrogate-Capability': 'other="Surrogate/1.0", x="ESI/1.0"' };
  const own = 'frontrow="Surrogate/1.0 Coding/1.0"';
  await get('/a', others);
  expect(s.origin.last('/a')?.headers['surrogate-capability']).toBe(own);
  await s.stop();
  s = await new EdgeScenario({ clock, settings: { edgeTrustedProxies: '127.0.0.1' } }).start();
  await get('/a', others);
  expect(s.origin.last('/a')?.headers['surrogate-capability']).toBe(`${others['Surrogate-Capability']}, ${own}`);
});

test('cookies beside a lifetime are kept, and not where the operator has switched it off', async () => {
  const headers = { ...HOUR, 'Set-Cookie': 'a=b' };
  expect(await second(headers)).toBe('hit');
  await s.stop();
  s = await new EdgeScenario({ clock, settings: { cacheSetCookie: false } }).start();
  expect(await second(headers)).toBe('bypass');
});

test('absences without a lifetime are remembered for as long as the operator says', async () => {
  await s.stop();
  s = await new EdgeScenario({ clock, settings: { negativeSeconds: 10 } }).start();
  expect(await second({}, { status: 404, after: 9 })).toBe('hit');
  clock.advance(1);
  expect((await get('/a')).verdict).toBe('miss');
});

describe('RFC 9110 section 15.2: words before the answer', () => {
  const HINT = ['Link', '</a.css>; rel=preload; as=style', 'X-Early', '1'];

  function speakFirst(times = 1): void {
    s.origin.script('/a', (_asked, response) => {
      response.writeProcessing();
      for (let time = 0; time < times; time += 1)
        response.writeInformation(103, [...HINT, 'Connection', 'X-Hop', 'X-Hop', '1']);
      response.writeHead(200, HOUR).end('body');
    });
  }

  test('reach the viewer who waits, without what is about the connection, and are not stored', async () => {
    speakFirst();
    const cold = await get('/a');
    expect(cold.interims).toEqual([[102], [103, ...HINT]]);
    expect([cold.text, cold.headers['x-early']]).toEqual(['body', undefined]);
    const hot = await get('/a');
    expect([hot.verdict, hot.interims, hot.headers['x-early']]).toEqual(['hit', [], undefined]);
  });

  test('reach everybody who waits, also those who came after them', async () => {
    const held = s.origin.hold('/a');
    const first = s.get('/a');
    await held.arrived;
    held.inform(103, HINT);
    const follower = s.get('/a');
    while (s.edge.readersOf('/a') < 2) await new Promise(setImmediate);
    held.release({ headers: HOUR, body: 'body' });
    for (const answer of await Promise.all([first, follower])) expect(answer.interims).toEqual([[103, ...HINT]]);
  });

  test('are passed on to one who asks past the cache as well', async () => {
    speakFirst();
    expect((await ask('/a', { method: 'POST' })).interims).toHaveLength(2);
  });

  test('are not told to a viewer of HTTP/1.0', async () => {
    speakFirst();
    const { hostname, port } = new URL(s.url);
    const socket = connect(Number(port), hostname);
    socket.write('GET /a HTTP/1.0\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test('an origin that goes on and on is cut short', async () => {
    speakFirst(100);
    const answer = await get('/a');
    expect([answer.interims.length, answer.text]).toEqual([8, 'body']);
  });
});

test('RFC 9110 section 7.6.2: an OPTIONS goes as far as it may and no farther', async () => {
  const ping = (hops: string) => ask('/a', { method: 'OPTIONS', headers: { 'Max-Forwards': hops } });
  expect(await ping('0')).toMatchObject({ status: 204, verdict: 'bypass', reason: 'answered-here' });
  expect(s.origin.count('/a')).toBe(0);
  for (const [told, passedOn] of [
    ['3', '2'],
    ['many', undefined],
  ] as const) {
    await ping(told);
    expect(s.origin.last('/a')?.headers['max-forwards']).toBe(passedOn);
  }
  await get('/a', { 'Max-Forwards': '0' });
  expect(s.origin.last('/a')?.method).toBe('GET');
});
