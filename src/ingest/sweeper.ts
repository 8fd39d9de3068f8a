import type { Intake } from './intake.ts';
import type { IngestParts } from './parts.ts';

const SWEEP_MS = 10 * 60_000;
/** How long after its time an upload that another node receives is given up for it: that one seems to be gone for good. */
const OTHERS_MS = 3_600_000;

/** What the sweeper asks about an asset that has not moved for long. */
export interface Sweepable {
  /** Drops the bytes that have arrived. */
  drop(assetId: string): Promise<void>;
  /** True while other work (a pull waiting for its turn) will go on with it. */
  isPending(assetId: string): Promise<boolean>;
}

/** Gives up uploads that nobody went on with in time: the asset says so, its bytes are removed. */
export class UploadSweeper {
  readonly #parts: IngestParts;
  readonly #intake: Intake;
  readonly #sweepable: Sweepable;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(parts: IngestParts, intake: Intake, sweepable: Sweepable) {
    this.#parts = parts;
    this.#intake = intake;
    this.#sweepable = sweepable;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#sweeping = this.sweep().catch((cause: unknown) => {
        this.#parts.log.error({ err: cause }, 'abandoned uploads could not be swept');
      });
    }, SWEEP_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** One pass over the uploads that have not moved within the time they are kept. */
  async sweep(): Promise<void> {
    const { assets, clock, settings, log, node } = this.#parts;
    const beforeMs = clock.now() - settings.uploadExpireHours * 3_600_000;
    for (const assetId of await assets.abandonedUploads(node, beforeMs, beforeMs - OTHERS_MS)) {
      if (await this.#sweepable.isPending(assetId)) continue;
      await this.#intake.fail(assetId, 'UPLOAD_EXPIRED');
      await this.#sweepable.drop(assetId);
      log.info({ assetId }, 'unfinished upload removed');
    }
  }
}
