import { describe, expect, test } from 'vitest';
import { checkDistribution, type Surroundings } from './check.ts';
import { fillDistribution } from './defaults.ts';
import type { Documents } from './documents.ts';
import type { BehaviorDraft, DistributionDraft, OriginDraft } from './draft.ts';
import { FILM_DISTRIBUTION_CONFIG } from './film-distribution.ts';
import { MANAGED_CACHE_POLICIES } from './managed-policies.ts';
import type { OriginAccessControlConfig } from './model.ts';

const OAC: OriginAccessControlConfig = {
  name: 'own',
  description: '',
  signingProtocol: 'edge',
  signingBehavior: 'always',
  originAccessControlOriginType: 'custom',
};

const draft = (more: Partial<DistributionDraft> = {}): DistributionDraft => ({
  origins: [{ id: 'site', domainName: 'origin.example' }],
  defaultCacheBehavior: { targetOriginId: 'site' },
  ...more,
});

const DOCUMENTS: Documents = {
  distribution: {
    default: FILM_DISTRIBUTION_CONFIG,
    ds_other: fillDistribution(
      draft({ aliases: ['taken.example', '*.wild.example'], origins: [{ id: 'o', domainName: 'Behind.example' }] }),
    ),
  },
  'cache-policy': MANAGED_CACHE_POLICIES,
  'origin-request-policy': {},
  'response-headers-policy': {},
  'key-group': { kg_a: { name: 'a', comment: '', items: ['K1'] } },
  'origin-access-control': { oac_edge: OAC },
};

const around = (id = 'ds_this'): Surroundings => ({
  documents: DOCUMENTS,
  id,
  ownAddresses: ['cdn.example:443', 'localhost:8090', '127.0.0.1:8090', '[::1]:8090'],
  signingKeys: new Map(),
});

const says = (config: DistributionDraft, id?: string) =>
  checkDistribution(fillDistribution(config), around(id)).map((each) => each.says);

const origin = (more: Partial<OriginDraft>) =>
  draft({ origins: [{ id: 'site', domainName: 'origin.example', ...more }] });
const on = (domainName: string, httpPort: number) =>
  origin({ domainName, customOriginConfig: { httpPort, originProtocolPolicy: 'http-only' } });
const behavior = (more: Partial<BehaviorDraft>) => draft({ defaultCacheBehavior: { targetOriginId: 'site', ...more } });
const pattern = (pathPattern: string) => draft({ cacheBehaviors: [{ pathPattern, targetOriginId: 'site' }] });
const header = (headerName: string, headerValue = 'x') => origin({ customHeaders: [{ headerName, headerValue }] });
const page = (more: object) => draft({ customErrorResponses: [{ errorCode: 404, ...more }] });
const geo = (restrictionType: 'none' | 'whitelist', locations: string[]) =>
  draft({ restrictions: { geoRestriction: { restrictionType, locations } } });
const two = [
  { id: 'site', domainName: 'a.example' },
  { id: 'b', domainName: 'b.example' },
];
const group = (members: string[], statusCodes = [500], id = 'g') =>
  draft({ origins: two, originGroups: [{ id, members, failoverCriteria: { statusCodes } }] });

describe('a distribution that works', () => {
  test.each<[string, DistributionDraft]>([
    ['with the least that can be said', draft()],
    ['on an address of IPv4', origin({ domainName: '10.0.0.5' })],
    ['on one of IPv6', origin({ domainName: '2001:db8::5' })],
    ['on another port of the same machine', on('localhost', 3000)],
    ['on another port of a host that is an alias', { ...on('www.example', 8080), aliases: ['www.example'] }],
    ['of every method', behavior({ allowedMethods: ['DELETE', 'PATCH', 'POST', 'PUT', 'OPTIONS', 'HEAD', 'GET'] })],
    ['with a group', { ...group(['site', 'b']), defaultCacheBehavior: { targetOriginId: 'g' } }],
    ['with an error that is only remembered', page({ errorCachingMinTTL: 0 })],
    ['with every field in its custom headers filled', header('X-Key', 'a b\tc')],
    ['with wildcards', draft({ aliases: ['*.example.com', 'example.com', 'taken.wild.example'] })],
    ['signed to', origin({ originAccessControlId: 'oac_edge' })],
    ['for viewers with grants', behavior({ trustedKeyGroups: ['kg_a'] })],
  ])('is taken: %s', (_what, config) => {
    expect(says(config)).toEqual([]);
  });
});

describe('a distribution that would not work', () => {
  const HOST =
    'is not a host name or an IP address (a scheme and a port go to customOriginConfig, a path to originPath).';
  const OWN = 'is the address of this server’s own edge: its requests would come back to it.';
  const CODES = '400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504';

  test.each<[DistributionDraft, string]>([
    [
      draft({ aliases: ['WWW.example'] }),
      'body.aliases[0] is not a host name in lower case, such as www.example.com or *.example.com.',
    ],
    [
      draft({ aliases: ['a.*.example'] }),
      'body.aliases[0] is not a host name in lower case, such as www.example.com or *.example.com.',
    ],
    [draft({ aliases: ['a.example', 'a.example'] }), 'body.aliases[1] is there twice.'],
    [draft({ aliases: ['taken.example'] }), 'body.aliases[0] belongs to the distribution ds_other already.'],
    [draft({ aliases: ['*.wild.example'] }), 'body.aliases[0] belongs to the distribution ds_other already.'],
    [
      draft({ aliases: ['behind.example'] }),
      'body.aliases[0] is the address of the origin o of the distribution ds_other.',
    ],
    [
      draft({ aliases: ['cdn.example'] }),
      'body.aliases[0] is the host at which this server gives out films, which is the distribution default.',
    ],
    [draft({ defaultRootObject: '/index.html' }), 'body.defaultRootObject begins with a slash; write index.html.'],
    [draft({ defaultRootObject: 'a b' }), 'body.defaultRootObject has characters that no path has.'],
    [
      draft({ origins: [...two, { id: 'b', domainName: 'c.example' }] }),
      'body.origins[2].id is the id of another origin.',
    ],
    [origin({ domainName: '' }), `body.origins[0].domainName ${HOST}`],
    [origin({ domainName: 'https://origin.example' }), `body.origins[0].domainName ${HOST}`],
    [origin({ domainName: 'origin.example:8080' }), `body.origins[0].domainName ${HOST}`],
    [origin({ domainName: 'origin.example/path' }), `body.origins[0].domainName ${HOST}`],
    [origin({ domainName: 'user@origin.example' }), `body.origins[0].domainName ${HOST}`],
    [origin({ domainName: '0177.0.0.1' }), `body.origins[0].domainName ${HOST}`],
    [origin({ domainName: '0x7f000001' }), `body.origins[0].domainName ${HOST}`],
    [origin({ domainName: 'a\r\nHost: b' }), `body.origins[0].domainName ${HOST}`],
    [
      origin({ originPath: 'x' }),
      'body.origins[0].originPath must begin with a slash, end without one, and be a path.',
    ],
    [
      origin({ originPath: '/x/' }),
      'body.origins[0].originPath must begin with a slash, end without one, and be a path.',
    ],
    [
      origin({ originPath: '/x?y' }),
      'body.origins[0].originPath must begin with a slash, end without one, and be a path.',
    ],
    [origin({ originPath: '/a/../b' }), 'body.origins[0].originPath has dot segments.'],
    [on('localhost', 8090), `body.origins[0].domainName ${OWN}`],
    [on('::1', 8090), `body.origins[0].domainName ${OWN}`],
    [on('127.0.0.2', 8090), `body.origins[0].domainName ${OWN}`],
    [on('::ffff:127.0.0.1', 8090), `body.origins[0].domainName ${OWN}`],
    [on('0:0::1', 8090), `body.origins[0].domainName ${OWN}`],
    [origin({ domainName: '0.0.0.0' }), 'body.origins[0].domainName is an address at which no origin can be.'],
    [origin({ domainName: '169.254.169.254' }), 'body.origins[0].domainName is an address at which no origin can be.'],
    [origin({ domainName: 'fe80::1' }), 'body.origins[0].domainName is an address at which no origin can be.'],
    [origin({ domainName: '::' }), 'body.origins[0].domainName is an address at which no origin can be.'],
    [origin({ domainName: 'CDN.example' }), `body.origins[0].domainName ${OWN}`],
    [
      on('taken.example', 80),
      'body.origins[0].domainName is an alias of the distribution ds_other: its requests would come back to this server’s edge.',
    ],
    [
      on('x.wild.example', 8090),
      'body.origins[0].domainName is an alias of the distribution ds_other: its requests would come back to this server’s edge.',
    ],
    [
      { ...origin({ domainName: 'me.example' }), aliases: ['me.example'] },
      'body.origins[0].domainName is an alias of this distribution: its requests would come back to this server’s edge.',
    ],
    [
      origin({ filmOriginConfig: {}, domainName: '' }),
      'body.origins[0].filmOriginConfig is for the origin films of the distribution default alone.',
    ],
    [
      origin({ s3OriginConfig: {}, customOriginConfig: {} }),
      'body.origins[0].s3OriginConfig cannot stand beside customOriginConfig: an origin is of one kind.',
    ],
    [header('Bad Name'), 'body.origins[0].customHeaders[0].headerName is not the name of a header field.'],
    [header('Host'), 'body.origins[0].customHeaders[0].headerName is a field that cannot be set.'],
    [header('x-amz-date'), 'body.origins[0].customHeaders[0].headerName is a field that cannot be set.'],
    [header('Frontrow-Edge-Signature'), 'body.origins[0].customHeaders[0].headerName is a field that cannot be set.'],
    [
      header('X-A', 'a\r\nX-B: c'),
      'body.origins[0].customHeaders[0].headerValue has characters that a header field cannot have.',
    ],
    [
      origin({
        customHeaders: [
          { headerName: 'X-A', headerValue: '1' },
          { headerName: 'x-a', headerValue: '2' },
        ],
      }),
      'body.origins[0].customHeaders[1].headerName is there twice.',
    ],
    [
      origin({
        customHeaders: Array.from({ length: 6 }, (_, at) => ({
          headerName: `X-${at}`,
          headerValue: 'x'.repeat(1_783),
        })),
      }),
      'body.origins[0].customHeaders have more than 10240 characters together.',
    ],
    [
      origin({ originAccessControlId: 'oac_none' }),
      'body.origins[0].originAccessControlId names no origin access control.',
    ],
    [
      origin({ originAccessControlId: 'constructor' }),
      'body.origins[0].originAccessControlId names no origin access control.',
    ],
    [
      origin({ originAccessControlId: 'oac_edge', s3OriginConfig: {} }),
      'body.origins[0].originAccessControlId names an origin access control that is not for S3.',
    ],
    [group(['site', 'c']), 'body.originGroups[0].members[1] names no origin.'],
    [group(['site', 'site']), 'body.originGroups[0].members[1] is there twice.'],
    [group(['site', 'b'], [500], 'b'), 'body.originGroups[0].id is the id of another origin or origin group.'],
    [
      group(['site', 'b'], [401]),
      'body.originGroups[0].failoverCriteria.statusCodes[0] is none of 400, 403, 404, 416, 429, 500, 502, 503, 504.',
    ],
    [group(['site', 'b'], [500, 500]), 'body.originGroups[0].failoverCriteria.statusCodes[1] is there twice.'],
    [behavior({ targetOriginId: 'none' }), 'body.defaultCacheBehavior.targetOriginId names no origin or origin group.'],
    [
      behavior({ allowedMethods: ['GET', 'HEAD', 'POST'] }),
      'body.defaultCacheBehavior.allowedMethods must be GET and HEAD, these and OPTIONS, or all seven methods.',
    ],
    [
      behavior({ cachedMethods: ['GET', 'POST'] }),
      'body.defaultCacheBehavior.cachedMethods must be GET and HEAD, or these and OPTIONS.',
    ],
    [
      behavior({ cachedMethods: ['GET', 'HEAD', 'OPTIONS'] }),
      'body.defaultCacheBehavior.cachedMethods has a method that is not allowed.',
    ],
    [behavior({ cachePolicyId: 'none' }), 'body.defaultCacheBehavior.cachePolicyId names no cache policy.'],
    [behavior({ cachePolicyId: '__proto__' }), 'body.defaultCacheBehavior.cachePolicyId names no cache policy.'],
    [
      behavior({ originRequestPolicyId: 'none' }),
      'body.defaultCacheBehavior.originRequestPolicyId names no origin request policy.',
    ],
    [
      behavior({ responseHeadersPolicyId: 'none' }),
      'body.defaultCacheBehavior.responseHeadersPolicyId names no response headers policy.',
    ],
    [behavior({ trustedKeyGroups: ['none'] }), 'body.defaultCacheBehavior.trustedKeyGroups[0] names no key group.'],
    [behavior({ trustedKeyGroups: ['kg_a', 'kg_a'] }), 'body.defaultCacheBehavior.trustedKeyGroups[1] is there twice.'],
    [
      pattern('/a b'),
      'body.cacheBehaviors[0].pathPattern is not a path pattern, which has letters, digits and _ - . * ? $ / ~ " \' @ : + &.',
    ],
    [page({ errorCode: 401 }), `body.customErrorResponses[0].errorCode is none of ${CODES}.`],
    [
      draft({ customErrorResponses: [{ errorCode: 404 }, { errorCode: 404 }] }),
      'body.customErrorResponses[1].errorCode is there twice.',
    ],
    [
      page({ responseCode: 200 }),
      'body.customErrorResponses[0].responsePagePath is missing: a page and its status are given together, or neither is.',
    ],
    [
      page({ responsePagePath: '/x' }),
      'body.customErrorResponses[0].responseCode is missing: a page and its status are given together, or neither is.',
    ],
    [
      page({ responsePagePath: 'x', responseCode: 200 }),
      'body.customErrorResponses[0].responsePagePath is not a path that begins with a slash.',
    ],
    [
      page({ responsePagePath: '/x', responseCode: 302 }),
      `body.customErrorResponses[0].responseCode is none of 200, ${CODES}.`,
    ],
    [geo('none', ['CH']), 'body.restrictions.geoRestriction.locations must be empty where nothing is restricted.'],
    [geo('whitelist', []), 'body.restrictions.geoRestriction.locations names no country.'],
    [geo('whitelist', ['CH', 'CH']), 'body.restrictions.geoRestriction.locations[1] is there twice.'],
    [
      draft({ cacheTagConfig: { headerName: 'Set-Cookie' } }),
      'body.cacheTagConfig.headerName is not a field in which tags can be sent.',
    ],
  ])('is refused (%#)', (config, sentence) => {
    expect(says(config)).toEqual([sentence]);
  });

  test('is told all that is wrong with it, in the order of its fields', () => {
    const config = { ...behavior({ cachePolicyId: 'none' }), aliases: ['UPPER'], defaultRootObject: '/' };
    const fields = checkDistribution(fillDistribution(config), around()).map(({ field }) => field);
    expect(fields).toEqual(['body.aliases[0]', 'body.defaultRootObject', 'body.defaultCacheBehavior.cachePolicyId']);
  });

  test('may keep its own aliases', () => {
    expect(says(draft({ aliases: ['taken.example'] }), 'ds_other')).toEqual([]);
  });
});

describe('the distribution of films', () => {
  const films = FILM_DISTRIBUTION_CONFIG;
  const own = { pathPattern: '/shop/*', targetOriginId: 'shop' };
  const withShop: DistributionDraft = {
    ...films,
    origins: [...films.origins, { id: 'shop', domainName: 'shop.example' }],
  };
  const first = (more: object): DistributionDraft => {
    const [one, ...others] = films.cacheBehaviors;
    return { ...films, cacheBehaviors: [{ ...one, ...more } as typeof own, ...others] };
  };

  test.each<[string, DistributionDraft]>([
    ['as it is made', films],
    ['under other hosts', { ...films, aliases: ['cdn.example', 'films.example'], comment: 'x' }],
    ['with its own paths before those of films', { ...withShop, cacheBehaviors: [own, ...films.cacheBehaviors] }],
    [
      'with a site behind films',
      { ...withShop, cacheBehaviors: [...films.cacheBehaviors, { ...own, pathPattern: '*' }] },
    ],
    [
      'with other files below /assets',
      { ...withShop, cacheBehaviors: [{ ...own, pathPattern: '/assets/css/*' }, ...films.cacheBehaviors] },
    ],
    ['insisting on https and grants', first({ viewerProtocolPolicy: 'https-only', trustedKeyGroups: ['kg_a'] })],
  ])('may be %s', (_what, config) => {
    expect(says(config, 'default')).toEqual([]);
  });

  const POLICY = 'must be f1f1f1f1-0000-4000-8000-00000000f11a (Managed-Films) where films are served.';

  test.each<[DistributionDraft, string]>([
    [{ ...films, enabled: false }, 'body.enabled must be true: this distribution serves films.'],
    [
      {
        ...films,
        defaultCacheBehavior: { ...films.defaultCacheBehavior, cachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad' },
      },
      `body.defaultCacheBehavior.cachePolicyId ${POLICY}`,
    ],
    [
      first({ cachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad' }),
      `body.cacheBehaviors[0].cachePolicyId ${POLICY}`,
    ],
    [
      first({ allowedMethods: ['GET', 'HEAD'] }),
      'body.cacheBehaviors[0].allowedMethods must be GET, HEAD, OPTIONS where films are served.',
    ],
    [
      first({ pathPattern: '/assets/*' }),
      'body.cacheBehaviors must have the behaviour /assets/*/*.m3u8 of the origin films.',
    ],
    [
      { ...films, cacheBehaviors: films.cacheBehaviors.slice(0, -1) },
      'body.cacheBehaviors must have the behaviour /live/* of the origin films.',
    ],
    [
      { ...withShop, cacheBehaviors: [{ ...own, pathPattern: '*.jpg' }, ...films.cacheBehaviors] },
      'body.cacheBehaviors[0].pathPattern fits paths of films (/assets/as_*): put it behind the behaviours of films.',
    ],
    [
      { ...withShop, cacheBehaviors: [{ ...own, pathPattern: 'live/x' }, ...films.cacheBehaviors] },
      'body.cacheBehaviors[0].pathPattern fits paths of films (/live/*): put it behind the behaviours of films.',
    ],
    [
      { ...withShop, defaultCacheBehavior: { targetOriginId: 'shop' } },
      'body.defaultCacheBehavior.targetOriginId must be films; for a site beside films add a behaviour /* behind those of films.',
    ],
    [
      { ...films, origins: films.origins.map((each) => ({ ...each, domainName: 'x.example' })) },
      'body.origins[0].domainName must be empty: edges know where films are.',
    ],
    [
      { ...films, origins: [{ id: 'films', domainName: 'x.example' }] },
      'body.origins must have the origin films with a filmOriginConfig.',
    ],
  ])('may not be changed (%#)', (config, sentence) => {
    expect(says(config, 'default')).toEqual([sentence]);
  });
});
