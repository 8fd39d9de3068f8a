import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { EdgeScenario } from '../harness/edge-scenario.ts';
import { exchangeBytes, RawViewer } from '../harness/raw-viewer.ts';

let s: EdgeScenario;
afterEach(() => s.stop());

async function begin(settings: Partial<Settings>): Promise<void> {
  s = await new EdgeScenario({ clock: systemClock, settings }).start();
  s.origin.serve('/a', { body: 'from the origin' });
}

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const NAMED = '198.51.100.7';

/** Version 2 for the same viewer. */
const BINARY = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
  Buffer.from([0x21, 0x11, 0, 12, 198, 51, 100, 7, 127, 0, 0, 1, 0x12, 0x67, 0x01, 0xbb]),
]).toString('latin1');

describe('a balancer that writes a PROXY header', () => {
  test.each([
    ['version 1', `PROXY TCP4 ${NAMED} 127.0.0.1 4711 443\r\n`, NAMED],
    ['version 2', BINARY, NAMED],
    ['version 1 without an address', 'PROXY UNKNOWN\r\n', '127.0.0.1'],
  ])('is believed: %s', async (_what, header, ip) => {
    await begin({ edgeProxyProtocol: true, edgeTrustedProxies: '127.0.0.1' });
    expect(await exchangeBytes(s.url, header + GET)).toMatch(/^HTTP\/1\.1 200 /);
    expect(s.origin.last('/a')?.headers['x-forwarded-for']).toBe(ip);
    await s.settled(1);
    expect(s.facts[0]?.ip).toBe(ip);
  });

  test('may take its time with it, byte by byte, and send the request in the same breath or later', async () => {
    await begin({ edgeProxyProtocol: true, edgeTrustedProxies: '127.0.0.1' });
    const viewer = new RawViewer(s.url);
    for (const byte of `${BINARY}${GET.slice(0, 5)}`) {
      viewer.send(byte);
      await new Promise(setImmediate);
    }
    expect(await viewer.send(GET.slice(5)).toEnd()).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('gets no answer when what it sends first is none', async () => {
    await begin({ edgeProxyProtocol: true, edgeTrustedProxies: '127.0.0.1' });
    expect(await exchangeBytes(s.url, GET)).toBe('');
    expect(s.origin.asked).toEqual([]);
  });

  test('is not waited for longer than a head may take', async () => {
    await begin({ edgeProxyProtocol: true, edgeTrustedProxies: '127.0.0.1', edgeHeaderMs: 500 });
    expect(await exchangeBytes(s.url, 'PROXY TCP4 ')).toBe('');
  });

  test('is believed before TLS too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
    const { cert, key } = makeCertificate('localhost');
    await writeFile(join(folder, 'a.pem'), cert + key);
    await begin({ edgeProxyProtocol: true, edgeTrustedProxies: '127.0.0.1', edgeTlsCerts: folder });
    const plain = connect(Number(new URL(s.tlsUrl).port), '127.0.0.1');
    plain.write(Buffer.from(BINARY, 'latin1'));
    const socket = connectTls({ socket: plain, rejectUnauthorized: false });
    const asked = request({ createConnection: () => socket, path: '/a', headers: { host: 'a' } });
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    asked.on('response', (response) => resolve(response.resume().statusCode)).end();
    expect(await promise).toBe(200);
    expect(s.origin.last('/a')?.headers['x-forwarded-for']).toBe(NAMED);
    socket.destroy();
    await rm(folder, { recursive: true });
  });

  test('that is not trusted is no balancer: its header is no request, and without one it is a viewer', async () => {
    await begin({ edgeProxyProtocol: true, edgeTrustedProxies: '192.0.2.1' });
    expect(await exchangeBytes(s.url, `PROXY TCP4 ${NAMED} 127.0.0.1 1 2\r\n${GET}`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await exchangeBytes(s.url, GET)).toMatch(/^HTTP\/1\.1 200 /);
    expect(s.origin.last('/a')?.headers['x-forwarded-for']).toBe('127.0.0.1');
  });

  test('counts connections for the viewers behind it, not for itself', async () => {
    await begin({ edgeProxyProtocol: true, edgeTrustedProxies: '127.0.0.1', edgeConnectionsPerAddress: 1 });
    const header = (ip: string) => `PROXY TCP4 ${ip} 127.0.0.1 1 2\r\n`;
    const open = new RawViewer(s.url).send(`${header(NAMED)}GET /a HTTP/1.1\r\nHost: a\r\n\r\n`);
    await open.until(/from the origin/);
    expect(await exchangeBytes(s.url, header(NAMED) + GET)).toBe('');
    expect(await exchangeBytes(s.url, header('198.51.100.8') + GET)).toMatch(/^HTTP\/1\.1 200 /);
    open.socket.destroy();
  });
});

describe('a header that names the viewer', () => {
  const XFF = { 'x-forwarded-for': '192.0.2.66, 198.51.100.7, 10.0.0.9', 'x-forwarded-proto': 'https' };

  test('is believed of a trusted proxy, as far as those it names are trusted', async () => {
    await begin({ edgeTrustedProxies: '127.0.0.1, 10.0.0.0/8' });
    await s.get('/a', { method: 'POST', headers: XFF });
    await s.settled(1);
    expect(s.facts[0]?.ip).toBe(NAMED);
    const { headers } = s.origin.asked[0] ?? {};
    expect(headers?.['x-forwarded-for']).toBe('192.0.2.66, 198.51.100.7, 10.0.0.9, 127.0.0.1');
    expect(headers?.['x-forwarded-proto']).toBe('https');
  });

  test('is nothing from anybody else, and is not passed on', async () => {
    await begin({ edgeTrustedProxies: '10.0.0.0/8' });
    await s.get('/a', { method: 'POST', headers: { ...XFF, forwarded: 'for=192.0.2.66' } });
    await s.settled(1);
    expect(s.facts[0]?.ip).toBe('127.0.0.1');
    const { headers } = s.origin.asked[0] ?? {};
    expect(headers?.['x-forwarded-for']).toBe('127.0.0.1');
    expect(headers?.['x-forwarded-proto']).toBe('http');
    expect(headers).not.toHaveProperty('forwarded');
  });

  test('may be Forwarded instead, and then the other one is not believed', async () => {
    await begin({ edgeTrustedProxies: '127.0.0.1', edgeForwardedHeader: 'Forwarded' });
    await s.get('/a', {
      method: 'POST',
      headers: { ...XFF, forwarded: `for=192.0.2.66, For="${NAMED}:80";proto=http` },
    });
    await s.settled(1);
    expect(s.facts[0]?.ip).toBe(NAMED);
    const { headers } = s.origin.asked[0] ?? {};
    expect(headers?.['x-forwarded-proto']).toBe('http');
    expect(headers?.['x-forwarded-for']).toBe('127.0.0.1');
    expect(headers?.forwarded).toMatch(/^for=192\.0\.2\.66, For="198\.51\.100\.7:80";proto=http, for=127\.0\.0\.1;/);
  });

  test('is not believed when it is the one that was not chosen', async () => {
    await begin({ edgeTrustedProxies: '127.0.0.1' });
    await s.get('/a', { headers: { forwarded: `for=${NAMED}` } });
    await s.settled(1);
    expect(s.facts[0]?.ip).toBe('127.0.0.1');
  });
});

test.each([
  [{ edgeTrustedProxies: 'nonsense' }, 'FRONTROW_EDGE_TRUSTED_PROXIES'],
  [{ edgeForwardedHeader: 'X-Real-IP' }, 'FRONTROW_EDGE_FORWARDED_HEADER'],
])('an edge does not start with %j', async (settings, says) => {
  s = new EdgeScenario({ settings });
  await expect(s.start()).rejects.toThrow(says);
});
