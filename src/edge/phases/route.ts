import { splitTarget } from '../../kernel/access/canonical.ts';
import { Fault } from '../../kernel/errors.ts';
import { parseFilmPath } from '../../kernel/film/paths.ts';
import { CredentialReader } from '../credential-reader.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { preflight } from './cors.ts';

/** Finds out what is asked for, and under which key it would be stored. */
export function route(parts: EdgeParts): Phase {
  const credentials = new CredentialReader();
  return parts.mode === 'film' ? (x) => routeFilm(x, credentials, parts) : routeProxy;
}

function routeFilm(x: Exchange, credentials: CredentialReader, parts: EdgeParts): Step {
  const { cookie, authorization } = x.request.headers;
  const presented = credentials.read(x.target, cookie, authorization);
  x.path = presented.path;
  x.query = presented.query;
  x.credential = presented.credential;
  x.film = parseFilmPath(x.path);
  if (!x.film) throw new Fault(isHostile(x.path) ? 'PATH_INVALID' : 'NOT_FOUND');
  if (x.method === 'OPTIONS') return preflight(x, parts);
  x.resource = x.path;
  return 'authorize';
}

/** What is no film path anyway, but deserves to be told apart from a typing error. */
function isHostile(path: string): boolean {
  return path.includes('..') || path.includes('\\') || /%(?:2e|2f|5c|00)/i.test(path);
}

function routeProxy(x: Exchange): Step {
  const { path, query } = splitTarget(x.target);
  x.path = path;
  x.query = query;
  x.resource = x.target;
  return 'lookup';
}
