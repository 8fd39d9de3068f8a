import type { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import { Fault, type FaultCode } from '../kernel/errors.ts';
import type { FieldList, ResponseHead } from '../kernel/http/fields.ts';

export interface UpstreamTimes {
  readonly originConnectMs: number;
  /** How often a connection is tried before the request counts as failed. */
  readonly originConnectAttempts: number;
  readonly originFirstByteMs: number;
  readonly originIdleMs: number;
  /** How long a connection that nobody uses is kept; undici's own time where it is not given. */
  readonly originKeepAliveMs?: number;
}

/** How long the head of an answer is waited for, where that is not as long as for all others. */
export interface Wait {
  readonly ms: number;
  /** It is held until there is something to tell, so it goes over connections of its own. */
  readonly mayBeHeld: boolean;
}

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, sent as they are. */
  readonly target: string;
  readonly fields: FieldList;
  readonly body?: Readable | undefined;
  readonly wait?: Wait | undefined;
  /** The name that TLS asks for and checks, where it is not that of the `Host` field. */
  readonly serverName?: string | undefined;
}

/** Where an answer goes. Calls come in the order head, data…, end; `fail` may come at any point and is the last. */
export interface UpstreamSink {
  /** A word before the answer, such as 103: any number of them, before `head`. */
  interim?(head: ResponseHead): void;
  head(head: ResponseHead): void;
  /** False asks the origin to pause until `resume`. */
  data(chunk: Buffer): boolean;
  end(): void;
  fail(fault: Fault): void;
}

export interface UpstreamCall {
  /** False while it waits for a connection, which says nothing about the server. */
  readonly begun?: boolean;
  /** Who gave the answer, where several could have. */
  readonly origin?: string | undefined;
  resume(): void;
  abort(): void;
}

/** A whole small answer. */
export interface UpstreamText {
  readonly head: ResponseHead;
  readonly text: string;
}

type Controller = Dispatcher.DispatchController;

const MAX_HEADER_BYTES = 32_768;
const MAX_CONNECTIONS = 256;
/** Each held request has one to itself (HTTP/1.1): renditions of all streams, times the states that viewers wait for. */
const MAX_HELD_CONNECTIONS = 4_096;
const SMALL_ANSWER_BYTES = 4_194_304;
/** RFC 9110 section 9.2.1: sent twice, or to two servers, these do no more than sent once. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Between two attempts to connect, times the attempts so far: a server that starts anew is back in a moment. */
const CONNECT_PAUSE_MS = 100;

/** Whether a request may be sent again, here or elsewhere. A body is gone once it was sent. */
export function mayRepeat({ method, body }: Pick<UpstreamRequest, 'method' | 'body'>): boolean {
  return SAFE.has(method) && !body;
}

/** Connections to one server, and the only door to undici. */
export class Upstream {
  readonly url: URL;
  readonly #pool: Pool;
  readonly #fresh: Pool;
  /** A body is sent at its viewer's speed, and as many of them as there are connections shall not keep everybody else out. */
  readonly #uploads: Pool;
  /** What is held must keep nobody from what is there. */
  readonly #held: { readonly kept: Pool; readonly fresh: Pool };
  readonly #connectAttempts: number;

  constructor(url: string, times: UpstreamTimes) {
    this.url = new URL(url);
    this.#connectAttempts = times.originConnectAttempts;
    const options = {
      connect: { timeout: times.originConnectMs },
      headersTimeout: times.originFirstByteMs,
      bodyTimeout: times.originIdleMs,
      ...(times.originKeepAliveMs === undefined ? {} : { keepAliveTimeout: times.originKeepAliveMs }),
      maxHeaderSize: MAX_HEADER_BYTES,
      connections: MAX_CONNECTIONS,
    };
    this.#pool = new Pool(this.url.origin, options);
    // A kept connection may have died unseen; what failed on one is tried again on one that was never used.
    this.#fresh = new Pool(this.url.origin, { ...options, pipelining: 0 });
    this.#uploads = new Pool(this.url.origin, options);
    const held = { ...options, connections: MAX_HELD_CONNECTIONS };
    this.#held = {
      kept: new Pool(this.url.origin, held),
      fresh: new Pool(this.url.origin, { ...held, pipelining: 0 }),
    };
  }

  /**
   * Sends a request. Where repeating does no harm, a connection that does not come about is tried again some times, and
   * one that breaks before any answer is replaced once.
   */
  send(request: UpstreamRequest, sink: UpstreamSink): UpstreamCall {
    const kept = request.body ? this.#uploads : this.#pool;
    const pools = request.wait?.mayBeHeld ? this.#held : { kept, fresh: this.#fresh };
    const call = new Call(request, sink, pools, this.#connectAttempts);
    call.dispatch();
    return call;
  }

  /** Sends a request and collects the answer. @throws Fault ORIGIN_… */
  text(request: UpstreamRequest, signal?: AbortSignal): Promise<UpstreamText> {
    return collected((sink) => this.send(request, sink), signal);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
  }

  /** When nothing is asked any more. */
  async retire(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.close()));
  }

  get #pools(): Pool[] {
    return [this.#pool, this.#fresh, this.#uploads, this.#held.kept, this.#held.fresh];
  }
}

/** Sends by the function given and collects the whole of a small answer. @throws Fault ORIGIN_… */
export function collected(send: (sink: UpstreamSink) => UpstreamCall, signal?: AbortSignal): Promise<UpstreamText> {
  return new Promise((resolve, reject) => {
    const call = send(new Collector(resolve, reject));
    const giveUp = () => {
      call.abort();
      // What waits for a connection hears of it only then.
      if (call.begun === false) reject(new Fault('ORIGIN_TIMEOUT'));
    };
    signal?.addEventListener('abort', giveUp, { once: true });
  });
}

class Call implements UpstreamCall, Dispatcher.DispatchHandler {
  readonly #request: UpstreamRequest;
  readonly #sink: UpstreamSink;
  readonly #pools: { readonly kept: Pool; readonly fresh: Pool };
  readonly #connectAttempts: number;
  #failedConnects = 0;
  /** A connection broke under it, so the next is one that was never used. */
  #broken = false;
  #pause: NodeJS.Timeout | undefined;
  #controller: Controller | undefined;
  #answered = false;
  #aborted = false;

  constructor(
    request: UpstreamRequest,
    sink: UpstreamSink,
    pools: { readonly kept: Pool; readonly fresh: Pool },
    connectAttempts: number,
  ) {
    this.#request = request;
    this.#sink = sink;
    this.#pools = pools;
    this.#connectAttempts = connectAttempts;
  }

  dispatch(): void {
    const { method, target, fields, body, serverName, wait } = this.#request;
    const pool = this.#broken ? this.#pools.fresh : this.#pools.kept;
    // undici takes the name for TLS with the request, though its types do not tell.
    const sent = { method, path: target, headers: [...fields], body: body ?? null, servername: serverName };
    pool.dispatch(wait ? { ...sent, headersTimeout: wait.ms } : sent, this);
  }

  get begun(): boolean {
    return this.#controller !== undefined;
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    this.#aborted = true;
    const cause = new Error('nobody is waiting for this answer');
    if (this.#pause === undefined) this.#controller?.abort(cause);
    else {
      clearTimeout(this.#pause);
      this.onResponseError(undefined, cause);
    }
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#aborted) this.abort();
  }

  onResponseStart(controller: Controller, status: number): void {
    // 102, 103: the answer proper is still to come.
    if (status < 200) {
      this.#sink.interim?.({ status, fields: rawFields(controller) });
      return;
    }
    this.#answered = true;
    this.#sink.head({ status, fields: rawFields(controller) });
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (!this.#sink.data(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#sink.end();
  }

  onResponseError(_controller: unknown, cause: Error): void {
    this.#pause = undefined;
    if (this.#answered || this.#aborted || !mayRepeat(this.#request)) this.#fail(cause);
    else if (NEVER_CONNECTED.has(codeOf(cause))) this.#connectAgain(cause);
    else if (BROKEN.has(codeOf(cause)) && !this.#broken) {
      this.#broken = true;
      this.dispatch();
    } else this.#fail(cause);
  }

  #connectAgain(cause: Error): void {
    this.#failedConnects += 1;
    if (this.#failedConnects >= this.#connectAttempts) {
      this.#fail(cause);
      return;
    }
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.dispatch();
    }, this.#failedConnects * CONNECT_PAUSE_MS);
  }

  #fail(cause: Error): void {
    this.#sink.fail(faultOf(cause, this.#answered));
  }
}

class Collector implements UpstreamSink {
  readonly #resolve: (answer: UpstreamText) => void;
  readonly #reject: (fault: Fault) => void;
  #head: ResponseHead = { status: 0, fields: [] };
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(resolve: (answer: UpstreamText) => void, reject: (fault: Fault) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  head(head: ResponseHead): void {
    this.#head = head;
  }

  data(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > SMALL_ANSWER_BYTES) this.fail(new Fault('ORIGIN_INVALID', { detail: { bytes: this.#bytes } }));
    else this.#chunks.push(chunk);
    return true;
  }

  end(): void {
    this.#resolve({ head: this.#head, text: Buffer.concat(this.#chunks).toString('utf8') });
  }

  fail(fault: Fault): void {
    this.#chunks = [];
    this.#reject(fault);
  }
}

/** A connection that ended under a request: the server may simply have closed an idle one at that moment. */
const BROKEN: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Nothing was ever sent: whoever listens there, or its network, was not there. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EAI_AGAIN',
]);

const FAULT_OF: Readonly<Record<string, FaultCode>> = {
  UND_ERR_CONNECT_TIMEOUT: 'ORIGIN_TIMEOUT',
  UND_ERR_HEADERS_TIMEOUT: 'ORIGIN_TIMEOUT',
  UND_ERR_BODY_TIMEOUT: 'ORIGIN_TIMEOUT',
  ETIMEDOUT: 'ORIGIN_TIMEOUT',
  UND_ERR_HEADERS_OVERFLOW: 'ORIGIN_INVALID',
  UND_ERR_INVALID_ARG: 'INVALID_REQUEST',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'INVALID_REQUEST',
};

function faultOf(cause: Error, answered: boolean): Fault {
  // Of the body that was to be sent.
  if (cause instanceof Fault) return cause;
  const code = codeOf(cause);
  const broken = answered ? 'ORIGIN_TRUNCATED' : 'ORIGIN_UNREACHABLE';
  const known = code.startsWith('HPE_') ? 'ORIGIN_INVALID' : (FAULT_OF[code] ?? broken);
  return new Fault(known, { cause, detail: { code } });
}

function codeOf(cause: Error): string {
  const { code } = cause as { code?: unknown };
  return typeof code === 'string' ? code : cause.name;
}

/** Names and values as they came, one byte a character, as node writes them again. */
function rawFields({ rawHeaders }: Controller): string[] {
  if (!Array.isArray(rawHeaders)) return [];
  return rawHeaders.map((text: Buffer | string) => (typeof text === 'string' ? text : text.toString('latin1')));
}
