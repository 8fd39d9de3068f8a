import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { EdgeScenario } from '../harness/edge-scenario.ts';
import { ScriptedOrigin, type Switching } from '../harness/origin.ts';
import { RawViewer } from '../harness/raw-viewer.ts';

const MEBIBYTE = 1_048_576;
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ASK = `Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n`;

let s: EdgeScenario;
beforeEach(() => begin());
afterEach(() => s.stop());

async function begin(settings: Partial<Settings> = {}): Promise<void> {
  s = await new EdgeScenario({ clock: systemClock, settings }).start();
}

/** RFC 6455 section 4.2.2. */
function accept({ request, socket }: Switching): void {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const proof = createHash('sha1').update(key).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`,
  );
}

/** The origin's end of the next tunnel to a target. */
function nextTunnel(target: string): Promise<Switching> {
  const { promise, resolve } = Promise.withResolvers<Switching>();
  s.origin.switching(target, (asked) => {
    accept(asked);
    resolve(asked);
  });
  return promise;
}

async function open(target: string, behind = ''): Promise<{ viewer: RawViewer; origin: Switching }> {
  const tunnel = nextTunnel(target);
  const viewer = new RawViewer(s.url).send(`GET ${target} HTTP/1.1\r\n${ASK}\r\n${behind}`);
  await viewer.until(/\r\n\r\n/);
  return { viewer, origin: await tunnel };
}

describe('a WebSocket through the edge', () => {
  test('connects and echoes for a real client', async () => {
    s.origin.switching('/echo', (asked) => {
      accept(asked);
      asked.socket.on('data', (frame: Buffer) => {
        const mask = frame.subarray(2, 6);
        const text = Buffer.from(frame.subarray(6).map((byte, at) => byte ^ (mask[at % 4] ?? 0)));
        if (frame[0] === 0x81) asked.socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
      });
    });
    const socket = new WebSocket(`${s.url.replace('http', 'ws')}/echo`);
    const said = new Promise((resolve) => socket.addEventListener('message', ({ data }) => resolve(data)));
    socket.addEventListener('open', () => socket.send('hello'));
    expect(await said).toBe('hello');
    socket.close();
  });

  test('reaches the origin with the fields that a proxy adds, and comes back with those of the origin', async () => {
    const { viewer, origin } = await open('/live?room=1');
    expect(viewer.received).toMatch(/^HTTP\/1\.1 101 /);
    expect(viewer.received).toMatch(/sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i);
    expect(viewer.received).toMatch(/^connection: upgrade\r$/im);
    expect(origin.request.headers).toMatchObject({
      connection: 'Upgrade',
      upgrade: 'websocket',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'a',
      'sec-websocket-key': KEY,
    });
    expect(origin.request.headers.via).toContain('Frontrow');
    viewer.socket.destroy();
  });

  test.each([
    ['hangs up', (socket: Switching['socket']) => socket.destroy()],
    ['is overloaded', (socket: Switching['socket']) => socket.end('HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno')],
  ])('goes to the next origin when the first one %s', async (_what, fail) => {
    const standby = await new ScriptedOrigin().start();
    await s.stop();
    s = await new EdgeScenario({ clock: systemClock, standbys: [standby.url] }).start();
    s.origin.switching('/live', ({ socket }) => fail(socket));
    standby.switching('/live', (asked) => {
      accept(asked);
      asked.socket.on('end', () => asked.socket.end()).resume();
    });
    const viewer = new RawViewer(s.url).send(`GET /live HTTP/1.1\r\n${ASK}\r\n`);
    await viewer.until(/\r\n\r\n/);
    expect(viewer.received).toMatch(/^HTTP\/1\.1 101 /);
    viewer.socket.destroy();
    await s.settled(1);
    expect(s.facts[0]?.origin).toBe(new URL(standby.url).host);
    await standby.stop();
  });

  test('carries what was said in the same breath as the request', async () => {
    const { viewer, origin } = await open('/live', 'early');
    const [first] = await once(origin.socket, 'data');
    expect(String(first)).toBe('early');
    viewer.socket.destroy();
  });

  test('is one fact, with its bytes, when it ends', async () => {
    const { viewer, origin } = await open('/live');
    expect(s.edge.usage.tunnels).toBe(1);
    origin.socket.write('12345');
    await viewer.until(/12345/);
    origin.socket.on('end', () => origin.socket.end()).resume();
    viewer.socket.destroy();
    await s.settled(1);
    expect(s.facts[0]).toMatchObject({ status: 101, reason: 'tunnelled', bytesSent: 5, path: '/live' });
    expect(s.facts[0]?.trail).toEqual(['receive', 'route', 'tunnel']);
    expect(s.edge.usage.tunnels).toBe(0);
  });

  test.each(['viewer', 'origin'] as const)(
    'ends for both when the %s leaves, with all that was said before',
    async (who) => {
      const { viewer, origin } = await open('/live');
      const ends = { viewer: viewer.socket, origin: origin.socket };
      let heard = 0;
      const other = who === 'viewer' ? ends.origin : ends.viewer;
      other.on('data', (chunk) => {
        heard += chunk.length;
      });
      ends[who].end(Buffer.alloc(MEBIBYTE, 'x'));
      await once(other, 'end');
      expect(heard).toBe(MEBIBYTE);
      other.end();
      await viewer.closed;
    },
  );

  test.each(['viewer', 'origin'] as const)('is no faster than a %s who takes nothing', async (who) => {
    const { viewer, origin } = await open('/live');
    const ends = { viewer: viewer.socket, origin: origin.socket };
    ends[who].pause();
    const sender = who === 'viewer' ? ends.origin : ends.viewer;
    let sent = 0;
    let before = -1;
    const more = () => {
      while (sent < 256 * MEBIBYTE) {
        sent += MEBIBYTE;
        if (!sender.write(Buffer.alloc(MEBIBYTE))) return;
      }
    };
    sender.on('drain', more);
    more();
    // Until the pipe is full: two looks a moment apart that see the same number.
    while (before !== sent) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(sent).toBeLessThan(64 * MEBIBYTE);
    viewer.socket.destroy();
    origin.socket.destroy();
  });

  test('that is silent on both sides is closed after the idle time, and one that is not stays', async () => {
    await s.stop();
    await begin({ edgeTunnelIdleMs: 600, viewerIdleMs: 1_000 });
    const silent = await open('/silent');
    const busy = await open('/busy');
    const talking = setInterval(() => busy.origin.socket.write('x'), 100);
    await silent.viewer.closed;
    // Twice the idle time of HTTP: the wait is what is tested.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(busy.viewer.socket.destroyed).toBe(false);
    clearInterval(talking);
    busy.viewer.socket.destroy();
  });

  // The time limit is part of the claim.
  test('is ended by a stop', async () => {
    const { viewer } = await open('/live');
    await Promise.all([s.edge.stop(), viewer.closed]);
  }, 5_000);
});

describe('a WebSocket that does not come about', () => {
  test("is told the origin's own refusal", async () => {
    const answer = await new RawViewer(s.url).send(`GET /none HTTP/1.1\r\n${ASK}\r\n`).toEnd();
    expect(answer).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
    expect(answer).toMatch(/X-Why: none here/);
    expect(answer).toMatch(/none$/);
    await s.settled(1);
    expect(s.facts[0]).toMatchObject({ status: 426 });
  });

  test('because the origin is away is told so, and so is one that two servers could read in two ways', async () => {
    s.origin.switching('/dead', ({ socket }) => socket.destroy());
    const dead = await new RawViewer(s.url).send(`GET /dead HTTP/1.1\r\n${ASK}\r\n`).toEnd();
    expect(dead).toMatch(/^HTTP\/1\.1 502 .*ORIGIN_UNREACHABLE/s);
    const bad = await new RawViewer(s.url).send(`GET /live HTTP/1.1\r\n${ASK}Host: b\r\n\r\n`).toEnd();
    expect(bad).toMatch(/^HTTP\/1\.1 400 .*HOST_INVALID/s);
  });

  test('because the origin does not answer in time is told so', async () => {
    await s.stop();
    await begin({ originFirstByteMs: 300 });
    s.origin.switching('/mute', () => {});
    const answer = await new RawViewer(s.url).send(`GET /mute HTTP/1.1\r\n${ASK}\r\n`).toEnd();
    expect(answer).toMatch(/^HTTP\/1\.1 504 .*ORIGIN_TIMEOUT/s);
  });

  // The time limit is part of the claim: the origin would be given up after half a minute anyway.
  test('because the viewer leaves lets the origin go', async () => {
    const asked = Promise.withResolvers<Switching>();
    s.origin.switching('/mute', asked.resolve);
    const viewer = new RawViewer(s.url).send(`GET /mute HTTP/1.1\r\n${ASK}\r\n`);
    const { socket } = await asked.promise;
    const closed = once(socket.resume(), 'end');
    viewer.socket.destroy();
    await closed;
  }, 10_000);

  test('because it is in front of films is refused', async () => {
    await s.stop();
    s = await new EdgeScenario({ mode: 'film' }).start();
    const answer = await new RawViewer(s.url).send(`GET /live HTTP/1.1\r\n${ASK}\r\n`).toEnd();
    expect(answer).toMatch(/^HTTP\/1\.1 501 .*UPGRADE_REFUSED/s);
  });

  test('since it is another protocol is a request like any other', async () => {
    s.origin.serve('/a', { body: 'plain' });
    const viewer = new RawViewer(s.url).send(
      'GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
    );
    expect(await viewer.until(/plain/)).toMatch(/^HTTP\/1\.1 200 /);
    viewer.socket.destroy();
  });
});
