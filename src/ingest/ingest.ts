import type { FastifyInstance } from 'fastify';
import { sourceKey } from '../kernel/film/paths.ts';
import { Bodies } from './bodies.ts';
import { Intake } from './intake.ts';
import type { IngestDoor, IngestParts } from './parts.ts';
import { PULL_KIND, Puller } from './puller.ts';
import { UploadSweeper } from './sweeper.ts';
import { Uploads } from './uploads.ts';

/**
 * The ingest role: every way a source comes in. `recover` before the listener opens, `mount` its doors, `start` what
 * works in the background, `stop` in the end.
 */
export class Ingest {
  readonly #parts: IngestParts;
  readonly #intake: Intake;
  readonly #uploads: Uploads;
  readonly #bodies: Bodies;
  readonly #puller: Puller;
  readonly #sweeper: UploadSweeper;

  constructor(parts: IngestParts) {
    this.#parts = parts;
    this.#intake = new Intake(parts);
    this.#uploads = new Uploads(parts, this.#intake);
    this.#puller = new Puller(parts, this.#intake, `puller:${parts.node}`);
    this.#bodies = new Bodies(parts, this.#intake, this.#puller);
    this.#sweeper = new UploadSweeper(parts, this.#intake, {
      drop: async (assetId) => {
        await this.removed(assetId);
        await this.#intake.dropSent(assetId);
      },
      isPending: (assetId) => this.#isPulled(assetId),
    });
  }

  /**
   * Brings to an end what a crash left in the middle, of what arrived here: beside it other nodes may be receiving. Call
   * before requests are answered.
   */
  async recover(): Promise<void> {
    const { assets, queue, node } = this.#parts;
    await this.#uploads.start();
    const resumable = await this.#uploads.recover();
    await this.#bodies.recover();
    for (const id of await assets.stillArriving(node)) {
      if (!resumable.has(id) && !(await this.#isPulled(id))) await this.#healOrphan(id);
    }
    for (const { id, film } of await assets.receivedBy(node, 'queued')) {
      const probing = film !== undefined || (await queue.remaining(id, ['probe'])) > 0;
      if (!probing) await this.#intake.queueProbe(id);
    }
  }

  /** Registers the doors on control's listener. */
  mount(app: FastifyInstance, door: IngestDoor): void {
    this.#uploads.mount(app, door);
    this.#bodies.mount(app, door);
  }

  async start(): Promise<void> {
    await this.#puller.start();
    this.#sweeper.start();
  }

  async stop(): Promise<void> {
    await this.#sweeper.stop();
    await this.#puller.stop();
    await this.#uploads.stop();
  }

  /** Gives up uploads that have not moved within their time; `start` does so every few minutes. */
  sweep(): Promise<void> {
    return this.#sweeper.sweep();
  }

  /** Drops what has arrived of an asset that was deleted. */
  async removed(assetId: string): Promise<void> {
    await this.#uploads.drop(assetId);
    await this.#puller.drop(assetId);
  }

  async #isPulled(assetId: string): Promise<boolean> {
    return (await this.#parts.queue.remaining(assetId, [PULL_KIND])) > 0;
  }

  /** An asset that no door will go on with: its source is stored already, or its sender was never told of it. */
  async #healOrphan(assetId: string): Promise<void> {
    if (await this.#parts.store.head(sourceKey(assetId))) await this.#intake.advance(assetId);
    else await this.#intake.withdraw(assetId);
  }
}
