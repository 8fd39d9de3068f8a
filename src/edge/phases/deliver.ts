import { Fault } from '../../kernel/errors.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, FillBody, Reply, Step } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { sendFromDisk } from './deliver-disk.ts';
import { newsOf } from './news.ts';

/** Sends the reply. What is in memory goes out in this turn; what still arrives goes out as it does. */
export function deliver({ disk }: EdgeParts): Phase {
  return (x) => {
    const { reply } = x;
    if (!reply) throw new Fault('INTERNAL', { detail: { step: 'deliver without a reply' } });
    const { body } = reply;
    if (disk && typeof body === 'object' && 'object' in body) return sendFromDisk(x, reply, body, disk.pool);
    x.firstByteAt = performance.now();
    writeHead(x, reply);
    if (body === undefined) {
      x.response.end();
      return 'settle';
    }
    if (typeof body === 'string') x.response.end(body, 'latin1');
    else if (body instanceof Uint8Array) x.response.end(body);
    else if ('reader' in body) return pump(x, body);
    else throw new Fault('INTERNAL', { detail: { step: 'deliver from no disk' } });
    x.bytesSent = body.length;
    return 'settle';
  };
}

function writeHead({ response }: Exchange, { status, fields, prepared }: Reply): void {
  if (prepared && response.writePrepared) response.writePrepared(status, prepared);
  else response.writeHead(status, fields);
}

const NOTHING = Buffer.alloc(0);

/** Writes what has arrived, waits for what has not, at the viewer's speed. */
async function pump(x: Exchange, body: FillBody): Promise<Step> {
  const { reader, start } = body;
  const { fill } = reader;
  const end = body.end ?? Number.POSITIVE_INFINITY;
  // The head goes out at once: a viewer of a slow origin shall see that something is coming. Not by flushHeaders, which
  // writes it as UTF-8 where everything else writes it as the Latin-1 it is.
  x.response.write(NOTHING);
  // Only where the length is stated: node holds chunked bodies in a place of its own, from which no drain is promised.
  const mayCork = fill.answer?.declaredBytes !== undefined;
  let corked = false;
  for (let at = 0; at < end && !x.gone; ) {
    const chunk = reader.take();
    if (chunk) {
      // What has arrived since the last news leaves in one piece.
      if (!corked && mayCork) x.response.cork();
      corked = mayCork;
      const wanted = cut(chunk, start - at, end - at);
      at += chunk.length;
      if (!wanted || write(x, wanted)) continue;
    }
    if (corked) x.response.uncork();
    corked = false;
    if (chunk) {
      await drained(x);
    } else if (fill.state === 'failed') {
      throw fill.fault ?? new Fault('ORIGIN_TRUNCATED');
    } else if (fill.ended) {
      break;
    } else {
      await newsOf(fill, x);
    }
  }
  if (corked) x.response.uncork();
  if (!x.gone) x.response.end();
  return 'settle';
}

/** The bytes from `from` to before `to`, counted from the chunk's beginning; undefined when there are none. */
function cut(chunk: Buffer, from: number, to: number): Buffer | undefined {
  if (from <= 0 && to >= chunk.length) return chunk;
  const part = chunk.subarray(Math.max(0, from), Math.max(0, to));
  return part.length === 0 ? undefined : part;
}

/** False when the viewer's connection has as much as it takes for now. */
function write(x: Exchange, bytes: Buffer): boolean {
  x.bytesSent += bytes.length;
  return x.response.write(bytes);
}

/** Resolves when the connection takes more, or is gone. */
function drained(x: Exchange): void | Promise<void> {
  // Letting go of what was held together may have sent all of it.
  if (!x.response.writableNeedDrain) return;
  return new Promise((resolve) => {
    const finish = () => {
      x.response.off('drain', finish);
      x.onGone(undefined);
      resolve();
    };
    x.response.on('drain', finish);
    x.onGone(finish);
  });
}
