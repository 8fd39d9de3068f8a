/** Why a command stops: one sentence for the person, a code for scripts, and the exit status. */
export type CommandCode =
  | 'USAGE'
  | 'SETTINGS_INVALID'
  | 'ADDRESS_UNAVAILABLE'
  | 'SERVER_NOT_FOUND'
  | 'SERVER_UNREACHABLE'
  | 'FILE_UNREADABLE'
  | 'UPLOAD_FAILED'
  | 'DEMO_FAILED';

export class Failure extends Error {
  override readonly name = 'Failure';
  /** One of ours, or the code of a server's problem document. */
  readonly code: string;

  constructor(code: CommandCode | (string & {}), says: string, options?: ErrorOptions) {
    super(says, options);
    this.code = code;
  }

  /** 2 when the command line or the settings are at fault, 1 when the work is. */
  get exitStatus(): number {
    return this.code === 'USAGE' || this.code === 'SETTINGS_INVALID' ? 2 : 1;
  }
}

export function usage(says: string): Failure {
  return new Failure('USAGE', says);
}
