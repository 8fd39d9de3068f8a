import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Fault } from '../../kernel/errors.ts';
import { withoutMalformed } from '../../kernel/http/fields.ts';
import type { PreparedFields, ViewerResponse, WrittenFields } from '../viewer.ts';

/** What the connection's head fields depend on besides the answer. */
export interface LaneTerms {
  /** Neither body nor chunks follow the head, whatever it says. */
  readonly isHead: boolean;
  /** Told to the viewer. */
  readonly idleSeconds: number;
}

/** An answer on a connection of the fast lane, in the very bytes that node's own server would write. */
export class LaneReply implements ViewerResponse {
  readonly #socket: Socket;
  readonly #terms: LaneTerms;
  readonly #onOver: () => void;
  statusCode = 0;
  headersSent = false;
  writableEnded = false;
  writableFinished = false;
  closed = false;
  /** The connection ends with this answer. */
  isLast = false;
  /** Made and not given to the connection yet. */
  #head = '';
  #bodiless = false;
  #chunked = false;
  #corkedForNow = false;
  readonly #closeListeners = new Set<() => void>();
  readonly #drainListeners = new Set<() => void>();

  /** `onOver` is called once, when all of the answer is taken. */
  constructor(socket: Socket, terms: LaneTerms, onOver: () => void) {
    this.#socket = socket;
    this.#terms = terms;
    this.#onOver = onOver;
  }

  get writableNeedDrain(): boolean {
    return !this.writableEnded && this.#socket.writableNeedDrain;
  }

  writeHead(status: number, fields: readonly string[]): void {
    const written = writeLines(fields);
    this.#begin(status, `${firstLine(status)}${written.text}`, written);
  }

  writePrepared(status: number, block: PreparedFields): void {
    const { fields } = block;
    const last = fields[fields.length - 1] ?? '';
    block.written ??= writeAllButLast(status, fields);
    this.#begin(status, `${block.written.text}${last}\r\n`, block.written);
  }

  writeInformation(status: number, fields: readonly string[]): void {
    if (!this.closed) this.#socket.write(`${firstLine(status)}${writeLines(fields).text}\r\n`, 'latin1');
  }

  write(bytes: Buffer, onTaken?: () => void): boolean {
    if (this.closed || this.writableEnded) return false;
    this.#corkForNow();
    this.#sendHead();
    if (bytes.length === 0 || this.#bodiless) {
      if (onTaken) process.nextTick(onTaken);
      return !this.#socket.writableNeedDrain;
    }
    if (!this.#chunked) return this.#socket.write(bytes, onTaken);
    this.#socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1');
    this.#socket.write(bytes);
    return this.#socket.write('\r\n', 'latin1', onTaken);
  }

  end(body?: Buffer | string): void {
    if (this.writableEnded) return;
    this.writableEnded = true;
    if (this.closed) return;
    const bytes = body === undefined || this.#bodiless ? '' : body;
    if (this.#chunked) this.#endChunks(bytes);
    else if (typeof bytes === 'string') this.#socket.write(this.#takeHead() + bytes, 'latin1', this.#taken);
    else this.#sendBoth(bytes);
    while (this.#socket.writableCorked > 0) this.#socket.uncork();
    // A small answer has left already when this returns.
    this.#taken();
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  on(event: 'close' | 'drain', listener: () => void): void {
    if (event === 'drain') this.#drainListeners.add(listener);
    else this.#closeListeners.add(listener);
  }

  off(event: 'close' | 'drain', listener: () => void): void {
    if (event === 'drain') this.#drainListeners.delete(listener);
    else this.#closeListeners.delete(listener);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The connection takes more. */
  drained(): void {
    if (!this.writableEnded) for (const each of [...this.#drainListeners]) each();
  }

  /** The answer is over, or its connection gone. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const each of [...this.#closeListeners]) each();
  }

  #begin(status: number, head: string, { hasLength, hasDate }: WrittenFields): void {
    this.statusCode = status;
    this.headersSent = true;
    this.#bodiless = this.#terms.isHead || status === 204 || status === 304;
    this.#chunked = !hasLength && !this.#bodiless;
    const lasting = this.isLast
      ? 'Connection: close\r\n'
      : `Connection: keep-alive\r\nKeep-Alive: timeout=${this.#terms.idleSeconds}\r\n`;
    const date = hasDate ? '' : `Date: ${new Date().toUTCString()}\r\n`;
    this.#head = `${head}${date}${lasting}${this.#chunked ? 'Transfer-Encoding: chunked\r\n' : ''}\r\n`;
  }

  #takeHead(): string {
    const head = this.#head;
    this.#head = '';
    return head;
  }

  #sendHead(): void {
    if (this.#head !== '') this.#socket.write(this.#takeHead(), 'latin1');
  }

  #sendBoth(bytes: Buffer): void {
    this.#socket.cork();
    this.#sendHead();
    this.#socket.write(bytes, this.#taken);
  }

  #endChunks(body: Buffer | string): void {
    this.#socket.cork();
    this.#sendHead();
    if (body.length > 0) {
      this.#socket.write(`${body.length.toString(16)}\r\n`, 'latin1');
      this.#socket.write(body, 'latin1');
      this.#socket.write('\r\n', 'latin1');
    }
    this.#socket.write('0\r\n\r\n', 'latin1', this.#taken);
  }

  /** What is written in one turn leaves in one piece. */
  #corkForNow(): void {
    if (this.#corkedForNow || this.#socket.writableCorked > 0) return;
    this.#corkedForNow = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#corkedForNow = false;
      this.#socket.uncork();
    });
  }

  readonly #taken = (): void => {
    if (this.closed || !this.writableEnded || this.#socket.destroyed || this.#socket.writableLength > 0) return;
    this.writableFinished = true;
    this.close();
    this.#onOver();
  };
}

function firstLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
}

/** @throws Fault INTERNAL for a field that would end its line, or the head */
function writeLines(fields: readonly string[]): WrittenFields {
  if (withoutMalformed(fields).length !== fields.length) throw new Fault('INTERNAL', { detail: { step: 'bad field' } });
  let text = '';
  let hasLength = false;
  let hasDate = false;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = (fields[at] ?? '').toLowerCase();
    hasLength ||= name === 'content-length';
    hasDate ||= name === 'date';
    text += `${fields[at]}: ${fields[at + 1]}\r\n`;
  }
  return { text, hasLength, hasDate };
}

/** With the first line, and up to where the last value begins. */
function writeAllButLast(status: number, fields: readonly string[]): WrittenFields {
  const written = writeLines([...fields.slice(0, -1), '']);
  return { ...written, text: `${firstLine(status)}${written.text.slice(0, -'\r\n'.length)}` };
}
