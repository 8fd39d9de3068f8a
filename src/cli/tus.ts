import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { DetailedError, type HttpRequest, type HttpResponse, Upload } from 'tus-js-client';
import { Failure } from './failure.ts';
import type { Api } from './server.ts';
import { UploadMemory } from './upload-memory.ts';

/** Resumable uploads by tus 1.0; the only door to tus-js-client. */
export interface FileToSend {
  readonly path: string;
  readonly sizeBytes: number;
  readonly changedMs: number;
}

export interface SendEvents {
  onProgress(sentBytes: number): void;
  /** Something the person may want to know: going on with an earlier upload, trying again. */
  onNote(text: string): void;
}

/** About a minute without a byte getting through; each accepted byte starts the row anew. */
const RETRY_MS = [0, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

/**
 * Sends a file, going on with an earlier upload of it where there is one. Resolves to the asset's id, which is the
 * upload's.
 * @throws Failure with the server's code, or UPLOAD_FAILED when the connection does not come back
 */
export async function sendFile(
  file: FileToSend,
  labels: Readonly<Record<string, string>>,
  api: Api,
  events: SendEvents,
): Promise<string> {
  // A wrong address should be said at once, not after a minute of retries.
  await api.reach();
  const fingerprint = fingerprintOf(file, labels, api);
  const upload = await run((settle) => prepare(file, labels, fingerprint, api, events, settle), events);
  return new URL(upload.url ?? '').pathname.split('/').at(-1) ?? '';
}

interface Settle {
  done(): void;
  failed(error: Error): void;
}

function prepare(
  file: FileToSend,
  labels: Readonly<Record<string, string>>,
  fingerprint: string,
  api: Api,
  events: SendEvents,
  settle: Settle,
): Upload {
  const options = {
    endpoint: `${api.url}/v1/uploads`,
    headers: { authorization: api.authorization },
    metadata: { ...labels },
    uploadSize: file.sizeBytes,
    retryDelays: RETRY_MS,
    urlStorage: new UploadMemory(),
    fingerprint: () => Promise.resolve(fingerprint),
    removeFingerprintOnSuccess: true,
    onProgress: (sentBytes: number) => events.onProgress(sentBytes),
    onAfterResponse: keepUploadOnRefusal,
    onShouldRetry: mayPass,
    onSuccess: () => settle.done(),
    onError: (error: Error) => settle.failed(failureOf(error, api)),
  };
  // tus-js-client types its input for browsers; in Node a read stream with a path is what it resumes best.
  return new Upload(createReadStream(file.path) as unknown as Buffer, options);
}

function run(build: (settle: Settle) => Upload, events: SendEvents): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const upload = build({ done: () => resolve(upload), failed: reject });
    upload
      .findPreviousUploads()
      .then(([previous]) => {
        if (previous) {
          events.onNote('Going on with an earlier upload of this file.');
          upload.resumeFromPreviousUpload(previous);
        }
        upload.start();
      })
      .catch(reject);
  });
}

/**
 * tus-js-client takes any refusal of HEAD for a lost upload and begins again at byte 0. Only 404 and 410 mean that it
 * is lost: a restarting server or an expired token must not cost what has been sent.
 */
function keepUploadOnRefusal(request: HttpRequest, response: HttpResponse): void {
  const status = response.getStatus();
  if (request.getMethod() !== 'HEAD' || status < 400 || [404, 410, 423].includes(status)) return;
  throw new HeadRefused(status);
}

class HeadRefused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the server answers ${status}`);
    this.status = status;
  }
}

/** Whether the same request may well succeed later; status 0 stands for a connection that broke. */
function mayPass({ causingError, originalResponse }: DetailedError): boolean {
  const status = causingError instanceof HeadRefused ? causingError.status : (originalResponse?.getStatus() ?? 0);
  return status === 0 || status >= 500 || [409, 423, 429].includes(status);
}

function failureOf(error: Error, api: Api): Failure {
  if (!(error instanceof DetailedError)) return new Failure('UPLOAD_FAILED', `${error.message}.`, { cause: error });
  const { originalResponse, causingError } = error;
  if (originalResponse) return api.failureOf(originalResponse.getStatus(), originalResponse.getBody());
  if (causingError instanceof HeadRefused) return new Failure('UPLOAD_FAILED', says(causingError.status));
  return new Failure('UPLOAD_FAILED', `The connection broke and did not come back. ${GO_ON}`, { cause: error });
}

const GO_ON = 'Run the command again to go on from where it stopped.';

/** An answer to HEAD has no body, so the server's own sentence is not there. */
function says(status: number): string {
  if (status >= 500) return `The server answers ${status}. ${GO_ON}`;
  return `The server answers ${status} when asked how far the upload is: is the token still good? ${GO_ON}`;
}

/** The same file, unchanged, for the same server with the same labels. */
function fingerprintOf(file: FileToSend, labels: Readonly<Record<string, string>>, api: Api): string {
  const parts = [api.url, file.path, file.sizeBytes, file.changedMs, labels];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
