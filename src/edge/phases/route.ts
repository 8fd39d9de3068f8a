import { joinTarget, splitTarget } from '../../kernel/access/canonical.ts';
import { readCredential, withoutPathToken } from '../../kernel/access/credential.ts';
import { mayLeaveRoot } from '../../kernel/distribution/origin-reading.ts';
import { Fault } from '../../kernel/errors.ts';
import { parseFilmPath } from '../../kernel/film/paths.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import { readLiveAsk } from '../live/live-ask.ts';
import type { EdgeParts, Films } from '../parts.ts';
import type { Behavior, OriginRules } from '../sites/behavior.ts';
import type { Sites } from '../sites/sites.ts';
import { knownOf } from '../sites/viewer-knowledge.ts';
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
  // The operator's own page is for everybody who is shown it, and an edge has let its viewer in.
  return behavior ? (x) => (x.page || x.fromEdge ? undefined : admitted(x, behavior, parts)) ?? reach(x) : reach;
}

/** What the behaviour answers by itself; undefined when the request may go on. */
function admitted(
  x: Exchange,
  { viewerProtocolPolicy, allowedMethods, rules }: Behavior,
  parts: EdgeParts,
): Step | undefined {
  if (viewerProtocolPolicy !== 'allow-all' && parts.schemeOf(x) !== 'https') {
    nameForFacts(x);
    x.reply = redirectToHttps(x, viewerProtocolPolicy, parts);
    return 'deliver';
  }
  // Films say themselves what they can be asked. A body that no key tells of, and that not every origin reads as one, goes
  // on to none.
  const isOdd = x.hasBody && (x.method === 'GET' || x.method === 'HEAD');
  if (rules && (isOdd || !allowedMethods.has(x.method))) {
    nameForFacts(x);
    throw new Fault('METHOD_REFUSED');
  }
  return undefined;
}

/** Of what goes no further than this; whatever it may have been granted by is not logged. */
export function nameForFacts(x: Exchange): void {
  x.path = readCredential({ target: x.target }).path;
}

const FILM_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

function routeFilm(x: Exchange, films: Films, parts: EdgeParts): Step {
  // A viewer who says that he has been here is no edge, and is not passed on either.
  if (x.fromEdge) checkLoop(x, parts);
  if (!FILM_METHODS.has(x.method)) throw new Fault('METHOD_NOT_ALLOWED');
  takeGrant(x, parts);
  x.live = readLiveAsk(x.method, x.path, x.query);
  if (x.upgrade && x.live?.object.kind !== 'channel') throw new Fault('UPGRADE_REFUSED');
  if (parts.steering?.isAsked(x)) return parts.steering.answer(x, parts);
  if (!x.live) x.film = films.paths.get(x.path) ?? readFilmPath(x.path, films.paths);
  if (x.method === 'OPTIONS') return preflight(x, parts);
  x.resource = x.live?.resource ?? x.path;
  return 'authorize';
}

/** What a dozen proxies say of themselves. */
const MAX_WAY_LENGTH = 1_024;

/** RFC 8586: each edge signs a request it passes on; its own name on one that comes in means a circle. */
function checkLoop({ request }: Exchange, { edgeId }: EdgeParts): void {
  const { 'cdn-loop': passed = '', via = '' } = request.headers;
  if (String(passed).includes(edgeId)) throw new Fault('LOOP_DETECTED');
  // Both go on whatever an origin is told: with them a viewer could have it refuse what all others ask for as well.
  if (passed.length > MAX_WAY_LENGTH || via.length > MAX_WAY_LENGTH) throw new Fault('HEADERS_TOO_LARGE');
}

function looped(reach: (x: Exchange) => Step, parts: EdgeParts): (x: Exchange) => Step {
  return (x) => {
    checkLoop(x, parts);
    return reach(x);
  };
}

/** What is brought as a grant is no part of what is asked for. */
function takeGrant(x: Exchange, { credentials }: EdgeParts, takesPathToken = true): void {
  const { cookie, authorization } = x.request.headers;
  const { path, query, credential } = credentials.read(x.target, cookie, authorization, takesPathToken);
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
    if (readsGrants && !x.page) takeGrant(x, parts, withoutPathToken(x.target) !== undefined);
    else takeTarget(x);
    // It was said to this edge: an origin is not to go on with it, nor is it what tells answers apart.
    if (x.credential?.carrier === 'token-bearer') x.withhold('authorization');
    const { path, query, method } = x;
    if (rules.isBelowFolder && mayLeaveRoot(path)) throw new Fault('PATH_INVALID');
    // From here on nobody is told the grant: not the origin, nor the next edge.
    if (readsGrants) x.target = joinTarget(path, query);
    if (rules.tellsViewers) takeKnowledge(x, rules, parts);
    x.resource = rules.keyOf({ path, query, method, headers: x.request.headers, added: x.told });
    return x.page ? 'lookup' : 'authorize';
  };
}

/** Variants too are told apart by what the edge knows, never by what a viewer says under such a name. */
function takeKnowledge(x: Exchange, rules: OriginRules, parts: EdgeParts): void {
  x.told = knownOf(x, rules, parts);
  for (const name of rules.toldNames) {
    const value = x.told.get(name);
    if (value === undefined) delete x.request.headers[name];
    else x.request.headers[name] = value;
  }
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
