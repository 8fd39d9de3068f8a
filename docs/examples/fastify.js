/**
 * A backend on Fastify: whoever is logged in gets a signed URL and signed cookies for a film.
 * README.md beside this file says how to run it.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fastify } from 'fastify';
import { Signer } from 'frontrow/sign';

const { KEY_PAIR_ID, PRIVATE_KEY = 'frontrow-key.pem', EDGE = 'http://127.0.0.1:8090', PORT = '3000' } = process.env;

// Once for a key: reading it is the costly part.
const signer = new Signer({ keyPairId: KEY_PAIR_ID, privateKey: readFileSync(PRIVATE_KEY) });
const HOUR = { expiresIn: 3_600 };

/** Who is logged in, by session; a real backend has this in its database. */
const sessions = new Map();

const app = fastify();

app.post('/login', async (request, reply) => {
  // A real backend checks a password here.
  const user = request.query.user ?? 'somebody';
  const session = randomUUID();
  sessions.set(session, user);
  reply.header('set-cookie', `session=${session}; Path=/; HttpOnly; SameSite=Lax`);
  return { user };
});

app.get('/films/:assetId', { preHandler: mustBeLoggedIn }, async (request, reply) => {
  // A real backend looks here whether this user may watch this film.
  const { assetId } = request.params;
  const playlist = `${EDGE}/assets/${encodeURIComponent(assetId)}/master.m3u8`;
  for (const [name, value] of Object.entries(signer.signCookies(playlist, HOUR))) {
    // For the film's own folder, so that cookies of several films stand beside one another. Over https add Secure.
    reply.header('set-cookie', `${name}=${value}; Path=/assets/${assetId}/; HttpOnly; SameSite=Lax`);
  }
  return { user: request.user, url: signer.signUrl(playlist, HOUR), playlist };
});

async function mustBeLoggedIn(request, reply) {
  const [, session] = /(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? '') ?? [];
  request.user = sessions.get(session);
  if (!request.user) return reply.code(401).send({ error: 'Log in first.' });
}

console.log(await app.listen({ port: Number(PORT), host: '127.0.0.1' }));
