/** The parts of the public suite that are used here; the package is plain JavaScript and brings no types. */
declare module 'http-cache-tests/tests/index.mjs' {
  export interface PublicTest {
    readonly id: string;
    readonly name: string;
    /**
     * `required`, also where it says nothing: the specification asks for it. `optimal`: it allows it, to a good end.
     * `check`: it is told, not judged.
     */
    readonly kind?: 'required' | 'optimal' | 'check';
    /** Asks for what only a browser's own cache does. */
    readonly browser_only?: boolean;
  }
  export interface Suite {
    readonly tests: readonly PublicTest[];
  }
  const suites: Suite[];
  export default suites;
}
declare module 'http-cache-tests/tests/surrogate-control.mjs' {
  const suite: import('http-cache-tests/tests/index.mjs').Suite;
  export default suite;
}
declare module 'http-cache-tests/client/config.mjs' {
  export function setBaseUrl(url: string): void;
}
declare module 'http-cache-tests/client/runner.mjs' {
  export function runTests(
    suites: readonly import('http-cache-tests/tests/index.mjs').Suite[],
    fetch: unknown,
    useBrowserCache: boolean,
    baseUrl: string,
    atOnce?: number,
  ): Promise<void>;
}
declare module 'http-cache-tests/client/test.mjs' {
  export function makeCacheTest(test: import('http-cache-tests/tests/index.mjs').PublicTest): Promise<void>;
  export const testResults: Record<string, true | [kind: string, message: string]>;
}
declare module 'http-cache-tests/server/*' {
  type Handler = (
    path: string[],
    request: import('node:http').IncomingMessage,
    response: import('node:http').ServerResponse,
  ) => void;
  const handle: Handler;
  export default handle;
}
