import { DetailedError, Upload as TusUpload } from 'tus-js-client';
import { Problem, readProblem } from '../api/problem.ts';
import type { FilmWish } from '../api/shapes.ts';
import { titleFromFilename } from '../format.ts';
import { findIndexAtEnd } from './file-index.ts';

export interface SendListener {
  onProgress(sentBytes: number): void;
  onResumedFrom(sentBytes: number): void;
  /** The server knows it under this id, from its first byte on. */
  onAsset(assetId: string): void;
  onDone(assetId: string | undefined): void;
  onProblem(problem: Problem): void;
}

export interface SendOptions extends FilmWish {
  readonly token: string;
}

/** One file on its way by tus. `pause` keeps what arrived; `start` goes on from there, also in a later page. */
export class FileSend {
  readonly #tus: TusUpload;
  readonly #listener: SendListener;
  readonly #file: File;
  readonly #token: string;
  #tailSent = false;
  #looked = false;
  #stopped = false;
  #progressSeen = false;

  constructor(file: File, options: SendOptions, listener: SendListener) {
    this.#listener = listener;
    this.#file = file;
    this.#token = options.token;
    this.#tus = new TusUpload(file, {
      endpoint: new URL('/v1/uploads', location.origin).href,
      headers: { authorization: `Bearer ${options.token}` },
      metadata: {
        filename: file.name,
        filetype: file.type || 'application/octet-stream',
        title: titleFromFilename(file.name),
        policy: options.policy,
        encryption: options.encryption,
        ...(options.loudness === undefined ? {} : { loudness: String(options.loudness) }),
      },
      retryDelays: [0, 1_000, 2_000, 4_000, 8_000, 15_000],
      removeFingerprintOnSuccess: true,
      onUploadUrlAvailable: () => {
        const assetId = this.#assetId();
        if (assetId) this.#listener.onAsset(assetId);
      },
      onBeforeRequest: (request) => (request.getMethod() === 'PATCH' ? this.#sendTail() : undefined),
      onProgress: (sentBytes) => this.#progressed(sentBytes),
      onSuccess: () => this.#listener.onDone(this.#assetId()),
      onError: (thrown) => this.#failed(thrown),
    });
  }

  /** Looks once for an earlier, unfinished upload of this very file, and goes on where it stopped. */
  async start(): Promise<void> {
    this.#stopped = false;
    this.#progressSeen = false;
    if (!this.#looked) {
      this.#looked = true;
      const [earlier] = await this.#tus.findPreviousUploads();
      if (earlier) this.#tus.resumeFromPreviousUpload(earlier);
    }
    if (!this.#stopped) this.#tus.start();
  }

  async pause(): Promise<void> {
    this.#stopped = true;
    await this.#tus.abort();
  }

  /** Ends it for good: the server drops what it has. Best effort, since the server may be what is away. */
  async cancel(): Promise<void> {
    this.#stopped = true;
    await this.#tus.abort(true).catch(() => undefined);
  }

  /** The index goes first where it stands at the end. Without it the upload is as good, and the film begins later. */
  async #sendTail(): Promise<void> {
    if (this.#tailSent || !this.#tus.url) return;
    this.#tailSent = true;
    const startByte = await findIndexAtEnd(this.#file).catch(() => undefined);
    if (startByte !== undefined) {
      const { size } = this.#file;
      await fetch(`${this.#tus.url}/tail`, {
        method: 'PUT',
        headers: {
          authorization: `Bearer ${this.#token}`,
          'content-type': 'application/octet-stream',
          'content-range': `bytes ${startByte}-${size - 1}/${size}`,
        },
        body: this.#file.slice(startByte),
      }).catch(() => undefined);
    }
    // A request that is not sent yet cannot be called off: pausing meanwhile would be forgotten.
    if (this.#stopped) throw new Error('paused');
  }

  #progressed(sentBytes: number): void {
    if (this.#stopped) return;
    if (!this.#progressSeen) this.#listener.onResumedFrom(sentBytes);
    this.#progressSeen = true;
    this.#listener.onProgress(sentBytes);
  }

  #failed(thrown: unknown): void {
    if (!this.#stopped) this.#listener.onProblem(explainFailure(thrown));
  }

  #assetId(): string | undefined {
    return this.#tus.url?.split('/').pop();
  }
}

function explainFailure(thrown: unknown): Problem {
  if (!(thrown instanceof DetailedError)) return Problem.from(thrown);
  const response = thrown.originalResponse;
  return response ? readProblem(response.getStatus(), response.getBody()) : Problem.networkAway();
}
