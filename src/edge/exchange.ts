import type { Credential } from '../kernel/access/credential.ts';
import type { Grant } from '../kernel/access/proof.ts';
import type { RefusalCode } from '../kernel/access/refusal.ts';
import type { Fault, FaultCode } from '../kernel/errors.ts';
import type { FilmObject } from '../kernel/film/paths.ts';
import type { UnstorableReason } from '../kernel/http/storable.ts';
import type { CachedObject } from './cache/cached-object.ts';
import type { DiskObject } from './cache/disk/disk-object.ts';
import type { Fill, FillReader } from './cache/fill.ts';
import type { Beginning } from './cache/partial-object.ts';
import type { PhaseTable } from './drive.ts';
import type { LiveAsk } from './live/live-ask.ts';
import type { ErrorPage } from './phases/error-page.ts';
import type { Peer, PreparedFields, Upgrade, ViewerRequest, ViewerResponse } from './viewer.ts';

/** The steps of a request, in the order of a miss; `refuse` is entered from any of them, `settle` always comes last. */
export type Step =
  | 'receive'
  | 'route'
  | 'authorize'
  | 'lookup'
  | 'tunnel'
  | 'channel'
  | 'join'
  | 'fetch'
  | 'admit'
  | 'shape'
  | 'deliver'
  | 'refuse'
  | 'settle';

/** What the cache did: `bypass` when it had no part in the answer. */
export type Verdict = 'hit' | 'collapsed' | 'miss' | 'stale' | 'revalidated' | 'bypass';

/** Why it did that: one word for header, fact, metric and test. */
export type Reason =
  | UnstorableReason
  | 'fresh'
  | 'absent'
  | 'variant-absent'
  | 'expired'
  | 'while-revalidating'
  | 'origin-failed'
  | 'not-modified'
  | 'followed'
  | 'head'
  | 'known-uncacheable'
  | 'caching-disabled'
  | 'asked-anew'
  | 'precondition'
  | 'asked-no-store'
  | 'asked-stale'
  | 'too-large'
  | 'no-room'
  | 'answered-here'
  | 'tunnelled'
  | 'refused';

/** One record an exchange: access log, metrics and reports are views of it. Never holds a signature or a token. */
export interface Fact {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly receivedAtMs: number;
  /** The viewer's address. */
  readonly ip: string;
  /** `1.0`, `1.1` or `2.0`. */
  readonly httpVersion: string;
  readonly method: string;
  /** Bare path, without query or token. */
  readonly path: string;
  readonly status: number;
  readonly verdict: Verdict;
  readonly reason: Reason;
  /** Body bytes handed to the viewer's connection. */
  readonly bytesSent: number;
  readonly durationMs: number;
  /** Undefined when nothing was sent. */
  readonly firstByteMs: number | undefined;
  readonly trail: readonly Step[];
  readonly faultCode?: FaultCode;
  /** Its answer was one that the origin may hold back, so how long it took tells nothing of how fast anybody is. */
  readonly held?: true;
  /** Host and port of the origin that gave the answer, where one was asked. */
  readonly origin?: string;
}

/** A body that is still arriving: bytes from `start` to before `end`, or to wherever it ends. */
export interface FillBody {
  readonly reader: FillReader;
  readonly start: number;
  readonly end: number | undefined;
}

/** A part of a body that stays on disk: bytes from `start` to before `end`. */
export interface DiskBody {
  readonly object: DiskObject;
  readonly start: number;
  readonly end: number;
}

/** What is to be sent: decided by shape or refuse, sent by deliver. */
export interface Reply {
  readonly status: number;
  /** Flat list for `writeHead`. */
  readonly fields: string[];
  /** The same fields, where other viewers get them too. */
  readonly prepared?: PreparedFields;
  /** Text stands for one byte a character. */
  readonly body: Buffer | string | FillBody | DiskBody | undefined;
}

const NOTHING: ReadonlyMap<string, string> = new Map();

/** One viewer's request on its way through the edge. Phases write to it, in their order; nobody else does. */
export class Exchange {
  readonly id: string;
  readonly request: ViewerRequest;
  readonly response: ViewerResponse;
  readonly peer: Peer;
  /** The viewer asks to switch protocols. */
  readonly upgrade: Upgrade | undefined;
  readonly receivedAtMs: number;
  /** For durations; from the monotonic clock. */
  readonly startedAt: number;
  readonly method: string;
  readonly trail: Step[] = [];

  // receive
  /** Path and query as sent. */
  target: string;
  host = '';
  /** The viewer's address: the peer's, or what trusted proxies say. */
  ip = '';
  /** The viewer's scheme by the word of a trusted proxy. */
  toldScheme: 'http' | 'https' | undefined;

  /** Asked for by an edge of the fleet, which has let its viewer in and asks for everybody. */
  fromEdge = false;

  // route
  /** What its steps are done by from here on: those of the behaviour that it falls under. */
  phases: PhaseTable;
  /** The path of what stands for the root, where the viewer asked for that. */
  rootObject: string | undefined;
  /** The bare path, for keys, facts and logs. */
  path = '';
  /** The resource's own key. */
  resource = '';
  /** The key its answer is stored under: the same, or that of a variant; of a part, the key of its fill. */
  key = '';
  /** The part that the origin is asked for, where it is not asked for the whole. */
  part: string | undefined;
  /** What is in hand of the whole, so that the origin need only send the rest. */
  beginning: Beginning | undefined;
  /** What the edge tells the origin of the viewer, by lower-case names of `CloudFront-*` fields. */
  told: ReadonlyMap<string, string> = NOTHING;
  /** What is sent instead of an error. */
  page: ErrorPage | undefined;
  film: FilmObject | undefined;
  live: LiveAsk | undefined;
  credential: Credential | undefined;
  /** The viewer's own query, without what belongs to a grant. */
  query = '';

  // authorize
  grant: Grant | undefined;
  refusalCode: RefusalCode | undefined;

  // lookup, join, fetch, admit
  verdict: Verdict = 'bypass';
  reason: Reason = 'answered-here';
  object: CachedObject | undefined;
  /** A fresh copy whose body stays on disk. */
  onDisk: DiskObject | undefined;
  /** Looked for on disk so often, and what was brought from there. */
  seeks = 0;
  brought: CachedObject | undefined;
  /** An older copy, for revalidation and for an origin that fails. */
  stale: CachedObject | undefined;
  fill: Fill | undefined;
  /** Who answered, where it was not by a fill. */
  origin: string | undefined;
  reader: FillReader | undefined;
  /** Words before an answer that were passed on. */
  interims = 0;
  /** Started the fill it reads. */
  leads = false;
  /** Fetches for itself, past the cache. */
  alone = false;
  /** Fills joined so far: after the second failure there is no third. */
  joins = 0;
  /** What ended the fill it followed; told to the viewer when there is no other. */
  setback: Fault | undefined;

  // shape, deliver, refuse
  /** An operator's, who is told more than viewers are. */
  debugged = false;
  reply: Reply | undefined;
  fault: Fault | undefined;
  bytesSent = 0;
  firstByteAt: number | undefined;
  /** What was said last on its connection is 101, and not by us. */
  switched = false;
  /** The viewer's connection is gone. */
  gone = false;
  #onGone: (() => void) | undefined;
  #onClosed: (() => void) | undefined;

  constructor(
    id: string,
    phases: PhaseTable,
    request: ViewerRequest,
    response: ViewerResponse,
    peer: Peer,
    nowMs: number,
    upgrade?: Upgrade,
  ) {
    this.id = id;
    this.phases = phases;
    this.request = request;
    this.response = response;
    this.peer = peer;
    this.upgrade = upgrade;
    this.receivedAtMs = nowMs;
    this.startedAt = performance.now();
    this.method = request.method ?? 'GET';
    this.target = request.url ?? '/';
  }

  get hasBody(): boolean {
    const { headers, bringsBody } = this.request;
    if (bringsBody !== undefined) return bringsBody;
    const { 'content-length': length, 'transfer-encoding': coding } = headers;
    return coding !== undefined || (length !== undefined && length !== '0');
  }

  /** From here on it is as if this field had not come. Never in place: a connection's next request may share the fields. */
  withhold(name: string): void {
    this.request.headers = { ...this.request.headers, [name]: undefined };
  }

  get headSent(): boolean {
    return this.switched || this.response.headersSent;
  }

  /** Calls back when the viewer leaves, at once if it has. One callback at a time: an exchange waits for one thing. */
  onGone(listener: (() => void) | undefined): void {
    this.#onGone = listener;
    if (this.gone) listener?.();
  }

  /** The response is over: finished, or its connection gone. */
  close(): void {
    if (!this.response.writableFinished) {
      this.gone = true;
      this.#onGone?.();
    }
    this.#onClosed?.();
  }

  /** Calls back when the response is over, at once if it is. */
  onClosed(listener: () => void): void {
    if (this.response.closed || this.gone) listener();
    else this.#onClosed = listener;
  }
}
