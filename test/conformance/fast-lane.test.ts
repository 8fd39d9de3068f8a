import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeCertificate } from '../harness/certificate.ts';
import { EdgeScenario } from '../harness/edge-scenario.ts';
import { requestFor } from '../harness/odd-requests.ts';

/** The fast lane is no dialect: whatever a viewer sends, he gets what node's own server would have given him. */
const LIMITS = { edgeHeaderBytes: 2_000, edgeHeaderCount: 12, edgeUrlBytes: 256 } as const;
const ASSET = 'as_aaaabbbbccccdddd';
const FILM = `/assets/${ASSET}`;
const SMALL = `${FILM}/master.m3u8`;
const LARGE = `${FILM}/v1/480p/s00000.m4s`;
const ABSENT = `${FILM}/v1/480p/s00001.m4s`;

let folder: string;
let withLane: EdgeScenario;
let without: EdgeScenario;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
  const { cert, key } = makeCertificate('localhost');
  await writeFile(join(folder, 'default.crt'), cert);
  await writeFile(join(folder, 'default.key'), key);
  const settings = { ...LIMITS, edgeTlsCerts: folder };
  [withLane, without] = await Promise.all([
    new EdgeScenario({ mode: 'film', settings }).start(),
    new EdgeScenario({ mode: 'film', settings, fastLane: false }).start(),
  ]);
  for (const each of [withLane, without]) {
    const headers = { 'Cache-Control': 'max-age=86400', ETag: '"tag"', Date: 'Mon, 01 Jun 2026 12:00:00 GMT' };
    each.origin.serve(`/access/${ASSET}`, { body: '{"policy":"public"}' });
    each.origin.serve(SMALL, { headers, body: '#EXTM3U\n'.repeat(400) });
    each.origin.serve(LARGE, { headers, body: Buffer.alloc(200_000, 'segment ') });
    each.origin.serve(ABSENT, {
      status: 404,
      headers: { ...headers, 'Cache-Control': 'max-age=60' },
      body: 'not there',
    });
    for (const path of [SMALL, LARGE, ABSENT]) await each.get(path);
  }
});
beforeEach(() => {
  withLane.facts.length = 0;
  without.facts.length = 0;
});
afterAll(async () => {
  await Promise.all([withLane?.stop(), without?.stop()]);
  await rm(folder, { recursive: true });
});

interface Heard {
  /** All that came until the connection ended, without what is another's at every edge and every moment. */
  readonly answer: string;
  readonly facts: readonly string[];
}

/**
 * Turns of the event loop without news after which there will be none: everything asked for is in memory. On a machine that is
 * busy elsewhere the turns alone go by before the system has carried anything from one end of a connection to the other.
 */
const QUIET_TURNS = 12;
const QUIET_MS = 4;

/** Sends the pieces one after the other, hears what there is to hear, then says that no more comes. */
async function hear(s: EdgeScenario, pieces: readonly Buffer[], secure: boolean): Promise<Heard> {
  s.facts.length = 0;
  const socket = await open(s, secure);
  let answer = '';
  let turns = 0;
  let newsAt = 0;
  const begin = () => {
    turns = 0;
    newsAt = performance.now();
  };
  socket.on('data', (bytes) => {
    begin();
    answer += bytes.toString('latin1');
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  const settle = async () => {
    begin();
    const isQuiet = () => turns >= QUIET_TURNS && performance.now() - newsAt >= QUIET_MS;
    for (; !isQuiet() && !socket.destroyed; turns++) await new Promise(setImmediate);
  };
  for (const piece of pieces) {
    if (socket.writable) socket.write(piece);
    await settle();
  }
  socket.end();
  await closed;
  return { answer: withoutNames(answer), facts: s.facts.map(factText) };
}

function open(s: EdgeScenario, secure: boolean): Promise<Socket> {
  return new Promise((resolve) => {
    const { port } = new URL(secure ? s.tlsUrl : s.url);
    const options = { host: '127.0.0.1', port: Number(port), noDelay: true };
    const socket: Socket = secure
      ? connectTls({ ...options, rejectUnauthorized: false }, () => resolve(socket))
      : connectPlain(options, () => resolve(socket));
    socket.on('error', () => {});
  });
}

function withoutNames(answer: string): string {
  return answer.replace(/edge-[0-9a-f]{8}(-[0-9a-z]+)?/g, 'edge').replace(/^date: .*$/gim, 'date');
}

function factText({ method, path, status, verdict, reason, bytesSent, trail }: EdgeScenario['facts'][number]): string {
  return [method, path, status, verdict, reason, bytesSent, ...trail].join(' ');
}

async function expectTheSame(pieces: readonly Buffer[], secure = false): Promise<Heard> {
  const [one, other] = await Promise.all([hear(withLane, pieces, secure), hear(without, pieces, secure)]);
  expect(one).toEqual(other);
  return one;
}

const anyRequest = requestFor(SMALL, LARGE, ABSENT, `${SMALL}?a=b`, '/nothing', `${FILM}/${'x'.repeat(256)}`);

/** Another asset is not in memory: its answer would come at a moment of its own. */
function isOfOneAsset(pieces: readonly Buffer[]): boolean {
  return (
    Buffer.concat(pieces)
      .toString('latin1')
      .match(/as_[a-z0-9]{16}/g) ?? []
  ).every((id) => id === ASSET);
}

/** A few requests in one breath or several, cut wherever. */
const conversation = fc
  .tuple(
    fc.array(anyRequest, { minLength: 1, maxLength: 3 }),
    fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 2 }),
    fc.boolean(),
  )
  .map(([requests, cuts, together]) => {
    if (!together) return requests.flatMap((each) => cut(each, cuts));
    return cut(Buffer.concat(requests), cuts);
  })
  .filter(isOfOneAsset);

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((part) => Math.floor(part * bytes.length)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end));
}

describe('with the fast lane a viewer gets byte for byte what he gets without it', () => {
  test.each([
    ['in the clear', false, 250],
    ['inside TLS', true, 60],
  ])('%s, whatever he sends and however it arrives', async (_where, secure, numRuns) => {
    await fc.assert(
      fc.asyncProperty(conversation, async (pieces) => {
        await expectTheSame(pieces, secure);
      }),
      { numRuns },
    );
  });

  const get = (target: string, ...lines: string[]) =>
    Buffer.from(`GET ${target} HTTP/1.1\r\n${['Host: a', ...lines].join('\r\n')}\r\n\r\n`);

  test.each([
    ['small answers and large ones', [get(SMALL), get(LARGE), get(SMALL)], 3],
    ['two requests in one breath', [Buffer.concat([get(SMALL), get(LARGE)])], 2],
    [
      'a request behind half of another',
      [get(SMALL).subarray(0, 20), Buffer.concat([get(SMALL).subarray(20), get(SMALL)])],
      2,
    ],
    ['parts, and parts that there are not', [get(LARGE, 'Range: bytes=5-9'), get(LARGE, 'Range: bytes=200000-')], 2],
    ['what he has already', [get(SMALL, 'If-None-Match: "tag"'), get(SMALL, 'If-None-Match: "other"')], 2],
    ['heads alone', [Buffer.from(`HEAD ${LARGE} HTTP/1.1\r\nHost: a\r\n\r\n`), get(SMALL)], 2],
    ['what is not there', [get(ABSENT), get('/nothing'), get(SMALL)], 3],
    ['health between two others', [get(SMALL), get('/health'), get(SMALL)], 2],
    ['an end that he asks for', [get(SMALL), get(SMALL, 'Connection: close'), get(SMALL)], 2],
    [
      'a method that is refused',
      [get(SMALL), Buffer.from(`DELETE ${SMALL} HTTP/1.1\r\nHost: a\r\n\r\n`), get(SMALL)],
      3,
    ],
  ])('%s', async (_what, pieces, count) => {
    const { facts } = await expectTheSame(pieces);
    expect(facts).toHaveLength(count);
    await expectTheSame(pieces, true);
  });

  const SMUGGLED = `GET ${SMALL}?smuggled HTTP/1.1\r\nHost: a\r\n\r\n`;
  const AFTER = `GET ${SMALL} HTTP/1.1\r\nHost: a\r\n`;
  test.each([
    ['a length', `${AFTER}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`],
    ['a length of nothing', `${AFTER}Content-Length: 0\r\n\r\n`],
    ['a length that ends within another request', `${AFTER}Content-Length: 3\r\n\r\n${SMUGGLED}`],
    ['chunks', `${AFTER}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a length and chunks', `${AFTER}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`],
    ['a folded length', `${AFTER}X: y\r\n Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`],
    ['a length behind a bare carriage return', `${AFTER}X: y\rContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`],
    ['a length behind a bare line feed', `${AFTER}X: y\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`],
    ['a space before the colon', `${AFTER}Content-Length : ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`],
    ['a head that ends in line feeds', `${AFTER.replaceAll('\r', '')}\n${SMUGGLED}`],
    ['a line of nothing but a carriage return', `${AFTER}\r\r\n\r\n${SMUGGLED}`],
    ['an end of its head that is none', `${AFTER}X: y\r\n\r${SMUGGLED}`],
    ['two hosts', `${AFTER}Host: b\r\n\r\n${SMUGGLED}`],
    ['a zero byte in its target', `GET ${SMALL}\0 HTTP/1.1\r\nHost: a\r\n\r\n${SMUGGLED}`],
    ['a second version', `GET ${SMALL} HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n${SMUGGLED}`],
    ['an empty line before it', `\r\n${AFTER}\r\n`],
  ])('a request after simple ones that could be read in two ways, by %s', async (_what, bytes) => {
    const odd = Buffer.from(bytes, 'latin1');
    const simple = get(SMALL);
    for (const pieces of [
      [odd],
      [simple, odd],
      [Buffer.concat([simple, odd])],
      [simple, odd.subarray(0, -9), odd.subarray(-9)],
    ]) {
      await expectTheSame(pieces);
    }
  });
});
