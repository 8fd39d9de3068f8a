import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseContentRange, parseRange, writeContentRange } from '../../src/kernel/http/range.ts';
import { EdgeScenario, HandClock } from '../harness/edge-scenario.ts';

/** A real edge between an origin and viewers who say anything that HTTP lets them say. */
let s: EdgeScenario;
const clock = new HandClock();
beforeAll(async () => {
  s = await new EdgeScenario({ clock, settings: { honourRequestDirectives: true } }).start();
});
afterAll(() => s.stop());

const BODY = '0123456789';
const DATE = 'Mon, 01 Jun 2026 11:00:00 GMT';
const word = fc.constantFrom(
  ...['max-age=5', 's-maxage', 'no-cache="a, b"', 'private=x', 'public', 'must-understand', 'stale-while-revalidate=9'],
  ...[
    '*',
    'Foo',
    'accept-language',
    '"1"',
    'W/"1"',
    '"',
    '\\',
    '-1',
    '7',
    '99999999999999999999',
    DATE,
    'bytes 2-5/10',
  ],
  ...['bytes=2-5', 'bytes=-3', 'bytes=9-', 'only-if-cached', 'q=0.5', '\u00fc'],
);
const glue = fc.constantFrom(', ', ',', ';', '=', ' ');
const value = fc.array(fc.tuple(word, glue), { minLength: 1, maxLength: 4 }).map((parts) =>
  parts
    .map((each) => each.join(''))
    .join('')
    .trim(),
);
const names = (...all: string[]) => fc.dictionary(fc.constantFrom(...all), value, { maxKeys: 5 });
const said = names(
  ...['Cache-Control', 'CDN-Cache-Control', 'Surrogate-Control', 'Vary', 'ETag', 'Last-Modified', 'Age', 'Date'],
  ...['Expires', 'Content-Range', 'Content-Language', 'Content-Location', 'Cache-Status', 'Via', 'Pragma', 'X-A'],
);
const asked = names(
  ...['Cache-Control', 'Pragma', 'Range', 'If-Range', 'If-None-Match', 'If-Match', 'If-Modified-Since'],
  ...['If-Unmodified-Since', 'Accept-Language', 'Foo', 'Via', 'Surrogate-Capability', 'X-A'],
);
const question = fc.record({ method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST'), headers: asked });
const status = fc.constantFrom(200, 200, 200, 206, 304, 404, 500);

/** What may come of a question, whatever was said: its status, or one of the edge's own. */
const OWN = new Set([200, 206, 304, 412, 416, 502, 504]);
let count = 0;

test('whatever an origin and viewers say, each viewer gets an answer, and no bytes but those of the body', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ status, headers: said }), { minLength: 1, maxLength: 3 }),
      fc.array(question, { minLength: 1, maxLength: 5 }),
      async (answers, questions) => {
        count += 1;
        const target = `/${count}`;
        let turn = 0;
        s.origin.script(target, ({ method }, response) => {
          const each = answers[turn % answers.length];
          turn += 1;
          const bodiless = method === 'HEAD' || each?.status === 304;
          response.writeHead(each?.status ?? 200, each?.headers ?? {});
          if (bodiless) response.end();
          else response.end(Buffer.from(BODY));
        });
        for (const { method, headers } of questions) {
          const answer = await s.get(target, { method, headers });
          const possible = OWN.has(answer.status) || answers.some((each) => each.status === answer.status);
          expect(possible ? 'possible' : answer.status).toBe('possible');
          if (answer.headers['content-type']?.startsWith('application/problem+json')) {
            expect(JSON.parse(answer.body.toString() || '{"code":"NONE"}').code).not.toBe('INTERNAL');
          } else expect(BODY).toContain(answer.body.toString());
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('however parts are asked for and joined, each viewer gets the bytes that its answer says they are', async () => {
  const range = fc.tuple(fc.nat(9), fc.nat(9)).map(([a, b]) => `bytes=${Math.min(a, b)}-${Math.max(a, b)}`);
  const wanted = fc.option(fc.oneof(range, fc.constantFrom('bytes=-3', 'bytes=4-', 'bytes=0-', 'bytes=12-')));
  const step = fc.record({ wanted, breaksOff: fc.nat(9).map((at) => at > 6), ages: fc.boolean() });
  const tag = fc.constantFrom('"1"', 'W/"1"', undefined);
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 2, maxLength: 10 }),
      tag,
      fc.nat(9),
      async (steps, etag, changesAt) => {
        count += 1;
        const target = `/${count}`;
        let [body, breaksOff] = [BODY, false];
        s.origin.script(target, ({ headers }, response) => {
          const own = { 'Cache-Control': 'max-age=5', ...(etag ? { ETag: etag.replace('1', body.slice(0, 1)) } : {}) };
          const holds = headers['if-range'] === undefined || headers['if-range'] === own.ETag;
          const part = holds ? parseRange(headers.range ?? '', body.length) : 'whole';
          if (part === 'unsatisfiable') return void response.writeHead(416, { 'Content-Range': 'bytes */10' }).end();
          const { start, end } = part === 'whole' ? { start: 0, end: body.length } : part;
          const place = part === 'whole' ? {} : { 'Content-Range': writeContentRange(part, body.length) };
          response.writeHead(part === 'whole' ? 200 : 206, { ...own, ...place, 'Content-Length': end - start });
          response.write(body.slice(start, end - 1));
          if (breaksOff) setImmediate(() => response.destroy());
          else response.end(body.slice(end - 1, end));
        });
        for (const [at, each] of steps.entries()) {
          // Another state of it has other bytes in every place.
          if (at === changesAt) body = 'abcdefghij';
          if (each.ages) clock.advance(6);
          ({ breaksOff } = each);
          const answer = await s
            .get(target, { headers: each.wanted ? { Range: each.wanted } : {} })
            .catch(() => undefined);
          if (!answer || answer.status === 416 || answer.status === 502) continue;
          const place = parseContentRange(answer.headers['content-range']) ?? { start: 0, end: 10 };
          const said = [BODY, 'abcdefghij'].map((state) => state.slice(place.start, place.end));
          expect(said).toContain(answer.body.toString());
        }
      },
    ),
    { numRuns: 200 },
  );
});
