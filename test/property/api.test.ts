import { Agent, request as httpRequest } from 'node:http';
import fc from 'fast-check';
import Schemas from 'typebox/schema';
import { afterAll, describe, expect, test } from 'vitest';
import { FAULTS } from '../../src/kernel/errors.ts';
import {
  type ApiDocument,
  type Operation,
  operationsOf,
  type Parameter,
  type Schema,
  withExamples,
} from '../harness/api-document.ts';
import { allowedValueOf, fieldOf, strangeValueOf, textFor, type World } from '../harness/api-values.ts';
import { startControl } from '../harness/control-server.ts';

// Every operation of the document, with requests drawn from its schemas and with such as are nearly so. Whatever comes, the
// server answers in time, as the document says, and never with a 5xx. A new route takes part by being in the document.

const server = await startControl();
const document = (await (await server.call('/docs/json')).json()) as ApiDocument;
const agent = new Agent({ keepAlive: true });

afterAll(async () => {
  agent.destroy();
  await server.stop();
});

/** Those that make something come first, those that take it away last, so that most ids are of something. */
const ORDER = ['POST', 'PUT', 'GET', 'HEAD', 'PATCH', 'DELETE'];
const operations = operationsOf(document).sort((a, b) => ORDER.indexOf(a.method) - ORDER.indexOf(b.method));

/** Ids that answers have named, by the names of their fields; `id` alone is one of a collection. */
const known = new Map<string, string[]>();

const collectionOf = (path: string) => path.split('/')[2] ?? '';
const nameIn = (name: string, path: string) => (name === 'id' ? `id of ${collectionOf(path)}` : name);

const worldOf = (path: string): World => ({
  resolve: ({ $ref = '' }) => document.components.schemas[$ref.split('/').at(-1) ?? ''] ?? {},
  // An upload's id is that of its asset.
  idsOf: (name) => known.get(name === 'id' && path.startsWith('/v1/uploads') ? 'assetId' : nameIn(name, path)) ?? [],
});

function remember(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, each] of Object.entries(value)) {
    if (typeof each !== 'string') remember(each, path);
    else if (/(^i|I)d$/.test(name)) {
      const all = new Set([each, ...(known.get(nameIn(name, path)) ?? [])]);
      known.set(nameIn(name, path), [...all].slice(0, 20));
    }
  }
}

interface Drawn {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const TOKENS = fc.oneof(
  { weight: 8, arbitrary: fc.constant(`Bearer ${server.adminToken}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      undefined,
      'Bearer',
      'Bearer x.y.z',
      `Bearer ${server.tokenFor('reports:read')}`,
      'Basic eA==',
    ),
  },
);

/** Header values that a client can send at all. */
const sendable = (text: string) => text.replace(/[^\t\x20-\x7e]/g, '').trim();

function requestsOf(operation: Operation, valid: boolean): fc.Arbitrary<Drawn> {
  const { path, parameters = [], requestBody } = operation;
  const world = worldOf(path);
  const of = (place: string) => parameters.filter((each) => each.in === place);
  const text = (each: Parameter) => {
    const values = valid ? allowedValueOf(withExamples(each), world).map(String) : textFor(withExamples(each), world);
    // ETags are not drawn together with what they are of, and any state is one that fits.
    return each.name === 'if-match' ? fc.oneof(fc.constant('*'), values) : values;
  };
  const paths = fc.tuple(
    ...of('path').map((each) => pathValue(each, valid, world).map((value) => [each.name, value] as const)),
  );
  const pairs = (place: string) =>
    fc.tuple(
      ...of(place).map((each) => fc.option(text(each), { freq: 2 }).map((value) => [each.name, value] as const)),
    );
  return fc
    .record({
      paths,
      query: pairs('query'),
      headers: pairs('header'),
      token: valid ? fc.constant(`Bearer ${server.adminToken}`) : TOKENS,
      body: requestBody ? bodyOf(requestBody.content, valid, world) : fc.constant(undefined),
    })
    .map(({ paths, query, headers, token, body }) => {
      const search = query
        .filter(([, value]) => value !== null)
        .map((pair) => pair.map((part) => quote(`${part}`)).join('='));
      const filled = paths.reduce((whole, [name, value]) => whole.replace(`{${name}}`, quote(value)), path);
      return {
        target: search.length === 0 ? filled : `${filled}?${search.join('&')}`,
        headers: {
          ...Object.fromEntries(
            headers.filter(([, value]) => value !== null).map(([name, value]) => [name, sendable(`${value}`)]),
          ),
          ...(token === undefined ? {} : { authorization: token }),
          ...(body ? { 'content-type': body.type } : {}),
        },
        body: body?.text,
      };
    });
}

/** A part of a path cannot be empty: without it the path would be another one. */
function pathValue({ name, ...rest }: Parameter, valid: boolean, world: World): fc.Arbitrary<string> {
  const schema = withExamples(rest);
  const ids = fieldOf(name, schema, world).map(String);
  return (valid ? ids : fc.oneof(ids, textFor(schema, world))).map((text) => (text === '' ? 'x' : text));
}

function bodyOf(content: NonNullable<Operation['requestBody']>['content'], valid: boolean, world: World) {
  const kinds = Object.entries(content).map(([type, media]) => {
    if (type !== 'application/json') return fc.string({ maxLength: 200 }).map((text) => ({ type, text }));
    const values = (valid ? allowedValueOf : strangeValueOf)(withExamples(media), world);
    return values.map((value) => ({ type, text: JSON.stringify(value) ?? '' }));
  });
  if (valid) return fc.oneof(...kinds);
  const broken = fc.constantFrom(
    '',
    '{',
    '{"a":1',
    'null',
    '[',
    '"',
    '{"__proto__":{}}',
    '\ufeff{}',
    `${'['.repeat(5_000)}`,
  );
  const types = fc.constantFrom(
    'application/json',
    'application/json; charset=utf-16',
    'text/html',
    'x',
    'application/xml',
  );
  return fc.oneof(...kinds.map((arbitrary) => ({ weight: 4, arbitrary })), {
    weight: 1,
    arbitrary: fc.record({ type: types, text: broken }),
  });
}

/** encodeURIComponent throws on half a character, and leaves dots, which would make it another path. */
function quote(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll('.', '%2E');
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** The limit of requests is for each address, and every address of the loopback network is this machine's. */
let sentCount = 0;
const nextAddress = () => {
  sentCount += 1;
  const peer = Math.floor(sentCount / 15);
  return `127.1.${Math.floor(peer / 250)}.${(peer % 250) + 1}`;
};

function send(method: string, { target, headers, body }: Drawn): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const bytes = body === undefined ? undefined : Buffer.from(body);
    const length = bytes ? { 'content-length': String(bytes.length) } : {};
    const sent = httpRequest(server.url + target, {
      agent,
      localAddress: nextAddress(),
      method,
      headers: { ...headers, ...length },
      signal: AbortSignal.timeout(10_000),
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text });
      });
    });
    sent.end(bytes);
  });
}

/** What of the answer is not as the document has it; undefined when all is. */
function problemOf(operation: Operation, { status, type, text }: Answer): string | undefined {
  if (status >= 500) return `status ${status}: ${text}`;
  const documented = operation.responses[status] ?? operation.responses[`${String(status)[0]}XX`];
  if (!documented) return `status ${status} is not documented`;
  if (operation.method === 'HEAD' || (!documented.content && text === '')) return undefined;
  const [media = ''] = type.split(';');
  const schema = documented.content?.[media]?.schema;
  if (!schema) return `type ${media} of ${status} is not documented`;
  const value = media.includes('json') ? JSON.parse(text) : text;
  if (status >= 400 && !(value.code in FAULTS)) return `code ${value.code} is not in the table`;
  if (status < 300) remember(value, operation.path);
  const [fits, errors] = check(schema, value);
  return fits ? undefined : `${status} ${text} is not of its schema: ${JSON.stringify(errors)}`;
}

/** References are to the document's own schemas, so these stand beside the one that is checked. */
function check(schema: Schema, value: unknown): [boolean, unknown] {
  const whole: Record<string, unknown> = { ...schema, components: document.components };
  return Schemas.Errors(whole as Parameters<typeof Schemas.Errors>[0], value);
}

/** A handful for each operation at every run of the tests; API_RUNS=500 for an evening. */
const RUNS = Number(process.env.API_RUNS ?? 15);

describe('every operation answers as the document says', () => {
  test.each(operations.map((each) => [each.name, each] as const))('%s', async (_, operation) => {
    const holds = async (drawn: Drawn) => {
      expect(problemOf(operation, await send(operation.method, drawn))).toBeUndefined();
    };
    await fc.assert(fc.asyncProperty(requestsOf(operation, true), holds), { numRuns: RUNS });
    await fc.assert(fc.asyncProperty(requestsOf(operation, false), holds), { numRuns: RUNS * 2 });
  });
});
