import { Readable } from 'node:stream';
import type { EdgeReport } from '../../kernel/edge-feed/report.ts';
import type { Log } from '../../kernel/log.ts';
import type { EdgeSigner } from '../signer.ts';
import type { Upstream } from '../upstream.ts';

export interface ReporterParts {
  readonly control: Upstream;
  readonly signer: EdgeSigner;
  readonly log: Log;
  readonly report: () => EdgeReport;
}

const REPORT_MS = 3_000;
const TARGET = '/v1/edge/report';
/** A control that takes longer has other things to do; the next report says more. */
const TIMEOUT_MS = 5_000;

/** Tells control how the edge is: every few seconds, and at once when there is something that control waits to hear. */
export class Reporter {
  readonly #parts: ReporterParts;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isDue = false;
  #ailing = false;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.due(), REPORT_MS);
    this.due();
  }

  /** One at a time: what becomes due while one is on its way is told by the next. */
  due(): void {
    if (!this.#timer || this.#stopping.signal.aborted) return;
    this.#isDue = true;
    this.#running ??= this.#reportAll().finally(() => {
      this.#running = undefined;
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#running;
  }

  async #reportAll(): Promise<void> {
    while (this.#isDue && !this.#stopping.signal.aborted) {
      this.#isDue = false;
      try {
        await this.#send();
        this.#ailing = false;
      } catch (cause) {
        if (!this.#ailing && !this.#stopping.signal.aborted)
          this.#parts.log.warn({ err: cause }, 'control could not be told how this edge is');
        this.#ailing = true;
      }
    }
  }

  async #send(): Promise<void> {
    const { control, signer, report } = this.#parts;
    const body = JSON.stringify(report());
    const fields = [
      ...signer.fields('POST', TARGET),
      'Content-Type',
      'application/json',
      'Content-Length',
      `${Buffer.byteLength(body)}`,
    ];
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const { head } = await control.text(
      { method: 'POST', target: TARGET, fields, body: Readable.from([body]) },
      signal,
    );
    if (head.status >= 300) throw new Error(`control answered ${head.status}`);
  }
}
