import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';
import Schemas from 'typebox/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type ApiDocument, type Operation, operationsOf } from '../harness/api-document.ts';
import { printClientTypes } from '../harness/client-types.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { printSiteSchema } from '../harness/site-schema.ts';

// The document that clients are generated from. A new route that says too little of itself fails here, by name.

let server: ControlServer;
let document: ApiDocument;
let operations: readonly Operation[];

beforeAll(async () => {
  server = await startControl();
  document = (await (await server.call('/docs/json')).json()) as ApiDocument;
  operations = operationsOf(document);
});

afterAll(async () => {
  await server.stop();
});

/** The operations that break a rule, by name. */
const breaking = (holds: (operation: Operation) => boolean) =>
  operations.filter((each) => !holds(each)).map(({ name }) => name);

describe('the OpenAPI document', () => {
  test('is one by the specification of OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate({ ...document });
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  test('gives every operation an id of its own, in camel case', () => {
    expect(breaking(({ operationId }) => /^[a-z][a-zA-Z]+$/.test(operationId ?? ''))).toEqual([]);
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });

  test('says of every operation in a few words what it does', () => {
    expect(breaking(({ summary = '' }) => /^[A-Z].{3,70}[^.]$/.test(summary))).toEqual([]);
  });

  test('says of every operation in sentences what to know of it', () => {
    expect(breaking(({ description = '' }) => /^[A-Z`].*[.]$/s.test(withoutScope(description)))).toEqual([]);
  });

  test('files every operation under one of the tags that it explains', () => {
    const names = document.tags.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    const known = document.tags.filter(({ description }) => description).map(({ name }) => name);
    expect(breaking(({ tags = [] }) => tags.length === 1 && tags.every((tag) => known.includes(tag)))).toEqual([]);
    expect(known.filter((tag) => !operations.some(({ tags }) => tags?.includes(tag)))).toEqual([]);
  });

  test('names the scope that an operation needs, or that it is open to every token, or to everybody', () => {
    const open = ['/health/live', '/health/ready', '/metrics', '/v1/sessions'];
    const anybody = ['/v1/sessions/current'];
    const holds = ({ path, security }: Operation) =>
      open.includes(path) || anybody.includes(path)
        ? security?.length === (anybody.includes(path) ? 1 : 0)
        : security?.every(({ bearer }) => bearer?.length === 1) === true;
    expect(breaking(holds)).toEqual([]);
  });

  test('describes every parameter', () => {
    const silent = operations.flatMap(({ name, parameters = [] }) =>
      parameters.filter(({ description }) => !description).map((each) => `${name}: ${each.in} ${each.name}`),
    );
    expect(silent).toEqual([]);
  });

  test('gives an example of every JSON body', () => {
    const holds = ({ requestBody }: Operation) => {
      const media = requestBody?.content['application/json'];
      return media === undefined || 'example' in media || 'examples' in media;
    };
    expect(breaking(holds)).toEqual([]);
  });

  test('gives every answer a schema, unless it has no body', () => {
    const bare = operations.flatMap(({ name, method, responses }) =>
      Object.entries(responses)
        .filter(([status]) => status !== '204' && method !== 'HEAD')
        .filter(([, { content = {} }]) => !Object.values(content).some(({ schema }) => schema))
        .map(([status]) => `${name}: ${status}`),
    );
    expect(bare).toEqual(['POST /v1/uploads: 201']);
  });

  test('says of every operation that failures are problem documents', () => {
    const isProblem = (response: Operation['responses'][string] | undefined) =>
      response?.content?.['application/problem+json']?.schema?.$ref === '#/components/schemas/Problem';
    expect(breaking(({ responses }) => isProblem(responses['4XX']) && isProblem(responses['5XX']))).toEqual([]);
  });
});

test('the types of the client are those of the document', async () => {
  await expect(printClientTypes(document)).toMatchFileSnapshot('../../src/client/api.ts');
});

test('editors have a schema of the file of frontrow apply, from that of the document', async () => {
  const schema = printSiteSchema(document);
  await expect(schema).toMatchFileSnapshot('../../docs/examples/site.schema.json');
  const example: unknown = parse(readFileSync(new URL('../../docs/examples/site.yaml', import.meta.url), 'utf8'));
  expect(Schemas.Errors(JSON.parse(schema), example)).toEqual([true, []]);
});

test('nothing is left out of the document but what these files leave out for a reason', () => {
  const source = fileURLToPath(new URL('../../src/', import.meta.url));
  const hiding = globSync('**/*.ts', { cwd: source })
    .filter((file) => readFileSync(`${source}${file}`, 'utf8').includes('hide: true'))
    .sort();
  expect(hiding).toEqual(Object.keys(LEFT_OUT).sort());
});

/** A WebSocket, which OpenAPI has no words for, is left out by its plugin: `/v1/events`. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'control/console.ts': 'pages for people',
  'control/headers.ts': 'what browsers ask before they ask',
  'control/routes/edge-enrolments.ts': 'for an edge, by a token that is good once',
  'control/routes/edge-feed.ts': 'for edges, by their own signature',
  'control/routes/edges.ts': 'what an edge reports, by its own signature',
  'control/routes/routing.ts': 'for viewers, who are sent on',
  'live/doors/websocket/door.ts': 'a WebSocket, which a plain request is told',
  'live/doors/whip/door.ts': 'speaks SDP, as RFC 9725 describes it',
  'ingest/uploads.ts': 'what browsers ask before they ask, and POST for clients that know no PATCH',
};

function withoutScope(description: string): string {
  return description.replace(/ ?Needs the scope `[^`]+`\.$/, '');
}
