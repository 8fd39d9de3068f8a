import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect as open } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { layCertificate, makeCertificate } from '../harness/certificate.ts';
import { EdgeScenario } from '../harness/edge-scenario.ts';
import { RecordingLog } from '../harness/recording-log.ts';

let folder: string;
let s: EdgeScenario;
let log: RecordingLog;
const sockets: TLSSocket[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
  await lay('site', 'www.example', 'alias.example');
  await lay('wild', '*.wild.example');
  await lay('default', 'default.example');
  log = new RecordingLog();
  s = await new EdgeScenario({ settings: { edgeTlsCerts: folder }, log }).start();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await s.stop();
  await rm(folder, { recursive: true, force: true });
});

const lay = (label: string, ...names: string[]) => layCertificate(folder, label, ...names);

async function handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { hostname, port } = new URL(s.tlsUrl);
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...options });
  sockets.push(socket);
  socket.on('error', () => {});
  const [failed] = await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]);
  if (failed) throw new Error('no TLS came about');
  return socket;
}

/** The name on the certificate that a viewer gets who asks for a host. */
async function nameFor(servername: string | undefined): Promise<string> {
  const socket = await handshake(servername === undefined ? {} : { servername });
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

describe('certificates', () => {
  test.each([
    ['www.example', 'www.example'],
    ['WWW.Example', 'www.example'],
    ['alias.example', 'www.example'],
    ['a.wild.example', '*.wild.example'],
    ['a.b.wild.example', 'default.example'],
    ['wild.example', 'default.example'],
    ['unknown.example', 'default.example'],
    [undefined, 'default.example'],
  ])('a viewer who asks for %s gets that of %s', async (asked, expected) => {
    expect(await nameFor(asked)).toBe(expected);
  });

  test('a new file is in force without a restart, and those who are connected stay so', async () => {
    const before = await handshake({ servername: 'www.example' });
    await lay('site', 'www.example', 'added.example');
    await lay('default', 'renewed.example');
    await log.until('certificates read again');
    expect(await nameFor('added.example')).toBe('www.example');
    expect(await nameFor('alias.example')).toBe('renewed.example');
    expect(await nameFor(undefined)).toBe('renewed.example');
    expect(before.destroyed).toBe(false);
  });

  test('a new file that cannot be used leaves the old one in force and is named in the log', async () => {
    await writeFile(join(folder, 'site.crt'), 'not a certificate');
    await log.until('a new certificate cannot be used; the old one stays');
    expect(await nameFor('www.example')).toBe('www.example');
    const { fields } = log.lines.find(({ says }) => says.startsWith('a new certificate')) ?? {};
    expect(fields).toMatchObject({ file: join(folder, 'site.crt') });
    await lay('site', 'mended.example');
    await log.until('certificates read again', 2);
    expect(await nameFor('mended.example')).toBe('mended.example');
  });

  test('the key of another certificate counts as one that cannot be used', async () => {
    await writeFile(join(folder, 'wild.key'), makeCertificate('x').key);
    await log.until('a new certificate cannot be used; the old one stays');
    expect(await nameFor('a.wild.example')).toBe('*.wild.example');
  });

  test('one that is taken away is not offered any more', async () => {
    await Promise.all([rm(join(folder, 'site.crt')), rm(join(folder, 'site.key'))]);
    await log.until('certificates read again');
    expect(await nameFor('www.example')).toBe('default.example');
  });

  test('folders as certbot lays them and single files with both are read too', async () => {
    const inFolder = makeCertificate('certbot.example');
    await mkdir(join(folder, 'certbot.example'));
    await writeFile(join(folder, 'certbot.example', 'privkey.pem'), inFolder.key);
    await writeFile(join(folder, 'certbot.example', 'fullchain.pem'), inFolder.cert);
    const both = makeCertificate('both.example');
    await writeFile(join(folder, 'both.pem'), both.cert + both.key);
    await log.until('certificates read again');
    expect(await nameFor('certbot.example')).toBe('certbot.example');
    expect(await nameFor('both.example')).toBe('both.example');
  });

  test.each([
    ['an empty folder', async () => {}, 'There is no certificate in'],
    [
      'a key that does not fit',
      async (into: string) => {
        await writeFile(join(into, 'a.crt'), makeCertificate('a').cert);
        await writeFile(join(into, 'a.key'), makeCertificate('a').key);
      },
      'a.crt',
    ],
  ])('an edge does not start with %s', async (_what, fill, says) => {
    const other = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
    await fill(other);
    const failing = new EdgeScenario({ settings: { edgeTlsCerts: other } });
    await expect(failing.start()).rejects.toThrow(says);
    await failing.stop();
    await rm(other, { recursive: true });
  });
});

describe('TLS', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '%s is spoken, and a viewer who returns takes up the session',
    async (version) => {
      const options = { servername: 'www.example', minVersion: version, maxVersion: version } as const;
      const first = await handshake(options);
      expect(first.getProtocol()).toBe(version);
      const session = version === 'TLSv1.3' ? (await once(first, 'session'))[0] : first.getSession();
      first.destroy();
      const second = await handshake({ ...options, session });
      expect(second.isSessionReused()).toBe(true);
    },
  );

  test('a session is taken up again after other certificates have come into force', async () => {
    const first = await handshake({ servername: 'www.example' });
    const [session] = await once(first, 'session');
    await lay('default', 'renewed.example');
    await log.until('certificates read again');
    const second = await handshake({ servername: 'www.example', session });
    expect(second.isSessionReused()).toBe(true);
  });

  test('TLS 1.1 is not spoken', async () => {
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    await expect(handshake(old)).rejects.toThrow();
  });

  test('HTTP/1.1 inside is answered as in the clear, and the origin is told https', async () => {
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=60' }, body: 'a' });
    const { hostname, port } = new URL(s.tlsUrl);
    const asked = request({ hostname, port, path: '/a', method: 'POST', rejectUnauthorized: false, agent: false });
    asked.end();
    const [response] = await once(asked, 'response');
    expect(response.statusCode).toBe(200);
    expect((await response.toArray()).join('')).toBe('a');
    expect(s.origin.last('/a')?.headers['x-forwarded-proto']).toBe('https');
  });

  test('a viewer who speaks plainly where TLS is spoken is let go', async () => {
    const socket = open(Number(new URL(s.tlsUrl).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'close');
  });
});
