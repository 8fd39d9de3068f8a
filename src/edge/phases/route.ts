import { joinTarget, splitTarget } from '../../kernel/access/canonical.ts';
import { Fault } from '../../kernel/errors.ts';
import { parseFilmPath } from '../../kernel/film/paths.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts, Films } from '../parts.ts';
import type { Behavior, OriginRules } from '../sites/behavior.ts';
import type { Sites } from '../sites/sites.ts';
import { knowledgeOf } from '../sites/viewer-knowledge.ts';
import { preflight } from './cors.ts';
import { redirectToHttps } from './viewer-protocol.ts';

/** Finds the distribution and its behaviour; from there on the exchange goes by that one's phases, its own `route` first. */
export function chooseBehavior(sites: Sites): Phase {
  return (x) => {
    sites.enter(x);
    return x.phases.route(x);
  };
}

/** Finds out what is asked for, and under which key it would be stored. */
export function route(parts: EdgeParts): Phase {
  const { behavior, films } = parts;
  const reach = films ? (x: Exchange) => routeFilm(x, films, parts) : looped(routeTo(behavior?.rules, parts), parts);
  // The operator's own page is for everybody who is shown it.
  return behavior ? (x) => (x.page ? undefined : admitted(x, behavior, parts)) ?? reach(x) : reach;
}

/** What the behaviour answers by itself; undefined when the request may go on. */
function admitted(
  x: Exchange,
  { viewerProtocolPolicy, allowedMethods, rules }: Behavior,
  parts: EdgeParts,
): Step | undefined {
  if (viewerProtocolPolicy !== 'allow-all' && parts.schemeOf(x) !== 'https') {
    x.reply = redirectToHttps(x, viewerProtocolPolicy, parts);
    return 'deliver';
  }
  // Films say themselves what they can be asked.
  if (rules && !allowedMethods.has(x.method)) throw new Fault('METHOD_REFUSED');
  return undefined;
}

const FILM_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

function routeFilm(x: Exchange, films: Films, parts: EdgeParts): Step {
  // A viewer who says that he has been here is no edge, and is not passed on either.
  if (x.fromEdge) checkLoop(x, parts);
  if (x.upgrade) throw new Fault('UPGRADE_REFUSED');
  if (!FILM_METHODS.has(x.method)) throw new Fault('METHOD_NOT_ALLOWED');
  takeGrant(x, parts);
  if (parts.steering?.isAsked(x)) return parts.steering.answer(x, parts);
  x.film = films.paths.get(x.path) ?? readFilmPath(x.path, films.paths);
  if (x.method === 'OPTIONS') return preflight(x, parts);
  x.resource = x.path;
  return 'authorize';
}

/** RFC 8586: each edge signs a request it passes on; its own name on one that comes in means a circle. */
function checkLoop({ request }: Exchange, { edgeId }: EdgeParts): void {
  const passed = request.headers['cdn-loop'];
  if (passed !== undefined && String(passed).includes(edgeId)) throw new Fault('LOOP_DETECTED');
}

function looped(reach: (x: Exchange) => Step, parts: EdgeParts): (x: Exchange) => Step {
  return (x) => {
    checkLoop(x, parts);
    return reach(x);
  };
}

/** What is brought as a grant is no part of what is asked for. */
function takeGrant(x: Exchange, { credentials }: EdgeParts): void {
  const { cookie, authorization } = x.request.headers;
  const { path, query, credential } = credentials.read(x.target, cookie, authorization);
  x.path = path;
  x.query = query;
  x.credential = credential;
}

function readFilmPath(path: string, films: Films['paths']): NonNullable<Exchange['film']> {
  const film = parseFilmPath(path);
  if (!film) throw new Fault(isHostile(path) ? 'PATH_INVALID' : 'NOT_FOUND');
  films.set(path, film);
  return film;
}

/** What is no film path anyway, but deserves to be told apart from a typing error. */
function isHostile(path: string): boolean {
  return path.includes('..') || path.includes('\\') || /%(?:2e|2f|5c|00)/i.test(path);
}

function routeTo(rules: OriginRules | undefined, parts: EdgeParts): (x: Exchange) => Step {
  if (!rules) return routeProxy;
  const readsGrants = parts.gate !== undefined;
  return (x) => {
    if (readsGrants && !x.page) takeGrant(x, parts);
    else takeTarget(x);
    const { path, query, method } = x;
    // From here on nobody is told the grant: not the origin, nor the next edge.
    if (readsGrants) x.target = joinTarget(path, query);
    if (rules.tellsViewers) x.told = rules.added(knowledgeOf(x, parts));
    x.resource = rules.keyOf({ path, query, method, headers: x.request.headers, added: x.told });
    return x.page ? 'lookup' : 'authorize';
  };
}

function routeProxy(x: Exchange): Step {
  takeTarget(x);
  x.resource = x.target;
  return x.upgrade ? 'tunnel' : 'lookup';
}

function takeTarget(x: Exchange): void {
  const { path, query } = splitTarget(x.target);
  x.path = path;
  x.query = query;
}
