import pino from 'pino';
import type { Log } from '../kernel/log.ts';

/** Characters gathered before they are written: each write wakes another thread, which at times has to wait for this core. */
const GATHER_LENGTH = 65_536;
/** Lines that a stalled disk has not taken are dropped past this, so that it costs the log and not the memory. */
const WAITING_BYTES = 8 * 1024 * 1024;
/** A quiet edge's lines are on disk after this long. */
const FLUSH_MS = 1_000;

/** The server's own log on standard error, one JSON line each. */
export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      // A second wall between secrets and the log, behind the rule never to log them. Errors of a broken database
      // connection carry their client, which knows the password.
      redact: ['*.authorization', '*.cookie', '*.privateKeyPem', '*.token', '*.databaseUrl', '*.client'],
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

export interface LineFile {
  write(line: string): void;
  /** Writes out what is gathered and closes the file. */
  close(): Promise<void>;
}

/** A file of lines, appended to in large writes. */
export function openLineFile(path: string): LineFile {
  const destination = pino.destination({ dest: path, sync: false, mkdir: true, maxLength: WAITING_BYTES });
  // A full disk must not stop the edge: lines are lost, viewers are served.
  destination.on('error', () => {});
  // Gathered here and not there, where each line makes one text of all those before it.
  let gathered = '';
  const flush = () => {
    if (gathered !== '') destination.write(gathered);
    gathered = '';
  };
  const flushing = setInterval(flush, FLUSH_MS).unref();
  return {
    write: (line) => {
      gathered += line;
      if (gathered.length >= GATHER_LENGTH) flush();
    },
    close: () => {
      clearInterval(flushing);
      flush();
      const { promise, resolve } = Promise.withResolvers<void>();
      destination.once('close', resolve);
      destination.end();
      return promise;
    },
  };
}
