import { compileCacheKey, type KeyedRequest } from '../../kernel/distribution/cache-key.ts';
import { FILM_DISTRIBUTION } from '../../kernel/distribution/documents.ts';
import { compileErrorResponses, type ErrorResponse } from '../../kernel/distribution/error-responses.ts';
import {
  type Keeping,
  type LifetimeQuestion,
  planKeeping,
  withoutIdleCookies,
} from '../../kernel/distribution/lifetime.ts';
import type { CacheBehavior, DistributionConfig, Origin } from '../../kernel/distribution/model.ts';
import {
  compileOriginRequest,
  compileUnkeyed,
  forwardsCookies,
  type OriginFields,
  type ViewerFields,
} from '../../kernel/distribution/origin-request.ts';
import { type Asked, compileResponseHeaders } from '../../kernel/distribution/response-headers.ts';
import type { SiteConfig } from '../../kernel/distribution/site-config.ts';
import {
  compileViewerHeaders,
  namedViewerFields,
  type ViewerKnowledge,
} from '../../kernel/distribution/viewer-headers.ts';
import { Fault } from '../../kernel/errors.ts';
import { isStreamFile } from '../../kernel/hls/stream-files.ts';
import { type FieldList, fieldOf, type ResponseHead } from '../../kernel/http/fields.ts';
import type { PhaseTable } from '../drive.ts';
import type { Exchange } from '../exchange.ts';
import type { Naming } from '../phases/own-key.ts';

/** What one cache behaviour of a distribution says, ready to be asked for every request. */
export interface Behavior {
  readonly distributionId: string;
  readonly viewerProtocolPolicy: CacheBehavior['viewerProtocolPolicy'];
  readonly allowedMethods: ReadonlySet<string>;
  /** Whether a request may bring a grant, in its address too. */
  readonly readsGrants: boolean;
  /** Who lets viewers in, in one text; the same for two behaviours that do not differ in that. */
  readonly trusted: string;
  /** What a response headers policy makes of the fields of an answer; undefined without one. */
  readonly dress: Dress | undefined;
  /** Of a status from 400 on, for which there may be a page of the operator's. */
  errorPage(status: number): ErrorResponse['page'];
  /** The phases of the same distribution's behaviour that what the exchange is about now falls under. */
  phasesAt(x: Exchange): PhaseTable;
  /** Undefined in front of films, whose own rules hold. */
  readonly rules: OriginRules | undefined;
}

/** What holds in front of an origin that is not ours. */
export interface OriginRules {
  readonly naming: Naming;
  /** Whether an origin has all of its files below a folder of its own. */
  readonly isBelowFolder: boolean;
  /** False where nothing is kept, nor asked for together. */
  readonly caches: boolean;
  readonly keepsOptions: boolean;
  /** Whether the origin is asked under the viewer's host. */
  readonly tellsHost: boolean;
  keyOf(asked: KeyedRequest): string;
  originRequest(viewer: ViewerFields, added: Added): OriginFields;
  /** Whether the origin or the key is told what the edge knows of viewers. */
  readonly tellsViewers: boolean;
  /** Lower-case names of that. */
  readonly toldNames: readonly string[];
  /** That, by lower-case name. */
  added(viewer: ViewerKnowledge): Added;
  /** The same where another edge has found it out, by the fields of its request. */
  handedOn(headers: KeyedRequest['headers']): Added;
  /** Whether the origin sees this field of a viewer (in lower case), so that its answer can depend on it. */
  sees(name: string): boolean;
  /** An answer as it is taken from the origin: without what it could not mean, and with tags where they are looked for. */
  received(head: ResponseHead): ResponseHead;
  keeping(
    question: Pick<LifetimeQuestion, 'head' | 'policy' | 'nowMs' | 'ageSeconds' | 'authorized' | 'partsKept'>,
    path: string,
  ): Keeping;
}

type Added = ReadonlyMap<string, string>;
const NOTHING: Added = new Map();

export interface Dress {
  /** Whether it comes out the same for everybody. */
  readonly isConstant: boolean;
  fields(fields: FieldList, asked: Asked): string[];
}

interface Named {
  readonly phasesAt: Behavior['phasesAt'];
  readonly id: string;
  readonly distribution: DistributionConfig;
  readonly behavior: CacheBehavior;
  readonly config: SiteConfig;
}

/** Keys of one distribution never meet those of another: they begin with its name, then comes the path. */
export function scopeOf(distributionId: string): string {
  return distributionId === FILM_DISTRIBUTION ? '' : `@${distributionId}`;
}

/** @throws Fault CONFIG_REFUSED when it names what is not there */
export function behaviorOf(named: Named): Behavior {
  const { id, behavior } = named;
  const isFilm = originNamed(named)?.filmOriginConfig !== undefined;
  const errors = compileErrorResponses(named.distribution.customErrorResponses);
  return {
    distributionId: id,
    viewerProtocolPolicy: behavior.viewerProtocolPolicy,
    allowedMethods: new Set(behavior.allowedMethods),
    readsGrants: isFilm || behavior.trustedKeyGroups.length > 0,
    trusted: [...behavior.trustedKeyGroups].sort().join(),
    dress: dressOf(named),
    errorPage: (status) => errors(status).page,
    phasesAt: named.phasesAt,
    rules: isFilm ? undefined : rulesOf(named, errors),
  };
}

/** The origin that a behaviour is for; undefined where it is a group. */
export function originNamed({ distribution, behavior }: Pick<Named, 'distribution' | 'behavior'>): Origin | undefined {
  return distribution.origins.find(({ id }) => id === behavior.targetOriginId);
}

function dressOf({ behavior: { responseHeadersPolicyId: id }, config }: Named): Dress | undefined {
  if (id === undefined) return undefined;
  const policy = must(config.responseHeadersPolicies, id);
  const isConstant = policy.corsConfig === undefined && policy.serverTimingHeadersConfig?.enabled !== true;
  return { isConstant, fields: compileResponseHeaders(policy) };
}

function rulesOf(
  { id, distribution, behavior, config }: Named,
  errors: (status: number) => ErrorResponse,
): OriginRules {
  const cachePolicy = must(config.cachePolicies, behavior.cachePolicyId);
  const requestPolicy =
    behavior.originRequestPolicyId === undefined
      ? undefined
      : must(config.originRequestPolicies, behavior.originRequestPolicyId);
  const { cachedMethods } = behavior;
  const rules = { customHeaders: [], cachedMethods, takesViewerHost: takesViewerHost(distribution, behavior) };
  const originRequest = compileOriginRequest(cachePolicy, requestPolicy, rules);
  const key = compileCacheKey(cachePolicy);
  const scope = scopeOf(id);
  const takesCookies = forwardsCookies(cachePolicy, requestPolicy);
  const stated = new Set(distribution.customErrorResponses.map(({ errorCode }) => errorCode));
  const viewerFields = namedViewerFields(cachePolicy, requestPolicy);
  const toldNames = viewerFields.map((name) => name.toLowerCase());
  const knowledge = compileViewerHeaders(viewerFields);
  return {
    naming: namingOf(scope, key),
    isBelowFolder: membersOf(distribution, behavior).some(({ originPath }) => originPath !== ''),
    caches: cachePolicy.maxTTL > 0,
    keepsOptions: cachedMethods.includes('OPTIONS'),
    tellsHost: originRequest({ method: 'GET', rawHeaders: [], headers: {}, query: '' }, NOTHING).viewerHost,
    keyOf: (asked) => scope + key(asked),
    originRequest,
    tellsViewers: viewerFields.length > 0,
    toldNames,
    added: viewerFields.length > 0 ? knowledge : () => NOTHING,
    handedOn: (headers) => pickedFrom(headers, toldNames),
    sees: compileUnkeyed(cachePolicy, requestPolicy, rules),
    received: (head) => tagged(withoutIdleCookies(head, takesCookies), distribution.cacheTagConfig?.headerName),
    keeping: (question, path) =>
      planKeeping({
        ...question,
        ttls: cachePolicy,
        errorCachingMinTTL:
          isStreamFile(path) && !stated.has(question.head.status)
            ? STREAM_ERROR_SECONDS
            : errors(question.head.status).minTTL,
      }),
  };
}

function pickedFrom(headers: KeyedRequest['headers'], names: readonly string[]): Added {
  const lowered = names.map((name) => name.toLowerCase());
  return new Map(
    lowered.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])] as const])),
  );
}

/** The operator's name for tags is another one for `Cache-Tag`. */
function tagged(head: ResponseHead, headerName: string | undefined): ResponseHead {
  const tags = headerName === undefined ? undefined : fieldOf(head.fields, headerName.toLowerCase());
  return tags === undefined ? head : { ...head, fields: [...head.fields, 'Cache-Tag', tags] };
}

/** What was asked for too early is there a moment later. */
const STREAM_ERROR_SECONDS = 1;

function takesViewerHost(distribution: DistributionConfig, behavior: CacheBehavior): boolean {
  return !membersOf(distribution, behavior).some(({ s3OriginConfig }) => s3OriginConfig !== undefined);
}

/** The origin that a behaviour is for, or those of its group. */
function membersOf({ origins, originGroups }: DistributionConfig, { targetOriginId }: CacheBehavior): Origin[] {
  const members = originGroups.find(({ id }) => id === targetOriginId)?.members ?? [targetOriginId];
  return origins.filter(({ id }) => members.includes(id));
}

function namingOf(scope: string, key: (asked: KeyedRequest) => string): Naming {
  return {
    keyOf: (target) => {
      const at = target.indexOf('?');
      const path = at < 0 ? target : target.slice(0, at);
      const query = at < 0 ? '' : target.slice(at + 1);
      return scope + firstLine(key({ path, query, headers: {}, method: 'GET' }));
    },
    targetOf: (name) => firstLine(name).slice(scope.length),
  };
}

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}

function must<T>(all: Readonly<Record<string, T>>, id: string): T {
  const found = all[id];
  if (found === undefined) throw new Fault('CONFIG_REFUSED', { detail: { missing: id } });
  return found;
}
