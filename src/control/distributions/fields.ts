import { Type } from '@fastify/type-provider-typebox';
import type { TProperties, TSchema } from 'typebox';

/** What the schemas of distributions and policies are put together from. */

interface Words {
  readonly description?: string;
  readonly title?: string;
  readonly examples?: unknown[];
}

/** An object that knows all of its fields, so that a slip of the pen is no setting that silently does nothing. */
export function closed<P extends TProperties>(properties: P, words: Words = {}) {
  return Type.Object(properties, { additionalProperties: false, ...words });
}

export function list<S extends TSchema>(item: S, maxItems: number, words: Words & { minItems?: number } = {}) {
  return Type.Array(item, { maxItems, ...words });
}

export const Reference = (description: string, example: string) =>
  Type.String({ minLength: 1, maxLength: 100, description, examples: [example] });

/** Ids inside of one distribution. */
export const LocalId = (description: string) =>
  Type.String({ pattern: '^[A-Za-z0-9_.-]{1,128}$', maxLength: 128, description, examples: ['site'] });

export const Name = Type.String({
  pattern: '^[A-Za-z0-9_.-]{1,128}$',
  maxLength: 128,
  description: 'One document of its kind has it.',
  examples: ['by-language'],
});

export const Comment = Type.String({ maxLength: 500, default: '', examples: ['the shop'] });

export const FieldName = Type.String({ minLength: 1, maxLength: 256, examples: ['Accept-Language'] });

export const FieldValue = Type.String({ maxLength: 1_783, examples: ['yes'] });

export const Seconds = (description: string, maximum: number, minimum = 0) =>
  Type.Integer({ minimum, maximum, description, examples: [Math.min(60, maximum)] });
