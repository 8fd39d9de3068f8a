import { Type } from '@fastify/type-provider-typebox';
import type { Configuration } from '../../database/configuration.ts';
import { WARNING_CODES } from '../../kernel/distribution/documents.ts';
import type { Changed } from './configurations.ts';
import { writeEtag } from './preconditions.ts';
import type { Resource } from './resources.ts';

export const TYPES = ['managed', 'custom'] as const;

const Warning = Type.Object(
  { field: Type.String(), code: Type.Enum([...WARNING_CODES]), says: Type.String() },
  { title: 'ConfigurationWarning' },
);

/** One schema for lists and for single documents, so that programs have one type. */
export function answerOf({ config, names, secret }: Resource) {
  const properties = {
    id: Type.String(),
    type: Type.Enum([...TYPES]),
    etag: Type.String({ description: 'For If-Match.' }),
    createdAt: Type.Optional(Type.String({ format: 'date-time' })),
    lastModifiedTime: Type.Optional(Type.String({ format: 'date-time' })),
    config,
    warnings: Type.Optional(
      Type.Array(Warning, { description: 'What works and yet may not be what was meant. Not in lists.' }),
    ),
  };
  const words = { title: names[0] };
  const plain = Type.Object(properties, words);
  if (!secret) return plain;
  const secretAccessKey = Type.Optional(
    Type.String({ description: 'Only in the answer that made it: it is shown once.' }),
  );
  return Type.Object({ ...properties, secretAccessKey }, words) as unknown as typeof plain;
}

export function viewDocument({ id, revision, config, createdAtMs, updatedAtMs }: Configuration) {
  const times = {
    createdAt: new Date(createdAtMs).toISOString(),
    lastModifiedTime: new Date(updatedAtMs).toISOString(),
  };
  // Managed ones are in the program: nobody made them at any time.
  const isManaged = revision === 0;
  return {
    id,
    type: isManaged ? ('managed' as const) : ('custom' as const),
    etag: writeEtag(revision),
    ...(isManaged ? {} : times),
    config,
  };
}

export function viewChanged({ document, warnings, madeSecret }: Changed) {
  return {
    ...viewDocument(document),
    warnings: [...warnings],
    ...(madeSecret === undefined ? {} : { secretAccessKey: madeSecret }),
  };
}
