import { Fault, type FaultCode } from './errors.ts';

/** What every listener's refusals, before any handler of ours is asked, have to tell them by. */
interface Refusal {
  readonly code?: string;
  readonly statusCode?: number | undefined;
}

/** Which of our codes each of fastify's own refusals is. */
const FASTIFY_CODES: Readonly<Record<string, FaultCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'INVALID_REQUEST',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'INVALID_REQUEST',
  FST_ERR_CTP_INVALID_JSON_BODY: 'INVALID_REQUEST',
  FST_ERR_BAD_URL: 'INVALID_REQUEST',
  FST_ERR_ASYNC_CONSTRAINT: 'INVALID_REQUEST',
};

/** What a handler threw, or the listener itself, as a fault. */
export function listenerFault(thrown: Refusal): Fault {
  if (thrown instanceof Fault) return thrown;
  const { code = '', statusCode } = thrown;
  const ours = FASTIFY_CODES[code];
  if (ours) return new Fault(ours, { cause: thrown });
  // A plugin's own 4xx (a range that cannot be satisfied, a bad path) is the caller's doing whatever its name is.
  if (statusCode === 404) return new Fault('NOT_FOUND', { cause: thrown });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new Fault('INVALID_REQUEST', { cause: thrown });
  return Fault.from(thrown);
}
