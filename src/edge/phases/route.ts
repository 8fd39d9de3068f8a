import { LRUCache } from 'lru-cache';
import { splitTarget } from '../../kernel/access/canonical.ts';
import { Fault } from '../../kernel/errors.ts';
import { type FilmObject, parseFilmPath } from '../../kernel/film/paths.ts';
import { CredentialReader } from '../credential-reader.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { preflight } from './cors.ts';

/** Paths whose reading is remembered: the same few are asked for again and again. */
const MAX_PATHS = 10_000;

/** Finds out what is asked for, and under which key it would be stored. */
export function route(parts: EdgeParts): Phase {
  if (parts.mode === 'proxy') return routeProxy;
  const credentials = new CredentialReader();
  const films = new LRUCache<string, FilmObject>({ max: MAX_PATHS });
  return (x) => routeFilm(x, credentials, films, parts);
}

function routeFilm(
  x: Exchange,
  credentials: CredentialReader,
  films: LRUCache<string, FilmObject>,
  parts: EdgeParts,
): Step {
  const { cookie, authorization } = x.request.headers;
  const presented = credentials.read(x.target, cookie, authorization);
  x.path = presented.path;
  x.query = presented.query;
  x.credential = presented.credential;
  if (parts.steering?.isAsked(x)) return parts.steering.answer(x, parts);
  x.film = films.get(x.path) ?? readFilmPath(x.path, films);
  if (x.method === 'OPTIONS') return preflight(x, parts);
  x.resource = x.path;
  return 'authorize';
}

function readFilmPath(path: string, films: LRUCache<string, FilmObject>): FilmObject {
  const film = parseFilmPath(path);
  if (!film) throw new Fault(isHostile(path) ? 'PATH_INVALID' : 'NOT_FOUND');
  films.set(path, film);
  return film;
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
  return x.upgrade ? 'tunnel' : 'lookup';
}
