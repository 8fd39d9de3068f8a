import { Type } from '@fastify/type-provider-typebox';
import { Comment, closed, FieldName, FieldValue, LocalId, list, Reference, Seconds } from './fields.ts';

const { Optional } = Type;

const YEAR_SECONDS = 31_536_000;
const READ_SECONDS = 3_600;

const Port = (standard: number) => Optional(Type.Integer({ minimum: 1, maximum: 65_535, default: standard }));

const CustomOrigin = closed(
  {
    httpPort: Port(80),
    httpsPort: Port(443),
    originProtocolPolicy: Optional(
      Type.Enum(['http-only', 'https-only', 'match-viewer'], {
        default: 'match-viewer',
        description: 'How the origin is spoken to. Which versions of TLS count is not a setting: 1.2 and 1.3.',
      }),
    ),
    originReadTimeout: Optional(
      Seconds('How long the origin may be silent, before its first byte and between any two.', READ_SECONDS, 1),
    ),
    originKeepaliveTimeout: Optional(Seconds('How long an idle connection is kept.', 300, 1)),
  },
  { title: 'CustomOriginConfig', description: 'A web server. What an origin is that says nothing else.' },
);

const S3Origin = closed(
  { originReadTimeout: Optional(Seconds('How long the bucket may be silent.', READ_SECONDS, 1)) },
  { title: 'S3OriginConfig', description: 'A bucket. Signed to when it names an origin access control.' },
);

const FilmOrigin = closed(
  {},
  { title: 'FilmOriginConfig', description: 'The films of this server; in the distribution `default` alone.' },
);

const Origin = closed(
  {
    id: LocalId('What behaviours and origin groups call it.'),
    domainName: Optional(
      Type.String({
        maxLength: 253,
        description: 'A host name or an IP address, without scheme, port or path. Empty for films alone.',
        examples: ['origin.example.com', '127.0.0.1'],
      }),
    ),
    originPath: Optional(
      Type.String({
        maxLength: 255,
        default: '',
        description: 'Put before the path of every request: a slash at its beginning and none at its end.',
        examples: ['/site'],
      }),
    ),
    customHeaders: Optional(
      list(closed({ headerName: FieldName, headerValue: FieldValue }), 30, {
        description: 'Sent with every request to the origin, in place of what the viewer sent under these names.',
      }),
    ),
    connectionAttempts: Optional(Type.Integer({ minimum: 1, maximum: 3, default: 3 })),
    connectionTimeout: Optional(
      Type.Integer({ minimum: 1, maximum: 10, default: 10, description: 'Seconds an attempt.' }),
    ),
    originAccessControlId: Optional(Reference('How requests to it are signed.', 'oac_abcdefghjkmnpqrs')),
    customOriginConfig: Optional(CustomOrigin),
    s3OriginConfig: Optional(S3Origin),
    filmOriginConfig: Optional(FilmOrigin),
  },
  { title: 'Origin' },
);

const OriginGroup = closed(
  {
    id: LocalId('What behaviours call it.'),
    failoverCriteria: closed({
      statusCodes: list(Type.Integer({ minimum: 400, maximum: 599 }), 9, {
        minItems: 1,
        description:
          'Answers that send a request on to the next member: of 400, 403, 404, 416, 429, 500, 502, 503, 504.',
        examples: [[500, 502, 503, 504]],
      }),
    }),
    members: list(LocalId('Of an origin.'), 10, { minItems: 2, description: 'In the order in which they are asked.' }),
  },
  { title: 'OriginGroup', description: 'Origins that stand in for one another.' },
);

const Method = Type.Enum(['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE']);

const BEHAVIOR = {
  targetOriginId: LocalId('An origin or an origin group.'),
  viewerProtocolPolicy: Optional(Type.Enum(['allow-all', 'redirect-to-https', 'https-only'], { default: 'allow-all' })),
  allowedMethods: Optional(
    list(Method, 7, { description: 'GET and HEAD; these and OPTIONS; or all seven.', examples: [['GET', 'HEAD']] }),
  ),
  cachedMethods: Optional(
    list(Method, 3, { description: 'GET and HEAD, or these and OPTIONS.', examples: [['GET', 'HEAD']] }),
  ),
  compress: Optional(Type.Boolean({ default: true })),
  cachePolicyId: Optional(
    Reference('What is cached for how long, and under which key.', '658327ea-f89d-4fab-a63d-7e88639e58f6'),
  ),
  originRequestPolicyId: Optional(
    Reference('What of a request the origin is told besides.', '216adef6-5c7f-47e4-b989-5492eafa07d3'),
  ),
  responseHeadersPolicyId: Optional(
    Reference('Fields that answers are given.', '67f7725c-6f97-4210-82d7-5512b31e9d03'),
  ),
  trustedKeyGroups: Optional(
    list(Reference('Of a key group.', 'kg_abcdefghjkmnpqrs'), 10, {
      description: 'Viewers need a grant signed by a key of one of these. Empty: everybody is let in.',
    }),
  ),
};

const Behavior = closed(BEHAVIOR, { title: 'CacheBehavior' });
const PathBehavior = closed(
  {
    pathPattern: Type.String({
      minLength: 1,
      maxLength: 255,
      description: '`*` is any characters, slashes too, `?` is one.',
      examples: ['/images/*.jpg'],
    }),
    ...BEHAVIOR,
  },
  { title: 'PathCacheBehavior' },
);

const ErrorResponse = closed(
  {
    errorCode: Type.Integer({ minimum: 400, maximum: 599, examples: [404] }),
    responsePagePath: Optional(
      Type.String({ minLength: 1, maxLength: 1_000, description: 'The page sent instead.', examples: ['/404.html'] }),
    ),
    responseCode: Optional(
      Type.Integer({
        minimum: 200,
        maximum: 599,
        description: 'The status it is sent with; with a page only.',
        examples: [200],
      }),
    ),
    errorCachingMinTTL: Optional(Seconds('How long the error is remembered, at least.', YEAR_SECONDS)),
  },
  { title: 'CustomErrorResponse' },
);

/** The whole of a distribution, as it is sent and as it is shown. */
export const DistributionSchema = closed(
  {
    comment: Optional(Comment),
    enabled: Optional(Type.Boolean({ default: true, description: 'Edges answer for enabled ones only.' })),
    aliases: Optional(
      list(Type.String({ minLength: 1, maxLength: 253, examples: ['www.example.com'] }), 100, {
        description: 'Host names that viewers use, in lower case; `*.example.com` is everything below.',
      }),
    ),
    defaultRootObject: Optional(
      Type.String({ maxLength: 255, default: '', description: 'What `/` is.', examples: ['index.html'] }),
    ),
    origins: list(Origin, 100, { minItems: 1 }),
    originGroups: Optional(list(OriginGroup, 50)),
    defaultCacheBehavior: Behavior,
    cacheBehaviors: Optional(list(PathBehavior, 250, { description: 'The first whose pattern fits a path is taken.' })),
    customErrorResponses: Optional(list(ErrorResponse, 11)),
    restrictions: Optional(
      closed({
        geoRestriction: Optional(
          closed({
            restrictionType: Optional(Type.Enum(['none', 'whitelist', 'blacklist'], { default: 'none' })),
            locations: Optional(
              list(Type.String({ pattern: '^[A-Z]{2}$', maxLength: 2, examples: ['CH'] }), 300, {
                description: 'Countries by ISO 3166-1 alpha-2.',
              }),
            ),
          }),
        ),
      }),
    ),
    cacheTagConfig: Optional(
      closed({ headerName: FieldName }, { description: 'A field in which origins tag what they send.' }),
    ),
    tags: Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z0-9 _.:/=+@-]{1,128}$' }), Type.String({ maxLength: 256 }), {
        additionalProperties: false,
        maxProperties: 50,
        description: 'By which you find it again: `GET /v1/distributions?tag.team=shop`.',
        examples: [{ team: 'shop' }],
      }),
    ),
  },
  {
    title: 'DistributionConfig',
    description: 'What is left out is filled in, and shown so in answers.',
    examples: [
      {
        comment: 'the shop',
        aliases: ['www.example.com'],
        origins: [{ id: 'shop', domainName: 'shop.internal.example' }],
        defaultCacheBehavior: { targetOriginId: 'shop', viewerProtocolPolicy: 'redirect-to-https' },
      },
    ],
  },
);
