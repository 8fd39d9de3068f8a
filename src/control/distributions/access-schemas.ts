import { Type } from '@fastify/type-provider-typebox';
import { Comment, closed, list, Name, Reference } from './fields.ts';

const { Optional } = Type;

export const KeyGroupSchema = closed(
  {
    name: Name,
    comment: Optional(Comment),
    items: Optional(
      list(Reference('The id of a signing key.', 'K2JCJMDEHXQW5F'), 20, {
        description: 'Keys that are trusted together, so that one can follow another without a gap.',
      }),
    ),
    jwksUrl: Optional(
      Type.String({
        minLength: 1,
        maxLength: 1_000,
        description:
          'Where an identity provider publishes the keys of its tokens (RFC 7517). They count as long as they stand there.',
        examples: ['https://login.example.com/.well-known/jwks.json'],
      }),
    ),
  },
  { title: 'KeyGroupConfig', examples: [{ name: 'backend', items: ['K2JCJMDEHXQW5F'] }] },
);

const CONTROL = {
  name: Name,
  description: Optional(Comment),
  signingProtocol: Optional(
    Type.Enum(['sigv4', 'edge'], {
      default: 'sigv4',
      description: '`sigv4` for S3; `edge` for origins of your own that check the short-lived signature of an edge.',
    }),
  ),
  signingBehavior: Optional(
    Type.Enum(['always', 'never', 'no-override'], {
      default: 'always',
      description: '`no-override` leaves a request alone that comes with an Authorization of its own.',
    }),
  ),
  originAccessControlOriginType: Optional(Type.Enum(['s3', 'custom'])),
  region: Optional(Type.String({ pattern: '^[a-z0-9-]{1,50}$', maxLength: 50, examples: ['eu-central-1'] })),
  accessKeyId: Optional(
    Type.String({ pattern: '^[\\x21-\\x2e\\x30-\\x7e]{1,128}$', maxLength: 128, examples: ['AKIAEXAMPLE'] }),
  ),
};

export const NewOriginAccessControl = closed(
  {
    ...CONTROL,
    secretAccessKey: Optional(
      Type.String({
        minLength: 16,
        maxLength: 256,
        pattern: '^[\\x21-\\x7e]+$',
        writeOnly: true,
        description:
          'Never shown. Left out at a change it stays; left out at the beginning for `edge` one is made and shown once.',
      }),
    ),
  },
  {
    title: 'NewOriginAccessControlConfig',
    examples: [
      { name: 'bucket', region: 'eu-central-1', accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI-EXAMPLE' },
    ],
  },
);

export const OriginAccessControlSchema = closed(CONTROL, { title: 'OriginAccessControlConfig' });

export const NewInvalidationSchema = closed(
  {
    paths: list(
      Type.String({
        minLength: 1,
        maxLength: 4_000,
        pattern: '^(?:/[\\x21-\\x7e]*|#[\\x21-\\x2b\\x2d-\\x7e]{1,256})$',
        description: 'A path as viewers ask for it, with a star at its end for all that begins so, or `#` and a tag.',
        examples: ['/images/*', '#news'],
      }),
      1_000,
      { minItems: 1 },
    ),
    callerReference: Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'Your own name for it: sent again with the same paths it finds the first one.',
        examples: ['release-42'],
      }),
    ),
    soft: Optional(
      Type.Boolean({ default: false, description: 'Copies may be served once more while they are fetched anew.' }),
    ),
  },
  { title: 'NewInvalidation', examples: [{ paths: ['/images/*', '#news'], callerReference: 'release-42' }] },
);

export const InvalidationSchema = closed(
  {
    id: Type.String(),
    distributionId: Type.String(),
    status: Type.Enum(['InProgress', 'Completed'], { description: 'Completed once every edge has it.' }),
    paths: Type.Array(Type.String()),
    soft: Type.Boolean(),
    callerReference: Optional(Type.String()),
    createdAt: Type.String({ format: 'date-time' }),
    completedAt: Optional(Type.String({ format: 'date-time' })),
  },
  { title: 'Invalidation' },
);
