import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileBehaviors } from '../../src/kernel/distribution/behaviors.ts';
import { compileCacheKey, type KeyedRequest } from '../../src/kernel/distribution/cache-key.ts';
import type { CacheKeyParameters, CachePolicyConfig } from '../../src/kernel/distribution/model.ts';
import { compileOriginRequest } from '../../src/kernel/distribution/origin-request.ts';
import { compilePathPattern, matchedPath } from '../../src/kernel/distribution/path-pattern.ts';
import { overlaps } from '../../src/kernel/distribution/pattern-overlaps.ts';

/** Few letters, so that much of what is drawn fits. */
const word = (letters: readonly string[], maxLength: number) =>
  fc.array(fc.constantFrom(...letters), { maxLength }).map((all) => all.join(''));
const pattern = word(['a', 'b', '/', '*', '*', '?'], 8);
const path = word(['a', 'b', '/', 'c'], 10).map((rest) => `/${rest}`);

/** The same pattern as a regular expression: slow for hostile ones, and plain to see. */
function asExpression(text: string): RegExp {
  const source = [...(text.startsWith('/') ? text : `/${text}`)].map((letter) =>
    letter === '*' ? '[\\s\\S]*' : letter === '?' ? '[\\s\\S]' : letter.replace(/\W/, '\\$&'),
  );
  return new RegExp(`^${source.join('')}$`);
}

describe('path patterns', () => {
  test('fit what the same regular expressions fit', () => {
    fc.assert(
      fc.property(pattern, path, (text, value) => {
        expect(compilePathPattern(text)(value)).toBe(asExpression(text).test(value));
      }),
      { numRuns: 5_000 },
    );
  });

  test('choose the first that fits, however often they are asked', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 6 }), fc.array(path, { maxLength: 20 }), (patterns, paths) => {
        const choose = compileBehaviors(
          patterns.map((pathPattern, value) => ({ pathPattern, value })),
          -1,
        );
        for (const each of [...paths, ...paths])
          expect(choose(each)).toBe(patterns.findIndex((text) => asExpression(text).test(each)));
      }),
    );
  });

  test('are shadowed and crossed by what paths show, and by nothing else', () => {
    const paths = everyPath(['a', 'b', '/', 'c'], 5);
    fc.assert(
      fc.property(word(['a', 'b', '*', '?'], 4), word(['a', 'b', '*', '?'], 4), (first, second) => {
        const fits = [first, second].map((text) => new Set(paths.filter((each) => asExpression(text).test(each))));
        const [one = new Set<string>(), other = new Set<string>()] = fits;
        const { shadowed, crossing } = overlaps([first, second]);
        // What is shorter than four symbols differs, if at all, on paths of up to five.
        const inBoth = paths.filter((each) => one.has(each) && other.has(each)).length;
        expect(shadowed.length === 1).toBe(inBoth === other.size);
        const crosses = inBoth > 0 && inBoth < other.size && inBoth < one.size;
        expect(crossing.length === 1).toBe(crosses);
      }),
      { numRuns: 500 },
    );
  });

  test('of any length are compared, and what is said of them holds of paths', () => {
    fc.assert(
      fc.property(
        word(['a', 'b', '*', '?'], 40),
        word(['a', 'b', '*', '?'], 40),
        fc.infiniteStream(path),
        (one, other, all) => {
          const { shadowed } = overlaps([one, other]);
          if (shadowed.length === 0) return;
          for (const each of [...all.take(30)])
            if (asExpression(other).test(each)) expect(asExpression(one).test(each)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function everyPath(letters: readonly string[], maxLength: number): string[] {
  const paths = ['/'];
  for (let from = 0, length = 1; length <= maxLength; length += 1) {
    const to = paths.length;
    for (let at = from; at < to; at += 1) for (const letter of letters) paths.push(`${paths[at]}${letter}`);
    from = to;
  }
  return paths;
}

describe('the path that is matched', () => {
  const segment = fc.constantFrom(
    'a',
    '.',
    '..',
    '',
    '%2e',
    '.%2E',
    '%2e%2e',
    '...',
    'b.jpg',
    '%61',
    '%2f',
    '%',
    '%252e',
  );
  const target = fc.array(segment, { minLength: 1, maxLength: 8 }).map((all) => `/${all.join('/')}`);

  test('has no dot segment and no doubled slash, and stays as it is', () => {
    fc.assert(
      fc.property(target, (text) => {
        const matched = matchedPath(text);
        expect(matched.startsWith('/')).toBe(true);
        expect(matched).not.toMatch(/\/\/|\/\.\.?(?:\/|$)/);
        expect(matchedPath(matched)).toBe(matched.replaceAll('%61', 'a'));
      }),
      { numRuns: 2_000 },
    );
  });

  test('is the one that URL resolves, where no slash is doubled', () => {
    const plain = fc.constantFrom('a', '.', '..', '%2e', '.%2E', '%2e%2e', '...', 'b.jpg');
    fc.assert(
      fc.property(fc.array(plain, { minLength: 1, maxLength: 8 }), (all) => {
        const text = `/${all.join('/')}`;
        expect(matchedPath(text)).toBe(new URL(text, 'http://h').pathname);
      }),
      { numRuns: 2_000 },
    );
  });
});

const NAMES = ['x-a', 'x-b', 'x-c'] as const;
const value = fc.oneof(
  word(['a', '\n', '\\', 'n', ':', 'x-b:', '\nx-b:', '\ncookies=', 'method=OPTIONS'], 4),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const fields = fc.record(
  Object.fromEntries(NAMES.map((name) => [name, value])) as Record<(typeof NAMES)[number], typeof value>,
  { requiredKeys: [] },
);
const cookieValue = word(['1', '2', '\n', '\\', '='], 3);
const cookies = fc.record({ a: cookieValue, b: cookieValue, c: cookieValue }, { requiredKeys: [] });
const parameter = word(['1', '2', '=', '%26'], 2);
const query = fc.record({ a: parameter, b: parameter, c: parameter }, { requiredKeys: [] });
const keyed = fc.record({
  path: word(['a', '/', '%3F'], 4).map((rest) => `/${rest}`),
  method: fc.constantFrom('GET', 'HEAD', 'OPTIONS'),
  fields,
  cookies,
  query,
});
type Keyed = typeof keyed extends fc.Arbitrary<infer T> ? T : never;
/** Two that have most parts in common, so that many of them are the same in all that counts. */
const twoKeyed = fc
  .tuple(keyed, keyed, fc.subarray(['path', 'method', 'fields', 'cookies', 'query'] as const, { maxLength: 2 }))
  .map(([one, drawn, parts]): [Keyed, Keyed] => [
    one,
    { ...one, ...Object.fromEntries(parts.map((part) => [part, drawn[part]])) },
  ]);

const PARAMETERS: CacheKeyParameters = {
  enableAcceptEncodingGzip: true,
  enableAcceptEncodingBrotli: true,
  headersConfig: { headerBehavior: 'whitelist', headers: ['X-A', 'X-B'] },
  cookiesConfig: { cookieBehavior: 'whitelist', cookies: ['a', 'b'] },
  queryStringsConfig: { queryStringBehavior: 'allExcept', queryStrings: ['c'], sortQueryStrings: false },
};
const POLICY: CachePolicyConfig = {
  ...{ name: 'x', comment: '', minTTL: 0, defaultTTL: 0, maxTTL: 0 },
  parametersInCacheKeyAndForwardedToOrigin: PARAMETERS,
};
const keyOf = compileCacheKey(POLICY);

const pairs = (record: object) => Object.entries(record).map(([name, each]) => `${name}=${each}`);

function requestOf({ path: asked, method, fields: given, cookies: jar, query: parameters }: Keyed): KeyedRequest {
  const cookie = pairs(jar).join('; ');
  const headers = { ...given, ...(cookie === '' ? {} : { cookie }) };
  return { path: asked, method, headers, query: pairs(parameters).join('&') };
}

/** What the policy above selects, in a form that nobody could take for another. */
function selectedOf({ path: asked, method, fields: given, cookies: jar, query: parameters }: Keyed): string {
  return JSON.stringify([
    ...[asked, method === 'OPTIONS', given['x-a'] ?? null, given['x-b'] ?? null],
    ...[jar.a?.trimEnd() ?? null, jar.b?.trimEnd() ?? null],
    ...pairs({ ...parameters, c: undefined }).filter((pair) => !pair.startsWith('c=')),
  ]);
}

describe('cache keys', () => {
  test('are the same exactly where what is selected is', () => {
    fc.assert(
      fc.property(twoKeyed, ([one, other]) => {
        const isSame = selectedOf(one) === selectedOf(other);
        expect(keyOf(requestOf(one)) === keyOf(requestOf(other))).toBe(isSame);
      }),
      { numRuns: 5_000 },
    );
  });

  test('do not tell requests apart that differ only in what is not selected', () => {
    fc.assert(
      fc.property(keyed, value, cookieValue, parameter, (one, field, cookie, parameterValue) => {
        const other: Keyed = {
          ...one,
          method: one.method === 'OPTIONS' ? 'OPTIONS' : one.method === 'GET' ? 'HEAD' : 'GET',
          fields: { ...one.fields, 'x-c': field },
          cookies: { ...one.cookies, c: cookie },
          query: { ...one.query, c: parameterValue },
        };
        expect(keyOf(requestOf(other))).toBe(keyOf(requestOf(one)));
      }),
    );
  });

  test('differ when one selected part differs', () => {
    const change = fc.constantFrom<[part: 'fields' | 'cookies' | 'query', name: string]>(
      ...(
        [
          ['fields', 'x-a'],
          ['fields', 'x-b'],
          ['cookies', 'a'],
          ['cookies', 'b'],
          ['query', 'a'],
          ['query', 'b'],
        ] as const
      ).map(([part, name]): [typeof part, string] => [part, name]),
    );
    fc.assert(
      fc.property(keyed, change, (one, [part, name]) => {
        const before: string | undefined = (one[part] as Record<string, string>)[name];
        const other: Keyed = { ...one, [part]: { ...one[part], [name]: `${before ?? ''}z` } };
        expect(keyOf(requestOf(other))).not.toBe(keyOf(requestOf(one)));
      }),
      { numRuns: 1_000 },
    );
  });

  test('have as many lines as there are parts, whatever the values hold', () => {
    fc.assert(
      fc.property(keyed, (one) => {
        const lines = keyOf(requestOf(one)).split('\n').slice(1);
        const names = lines.map((line) => /^(?:method=OPTIONS$|cookies=|x-[ab]:)/.exec(line)?.[0]);
        expect(names).not.toContain(undefined);
        expect(new Set(names).size).toBe(names.length);
      }),
      { numRuns: 2_000 },
    );
  });

  test('hold all that an origin is told by the cache policy alone', () => {
    const askOrigin = compileOriginRequest(POLICY, undefined, {
      ...{ customHeaders: [], cachedMethods: ['GET', 'HEAD', 'OPTIONS'], takesViewerHost: true },
    });
    const told = (one: Keyed) => {
      const { headers, method, query: text } = requestOf(one);
      const rawHeaders = Object.entries(headers).flatMap(([name, each]) => [name, String(each)]);
      const { query: asked, fields: sent } = askOrigin({ method, rawHeaders, headers, query: text });
      return JSON.stringify([asked, [...sent].sort()]);
    };
    fc.assert(
      fc.property(twoKeyed, ([one, other]) => {
        if (keyOf(requestOf(one)) === keyOf(requestOf(other))) expect(told(one)).toBe(told(other));
      }),
      { numRuns: 5_000 },
    );
  });
});
