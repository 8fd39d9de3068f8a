import type { AnyRequest } from './call.ts';
import { FrontrowError } from './frontrow-error.ts';
import { pause } from './retry.ts';

/** Resumable uploads: tus 1.0, as much of it as one file in one connection needs. */

/** What the film is called and who may watch it. */
export interface UploadLabels {
  readonly title?: string;
  readonly policy?: 'public' | 'signed';
  readonly encryption?: 'aes-128';
  readonly filename?: string;
  /** In LUFS. */
  readonly loudness?: number;
}

export interface UploadOptions {
  readonly signal?: AbortSignal;
  /** Goes on with an upload that was interrupted. */
  readonly assetId?: string;
  /** Told the id as soon as there is one, for going on later. */
  readonly onBegun?: (assetId: string) => void;
  readonly onProgress?: (sentBytes: number, sizeBytes: number) => void;
  /** How much is sent at once; so much is sent again after an interruption. */
  readonly pieceBytes?: number;
}

type Send = (method: string, path: string, request: AnyRequest) => Promise<Response>;

const PIECE_BYTES = 16 * 1024 * 1024;
/** Pieces in a row that did not arrive, before it is given up. */
const MOST_FAILURES = 6;
const UPLOAD = '/v1/uploads/{id}';
const TUS = { 'tus-resumable': '1.0.0' };

/** Resolves to the asset's id once every byte is safe. @throws FrontrowError */
export async function uploadBlob(
  send: Send,
  film: Blob,
  labels: UploadLabels,
  options: UploadOptions,
): Promise<string> {
  const common = options.signal ? { signal: options.signal } : {};
  const assetId = options.assetId ?? (await begin(send, film, labels, common));
  options.onBegun?.(assetId);
  const path = { id: assetId };
  let failures = 0;
  for (let offset = await offsetOf(send, path, common); offset < film.size; ) {
    options.onProgress?.(offset, film.size);
    const piece = film.slice(offset, offset + (options.pieceBytes ?? PIECE_BYTES));
    const headers = { ...TUS, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' };
    try {
      const response = await send('PATCH', UPLOAD, { path, body: piece, headers, ...common });
      offset = Number(response.headers.get('upload-offset'));
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!mayGoOn(error) || failures > MOST_FAILURES) throw error;
      await pause(250 * 2 ** failures, options.signal);
      // A piece that broke off may have arrived in part.
      offset = await offsetOf(send, path, common);
    }
  }
  options.onProgress?.(film.size, film.size);
  return assetId;
}

async function begin(send: Send, film: Blob, labels: UploadLabels, common: AnyRequest): Promise<string> {
  const headers = { ...TUS, 'upload-length': String(film.size), 'upload-metadata': writeMetadata(labels) };
  const response = await send('POST', '/v1/uploads', { headers, ...common });
  return (response.headers.get('location') ?? '').split('/').at(-1) ?? '';
}

async function offsetOf(send: Send, path: { id: string }, common: AnyRequest): Promise<number> {
  const response = await send('HEAD', UPLOAD, { path, headers: TUS, ...common });
  return Number(response.headers.get('upload-offset'));
}

/** Broken connections, a server that restarts, and an offset that another attempt has moved. */
function mayGoOn(error: unknown): boolean {
  return error instanceof FrontrowError && (error.status === 0 || error.status === 409 || error.status >= 423);
}

function writeMetadata(labels: UploadLabels): string {
  return Object.entries(labels)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${toBase64(String(value))}`)
    .join(',');
}

function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
