import type { ViewerFields } from '../../kernel/distribution/origin-request.ts';
import { fieldOf, withoutFields } from '../../kernel/http/fields.ts';
import { writeForwarded } from '../../kernel/http/forwarded.ts';
import { withoutHopByHop } from '../../kernel/http/hop-by-hop.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import { Fill } from '../cache/fill.ts';
import type { Beginning } from '../cache/partial-object.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import { awaitAnswer } from '../live/await-answer.ts';
import { partyOf, waitFor } from '../live/live-ask.ts';
import { renditionOf } from '../live/renditions.ts';
import { DEBUG_FIELD } from '../operator/debug.ts';
import type { OriginRequest } from '../origins/origins.ts';
import type { EdgeParts } from '../parts.ts';
import { ViewerBody } from '../viewer-body.ts';
import { PARTIAL, WRITTEN_ANEW } from '../written-fields.ts';
import { capabilityOf, toldCodings } from './compress.ts';
import { Intake } from './intake.ts';
import { passOnInterims } from './interim.ts';
import { forwardsLeft } from './last-hop.ts';
import { newsOf } from './news.ts';

/** Asks the origin, for everybody who wants this key or for one viewer alone, and waits for the head of its answer. */
export function fetch(parts: EdgeParts): Phase {
  return (x) => {
    const fill = startFill(x, x.alone && x.method !== 'HEAD' ? undefined : x.stale, parts, false);
    x.fill = fill;
    x.reader = fill.join();
    return x.live && !x.alone ? awaitAnswer(x, x.live, fill, parts) : awaitHead(x, fill);
  };
}

/** Renews an expired copy that is being served meanwhile; nothing to do when somebody already does. */
export function refreshBehind(x: Exchange, stale: CachedObject, parts: EdgeParts): void {
  const under = parts.fills.get(x.key);
  if (!under || under.ended) startFill(x, stale, parts, true);
}

function startFill(x: Exchange, stale: CachedObject | undefined, parts: EdgeParts, background: boolean): Fill {
  const method = background ? renewing(x) : x.method;
  const { key, resource, path, alone } = x;
  const beginning = background || alone ? undefined : x.beginning;
  const askAgain = (again: Fill) => parts.origin.send(requestFor(x, {}, parts, background), again);
  const fill = new Fill(
    {
      ...{ key, startedAtMs: parts.clock.now(), bodiless: method === 'HEAD', ahead: isAhead(x) },
      // What is a part now is what all others want in a moment.
      background: background || x.live?.object.kind === 'part',
    },
    new Intake(
      {
        method,
        resource,
        path,
        part: x.part,
        beginning,
        headers: x.request.headers,
        alone,
        live: x.live?.object,
        stale,
        askAgain,
        viewer: x,
        onEnd: holding(x, parts),
      },
      parts,
    ),
  );
  parts.fills.take(fill);
  if (!x.alone) parts.fills.lead(fill);
  // A HEAD asks what there is, whatever is in hand; and of what is asked by OPTIONS a tag tells nothing.
  const inHand = { stale: method === 'GET' ? stale : undefined, beginning };
  fill.begin(parts.origin.send(requestFor(x, inHand, parts, background), fill));
  return fill;
}

/** Counts a request that the origin may hold, and gives what is to be called when that is over. */
function holding(x: Exchange, { live, trusts }: EdgeParts): (() => void) | undefined {
  if (!x.live?.mayBeHeld) return undefined;
  const party = partyOf(x, x.live, trusts);
  live.held.enter(party);
  return () => live.held.leave(party);
}

/** By which an expired copy is asked for again: a HEAD is answered from what a GET brought. */
function renewing({ method }: Exchange): string {
  return method === 'HEAD' ? 'GET' : method;
}

/** What no viewer has asked for yet. Fetch standard, section 2.2.5. */
export const AHEAD: readonly string[] = ['Sec-Purpose', 'prefetch'];

/** An edge below fetches what none of its viewers has asked for yet. */
function isAhead({ fromEdge, request }: Exchange): boolean {
  return fromEdge && request.headers['sec-purpose'] === 'prefetch';
}

async function awaitHead(x: Exchange, fill: Fill): Promise<Step> {
  while (fill.state === 'asking' && !x.gone) {
    await newsOf(fill, x);
    passOnInterims(x, fill);
  }
  return 'admit';
}

/** What the origin need not send once more. */
interface InHand {
  readonly stale?: CachedObject | undefined;
  readonly beginning?: Beginning | undefined;
}

function requestFor(x: Exchange, { stale, beginning }: InHand, parts: EdgeParts, background: boolean): OriginRequest {
  const method = background ? renewing(x) : x.method;
  const { target, fields } =
    parts.mode === 'film' ? { target: x.resource, fields: filmFields(x, method, parts) } : asked(x, parts);
  if (x.part !== undefined && !x.alone) fields.push('Range', x.part);
  if (beginning) fields.push('Range', `bytes=${beginning.bytes.length}-`, 'If-Range', beginning.tag);
  if (stale?.head.etag !== undefined) fields.push('If-None-Match', stale.head.etag);
  if (stale?.head.lastModified !== undefined) fields.push('If-Modified-Since', stale.head.lastModified);
  return {
    method,
    target,
    fields,
    viewedHost: parts.mode === 'film' ? undefined : x.host,
    key: x.live ? renditionOf(x.path) : x.resource,
    wait: x.live && waitFor(x.live, x.path, parts.live.renditions),
    body: x.alone && x.hasBody ? new ViewerBody(x.request, parts.settings.edgeBodyBytes) : undefined,
  };
}

/** What an origin that is not ours is asked for, and what it is told of the viewer. */
function asked(x: Exchange, parts: EdgeParts): { target: string; fields: string[] } {
  return { target: targetFor(x, parts), fields: proxyFields(x, parts) };
}

/** Path and query as the origin gets them. */
export function targetFor(x: Exchange, { behavior }: EdgeParts): string {
  if (!behavior?.rules) return x.target;
  const { query } = behavior.rules.originRequest(viewerFields(x), x.told);
  return query === '' ? x.path : `${x.path}?${query}`;
}

/** The grant that he was let in by is none of the origin's business. */
export function viewerFields({
  method,
  query,
  page,
  credential,
  request: { rawHeaders, headers },
}: Exchange): ViewerFields {
  const isOurs = page !== undefined || credential?.carrier === 'token-bearer';
  return { method, query, headers, rawHeaders: isOurs ? withoutFields(rawHeaders, AUTHORIZATION) : rawHeaders };
}

const AUTHORIZATION: ReadonlySet<string> = new Set(['authorization']);

/** To our own origin go no fields of the viewer's: the answer is everybody's. */
function filmFields(x: Exchange, method: string, parts: EdgeParts): string[] {
  const fields = signedFields(method, x.resource, parts);
  const passed = x.fromEdge ? x.request.headers['cdn-loop'] : undefined;
  fields.push('X-Forwarded-For', x.ip, 'CDN-Loop', passed === undefined ? parts.edgeId : `${passed}, ${parts.edgeId}`);
  if (isAhead(x)) fields.push(...AHEAD);
  return fields;
}

export function signedFields(method: string, path: string, parts: EdgeParts): string[] {
  const { films, edgeId } = parts;
  const fields = ['Accept-Encoding', 'identity', 'Via', `1.1 ${edgeId} (Frontrow)`];
  fields.push('Surrogate-Capability', capabilityOf(parts));
  if (films) fields.push(...films.signer.fields(method, path));
  return fields;
}

const REPLACED: readonly string[] = [...WRITTEN_ANEW, DEBUG_FIELD];
const TOLD_ANEW: ReadonlySet<string> = new Set(['accept-encoding']);
const REPLACED_ALONE: ReadonlySet<string> = new Set(REPLACED);
const REPLACED_FILLING: ReadonlySet<string> = new Set([...REPLACED, ...PARTIAL]);
export const REPLACED_AHEAD: ReadonlySet<string> = new Set([...REPLACED_FILLING, 'sec-purpose']);

/** Whether what stands in this field is the word of a proxy of the operator's, who had it say so there. */
function tellsOf({ peer }: Exchange, field: 'X-Forwarded-For' | 'Forwarded', { settings }: EdgeParts): boolean {
  return peer.trusted && settings.edgeForwardedHeader === field;
}

/** The address by which one viewer came. */
function addressOf(x: Exchange, parts: EdgeParts): string[] {
  const scheme = parts.schemeOf(x);
  const fields = ['X-Forwarded-Host', x.host, 'X-Forwarded-Proto', scheme];
  const { forwarded } = x.request.headers;
  if (forwarded !== undefined && tellsOf(x, 'Forwarded', parts))
    fields.push('Forwarded', `${forwarded}, ${writeForwarded(x.peer.ip, scheme, x.host)}`);
  return fields;
}

/**
 * The address by which all come who will get this answer. An origin that writes it into its pages must not be told what one
 * of them said: what is not in the key has to be the same for everybody.
 */
function addressForAll(x: Exchange, { origin, addressForAll: { host, scheme } }: EdgeParts): string[] {
  const told = origin.varyByHost ? x.host : host;
  return [
    ...(told === undefined ? [] : ['X-Forwarded-Host', told]),
    ...(scheme === undefined ? [] : ['X-Forwarded-Proto', scheme]),
  ];
}

/** Fields of the viewer's that go on: those that a distribution's policies name, or else all that are not written anew. */
function fieldsOf(
  x: Exchange,
  isForAll: boolean,
  parts: EdgeParts,
  replaced: ReadonlySet<string>,
  told: Exchange['told'],
): string[] {
  const { rawHeaders } = x.request;
  const rules = parts.behavior?.rules;
  if (!rules) {
    const fields = withoutFields(withoutHopByHop(rawHeaders), replaced);
    fields.push(...(isForAll ? addressForAll(x, parts) : addressOf(x, parts)));
    return fields;
  }
  const { fields } = rules.originRequest(viewerFields(x), told);
  // The origin answers this viewer alone: what he holds already, and which part he wants, is between the two. Of a page that
  // is sent instead of an error he holds nothing, and wants no part.
  const own =
    isForAll || x.page
      ? []
      : rawHeaders.flatMap((name, at) =>
          at % 2 === 0 && CONDITIONS.has(name.toLowerCase()) ? [name, rawHeaders[at + 1] ?? ''] : [],
        );
  if (fieldOf(fields, 'user-agent') === undefined) fields.push('User-Agent', 'Frontrow');
  return [...fields, ...own];
}

const CONDITIONS: ReadonlySet<string> = new Set(PARTIAL);

/** A viewer's fields as they go on to an origin that is not ours, without `Host`. */
export function proxyFields(
  x: Exchange,
  parts: EdgeParts,
  replaced = x.alone ? REPLACED_ALONE : REPLACED_FILLING,
  told = x.told,
): string[] {
  const { edgeId } = parts;
  const { headers, httpVersion } = x.request;
  const before = (name: string) => (headers[name] === undefined ? '' : `${headers[name]}, `);
  const isForAll = replaced !== REPLACED_ALONE || x.reason === 'head';
  const fields = fieldsOf(x, isForAll, parts, replaced, told);
  // What a viewer says about where he comes from is not passed on: the origin could take it for ours.
  fields.push(
    'X-Forwarded-For',
    `${tellsOf(x, 'X-Forwarded-For', parts) ? before('x-forwarded-for') : ''}${x.peer.ip}`,
  );
  fields.push(
    'Via',
    `${before('via')}${httpVersion} ${edgeId} (Frontrow)`,
    'CDN-Loop',
    `${before('cdn-loop')}${edgeId}`,
  );
  fields.push('Surrogate-Capability', `${x.peer.trusted ? before('surrogate-capability') : ''}${capabilityOf(parts)}`);
  const leftForwards = forwardsLeft(x);
  if (leftForwards !== undefined) fields.push('Max-Forwards', String(leftForwards - 1));
  // What may be stored is asked for in few words; every other answer is between the viewer and the origin.
  const codings = isForAll ? toldCodings(headers, parts) : undefined;
  return codings === undefined ? fields : [...withoutFields(fields, TOLD_ANEW), 'Accept-Encoding', codings];
}
