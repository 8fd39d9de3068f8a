import { createServer, type Server, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setBaseUrl } from 'http-cache-tests/client/config.mjs';
import { runTests } from 'http-cache-tests/client/runner.mjs';
import { makeCacheTest, testResults } from 'http-cache-tests/client/test.mjs';
import handleConfig from 'http-cache-tests/server/handle-config.mjs';
import handleState from 'http-cache-tests/server/handle-state.mjs';
import handleTest from 'http-cache-tests/server/handle-test.mjs';
import suites, { type PublicTest } from 'http-cache-tests/tests/index.mjs';
import surrogate from 'http-cache-tests/tests/surrogate-control.mjs';

/** The public suite `http-cache-tests`: its tests, its client and its origin; only the transport under them is ours. */
export type Kind = NonNullable<PublicTest['kind']>;

export interface Outcome {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  /** Undefined when it passed. */
  readonly failure: string | undefined;
}

/** Tests under way at once; nearly all of their time is spent waiting three seconds for something to expire. */
const AT_ONCE = 100;

/** The origin that the suite's tests configure and ask. */
export async function openSuiteOrigin(): Promise<{ url: string; server: Server }> {
  const rooms = { config: handleConfig, state: handleState, test: handleTest };
  const server = createServer((request, response) => {
    const [room = '', ...rest] = new URL(request.url ?? '/', 'http://origin').pathname.slice(1).split('/');
    const handle = rooms[room as keyof typeof rooms];
    if (handle) handle(rest, request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** Every test that is for a shared cache, against the cache at `url`. Takes about half a minute. */
export async function runSuite(url: string): Promise<Outcome[]> {
  const wanted = [...suites, surrogate].map((suite) => ({ ...suite, tests: suite.tests.filter(isForUs) }));
  await runTests(structuredClone(wanted), fetchPlainly, false, url, AT_ONCE);
  return retried(wanted.flatMap((suite) => suite.tests));
}

/** Some of them once more, against another cache: after `runSuite`, whose outcomes are not touched. */
export async function runAgain(url: string, isWanted: (id: string) => boolean): Promise<Outcome[]> {
  const tests = suites.flatMap((suite) => suite.tests).filter((test) => isForUs(test) && isWanted(test.id));
  setBaseUrl(url);
  for (const { id } of tests) delete testResults[id];
  await Promise.all(structuredClone(tests).map(makeCacheTest));
  return retried(tests);
}

async function retried(tests: PublicTest[]): Promise<Outcome[]> {
  // On a busy machine a lifetime of two seconds may run out under a test: what failed in a crowd is asked once more.
  const failed = tests.filter(({ id }) => testResults[id] !== true);
  for (const { id } of failed) delete testResults[id];
  await Promise.all(structuredClone(failed).map(makeCacheTest));
  return tests.map(outcomeOf);
}

function isForUs(test: PublicTest): boolean {
  return test.browser_only !== true;
}

function outcomeOf({ id, name, kind = 'required' }: PublicTest): Outcome {
  const result = testResults[id];
  const failure = result === true ? undefined : (result?.join(': ') ?? 'was not run');
  return { id, name, kind, failure };
}

/**
 * What the suite's client calls `fetch`. Not Node's own, which is a browser's: it adds `Cache-Control` to conditional
 * requests, follows redirections and keeps some fields for itself. Sends what it is told and nothing else.
 */
function fetchPlainly(url: string, { method = 'GET', headers = [], body }: Init = {}): Promise<PlainResponse> {
  return new Promise((resolve, reject) => {
    const fields = headers.flatMap(([name, value]) => [name, String(value)]);
    const { host } = new URL(url);
    const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))];
    const sent = send(url, { method, headers: ['Host', host, ...fields, ...length], agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const answered = new Headers();
        const { rawHeaders: raw, statusCode = 0, statusMessage = '' } = response;
        for (let at = 0; at < raw.length; at += 2) answered.append(raw[at] ?? '', raw[at + 1] ?? '');
        const text = Buffer.concat(chunks).toString();
        resolve({ status: statusCode, statusText: statusMessage, headers: answered, text: async () => text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

interface Init {
  readonly method?: string;
  readonly headers?: readonly (readonly [string, string | number])[];
  readonly body?: string;
}

interface PlainResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  text(): Promise<string>;
}
