import { Type } from '@fastify/type-provider-typebox';
import { Comment, closed, FieldName, FieldValue, list, Name, Seconds } from './fields.ts';

const { Optional } = Type;

/** CloudFront's longest. */
const MAX_TTL = 3_153_600_000;
const MAX_NAMES = 50;

const Selection = Optional(Type.Enum(['none', 'whitelist', 'allExcept', 'all'], { default: 'none' }));
const CookieNames = Optional(list(Type.String({ minLength: 1, maxLength: 256, examples: ['session'] }), MAX_NAMES));
const QueryNames = Optional(list(Type.String({ minLength: 1, maxLength: 256, examples: ['page'] }), MAX_NAMES));
const FieldNames = Optional(list(FieldName, MAX_NAMES));

const Cookies = closed({ cookieBehavior: Selection, cookies: CookieNames });

export const CachePolicySchema = closed(
  {
    name: Name,
    comment: Optional(Comment),
    minTTL: Optional(Seconds('Kept at least so long, whatever the origin says.', MAX_TTL)),
    defaultTTL: Optional(Seconds('Kept so long where the origin says nothing. A day if left out.', MAX_TTL)),
    maxTTL: Optional(Seconds('Kept no longer than that. A year if left out.', MAX_TTL)),
    parametersInCacheKeyAndForwardedToOrigin: Optional(
      closed(
        {
          enableAcceptEncodingGzip: Optional(Type.Boolean({ default: false })),
          enableAcceptEncodingBrotli: Optional(Type.Boolean({ default: false })),
          headersConfig: Optional(
            closed({
              headerBehavior: Optional(Type.Enum(['none', 'whitelist'], { default: 'none' })),
              headers: FieldNames,
            }),
          ),
          cookiesConfig: Optional(Cookies),
          queryStringsConfig: Optional(
            closed({
              queryStringBehavior: Selection,
              queryStrings: QueryNames,
              sortQueryStrings: Optional(
                Type.Boolean({ default: false, description: '`?b=2&a=1` and `?a=1&b=2` are one object.' }),
              ),
            }),
          ),
        },
        { description: 'What tells objects of one path apart; the origin is told all of it.' },
      ),
    ),
  },
  {
    title: 'CachePolicyConfig',
    examples: [
      {
        name: 'by-language',
        defaultTTL: 600,
        parametersInCacheKeyAndForwardedToOrigin: {
          headersConfig: { headerBehavior: 'whitelist', headers: ['Accept-Language'] },
        },
      },
    ],
  },
);

export const OriginRequestPolicySchema = closed(
  {
    name: Name,
    comment: Optional(Comment),
    headersConfig: Optional(
      closed({
        headerBehavior: Optional(
          Type.Enum(['none', 'whitelist', 'allViewer', 'allViewerAndWhitelistCloudFront', 'allExcept'], {
            default: 'none',
          }),
        ),
        headers: FieldNames,
      }),
    ),
    cookiesConfig: Optional(Cookies),
    queryStringsConfig: Optional(closed({ queryStringBehavior: Selection, queryStrings: QueryNames })),
  },
  {
    title: 'OriginRequestPolicyConfig',
    description: 'What the origin is told and no object is told apart by.',
    examples: [{ name: 'referer', headersConfig: { headerBehavior: 'whitelist', headers: ['Referer'] } }],
  },
);

const override = Type.Boolean({ description: 'Whether it counts where the origin sent the field itself.' });

const Cors = closed(
  {
    accessControlAllowOrigins: Optional(
      list(Type.String({ minLength: 1, maxLength: 300, examples: ['https://www.example.com'] }), 100, { minItems: 1 }),
    ),
    accessControlAllowHeaders: Optional(list(FieldName, 100)),
    accessControlAllowMethods: Optional(
      list(Type.Enum(['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE', 'ALL']), 8),
    ),
    accessControlAllowCredentials: Optional(Type.Boolean({ default: false })),
    accessControlExposeHeaders: Optional(list(FieldName, 100)),
    accessControlMaxAgeSec: Optional(Seconds('How long a browser remembers it.', MAX_TTL)),
    originOverride: Optional(Type.Boolean({ default: true })),
  },
  { title: 'CorsConfig' },
);

const ReferrerPolicy = Type.Enum([
  'no-referrer',
  'no-referrer-when-downgrade',
  'origin',
  'origin-when-cross-origin',
  'same-origin',
  'strict-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
]);

const Security = closed(
  {
    contentSecurityPolicy: Optional(
      closed({
        contentSecurityPolicy: Type.String({ minLength: 1, maxLength: 1_783, examples: ["default-src 'self'"] }),
        override,
      }),
    ),
    contentTypeOptions: Optional(closed({ override })),
    frameOptions: Optional(closed({ frameOption: Type.Enum(['DENY', 'SAMEORIGIN']), override })),
    referrerPolicy: Optional(closed({ referrerPolicy: ReferrerPolicy, override })),
    strictTransportSecurity: Optional(
      closed({
        accessControlMaxAgeSec: Seconds('How long a browser insists on https.', MAX_TTL),
        includeSubdomains: Type.Boolean(),
        preload: Type.Boolean(),
        override,
      }),
    ),
    xssProtection: Optional(
      closed({
        protection: Type.Boolean(),
        modeBlock: Type.Boolean(),
        reportUri: Optional(Type.String({ minLength: 1, maxLength: 1_000, examples: ['https://www.example.com/xss'] })),
        override,
      }),
    ),
  },
  { title: 'SecurityHeadersConfig' },
);

export const ResponseHeadersPolicySchema = closed(
  {
    name: Name,
    comment: Optional(Comment),
    corsConfig: Optional(Cors),
    securityHeadersConfig: Optional(Security),
    customHeadersConfig: Optional(
      list(closed({ header: FieldName, value: FieldValue, override: Optional(Type.Boolean({ default: true })) }), 50),
    ),
    removeHeadersConfig: Optional(
      list(FieldName, 50, { description: 'Fields of the origin that viewers do not get.' }),
    ),
    serverTimingHeadersConfig: Optional(
      closed({ enabled: Type.Boolean(), samplingRate: Type.Number({ minimum: 0, maximum: 100, examples: [50] }) }),
    ),
  },
  {
    title: 'ResponseHeadersPolicyConfig',
    examples: [{ name: 'no-frames', securityHeadersConfig: { frameOptions: { frameOption: 'DENY', override: true } } }],
  },
);
