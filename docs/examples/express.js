/**
 * A backend on Express: whoever is logged in gets a signed URL and signed cookies for a film.
 * README.md beside this file says how to run it.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import express from 'express';
import { Signer } from 'frontrow/sign';

const { KEY_PAIR_ID, PRIVATE_KEY = 'frontrow-key.pem', EDGE = 'http://127.0.0.1:8090', PORT = '3000' } = process.env;

// Once for a key: reading it is the costly part.
const signer = new Signer({ keyPairId: KEY_PAIR_ID, privateKey: readFileSync(PRIVATE_KEY) });
const HOUR = { expiresIn: 3_600 };

/** Who is logged in, by session; a real backend has this in its database. */
const sessions = new Map();

const app = express();

app.post('/login', (request, response) => {
  // A real backend checks a password here.
  const user = String(request.query.user ?? 'somebody');
  const session = randomUUID();
  sessions.set(session, user);
  response.cookie('session', session, { httpOnly: true, sameSite: 'lax' }).json({ user });
});

app.get('/films/:assetId', mustBeLoggedIn, (request, response) => {
  // A real backend looks here whether this user may watch this film.
  const { assetId } = request.params;
  const playlist = `${EDGE}/assets/${encodeURIComponent(assetId)}/master.m3u8`;
  for (const [name, value] of Object.entries(signer.signCookies(playlist, HOUR))) {
    // For the film's own folder, so that cookies of several films stand beside one another. As they are: encoding them
    // again would break the signature. Over https add `secure: true`.
    response.cookie(name, value, { path: `/assets/${assetId}/`, httpOnly: true, sameSite: 'lax', encode: String });
  }
  response.json({ user: request.user, url: signer.signUrl(playlist, HOUR), playlist });
});

function mustBeLoggedIn(request, response, next) {
  const [, session] = /(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? '') ?? [];
  request.user = sessions.get(session);
  if (request.user) next();
  else response.status(401).json({ error: 'Log in first.' });
}

const server = app.listen(Number(PORT), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
