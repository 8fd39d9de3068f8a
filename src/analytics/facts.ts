import type { LineFile } from '../config/log.ts';

/** What the edge tells of one exchange, as far as it is counted and logged here. */
export interface ExchangeFact {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly receivedAtMs: number;
  /** The viewer's address. */
  readonly ip: string;
  readonly httpVersion: string;
  readonly method: string;
  /** Without query or token. */
  readonly path: string;
  readonly status: number;
  readonly verdict: string;
  readonly reason: string;
  readonly bytesSent: number;
  readonly durationMs: number;
  readonly firstByteMs: number | undefined;
  readonly faultCode?: string;
  /** Its answer may have been held back: how long it took is no measure of anything. */
  readonly held?: true;
  /** Host and port. */
  readonly origin?: string;
}

/** What numbers are reported to; each series is looked up once and then called. */
interface Series {
  counter(
    name: 'edge_requests' | 'edge_bytes',
    labels: Readonly<Record<string, string | number>>,
  ): (by: number) => void;
  histogram(name: 'edge_first_byte_seconds', labels: Readonly<Record<string, string>>): (value: number) => void;
}

/** The numbers that facts of one verdict and status add to. */
interface Outcome {
  readonly status: number;
  readonly countRequests: (by: number) => void;
  readonly countBytes: (by: number) => void;
  readonly observeSeconds: (value: number) => void;
}

/** Every exchange yields one fact; metrics and the access log are two views of it. */
export class FactViews {
  readonly #metrics: Series;
  readonly #accessLog: LineFile | undefined;
  /** By verdict, then status: there are some tens of them. */
  readonly #outcomes = new Map<string, Outcome[]>();

  constructor(metrics: Series, accessLog: LineFile | undefined) {
    this.#metrics = metrics;
    this.#accessLog = accessLog;
  }

  record(fact: ExchangeFact): void {
    const outcome = this.#find(fact.verdict, fact.status);
    outcome.countRequests(1);
    outcome.countBytes(fact.bytesSent);
    if (fact.firstByteMs !== undefined && !fact.held) outcome.observeSeconds(fact.firstByteMs / 1000);
    this.#accessLog?.write(`${accessLine(fact)}\n`);
  }

  #find(verdict: string, status: number): Outcome {
    const ofVerdict = this.#outcomes.get(verdict) ?? [];
    const known = ofVerdict.find((each) => each.status === status);
    if (known) return known;
    const outcome = {
      status,
      countRequests: this.#metrics.counter('edge_requests', { verdict, status }),
      countBytes: this.#metrics.counter('edge_bytes', { verdict }),
      observeSeconds: this.#metrics.histogram('edge_first_byte_seconds', { verdict }),
    };
    this.#outcomes.set(verdict, [...ofVerdict, outcome]);
    return outcome;
  }
}

/** The fact as one JSON line; times in whole microseconds, since a hit takes some tens of them. */
export function accessLine(fact: ExchangeFact): string {
  const { id, ip, httpVersion, method, path, status, verdict, reason, firstByteMs, faultCode, origin } = fact;
  const firstByte = firstByteMs === undefined ? '' : `,"firstByteUs":${Math.round(firstByteMs * 1000)}`;
  const fault = faultCode === undefined ? '' : `,"fault":"${faultCode}"`;
  const held = fact.held ? ',"held":true' : '';
  const from = origin === undefined ? '' : `,"origin":"${origin}"`;
  // Written out, since making an object only to print it took longer than answering a hit; of these only the path is
  // text that a viewer chose.
  return `{"time":"${isoTime(fact.receivedAtMs)}","id":"${id}","ip":"${ip}","http":"${httpVersion}","method":"${method}","path":${quote(path)},"status":${status},"verdict":"${verdict}","reason":"${reason}","bytes":${fact.bytesSent},"durationUs":${Math.round(fact.durationMs * 1000)}${firstByte}${held}${fault}${from}}`;
}

/** Characters that JSON takes as they are, as far as honest paths use them. */
const PLAIN = /^[\w\-./~%=&?+,:;@!$'()*]*$/;

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

let second = Number.NaN;
let secondText = '';

/** As `toISOString` prints it, worked out once a second. */
function isoTime(ms: number): string {
  const current = Math.floor(ms / 1000);
  if (current !== second) {
    second = current;
    secondText = new Date(current * 1000).toISOString().slice(0, -'000Z'.length);
  }
  return `${secondText}${String(ms - current * 1000).padStart(3, '0')}Z`;
}
