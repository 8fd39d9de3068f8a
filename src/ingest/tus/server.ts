import { ERRORS, Server } from '@tus/server';
import { Fault, type FaultCode } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { readLabel } from '../label.ts';
import { type ArrivalStore, chunkChecksum } from './arrival-store.ts';
import { CHECKSUM_ALGORITHMS, type Checksum } from './checksum.ts';
import { TakeoverLocker } from './takeover-locker.ts';

export interface TusOptions {
  readonly store: ArrivalStore;
  readonly maxBytes: number;
  /** Called before the last answer of an upload; may be called again for an upload that is finished already. */
  readonly onFinished: (id: string) => Promise<void>;
}

export interface TusAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Why, when the status is an error. */
  readonly fault: Fault | undefined;
}

/** How long a holder of an upload's lock may finish what it is writing once another request asks for it. */
const DRAIN_MS = 100;
const LOCK_WAIT_MS = 10_000;

const CODES: Readonly<Record<number, FaultCode>> = {
  400: 'INVALID_REQUEST',
  403: 'INVALID_REQUEST',
  404: 'NOT_FOUND',
  409: 'UPLOAD_OFFSET_CONFLICT',
  410: 'UPLOAD_EXPIRED',
  412: 'UPLOAD_VERSION_UNSUPPORTED',
  413: 'BODY_TOO_LARGE',
  501: 'UPLOAD_FEATURE_UNSUPPORTED',
};

/** The protocol engine: web request in, status and headers out, failures as our own faults. */
export class TusEngine {
  readonly #server: Server;
  readonly #locker = new TakeoverLocker(LOCK_WAIT_MS);
  readonly #faults = new WeakMap<Request, unknown>();

  constructor(path: string, { store, maxBytes, onFinished }: TusOptions) {
    this.#server = new Server({
      path,
      datastore: store,
      maxSize: maxBytes,
      locker: this.#locker,
      lockDrainTimeout: DRAIN_MS,
      disableTerminationForFinishedUploads: true,
      namingFunction: () => newId('as'),
      generateUrl: (request, { host, path: base, id }) => {
        const secure = request.headers.get('x-forwarded-proto') === 'https';
        return `${secure ? 'https' : 'http'}://${host}${base}/${id}`;
      },
      onUploadCreate: async (_request, upload) => {
        readLabel(upload.metadata ?? {});
        return {};
      },
      onUploadFinish: async (_request, upload) => {
        await onFinished(upload.id);
        return {};
      },
      onResponseError: (request, thrown) => {
        this.#faults.set(request as unknown as Request, thrown);
        return undefined;
      },
    });
  }

  /** Does something to an upload that no request may write to meanwhile. */
  async alone(id: string, work: () => Promise<void>): Promise<void> {
    const lock = this.#locker.newLock(id);
    // It takes a moment: whoever asks for the lock meanwhile waits for its end.
    await lock.lock(new AbortController().signal, async () => {});
    try {
      await work();
    } finally {
      await lock.unlock();
    }
  }

  async answer(request: Request, checksum: Checksum | undefined): Promise<TusAnswer> {
    const response = await chunkChecksum.run(checksum, () => this.#server.handleWeb(request));
    const { status, headers } = response;
    if (request.method === 'OPTIONS') headers.set('Tus-Checksum-Algorithm', CHECKSUM_ALGORITHMS.join(','));
    if (status < 400) return { status, headers, fault: undefined };
    return { status, headers, fault: this.#faultOf(request, status, await response.text()) };
  }

  #faultOf(request: Request, status: number, body: string): Fault {
    const thrown = this.#faults.get(request);
    if (thrown instanceof Fault) return thrown;
    // A newer request has asked for the lock. The library calls that a bad request, which no client tries again.
    if (thrown === ERRORS.ABORTED) return new Fault('UPLOAD_LOCKED');
    const code = CODES[status];
    if (!code) return new Fault('INTERNAL', { cause: thrown });
    // The library's own sentences name headers, which helps; those of the other codes say less than ours.
    return code === 'INVALID_REQUEST' ? new Fault(code, { says: body.trim() }) : new Fault(code);
  }
}
