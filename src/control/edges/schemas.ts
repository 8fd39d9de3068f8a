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
