import type { Asset } from '../../database/assets.ts';
import type { LiveMoment } from '../../database/live-stream-rows.ts';
import type { AttemptResult, DeliveryRepository, Happening, Parcel } from '../../database/webhook-deliveries.ts';
import type { WebhookRepository } from '../../database/webhooks.ts';
import type { FaultCode } from '../../kernel/errors.ts';
import { type Job, LOST_ATTEMPTS, type Queue } from '../../queue/queue.ts';
import { WORK } from '../../queue/signals.ts';
import { Dispatcher, type DispatcherParts } from './dispatcher.ts';
import { deliveryIdOf, WEBHOOK_KIND } from './jobs.ts';
import { DELIVERY_ATTEMPTS, retryPauseMs } from './retry.ts';
import { sendOnce } from './send.ts';
import { signWebhook } from './signature.ts';

export interface CourierParts extends DispatcherParts {
  readonly deliveries: DeliveryRepository;
  readonly webhooks: Pick<WebhookRepository, 'edit'>;
  readonly queue: Queue;
  /** An asset as the API shows it. */
  readonly view: (asset: Asset) => unknown;
  /** The same of what happened to a live stream. */
  readonly viewLive: (moment: LiveMoment) => unknown;
  readonly settings: {
    readonly webhookAllowPrivate: boolean;
    readonly webhookTimeoutMs: number;
    readonly leaseMs: number;
  };
}

const AT_ONCE = 16;
/** An endpoint that answers slowly must not hold up the others. */
const AT_ONCE_AN_ENDPOINT = 2;
const LOOK_AGAIN_MS = 2_000;
/** How long attempts under way may take at a stop: cut off, an endpoint that has the event would get it again. */
const GRACE_MS = 2_000;
/** RFC 9110 section 15.5.11: this endpoint is gone and asks not to be called again. */
const GONE = 410;

/** Carries events to their endpoints as durable work: what a crash or a dead receiver interrupts is tried again. */
export class Courier {
  readonly #parts: CourierParts;
  readonly #name: string;
  readonly #dispatcher: Dispatcher;
  readonly #running = new Map<string, { readonly endpoint: string; readonly done: Promise<void> }>();
  #stop = new AbortController();
  /** Ends attempts under way. */
  #cut = new AbortController();
  #loop: Promise<void> | undefined;

  /** `name` is this process's in the queue: what it held when it died is freed at once. */
  constructor(parts: CourierParts, name: string) {
    this.#parts = parts;
    this.#name = name;
    this.#dispatcher = new Dispatcher(parts);
  }

  async start(): Promise<void> {
    await this.#parts.queue.releaseAll(this.#name);
    this.#stop = new AbortController();
    this.#cut = new AbortController();
    this.#dispatcher.start();
    this.#loop = this.#work(this.#stop.signal);
  }

  /** Lets attempts under way end within a limit, then hands them back. */
  async stop(): Promise<void> {
    this.#stop.abort();
    const overdue = setTimeout(() => this.#cut.abort(), GRACE_MS);
    await this.#dispatcher.stop();
    await this.#loop;
    await Promise.all(this.#underWay());
    clearTimeout(overdue);
  }

  async #work(stop: AbortSignal): Promise<void> {
    const { signals, log } = this.#parts;
    while (!stop.aborted) {
      const more = signals.next(WORK, LOOK_AGAIN_MS, stop);
      try {
        if (await this.#takeOne()) continue;
      } catch (cause) {
        log.error({ err: cause }, 'the courier could not look for work');
        await more;
      }
      await Promise.race([more, ...this.#underWay()]);
    }
  }

  /** Begins one attempt; false when there is none to make now. */
  async #takeOne(): Promise<boolean> {
    if (this.#running.size >= AT_ONCE) return false;
    const job = await this.#parts.queue.lease(this.#name, [WEBHOOK_KIND], { except: this.#crowded() });
    if (!job) return false;
    const done = this.#run(job).finally(() => this.#running.delete(job.id));
    this.#running.set(job.id, { endpoint: job.subject, done });
    return true;
  }

  #underWay(): Promise<void>[] {
    return [...this.#running.values()].map(({ done }) => done);
  }

  #crowded(): string[] {
    const each = Map.groupBy(this.#running.values(), ({ endpoint }) => endpoint);
    return [...each].filter(([, own]) => own.length >= AT_ONCE_AN_ENDPOINT).map(([endpoint]) => endpoint);
  }

  /** Never rejects. */
  async #run(job: Job): Promise<void> {
    const { log, settings } = this.#parts;
    const lost = new AbortController();
    const heart = setInterval(() => void this.#keep(job, lost), settings.leaseMs / 3);
    try {
      await this.#deliver(job, AbortSignal.any([this.#cut.signal, lost.signal]));
    } catch (cause) {
      if (lost.signal.aborted) log.info({ webhookId: job.subject }, 'a delivery was taken away');
      else await this.#handBack(job, cause);
    } finally {
      clearInterval(heart);
    }
  }

  async #deliver(job: Job, stop: AbortSignal): Promise<void> {
    const { queue, deliveries } = this.#parts;
    const parcel = await deliveries.parcel(deliveryIdOf(job));
    if (parcel?.delivery.status === 'pending') {
      const why = refusalOf(job, parcel);
      const result = why ? { failure: why } : await this.#attempt(parcel, stop);
      if (await this.#mustRetry(job, parcel, result)) return;
    }
    await queue.complete(job);
  }

  #attempt({ url, secret, event, delivery }: Parcel, stop: AbortSignal): Promise<AttemptResult> {
    const { clock, settings } = this.#parts;
    const body = JSON.stringify(this.#message(event));
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'frontrow',
      'frontrow-event-id': event.id,
      'frontrow-delivery-id': delivery.id,
      'frontrow-signature': signWebhook(body, secret, clock.now()),
    };
    const { webhookAllowPrivate: allowPrivate, webhookTimeoutMs: timeoutMs } = settings;
    return sendOnce(url, body, headers, { allowPrivate, timeoutMs, stop });
  }

  #message({ id, type, createdAtMs, asset, live }: Happening): unknown {
    const { view, viewLive } = this.#parts;
    const data = live ? viewLive(live) : asset ? { asset: view(asset) } : {};
    return { id, type, createdAt: new Date(createdAtMs).toISOString(), data };
  }

  /** Notes how an attempt went; true when the job has been handed back for another. */
  async #mustRetry(job: Job, { delivery, enabled }: Parcel, result: AttemptResult): Promise<boolean> {
    const { queue, deliveries, webhooks, clock, log } = this.#parts;
    const about = { webhookId: delivery.webhookId, deliveryId: delivery.id, attempt: job.attempt, ...result };
    const status = 'responseStatus' in result ? result.responseStatus : undefined;
    if (status !== undefined && status >= 200 && status <= 299) {
      await deliveries.attempted(delivery.id, job.attempt, result, { status: 'delivered' });
      log.debug(about, 'webhook delivered');
      return false;
    }
    if (status === GONE) await webhooks.edit(delivery.webhookId, { enabled: false });
    if (status === GONE || !enabled || job.attempt >= DELIVERY_ATTEMPTS) {
      await deliveries.attempted(delivery.id, job.attempt, result, { status: 'failed' });
      log.warn(about, 'webhook given up');
      return false;
    }
    const pauseMs = retryPauseMs(job.attempt, Math.random());
    await deliveries.attempted(delivery.id, job.attempt, result, { nextAttemptAtMs: clock.now() + pauseMs });
    await queue.fail(job, { maxAttempts: Number.POSITIVE_INFINITY, pauseMs });
    log.info({ ...about, pauseMs }, 'webhook not delivered yet');
    return true;
  }

  /** After a stop, or trouble with the database: no attempt was made that counts. */
  async #handBack(job: Job, cause: unknown): Promise<void> {
    const { queue, log } = this.#parts;
    try {
      if (this.#cut.signal.aborted) return await queue.release(job);
      log.error({ webhookId: job.subject, err: cause }, 'a webhook could not be worked on');
      await queue.fail(job, { maxAttempts: Number.POSITIVE_INFINITY });
    } catch (again) {
      // Its lease runs out by itself.
      log.error({ webhookId: job.subject, err: again }, 'a webhook could not be handed back');
    }
  }

  async #keep(job: Job, lost: AbortController): Promise<void> {
    try {
      if (!(await this.#parts.queue.extend(job))) lost.abort();
    } catch (cause) {
      // The lease may still hold; the next beat tells.
      this.#parts.log.warn({ err: cause }, 'a webhook could not extend its lease');
    }
  }
}

/** Why no attempt is made at all; undefined when one is due. */
function refusalOf(job: Job, { enabled }: Parcel): FaultCode | undefined {
  if (!enabled) return 'WEBHOOK_DISABLED';
  // So many attempts were begun and none came back to report: something here breaks on this very message.
  return job.attempt > LOST_ATTEMPTS * DELIVERY_ATTEMPTS ? 'INTERNAL' : undefined;
}
