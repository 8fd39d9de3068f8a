import { setTimeout as pause } from 'node:timers/promises';
import { PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import { Client, type CustomTypesConfig, DatabaseError, Pool, type PoolClient, types } from 'pg';
import { Fault } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/name`; never logged. */
  readonly url: string;
  /** Connections of this process at most, beside the one for signals. */
  readonly connections: number;
  readonly log: Log;
}

/** How long a connection may take to be made. */
const CONNECT_MS = 5_000;
/** How long a request waits for a connection, be it a new one or one that others use. */
const TURN_MS = 10_000;
/** Far above anything we ask; what takes longer is stuck, and holds up whoever waits for its rows. */
const STATEMENT_MS = 30_000;
/** A server cut off in the middle of a transaction must not keep its rows locked. */
const IDLE_IN_TRANSACTION_MS = 30_000;
/** A line that died without a word is noticed here; the server's own limit comes first on one that lives. */
const ANSWER_MS = STATEMENT_MS + 5_000;
const IDLE_MS = 30_000;
const KEEP_ALIVE_MS = 10_000;

/** Whether a text names a PostgreSQL database. */
export function isPostgresUrl(text: string): boolean {
  if (!/^postgres(ql)?:\/\//.test(text)) return false;
  try {
    new Client({ connectionString: text });
    return true;
  } catch {
    // Its reason quotes the text, password and all.
    return false;
  }
}

/** Kysely's PostgreSQL dialect over a pool that outlives its server: a connection that breaks is replaced by another. */
export function postgresDialect(
  options: PostgresOptions,
  limits: { readonly patient?: boolean } = {},
): PostgresDialect {
  const { url, connections, log } = options;
  const pool = new Pool({
    connectionString: url,
    application_name: 'frontrow',
    max: connections,
    connectionTimeoutMillis: TURN_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: TYPES,
    ...(limits.patient
      ? {}
      : {
          statement_timeout: STATEMENT_MS,
          query_timeout: ANSWER_MS,
          idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
        }),
  });
  // Without somebody who listens, the loss of a connection that nobody uses would end the process.
  pool.on('error', (cause) => log.warn(describe(cause), 'an idle database connection broke'));
  // The same for one in use, whose user hears of it through the statement that fails.
  pool.on('connect', (client) => client.on('error', () => {}));
  return new PostgresDialect({ pool: withFaults(pool) });
}

/**
 * 64-bit integers as numbers: ours are times, sizes and counts, all below 2^53. For these connections only: the
 * package's own table is everybody's.
 */
const TYPES: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === types.builtins.INT8 && format !== 'binary'
      ? Number
      : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
};

/** The pool as Kysely sees it, with our faults where the database is away or full. */
function withFaults(pool: Pool): PostgresPool {
  return {
    options: {},
    end: () => pool.end(),
    async connect() {
      try {
        return asKyselyClient(await pool.connect());
      } catch (cause) {
        throw new Fault('UNAVAILABLE', { cause });
      }
    },
  };
}

function asKyselyClient(client: PoolClient): PostgresPoolClient {
  let broken = false;
  const query = async (sql: string, parameters: unknown[]): Promise<unknown> => {
    try {
      return await client.query(sql, parameters);
    } catch (cause) {
      broken ||= !(cause instanceof DatabaseError);
      throw asFault(cause);
    }
  };
  return {
    query: query as PostgresPoolClient['query'],
    // Also when Kysely saw nothing wrong: an answer may still be on its way to a statement that was given up.
    release: (discard) => client.release(discard === true || broken),
  };
}

/**
 * SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html) by which a server says "not now": broken
 * connections, too many of them, going down, coming up, standing by, and a statement or a pause beyond its time.
 */
const NOT_NOW = /^(08|53[34]|57P|57014|25P03|25006)/;
const DISK_FULL = '53100';
const BAD_CHARACTER = '22021';

function asFault(cause: unknown): unknown {
  if (cause instanceof TypeError || cause instanceof RangeError) return cause;
  // What is no word of the server's is the loss of it.
  if (!(cause instanceof DatabaseError)) return new Fault('UNAVAILABLE', { cause });
  const { code = '' } = cause;
  if (NOT_NOW.test(code)) return new Fault('UNAVAILABLE', { cause });
  if (code === DISK_FULL) return new Fault('STORAGE_FULL', { cause });
  // PostgreSQL stores no NUL in a text.
  if (code === BAD_CHARACTER)
    return new Fault('INVALID_REQUEST', { says: 'A text holds a character that cannot be kept.', cause });
  return cause;
}

/** Whether the server answers and refuses: a wrong password or name, which waiting does not mend. */
export function isRefusal(thrown: unknown): boolean {
  const cause = thrown instanceof Fault ? thrown.cause : thrown;
  return cause instanceof DatabaseError && /^(28|3D)/.test(cause.code ?? '');
}

/** What may be logged of a failed connection: the error itself can carry the whole client. */
export function describe(thrown: unknown): { readonly why: string; readonly code: string } {
  const cause = thrown instanceof Fault && thrown.cause ? thrown.cause : thrown;
  const { message = '', code = '' } = cause as { message?: string; code?: string };
  return { why: message, code };
}

/** A connection of its own on which texts are sent to everybody who listens on the same database, this one too. */
export interface NoticeLine {
  send(texts: readonly string[]): Promise<void>;
  /** Resolves once the line is gone, by `close` or by itself. */
  readonly gone: Promise<void>;
  close(): Promise<void>;
}

const FAREWELL_MS = 1_000;
const NOTICES = 'frontrow';

/** Opens a line; `heard` is called with what others send. @throws Fault UNAVAILABLE */
export async function openNoticeLine(url: string, heard: (text: string) => void): Promise<NoticeLine> {
  const client = new Client({
    connectionString: url,
    application_name: 'frontrow signals',
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  });
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  client.on('error', () => resolve());
  client.on('end', () => resolve());
  let own: number | undefined;
  client.on('notification', ({ processId, payload }) => {
    if (processId !== own && payload !== undefined) heard(payload);
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    own = rows[0]?.pid;
    await client.query(`listen ${NOTICES}`);
  } catch (cause) {
    await hangUp(client);
    throw new Fault('UNAVAILABLE', { cause });
  }
  return {
    gone,
    async send(texts) {
      try {
        await client.query('select pg_notify($1, text) from unnest($2::text[]) as text', [NOTICES, [...texts]]);
      } catch (cause) {
        // A line that does not take a few words is of no use.
        resolve();
        throw new Fault('UNAVAILABLE', { cause });
      }
    },
    close: () => hangUp(client),
  };
}

/** A line that is dead without knowing it does not answer a farewell either. */
async function hangUp(client: Client): Promise<void> {
  const enough = pause(FAREWELL_MS, undefined, { ref: false });
  await Promise.race([client.end().catch(() => {}), enough]);
}
