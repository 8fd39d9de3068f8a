import { access, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { readBoxHeader } from '../kernel/cmaf/boxes.ts';
import { PRIORITY_PROBE } from '../queue/queue.ts';
import type { IngestParts } from './parts.ts';

/**
 * Folders of the doors whose bytes never change once they are there; a file in them bears its asset's id. A pull that is
 * taken up again may find another source at its address.
 */
const DOORS = ['uploads', 'bodies'];

/** The file that an asset's source arrives in, or undefined when none does. */
export async function findArrival(folder: string, assetId: string): Promise<string | undefined> {
  for (const door of DOORS) {
    const file = join(folder, door, assetId);
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

/** Less than this is uploaded before a film could begin. */
const LEAST_LEFT_BYTES = 4 * 1024 * 1024;

/** What shows of its media what ffprobe wants to see: rate, form, the order of fields. */
const LEAST_MEDIA_BYTES = 2 * 1024 * 1024;

/**
 * Begins the film of a source while it is still on its way, once its index has arrived. Sources whose index comes last, or
 * which have none, begin when they are whole.
 */
export class EarlyStart {
  readonly #parts: IngestParts;
  readonly #settled = new Set<string>();

  constructor(parts: IngestParts) {
    this.#parts = parts;
  }

  /** Looks at what has arrived of a source, and lets the work begin that needs no more. Never fails an upload. */
  async look(assetId: string, receivedBytes: number, sizeBytes: number | undefined): Promise<void> {
    if (!this.#parts.encodesEarly) return;
    try {
      await this.#look(assetId, receivedBytes, sizeBytes);
    } catch (cause) {
      this.#parts.log.warn({ assetId, err: cause }, 'a film could not begin before its upload ends');
    }
  }

  async #look(assetId: string, receivedBytes: number, sizeBytes: number | undefined): Promise<void> {
    const { queue, folder, node } = this.#parts;
    await queue.bytesArrived(assetId, receivedBytes);
    if (this.#settled.has(assetId) || (sizeBytes ?? Number.POSITIVE_INFINITY) - receivedBytes < LEAST_LEFT_BYTES)
      return;
    const file = await findArrival(folder, assetId);
    const found = file && (await readOutline(file, receivedBytes));
    if (!found) return;
    this.#settled.add(assetId);
    if (found === 'never' || (await queue.remaining(assetId, ['probe', 'copy', 'video', 'audio'])) > 0) return;
    const work = { lanes: [], firstSegment: 0, endSegment: 0, payload: { early: true }, atNode: node };
    await queue.add([{ kind: 'probe', subject: assetId, priority: PRIORITY_PROBE, ...work }]);
  }

  forget(assetId: string): void {
    this.#settled.delete(assetId);
  }
}

const OUTLINE_BOXES = 20;

/** Whether the index of an ISO file has arrived with some media behind it; undefined while that may still come. */
async function readOutline(path: string, receivedBytes: number): Promise<'begins' | 'never' | undefined> {
  const file = await open(path, 'r');
  try {
    return await walk(file, receivedBytes);
  } finally {
    await file.close();
  }
}

async function walk(file: FileHandle, receivedBytes: number): Promise<'begins' | 'never' | undefined> {
  const header = Buffer.alloc(16);
  let at = 0;
  for (let count = 0; count < OUTLINE_BOXES; count += 1) {
    if (at + header.length > receivedBytes) return undefined;
    await file.read(header, 0, header.length, at);
    const box = readBoxHeader(header, 0);
    if (!box || box.sizeBytes < box.headerBytes || !/^[\w ]{4}$/.test(box.type) || box.type === 'mdat') return 'never';
    at += box.sizeBytes;
    if (box.type === 'moov') return at + LEAST_MEDIA_BYTES <= receivedBytes ? 'begins' : undefined;
  }
  return 'never';
}
