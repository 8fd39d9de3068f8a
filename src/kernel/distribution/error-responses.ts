import type { CustomErrorResponse } from './model.ts';

export interface ErrorResponse {
  /** What viewers get instead: the answer to another path, under this status. Undefined where the error stands as it is. */
  readonly page: { readonly path: string; readonly status: number } | undefined;
  /** Seconds for which the error is kept at least. */
  readonly minTTL: number;
}

/** CloudFront's, for a status that nobody has configured. */
const UNASKED: ErrorResponse = { page: undefined, minTTL: 10 };

/** What an operator wants done with a status of an error. Of two for one status the first counts. */
export function compileErrorResponses(responses: readonly CustomErrorResponse[]): (status: number) => ErrorResponse {
  const byStatus = new Map<number, ErrorResponse>();
  for (const { errorCode, responsePagePath: path, responseCode: status, errorCachingMinTTL } of responses) {
    if (byStatus.has(errorCode)) continue;
    const page = path === undefined || path === '' || status === undefined ? undefined : { path, status };
    byStatus.set(errorCode, { page, minTTL: errorCachingMinTTL });
  }
  return (status) => byStatus.get(status) ?? UNASKED;
}
