import { splitTarget } from '../../kernel/access/canonical.ts';
import { readCredential } from '../../kernel/access/credential.ts';
import { Fault } from '../../kernel/errors.ts';
import { parseFilmPath } from '../../kernel/film/paths.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { preflight } from './cors.ts';

/** Finds out what is asked for, and under which key it would be stored. */
export function route(parts: EdgeParts): Phase {
  return parts.mode === 'film' ? (x) => routeFilm(x, parts) : routeProxy;
}

function routeFilm(x: Exchange, parts: EdgeParts): Step {
  const { cookie, authorization } = x.request.headers;
  const presented = readCredential({ target: x.target, cookieHeader: cookie, authorizationHeader: authorization });
  x.path = presented.path;
  x.query = presented.query;
  x.credential = presented.credential;
  if (isHostile(x.path)) throw new Fault('PATH_INVALID');
  x.film = parseFilmPath(x.path);
  if (!x.film) throw new Fault('NOT_FOUND');
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
