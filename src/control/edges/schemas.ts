import { Type } from '@fastify/type-provider-typebox';

const Time = Type.String({ format: 'date-time' });

const Location = Type.Object(
  {
    latitude: Type.Optional(Type.Number({ minimum: -90, maximum: 90, description: 'With a longitude or not at all.' })),
    longitude: Type.Optional(Type.Number({ minimum: -180, maximum: 180 })),
    country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2.' })),
  },
  { additionalProperties: false, description: 'Where the edge stands; viewers are sent to one that is near.' },
);

const Name = Type.String({ minLength: 1, maxLength: 100 });

export const NewEnrolment = Type.Object(
  {
    name: Type.Optional(Name),
    location: Type.Optional(Location),
    expiresInSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 604_800, default: 3_600 })),
  },
  {
    title: 'NewEdgeEnrolment',
    examples: [{ name: 'Frankfurt 1', location: { latitude: 50.11, longitude: 8.68, country: 'DE' } }],
    additionalProperties: false,
  },
);

export const EnrolmentSchema = Type.Object(
  {
    enrolmentId: Type.String(),
    token: Type.Optional(Type.String({ description: 'Lets one edge in, once. It is not shown again.' })),
    createdAt: Time,
    expiresAt: Time,
  },
  { title: 'EdgeEnrolment' },
);

export const EnrolRequest = Type.Object(
  {
    token: Type.String({ maxLength: 200 }),
    name: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'Counts where the token names none.' }),
    ),
  },
  { additionalProperties: false },
);

export const EnrolAnswer = Type.Object({
  edgeId: Type.String(),
  key: Type.String({ description: 'What the edge signs its requests with.' }),
  originUrl: Type.Optional(Type.String({ description: 'Where the origin is, as far as control knows.' })),
});

export const EdgeId = Type.Object({
  edgeId: Type.String({ maxLength: 100, description: 'Such as ed_k3v9mn2p4q7r8s5t.' }),
});

export const EdgeChange = Type.Object(
  {
    name: Type.Optional(Name),
    location: Type.Optional(Type.Union([Location, Type.Null()])),
    draining: Type.Optional(
      Type.Boolean({ description: 'Whether new viewers are sent elsewhere. It answers whoever comes all the same.' }),
    ),
  },
  { title: 'EdgeChange', examples: [{ draining: true }], minProperties: 1, additionalProperties: false },
);

export const EdgeSchema = Type.Object(
  {
    edgeId: Type.String(),
    name: Type.String(),
    location: Type.Optional(Location),
    url: Type.Optional(Type.String({ description: 'Where viewers reach it.' })),
    version: Type.Optional(Type.String({ description: 'Of Frontrow.' })),
    state: Type.Enum(['connected', 'away']),
    draining: Type.Boolean(),
    enrolled: Type.Boolean({
      description: "Whether it has a key of its own from here; otherwise it has the fleet's secret.",
    }),
    enrolledAt: Time,
    lastContactAt: Type.Optional(Time),
    processes: Type.Optional(Type.Integer({ description: 'That serve its port together.' })),
    configuration: Type.Optional(
      Type.Object(
        {
          revision: Type.Integer({ description: 'All changes up to this number are in force.' }),
          refused: Type.Optional(
            Type.Object(
              { revision: Type.Integer(), section: Type.String() },
              { description: 'What it could not use and goes on without; its log says why.' },
            ),
          ),
        },
        { description: 'How far it is with what control tells edges.' },
      ),
    ),
    load: Type.Optional(
      Type.Object({
        requestsPerSecond: Type.Number(),
        bytesPerSecond: Type.Number(),
        connections: Type.Integer(),
        cachedBytes: Type.Integer(),
        hitRatio: Type.Number({ description: 'Of the requests that the cache had a part in.' }),
        busy: Type.Number({ description: 'Of the time, how much it was at work; 1 is all it can do.' }),
      }),
    ),
    origins: Type.Optional(Type.Array(Type.Object({ name: Type.String(), up: Type.Boolean() }))),
    clockAheadMs: Type.Optional(Type.Integer({ description: "By how much its clock is ahead of control's." })),
  },
  { title: 'Edge' },
);

export const EdgeList = Type.Object({
  revision: Type.Integer({ description: 'Of the newest change; an edge that has this number has everything.' }),
  items: Type.Array(EdgeSchema),
});
