import { STATUS_CODES } from 'node:http';
import type { Scope } from '../kernel/access/api-token.ts';
import { PROBLEM_TYPE } from '../kernel/problem.ts';

/**
 * What every operation of the OpenAPI document has in common and no route says for itself: which scope it needs, that a
 * POST takes an Idempotency-Key, that failures are problem documents; and schemas with a title once, by that name, so that
 * generated clients have types with names.
 */

/** A hook that asks for a scope carries it, for the document. */
export interface ScopedHook {
  readonly scope?: Scope | undefined;
}

export interface DocumentedRoute {
  readonly method: string | readonly string[];
  readonly onRequest?: unknown;
  readonly config?: { readonly idempotent?: boolean };
}

interface RouteSchema {
  readonly description?: string;
  readonly security?: readonly unknown[];
  readonly consumes?: readonly string[];
  readonly body?: { readonly content?: object };
  readonly headers?: { readonly properties?: object; readonly required?: readonly string[] };
  readonly [key: string]: unknown;
}

const IDEMPOTENCY_KEY = {
  type: 'string',
  maxLength: 255,
  pattern: '^[\\x21-\\x7e]+$',
  description:
    'The first answer to a key is kept for a day and given again to a repetition, without what is secret in it, so that a request whose answer was lost can be sent again.',
} as const;

/** A route's schema as the document has it; the one that requests are checked by stays as it is. */
export function documentRoute<Schema>(schema: Schema, route: DocumentedRoute): Schema {
  if (!schema || (schema as { hide?: boolean }).hide) return schema;
  const given = schema as RouteSchema;
  const scope = scopeOf(route);
  const takesKey = [route.method].flat().includes('POST') && scope !== undefined && route.config?.idempotent !== false;
  return {
    ...withBytes(given),
    ...(scope === undefined
      ? {}
      : { security: [{ bearer: [scope] }], description: withScope(given.description, scope) }),
    ...(takesKey ? { headers: withKey(given.headers) } : {}),
  } as Schema;
}

function scopeOf({ onRequest }: DocumentedRoute): Scope | undefined {
  return [onRequest]
    .flat()
    .map((hook) => (hook as ScopedHook | undefined)?.scope)
    .find((scope) => scope !== undefined);
}

function withScope(description: string | undefined, scope: Scope): string {
  return [description, `Needs the scope \`${scope}\`.`].filter((part) => part !== undefined).join(' ');
}

function withKey(headers: RouteSchema['headers']): object {
  return { type: 'object', ...headers, properties: { ...headers?.properties, 'idempotency-key': IDEMPOTENCY_KEY } };
}

/** Bodies that are no JSON have no schema that anything is checked by; the document says that they are bytes. */
function withBytes(given: RouteSchema): RouteSchema {
  const types = (given.consumes ?? []).filter((type) => type !== 'application/json');
  if (types.length === 0) return given;
  const { consumes: _, body, ...rest } = given;
  const bytes = { schema: { type: 'string', format: 'binary' } };
  const content = { ...body?.content, ...Object.fromEntries(types.map((type) => [type, bytes])) };
  return { ...rest, body: { content } };
}

type Json = Readonly<Record<string, unknown>>;

/** The whole document, completed. */
export function completeDocument(document: Json): Json {
  const schemas: Record<string, unknown> = {};
  const paths = mapValues(document.paths as Json, (item) =>
    mapValues(item as Json, (operation) => completeOperation(operation as Json)),
  );
  const named = nameSchemas(paths, schemas);
  const components = document.components as Json;
  return { ...document, paths: named, components: { ...components, schemas: sortByName(schemas) } };
}

function completeOperation(operation: Json): Json {
  const responses = mapEntries(operation.responses as Json, (status, given) => {
    const response = given as Json;
    if (/^[45]/.test(status)) return problemResponse(status, response);
    const description = response.description === 'Default Response' ? phraseOf(status) : response.description;
    return { ...response, description };
  });
  const parameters = (operation.parameters as Json[] | undefined)?.map(describeId);
  // The plugin names HEAD after GET, which here has no id of its own.
  const operationId = String(operation.operationId).replace(/-head$/, '');
  return { ...operation, operationId, ...(parameters ? { parameters } : {}), responses };
}

/** A parameter that says no more than its name does: `keyPairId` is the id of the key pair. */
function describeId(parameter: Json): Json {
  const name = /^(\w+)Id$/.exec(String(parameter.name))?.[1];
  if (name === undefined || parameter.description !== undefined) return parameter;
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return { ...parameter, description: `The id of the ${words}.` };
}

const PROBLEMS: Readonly<Record<string, string>> = {
  '4': 'The request cannot be done as it is; `code` says why.',
  '5': 'The server, or one behind it, cannot answer now; `code` says why.',
};

function problemResponse(status: string, response: Json): Json {
  const [media] = Object.values((response.content ?? {}) as Json);
  const said = /^[45]XX$/.test(status) ? PROBLEMS[status[0] ?? ''] : response.description;
  return { ...response, description: said, content: { [PROBLEM_TYPE]: media } };
}

function phraseOf(status: string): string {
  return STATUS_CODES[status] ?? 'An answer.';
}

/** Moves schemas that have a name for a title to `schemas`, and leaves references where they were. */
function nameSchemas(value: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((each) => nameSchemas(each, schemas));
  if (typeof value !== 'object' || value === null) return value;
  const inside = mapEntries(value as Json, (name, each) =>
    name === 'example' || name === 'examples' ? each : nameSchemas(each, schemas),
  );
  const { title } = inside;
  if (typeof title !== 'string' || !/^[A-Z][A-Za-z0-9]+$/.test(title)) return inside;
  schemas[title] ??= inside;
  return { $ref: `#/components/schemas/${title}` };
}

function sortByName(record: Json): Json {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function mapValues(record: Json, change: (value: unknown) => unknown): Json {
  return mapEntries(record, (_, value) => change(value));
}

function mapEntries(record: Json, change: (name: string, value: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(name, value)]));
}
