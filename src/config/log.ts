import pino from 'pino';
import type { Log } from '../kernel/log.ts';

/** How many bytes of access log are gathered before they are written: a busy edge writes some times a second. */
const LOG_BUFFER_BYTES = 64 * 1024;

/** The server's own log on standard error, one JSON line each, or lines for people when that is a terminal. */
export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      // A second wall between secrets and the log, behind the rule never to log them.
      redact: ['*.authorization', '*.cookie', '*.privateKeyPem', '*.token'],
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
  const destination = pino.destination({ dest: path, sync: false, minLength: LOG_BUFFER_BYTES, mkdir: true });
  // A full disk must not stop the edge: lines are lost, viewers are served.
  destination.on('error', () => {});
  const flushing = setInterval(() => destination.flush(), 1_000).unref();
  return {
    write: (line) => void destination.write(line),
    close: () => {
      clearInterval(flushing);
      const { promise, resolve } = Promise.withResolvers<void>();
      destination.once('close', resolve);
      destination.end();
      return promise;
    },
  };
}
