import { Problem } from '../api/problem.ts';
import type { AssetPolicy, Encryption, FilmWish } from '../api/shapes.ts';
import { Cell } from '../cell.ts';
import { SpeedMeter } from './speed-meter.ts';
import { FileSend } from './tus-door.ts';
import {
  addUpload,
  changeUpload,
  dropFinished,
  dropUpload,
  nextToStart,
  refuseFile,
  resumeUpload,
  type UploadQueue,
} from './upload-queue.ts';

/** Works the queue off: starts what may start, and writes down what the sends report. */
export class Uploader {
  readonly queue = new Cell<UploadQueue>([]);
  /** What new uploads get. */
  readonly policy = new Cell<AssetPolicy>('public');
  readonly encryption = new Cell<Encryption>('none');
  readonly loudness = new Cell<number | null>(null);
  readonly #token: () => string | undefined;
  readonly #sends = new Map<string, FileSend>();
  #count = 0;

  constructor(token: () => string | undefined) {
    this.#token = token;
  }

  /** What new films are to be, as chosen now. */
  get wish(): FilmWish {
    const loudness = this.loudness.value;
    return {
      policy: this.policy.value,
      encryption: this.encryption.value,
      ...(loudness === null ? {} : { loudness }),
    };
  }

  add(files: Iterable<File>): void {
    for (const file of files) this.#addFile(file);
    this.#startNext();
  }

  pause(id: string): void {
    void this.#sends.get(id)?.pause();
    this.queue.update((queue) => changeUpload(queue, id, { state: 'paused' }));
    this.#startNext();
  }

  resume(id: string): void {
    this.queue.update((queue) => resumeUpload(queue, id));
    this.#startNext();
  }

  cancel(id: string): void {
    void this.#sends.get(id)?.cancel();
    this.#sends.delete(id);
    this.queue.update((queue) => dropUpload(queue, id));
    this.#startNext();
  }

  clearFinished(): void {
    this.queue.update(dropFinished);
  }

  #addFile(file: File): void {
    this.#count += 1;
    const id = `upload-${this.#count}`;
    this.queue.update((queue) => addUpload(queue, id, file.name, file.size));
    const refusal = refuseFile(file);
    if (refusal) this.#fail(id, new Problem('FILE_REFUSED', 0, refusal));
    else this.#sends.set(id, this.#prepare(id, file));
  }

  #prepare(id: string, file: File): FileSend {
    let meter = new SpeedMeter();
    const change = (part: Parameters<typeof changeUpload>[2]) =>
      this.queue.update((queue) => changeUpload(queue, id, part));
    return new FileSend(
      file,
      { token: this.#token() ?? '', ...this.wish },
      {
        onResumedFrom: (resumedFromBytes) => {
          meter = new SpeedMeter();
          change({ resumedFromBytes });
        },
        onAsset: (assetId) => change({ assetId }),
        onProgress: (sentBytes) => {
          const speedBps = meter.mark(performance.now(), sentBytes);
          change(speedBps === undefined ? { sentBytes } : { sentBytes, speedBps });
        },
        onDone: (assetId) => {
          change({ state: 'done', sentBytes: file.size, ...(assetId ? { assetId } : {}) });
          this.#sends.delete(id);
          this.#startNext();
        },
        onProblem: (problem) => this.#fail(id, problem),
      },
    );
  }

  #startNext(): void {
    for (const id of nextToStart(this.queue.value)) {
      const send = this.#sends.get(id);
      this.queue.update((queue) => changeUpload(queue, id, { state: 'sending' }));
      send?.start().catch((thrown: unknown) => this.#fail(id, Problem.from(thrown)));
    }
  }

  #fail(id: string, problem: Problem): void {
    const error = { code: problem.code, says: problem.message };
    this.queue.update((queue) => changeUpload(queue, id, { state: 'failed', error }));
    this.#startNext();
  }
}
