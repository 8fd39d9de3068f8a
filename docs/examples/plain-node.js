/**
 * A backend on node:http alone: whoever is logged in gets a signed URL and signed cookies for a film.
 * README.md beside this file says how to run it.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Signer } from 'frontrow/sign';

const { KEY_PAIR_ID, PRIVATE_KEY = 'frontrow-key.pem', EDGE = 'http://127.0.0.1:8090', PORT = '3000' } = process.env;

// Once for a key: reading it is the costly part.
const signer = new Signer({ keyPairId: KEY_PAIR_ID, privateKey: readFileSync(PRIVATE_KEY) });
const HOUR = { expiresIn: 3_600 };

/** Who is logged in, by session; a real backend has this in its database. */
const sessions = new Map();

function login(response, user) {
  // A real backend checks a password here.
  const session = randomUUID();
  sessions.set(session, user);
  response.setHeader('set-cookie', `session=${session}; Path=/; HttpOnly; SameSite=Lax`);
  send(response, 200, { user });
}

function film(response, user, assetId) {
  // A real backend looks here whether this user may watch this film.
  const playlist = `${EDGE}/assets/${assetId}/master.m3u8`;
  const cookies = Object.entries(signer.signCookies(playlist, HOUR));
  // For the film's own folder, so that cookies of several films stand beside one another. Over https add Secure.
  const attributes = `Path=/assets/${assetId}/; HttpOnly; SameSite=Lax`;
  response.setHeader(
    'set-cookie',
    cookies.map(([name, value]) => `${name}=${value}; ${attributes}`),
  );
  send(response, 200, { user, url: signer.signUrl(playlist, HOUR), playlist });
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function userOf(request) {
  const [, session] = /(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? '') ?? [];
  return sessions.get(session);
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://backend');
  if (request.method === 'POST' && pathname === '/login')
    return login(response, searchParams.get('user') ?? 'somebody');
  const [, assetId] = /^\/films\/(as_[a-z0-9]+)$/.exec(pathname) ?? [];
  const user = userOf(request);
  if (!assetId) return send(response, 404, { error: 'There is nothing here.' });
  if (!user) return send(response, 401, { error: 'Log in first.' });
  return film(response, user, assetId);
});

server.listen(Number(PORT), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
