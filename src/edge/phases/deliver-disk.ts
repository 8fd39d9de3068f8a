import { Fault } from '../../kernel/errors.ts';
import { SLICE_BYTES } from '../cache/disk/record.ts';
import type { SlicePool } from '../cache/disk/slice-pool.ts';
import type { DiskBody, Exchange, Reply, Step } from '../exchange.ts';

/**
 * Sends a body from disk, slice by slice at the viewer's speed: while one is on its way, the next is read. Each is checked
 * before it leaves. The first comes before the head, so that damage found there is a miss like any other; found later it
 * breaks the answer off.
 */
export async function sendFromDisk(x: Exchange, reply: Reply, body: DiskBody, pool: SlicePool): Promise<Step> {
  let slice = await nextSlice(body, body.start, pool);
  if (x.gone) {
    slice?.giveBack();
    throw new Fault('VIEWER_GONE');
  }
  if (!slice) return lookElsewhere(x);
  x.firstByteAt = performance.now();
  x.response.writeHead(reply.status, reply.fields);
  for (let at = body.start; slice && !x.gone; ) {
    const { bytes } = slice;
    const taken = write(x, slice);
    at += bytes.length;
    if (at >= body.end) break;
    slice = await nextSlice(body, at, pool);
    if (!slice) throw new Fault('CACHE_DAMAGED');
    await taken;
    if (x.gone) slice.giveBack();
  }
  if (!x.gone) x.response.end();
  return 'settle';
}

interface Slice {
  readonly bytes: Buffer;
  giveBack(): void;
}

/** What a slice has of the wanted bytes from a place on; undefined when it is not what was stored. */
async function nextSlice({ object, end }: DiskBody, from: number, pool: SlicePool): Promise<Slice | undefined> {
  const buffer = pool.take();
  const at = Math.floor(from / SLICE_BYTES);
  const whole = await object.readSlice(at, buffer);
  if (!whole) {
    pool.give(buffer);
    return undefined;
  }
  const start = at * SLICE_BYTES;
  return { bytes: whole.subarray(from - start, end - start), giveBack: () => pool.give(buffer) };
}

/** Resolves when the connection has taken the bytes, or is gone. Only in the first case is the buffer used again. */
function write(x: Exchange, slice: Slice): Promise<void> {
  x.bytesSent += slice.bytes.length;
  return new Promise((resolve) => {
    const finish = () => {
      x.onGone(undefined);
      resolve();
    };
    x.response.write(slice.bytes, () => {
      slice.giveBack();
      finish();
    });
    x.onGone(finish);
  });
}

/** What is on disk cannot be used after all. */
export function lookElsewhere(x: Exchange): Step {
  x.onDisk?.close();
  x.onDisk = undefined;
  x.reply = undefined;
  return 'lookup';
}
