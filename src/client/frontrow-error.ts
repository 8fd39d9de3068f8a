/** A call that failed. `code` is what programs branch on; docs/errors.md lists those of a server. */
export class FrontrowError extends Error {
  override readonly name = 'FrontrowError';
  /** The HTTP status; 0 where no server answered. */
  readonly status: number;
  /** The code of the problem document; UNREACHABLE or UNEXPECTED_ANSWER where there is none. */
  readonly code: string;
  /** One sentence for people. */
  readonly says: string;
  /** What the server's log has the request under. */
  readonly requestId: string | undefined;

  constructor(
    status: number,
    code: string,
    says: string,
    more: { requestId?: string | undefined; cause?: unknown } = {},
  ) {
    super(`${says} (${code})`, more.cause === undefined ? undefined : { cause: more.cause });
    this.status = status;
    this.code = code;
    this.says = says;
    this.requestId = more.requestId;
  }
}

/** The refusal in an answer, whatever its body is. */
export async function errorOf(response: Response): Promise<FrontrowError> {
  const { code, detail, title, requestId } = parseProblem(await response.text());
  const id = typeof requestId === 'string' ? requestId : (response.headers.get('x-request-id') ?? undefined);
  if (typeof code !== 'string')
    return new FrontrowError(response.status, 'UNEXPECTED_ANSWER', `The server answers ${response.status}.`, {
      requestId: id,
    });
  return new FrontrowError(response.status, code, String(detail ?? title ?? code), { requestId: id });
}

function parseProblem(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {}; // some other server's page, or none
  }
}
