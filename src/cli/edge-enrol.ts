import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type KeptCredential, keepEdgeCredential, readEdgeCredential } from '../config/edge-credential.ts';
import type { Command } from './command.ts';
import { usage } from './failure.ts';
import { Api, findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import type { Terminal } from './terminal.ts';
import { parseMoment } from './times.ts';

/** Makes an edge one of the fleet, unless it is already: then the token, which is good once, is left alone. */
export async function enrolOnce(
  { data, controlUrl, token }: { readonly data: string; readonly controlUrl: string; readonly token: string },
  terminal: Terminal,
): Promise<KeptCredential> {
  const folder = resolve(data);
  const kept = await readEdgeCredential(folder);
  if (kept) {
    terminal.note(`This edge is enrolled already, as ${kept.edgeId}; the token was not used.`);
    return kept;
  }
  if (!/^https?:\/\/[^/]/.test(controlUrl)) throw usage('--enrol needs --control with an http or https URL.');
  const control = new Api(controlUrl, '');
  const answer = await control.call<{ edgeId: string; key: string; originUrl?: string }>('POST', '/v1/edge/enrol', {
    token,
    name: hostname().slice(0, 100),
  });
  const credential = { ...answer, controlUrl };
  await keepEdgeCredential(folder, credential);
  terminal.note(`This edge is enrolled as ${answer.edgeId}.`);
  return credential;
}

interface EnrolmentView {
  readonly enrolmentId: string;
  readonly token: string;
  readonly expiresAt: string;
}

function secondsUntil(text: string): number {
  const now = Date.now();
  return Math.round((parseMoment(text, '--expires', now) - now) / 1000);
}

export const enrolToken: Command = {
  name: 'enrol-token',
  says: 'make a token that lets one edge in, once, and show it',
  options: [
    { flags: '--name <text>', says: 'what the edge is called (default: the name of its machine)' },
    { flags: '--latitude <degrees>', says: 'where it stands; north is positive' },
    { flags: '--longitude <degrees>', says: 'where it stands; east is positive' },
    { flags: '--country <code>', says: 'where it stands, such as DE' },
    { flags: '--expires <time>', says: 'how long the token is good, such as 1h (default), up to 7d' },
    ...SERVER_OPTIONS,
    JSON_OPTION,
  ],
  async run(given, terminal) {
    const latitude = given.number('latitude', -90, 90);
    const longitude = given.number('longitude', -180, 180);
    if ((latitude === undefined) !== (longitude === undefined)) throw usage('--latitude and --longitude go together.');
    const country = given.text('country');
    const expires = given.text('expires');
    const api = await findServer(given);
    const made = await api.call<EnrolmentView>('POST', '/v1/edge-enrolments', {
      name: given.text('name'),
      ...(latitude === undefined && country === undefined ? {} : { location: { latitude, longitude, country } }),
      ...(expires === undefined ? {} : { expiresInSeconds: secondsUntil(expires) }),
    });
    terminal.answer(made, [made.token]);
    terminal.note(`Good once, until ${made.expiresAt}: frontrow edge --control ${api.url} --enrol TOKEN`);
  },
};
