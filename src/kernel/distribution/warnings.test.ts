import { describe, expect, test } from 'vitest';
import type { Surroundings } from './check.ts';
import { fillCachePolicy, fillDistribution, fillOriginRequestPolicy } from './defaults.ts';
import type { BehaviorDraft, DistributionDraft } from './draft.ts';
import { FILM_DISTRIBUTION_CONFIG } from './film-distribution.ts';
import { MANAGED_CACHE_POLICIES, MANAGED_ORIGIN_REQUEST_POLICIES } from './managed-policies.ts';
import { warnOfCachePolicy, warnOfDistribution, warnOfKeyGroup } from './warnings.ts';

const OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
const DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const ALL_VIEWER = '216adef6-5c7f-47e4-b989-5492eafa07d3';

const around = (id = 'ds_this'): Surroundings => ({
  id,
  ownAddresses: [],
  signingKeys: new Map([
    ['K1', { isRevoked: false }],
    ['K2', { isRevoked: true }],
  ]),
  documents: {
    distribution: {},
    'cache-policy': {
      ...MANAGED_CACHE_POLICIES,
      plain: fillCachePolicy({ name: 'plain' }),
      keyed: fillCachePolicy({
        name: 'keyed',
        parametersInCacheKeyAndForwardedToOrigin: {
          headersConfig: { headerBehavior: 'whitelist', headers: ['authorization'] },
          cookiesConfig: { cookieBehavior: 'all' },
        },
      }),
    },
    'origin-request-policy': {
      ...MANAGED_ORIGIN_REQUEST_POLICIES,
      'but-that': fillOriginRequestPolicy({
        name: 'but-that',
        headersConfig: { headerBehavior: 'allExcept', headers: ['Authorization'] },
      }),
    },
    'response-headers-policy': {},
    'key-group': { kg_a: { name: 'a', comment: '', items: ['K1'] } },
    'origin-access-control': {},
  },
});

const QUIET: BehaviorDraft = { targetOriginId: 'site', cachePolicyId: 'plain' };
const draft = (more: Partial<DistributionDraft> = {}): DistributionDraft => ({
  aliases: ['www.example'],
  origins: [{ id: 'site', domainName: 'origin.example' }],
  defaultCacheBehavior: QUIET,
  ...more,
});
const warned = (config: DistributionDraft) =>
  warnOfDistribution(fillDistribution(config), around()).map(({ field, code }) => `${field} ${code}`);
const behavior = (more: Partial<BehaviorDraft>) => draft({ defaultCacheBehavior: { ...QUIET, ...more } });
/** Patterns in order; a `!` before one has viewers bring a grant. */
const patterns = (...all: string[]) =>
  draft({
    cacheBehaviors: all.map((each) => ({
      ...QUIET,
      pathPattern: each.replace('!', ''),
      trustedKeyGroups: each.startsWith('!') ? ['kg_a'] : [],
    })),
  });

describe('an operator is warned of', () => {
  const POLICY = 'body.defaultCacheBehavior.originRequestPolicyId';
  const clear = { httpPort: 80, originProtocolPolicy: 'http-only' as const };

  test.each<[string, DistributionDraft, string[]]>([
    ['nothing where all is well', draft(), []],
    ['a distribution without a host', draft({ aliases: [] }), ['body.aliases NO_ALIAS']],
    [
      'an origin that nobody asks',
      draft({
        origins: [
          { id: 'site', domainName: 'a.example' },
          { id: 'b', domainName: 'b.example' },
        ],
      }),
      ['body.origins[1] ORIGIN_UNUSED'],
    ],
    [
      'a pattern that is there twice',
      patterns('/a/*', 'a/*'),
      ['body.cacheBehaviors[1].pathPattern PATH_PATTERN_REPEATED'],
    ],
    [
      'a pattern behind a wider one',
      patterns('*.jpg', '/a/*.jpg'),
      ['body.cacheBehaviors[1].pathPattern PATH_PATTERN_SHADOWED'],
    ],
    ['patterns that cross', patterns('/a/*', '*.jpg'), ['body.cacheBehaviors[1].pathPattern PATH_PATTERNS_CROSS']],
    ['not a narrow pattern before a wider one', patterns('/a/b', '/a/*'), []],
    [
      'what is public before it is signed',
      patterns('/a/b', '!/a/*'),
      ['body.cacheBehaviors[1].trustedKeyGroups PUBLIC_BEFORE_SIGNED'],
    ],
    ['not what is signed before it is public', patterns('!/a/b', '/a/*'), []],
    [
      'a least time that overrides no-store',
      behavior({ cachePolicyId: OPTIMIZED }),
      ['body.defaultCacheBehavior.cachePolicyId MIN_TTL_OVERRIDES_NO_STORE'],
    ],
    [
      'what is sent for one viewer and kept for all',
      behavior({ originRequestPolicyId: ALL_VIEWER }),
      [`${POLICY} AUTHORIZATION_NOT_IN_KEY`, `${POLICY} COOKIES_NOT_IN_KEY`],
    ],
    [
      'not where the key tells viewers apart',
      behavior({ cachePolicyId: 'keyed', originRequestPolicyId: ALL_VIEWER }),
      [],
    ],
    ['not where nothing is kept', behavior({ cachePolicyId: DISABLED, originRequestPolicyId: ALL_VIEWER }), []],
    ['not where Authorization stays behind', behavior({ originRequestPolicyId: 'but-that' }), []],
    [
      'https up to the edge alone',
      {
        ...behavior({ viewerProtocolPolicy: 'https-only' }),
        origins: [{ id: 'site', domainName: 'a.example', customOriginConfig: clear }],
      },
      ['body.defaultCacheBehavior.viewerProtocolPolicy ORIGIN_IN_THE_CLEAR'],
    ],
    [
      'not of an origin in the house',
      {
        ...behavior({ viewerProtocolPolicy: 'redirect-to-https' }),
        origins: [{ id: 'site', domainName: '10.0.0.5', customOriginConfig: clear }],
      },
      [],
    ],
  ])('%s', (_what, config, expected) => {
    expect(warned(config)).toEqual(expected);
  });

  test('nothing about the distribution of films', () => {
    expect(warnOfDistribution(FILM_DISTRIBUTION_CONFIG, around('default'))).toEqual([]);
  });

  test('which of two patterns is asked first', () => {
    const [warning] = warnOfDistribution(fillDistribution(patterns('/a/*', '*.jpg')), around());
    expect(warning?.says).toBe(
      'body.cacheBehaviors[1].pathPattern has paths in common with cacheBehaviors[0] (/a/*), which is asked first for them.',
    );
  });

  test('a policy that keeps what must not be kept, and a key that is revoked', () => {
    expect([...warnOfCachePolicy(fillCachePolicy({ name: 'x', minTTL: 1 }))].map(({ code }) => code)).toEqual([
      'MIN_TTL_OVERRIDES_NO_STORE',
    ]);
    const group = { name: 'x', comment: '', items: ['K1', 'K2'] };
    expect([...warnOfKeyGroup(group, around())].map(({ says }) => says)).toEqual([
      'body.items[1] is revoked: it lets nobody in.',
    ]);
  });
});
