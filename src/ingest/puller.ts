import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, type FaultCode } from '../kernel/errors.ts';
import type { Job } from '../queue/queue.ts';
import { WORK } from '../queue/signals.ts';
import { fetchSource } from './fetch-source.ts';
import { arrivalFile, type Intake } from './intake.ts';
import type { IngestParts } from './parts.ts';

export const PULL_KIND = 'pull';

/** Two at once: one slow source must not hold up everybody, and more would only share the same line. */
const PULLS_AT_ONCE = 2;
const LOOK_AGAIN_MS = 2_000;
const PRIORITY_PULL = 500;

/** Failures that another attempt cannot mend. */
const FINAL: ReadonlySet<FaultCode> = new Set(['PULL_URL_INVALID', 'PULL_ADDRESS_REFUSED', 'BODY_TOO_LARGE']);

/** Fetches sources from URLs as durable work: a pull that a crash interrupted is taken up again. */
export class Puller {
  readonly #parts: IngestParts;
  readonly #intake: Intake;
  readonly #name: string;
  readonly #running = new Map<string, AbortController>();
  #stop = new AbortController();
  #loops: Promise<unknown> | undefined;

  /** `name` is this process's in the queue: what it held when it died is freed at once. */
  constructor(parts: IngestParts, intake: Intake, name: string) {
    this.#parts = parts;
    this.#intake = intake;
    this.#name = name;
  }

  async start(): Promise<void> {
    await this.#parts.queue.releaseAll(this.#name);
    this.#stop = new AbortController();
    this.#loops = Promise.all(Array.from({ length: PULLS_AT_ONCE }, () => this.#loop()));
  }

  /** Hands back what is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loops;
  }

  async add(assetId: string, url: string): Promise<void> {
    const work = { lanes: [], firstSegment: 0, endSegment: 0, priority: PRIORITY_PULL };
    await this.#parts.queue.add([{ kind: PULL_KIND, subject: assetId, payload: { url }, ...work }]);
  }

  /** Ends the pull of an asset that is gone, and drops what it fetched. */
  async drop(assetId: string): Promise<void> {
    this.#running.get(assetId)?.abort();
    await this.#dropFile(assetId);
  }

  async #loop(): Promise<void> {
    const { queue, signals, log } = this.#parts;
    const stop = this.#stop.signal;
    while (!stop.aborted) {
      const more = signals.next(WORK, LOOK_AGAIN_MS, stop);
      try {
        const job = await queue.lease(this.#name, [PULL_KIND]);
        if (job) await this.#run(job);
        else await more;
      } catch (cause) {
        log.error({ err: cause }, 'the puller could not work');
        await more;
      }
    }
  }

  async #run(job: Job): Promise<void> {
    const { queue, assets, log } = this.#parts;
    const assetId = job.subject;
    const lost = new AbortController();
    const heart = setInterval(() => this.#keep(job, lost), this.#parts.settings.leaseMs / 3);
    this.#running.set(assetId, lost);
    try {
      if (queue.isSpent(job)) throw new Fault('PULL_FAILED');
      if ((await assets.find(assetId))?.arriving) await this.#pull(job, lost.signal);
      await queue.complete(job);
    } catch (cause) {
      if (this.#stop.signal.aborted) await queue.release(job);
      else if (lost.signal.aborted) log.info({ assetId }, 'pull was taken away');
      else if (Fault.from(cause).code === 'UNAVAILABLE') await queue.release(job);
      else await this.#failed(job, Fault.from(cause));
    } finally {
      clearInterval(heart);
      this.#running.delete(assetId);
      // Deleted while its bytes arrived: the last of them came after the folder was swept.
      if (!(await assets.find(assetId))) await this.#dropFile(assetId);
    }
  }

  async #pull(job: Job, lost: AbortSignal): Promise<void> {
    const assetId = job.subject;
    const { url } = job.payload as { url: string };
    const { uploadMaxBytes, pullAllowPrivate, pullIdleMs } = this.#parts.settings;
    const file = await arrivalFile(this.#folder, assetId);
    await fetchSource(url, file, {
      allowPrivate: pullAllowPrivate,
      maxBytes: uploadMaxBytes,
      idleMs: pullIdleMs,
      stop: AbortSignal.any([this.#stop.signal, lost]),
      onProgress: (received, size) => this.#intake.progress(assetId, received, size),
    });
    await this.#intake.finishPatiently(assetId, file, AbortSignal.any([this.#stop.signal, lost]));
  }

  async #failed(job: Job, fault: Fault): Promise<void> {
    const { queue, log } = this.#parts;
    log.warn({ assetId: job.subject, attempt: job.attempt, code: fault.code, err: fault.cause }, 'pull failed');
    const final = FINAL.has(fault.code) || fault.detail.final === true;
    if (!final && (await queue.fail(job)) !== 'dead') return;
    await this.#dropFile(job.subject);
    const code = fault.code === 'INTERNAL' ? 'PULL_FAILED' : fault.code;
    await this.#intake.fail(job.subject, code, code === fault.code ? fault.message : undefined);
    await queue.cancel(job.subject);
  }

  async #keep(job: Job, lost: AbortController): Promise<void> {
    try {
      if (!(await this.#parts.queue.extend(job))) lost.abort();
    } catch (cause) {
      // The lease may still hold; the next beat tells.
      this.#parts.log.warn({ err: cause }, 'a pull could not extend its lease');
    }
  }

  get #folder(): string {
    return join(this.#parts.folder, 'pulls');
  }

  async #dropFile(assetId: string): Promise<void> {
    await rm(join(this.#folder, assetId), { force: true });
    await rm(join(this.#folder, `${assetId}.etag`), { force: true });
  }
}
