import { access, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { readBoxHeader } from '../kernel/cmaf/boxes.ts';
import { PRIORITY_PROBE } from '../queue/queue.ts';
import { EarlyTails } from './early-tail.ts';
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
 * Begins the film of a source while it is still on its way, once its index has arrived: in front, or in a tail that was sent
 * ahead. Other sources begin when they are whole.
 */
export class EarlyStart {
  readonly #parts: IngestParts;
  readonly #settled = new Set<string>();
  readonly #tails: EarlyTails;

  constructor(parts: IngestParts) {
    this.#parts = parts;
    this.#tails = new EarlyTails(join(parts.folder, 'uploads'));
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
    const tail = await this.#tails.find(assetId);
    const found =
      file && (await readOutline(file, { receivedBytes, tailByte: tail?.startByte ?? Number.POSITIVE_INFINITY }));
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

/** What there is of a file: what has arrived in order, and everything from `tailByte` on. */
interface Arrived {
  readonly receivedBytes: number;
  readonly tailByte: number;
}

/** Whether the index of an ISO file has arrived, and some media; undefined while that may still come. */
async function readOutline(path: string, arrived: Arrived): Promise<'begins' | 'never' | undefined> {
  const file = await open(path, 'r');
  try {
    return await walk(file, arrived);
  } finally {
    await file.close();
  }
}

async function walk(file: FileHandle, { receivedBytes, tailByte }: Arrived): Promise<'begins' | 'never' | undefined> {
  const header = Buffer.alloc(16);
  let at = 0;
  let mediaByte: number | undefined;
  for (let count = 0; count < OUTLINE_BOXES; count += 1) {
    if (at + header.length > receivedBytes && at < tailByte) return undefined;
    const { bytesRead } = await file.read(header, 0, header.length, at);
    const box = readBoxHeader(header.subarray(0, bytesRead), 0);
    if (!box || box.sizeBytes < box.headerBytes || !/^[\w ]{4}$/.test(box.type)) return 'never';
    const endByte = at + box.sizeBytes;
    if (box.type === 'moov') {
      const isThere = at >= tailByte || endByte <= receivedBytes;
      return isThere && (mediaByte ?? endByte) + LEAST_MEDIA_BYTES <= receivedBytes ? 'begins' : undefined;
    }
    if (box.type === 'mdat') {
      if (endByte < tailByte) return 'never';
      mediaByte ??= at;
    }
    at = endByte;
  }
  return 'never';
}
