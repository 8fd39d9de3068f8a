/**
 * The upload queue as a value: what is waiting, moving, paused, done or failed, in the order it was added. Only the
 * functions here make the next queue from the last; the tus door acts on what they say.
 */
export type UploadState = 'waiting' | 'sending' | 'paused' | 'done' | 'failed';

export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly sentBytes: number;
  readonly state: UploadState;
  /** Bytes the server already had when this run began: they took no time and do not count as speed. */
  readonly resumedFromBytes?: number;
  readonly speedBps?: number;
  readonly assetId?: string;
  readonly error?: { readonly code: string; readonly says: string };
}

export type UploadQueue = readonly Upload[];

/** Two at a time keep the line full while one of them waits for an answer; more only divide it. */
export const PARALLEL_UPLOADS = 2;

export function addUpload(queue: UploadQueue, id: string, name: string, sizeBytes: number): UploadQueue {
  return [...queue, { id, name, sizeBytes, sentBytes: 0, state: 'waiting' }];
}

/** The ids that should start now. */
export function nextToStart(queue: UploadQueue): readonly string[] {
  const free = PARALLEL_UPLOADS - queue.filter((upload) => upload.state === 'sending').length;
  const waiting = queue.filter((upload) => upload.state === 'waiting');
  return waiting.slice(0, Math.max(0, free)).map((upload) => upload.id);
}

export function changeUpload(queue: UploadQueue, id: string, change: Partial<Upload>): UploadQueue {
  return queue.map((upload) => (upload.id === id ? { ...upload, ...change } : upload));
}

export function resumeUpload(queue: UploadQueue, id: string): UploadQueue {
  return queue.map((upload) => {
    if (upload.id !== id) return upload;
    const { error: _error, speedBps: _speed, ...rest } = upload;
    return { ...rest, state: 'waiting' };
  });
}

export function dropUpload(queue: UploadQueue, id: string): UploadQueue {
  return queue.filter((upload) => upload.id !== id);
}

export function dropFinished(queue: UploadQueue): UploadQueue {
  return queue.filter((upload) => upload.state !== 'done');
}

export function secondsLeft(upload: Upload): number | undefined {
  if (!upload.speedBps) return undefined;
  return (upload.sizeBytes - upload.sentBytes) / upload.speedBps;
}

export interface QueueSum {
  readonly active: number;
  readonly done: number;
  readonly failed: number;
  readonly share: number;
}

export function sumQueue(queue: UploadQueue): QueueSum {
  const count = (...states: UploadState[]) => queue.filter((upload) => states.includes(upload.state)).length;
  const sizeBytes = queue.reduce((sum, upload) => sum + upload.sizeBytes, 0);
  const sentBytes = queue.reduce((sum, upload) => sum + upload.sentBytes, 0);
  return {
    active: count('waiting', 'sending', 'paused'),
    done: count('done'),
    failed: count('failed'),
    share: sizeBytes === 0 ? 0 : sentBytes / sizeBytes,
  };
}

/** Why a file is not worth sending at all; undefined when it may go. */
export function refuseFile(file: { name: string; size: number; type: string }): string | undefined {
  if (file.size === 0) return `${file.name} is empty.`;
  if (/^(image|text)\//.test(file.type)) return `${file.name} is not a video or audio file.`;
  return undefined;
}
