import { SettingsError } from '../config/settings.ts';
import { Fault, type FieldError } from '../kernel/errors.ts';

/** Why a command stops: one sentence for the person, a code for scripts, and the exit status. */
export type CommandCode =
  | 'USAGE'
  | 'SETTINGS_INVALID'
  | 'ADDRESS_UNAVAILABLE'
  | 'SERVER_NOT_FOUND'
  | 'SERVER_UNREACHABLE'
  | 'FILE_UNREADABLE'
  | 'FILE_INVALID'
  | 'CHANGES_PLANNED'
  | 'NOT_OURS'
  | 'WORKER_FAILED'
  | 'SOCKET_PATH_TOO_LONG'
  | 'UPLOAD_FAILED'
  | 'DEMO_FAILED';

export class Failure extends Error {
  override readonly name = 'Failure';
  /** One of ours, or the code of a server's problem document. */
  readonly code: string;

  /** Of a document that a server refused: each field that is wrong. */
  readonly fields: readonly FieldError[];

  constructor(
    code: CommandCode | (string & {}),
    says: string,
    options: ErrorOptions & { readonly fields?: readonly FieldError[] } = {},
  ) {
    super(says, options);
    this.code = code;
    this.fields = options.fields ?? [];
  }

  /** 2 when the command line or the settings are at fault, or something would change; 1 when the work is. */
  get exitStatus(): number {
    return ['USAGE', 'SETTINGS_INVALID', 'CHANGES_PLANNED'].includes(this.code) ? 2 : 1;
  }
}

/** What is known to go wrong, as a failure; undefined for a bug, which keeps its stack. */
export function failureOf(cause: unknown): Failure | undefined {
  if (cause instanceof Failure) return cause;
  if (cause instanceof SettingsError) return new Failure('SETTINGS_INVALID', cause.message, { cause });
  if (cause instanceof Fault && cause.code !== 'INTERNAL') return new Failure(cause.code, cause.message, { cause });
  const { code, address, port } = cause as { code?: string; address?: string; port?: number };
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return undefined;
  if (port === undefined) return undefined;
  const reason = code === 'EADDRINUSE' ? 'another program listens there already' : 'this user may not listen there';
  return new Failure('ADDRESS_UNAVAILABLE', `Port ${port} of ${address} cannot be had: ${reason}.`, { cause });
}

export function usage(says: string): Failure {
  return new Failure('USAGE', says);
}
