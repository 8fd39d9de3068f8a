import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAcceptEncoding } from '../../src/kernel/http/coding.ts';
import { EdgeScenario } from '../harness/edge-scenario.ts';

const DECODE = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync } as const;
const coding = fc.constantFrom('br', 'zstd', 'gzip', 'identity');
type Coding = keyof typeof DECODE | 'identity';

/** Of text that repeats itself, of noise, and of both. */
const piece = fc.oneof(
  fc
    .tuple(fc.string({ minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 800 }))
    .map(([text, times]) => Buffer.from(text.repeat(times))),
  fc.uint8Array({ minLength: 1, maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)),
);
const viewer = fc.record({
  coding,
  /** Before which piece he comes; behind the last one, when the origin is done. */
  comes: fc.nat(6),
  /** After so many bytes, if at all. */
  leaves: fc.option(fc.integer({ min: 1, max: 2_000 }), { nil: undefined }),
});

test('whatever comes of an origin, whoever comes and leaves: what arrives is the body, in the coding asked for', async () => {
  const s = await new EdgeScenario().start();
  let run = 0;
  const property = fc.asyncProperty(
    fc.array(piece, { minLength: 1, maxLength: 6 }),
    fc.array(viewer, { minLength: 1, maxLength: 6 }),
    fc.boolean(),
    fc.boolean(),
    async (pieces, viewers, isDeclared, breaksOff) => {
      run += 1;
      const target = `/${run}`;
      const body = Buffer.concat(pieces);
      const headers = { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/plain' };
      s.origin.serve(target, { headers, body });
      const held = s.origin.hold(target);
      const outcomes: Promise<void>[] = [];
      const come = (at: number) => {
        for (const each of viewers) {
          const isDue = at < 0 ? each.comes === 0 : Math.min(each.comes, pieces.length) === at + 1;
          if (isDue) outcomes.push(watch(s, target, each, body));
        }
      };
      if (!viewers.some(({ comes }) => comes === 0)) outcomes.push(watch(s, target, { coding: 'gzip' }, body));
      come(-1);
      await held.arrived;
      held.head({ headers, ...(isDeclared ? { lengthBytes: body.length } : {}) });
      for (const [at, each] of pieces.slice(0, breaksOff ? -1 : undefined).entries()) {
        held.write(each);
        await new Promise((resolve) => setImmediate(resolve));
        come(at);
      }
      if (breaksOff) held.breakOff();
      else held.end();
      await Promise.all(outcomes);
    },
  );
  await fc.assert(property, { numRuns: 60 }).finally(() => s.stop());
});

/** A body that arrives whole is the body; one that breaks off is known to have. */
async function watch(
  s: EdgeScenario,
  target: string,
  { coding: wanted, leaves }: { coding: Coding; leaves?: number | undefined },
  body: Buffer,
): Promise<void> {
  const viewing = s.viewer(target, { headers: { 'Accept-Encoding': wanted } });
  if (leaves !== undefined) {
    await Promise.race([viewing.received(leaves), viewing.answer.catch(() => {})]);
    viewing.leave();
    return;
  }
  const answer = await viewing.answer.catch(() => undefined);
  if (answer?.status !== 200) return;
  const sent = answer.headers['content-encoding'] as Coding | undefined;
  expect([wanted, undefined]).toContain(sent);
  const bytes = sent && sent !== 'identity' ? DECODE[sent](answer.body) : answer.body;
  expect(bytes.equals(body)).toBe(true);
}

test('no Accept-Encoding is too odd to be read, and nothing is sent that it does not name', () => {
  const token = fc.constantFrom(
    'br',
    'zstd',
    'gzip',
    'identity',
    '*',
    'deflate',
    '',
    ';',
    'q=0',
    ';q=0.5',
    ' ',
    '\t',
    '"',
  );
  const odd = fc.oneof(
    fc.string(),
    fc.array(token, { maxLength: 40 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(odd, (value) => {
      const { coding: chosen, told } = readAcceptEncoding(value);
      if (chosen === undefined) expect(told).toBe('identity');
      else {
        expect(told.split(', ')).toContain(chosen);
        expect(value.toLowerCase()).toMatch(new RegExp(`${chosen}|\\*`));
      }
    }),
    { numRuns: 1_000 },
  );
});
