/** An answer that was not what we asked for, in the server's words (RFC 9457) where it had some. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: string;
  /** 0 when no answer arrived at all. */
  readonly status: number;

  constructor(code: string, status: number, says: string) {
    super(says);
    this.code = code;
    this.status = status;
  }

  get isNetworkAway(): boolean {
    return this.code === 'NETWORK_AWAY';
  }

  static networkAway(): Problem {
    return new Problem('NETWORK_AWAY', 0, 'The server could not be reached. Check that Frontrow is still running.');
  }

  static from(thrown: unknown): Problem {
    if (thrown instanceof Problem) return thrown;
    return new Problem('UNEXPECTED', 0, thrown instanceof Error ? thrown.message : 'Something went wrong.');
  }
}

/** Reads a problem document; any other body still yields a problem that carries the status. */
export function readProblem(status: number, body: string): Problem {
  const fields = parseObject(body);
  const code = typeof fields.code === 'string' ? fields.code : `HTTP_${status}`;
  const says = [fields.detail, fields.title].find((text) => typeof text === 'string' && text.length > 0);
  return new Problem(code, status, typeof says === 'string' ? says : `The server answered with status ${status}.`);
}

function parseObject(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // A proxy's HTML page, for example: the status has to do.
  }
}
