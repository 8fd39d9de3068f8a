import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Duplex } from 'node:stream';
import { Fault } from '../kernel/errors.ts';
import type { FieldList } from '../kernel/http/fields.ts';

export interface SwitchTimes {
  readonly originConnectMs: number;
  readonly originFirstByteMs: number;
}

export interface SwitchRequest {
  readonly url: URL;
  /** Path and query, sent as they are. */
  readonly target: string;
  /** `Connection` and `Upgrade` among them. */
  readonly fields: FieldList;
  /** The name that TLS asks for and checks, where it is not that of the URL. */
  readonly serverName?: string | undefined;
}

/** What the origin says to a request to switch protocols. */
export type SwitchAnswer =
  | { readonly switched: true; readonly fields: FieldList; readonly socket: Duplex; readonly head: Buffer }
  | { readonly switched: false; readonly status: number; readonly fields: FieldList; readonly body: Buffer };

/** Of a refusal; more of it is not worth carrying. */
const MAX_REFUSAL_BYTES = 65_536;

/** One request on a connection of its own, since what becomes of it is no HTTP any more. */
export class SwitchCall {
  readonly answer: Promise<SwitchAnswer>;
  readonly #call: ClientRequest;
  #overdue: NodeJS.Timeout;

  /** `answer` rejects with a Fault ORIGIN_… */
  constructor({ url, target, fields, serverName }: SwitchRequest, times: SwitchTimes) {
    const { promise, resolve, reject } = Promise.withResolvers<SwitchAnswer>();
    this.answer = promise.finally(() => clearTimeout(this.#overdue));
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const { hostname, port } = url;
    const bare = hostname.replace(/^\[|\]$/g, '');
    const named = serverName === undefined ? {} : { servername: serverName };
    const to = { hostname: bare, port, path: target, ...named };
    this.#call = send({ ...to, headers: fields, agent: false, setDefaultHeaders: false });
    const late = () => this.#call.destroy(new Fault('ORIGIN_TIMEOUT'));
    this.#overdue = setTimeout(late, times.originConnectMs);
    this.#call.on('socket', (socket) => {
      socket.once('connect', () => {
        clearTimeout(this.#overdue);
        this.#overdue = setTimeout(late, times.originFirstByteMs);
      });
    });
    this.#call.on('upgrade', (response, socket, head) => {
      if (response.statusCode !== 101) reject(new Fault('ORIGIN_INVALID', { detail: { status: response.statusCode } }));
      else resolve({ switched: true, fields: response.rawHeaders, socket, head });
    });
    this.#call.on('response', (response) => resolve(refusal(response)));
    this.#call.on('error', (cause) =>
      reject(cause instanceof Fault ? cause : new Fault('ORIGIN_UNREACHABLE', { cause })),
    );
    this.#call.end();
  }

  abort(): void {
    this.#call.destroy(new Fault('VIEWER_GONE'));
  }
}

async function refusal(response: IncomingMessage): Promise<SwitchAnswer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_REFUSAL_BYTES) break;
    chunks.push(chunk);
  }
  const { statusCode = 502, rawHeaders } = response;
  return { switched: false, status: statusCode, fields: rawHeaders, body: Buffer.concat(chunks) };
}

/** For the way back once one way has ended. */
const LINGER_MS = 5_000;
/** How often in the idle time the two ends are looked at: a clock wound up by every byte would cost more than carrying it. */
const LOOKS = 2;

/**
 * Carries bytes both ways, each way at the speed of who takes them, until one side ends or nothing has moved for the idle
 * time. Resolves when both are gone, with how many bytes went to the viewer.
 */
export async function carry(viewer: Duplex, origin: Duplex, idleMs: number): Promise<number> {
  let toViewer = 0;
  let toOrigin = 0;
  viewer.on('data', (chunk: Buffer) => {
    toOrigin += chunk.length;
  });
  origin.on('data', (chunk: Buffer) => {
    toViewer += chunk.length;
  });
  let before = -1;
  let still = 0;
  const watch = setInterval(() => {
    still = toViewer + toOrigin === before ? still + 1 : 0;
    before = toViewer + toOrigin;
    if (still < LOOKS) return;
    viewer.destroy();
    origin.destroy();
  }, idleMs / LOOKS);
  viewer.pipe(origin);
  origin.pipe(viewer);
  await Promise.all([gone(viewer, origin), gone(origin, viewer)]);
  clearInterval(watch);
  return toViewer;
}

function gone(end: Duplex, other: Duplex): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  end.on('error', () => other.destroy());
  // One that says no more may still listen to the rest of what the other says, but not for ever.
  end.on('end', () => {
    const overdue = setTimeout(() => end.destroy(), LINGER_MS);
    end.on('close', () => clearTimeout(overdue));
  });
  end.on('close', () => {
    // What this side has sent may still stand in the other's way out.
    if (!other.writableEnded) other.end();
    resolve();
  });
  return promise;
}
