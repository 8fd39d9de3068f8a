import { formatSpan } from '../format.ts';
import type { GrantFacts } from './grant-facts.ts';

/** Why playback stopped, in plain words, with whether trying again can help. */
export interface PlaybackError {
  readonly code: string;
  readonly title: string;
  readonly says: string;
  readonly mayRetry: boolean;
}

/** What the engine knows when it gives up. `status` is absent or 0 when no answer came. */
export interface Failure {
  readonly kind: 'network' | 'media' | 'other';
  readonly details: string;
  readonly status?: number;
}

export function explainFailure(failure: Failure, grant: GrantFacts | undefined, nowMs: number): PlaybackError {
  if (failure.status === 401 || failure.status === 403) return explainRefusal(grant, nowMs);
  if (failure.status === 404) return NOT_FOUND;
  if (failure.kind === 'network') return explainNetwork(failure.status ?? 0);
  if (failure.details === 'manifestIncompatibleCodecsError' || failure.details === 'bufferAddCodecError')
    return NO_CODEC;
  return {
    code: failure.details || 'PLAYBACK_FAILED',
    title: 'Playback stopped',
    says: 'The browser could not go on with this film. Trying again usually helps.',
    mayRetry: true,
  };
}

const NOT_FOUND: PlaybackError = {
  code: 'NOT_FOUND',
  title: 'There is no film at this address',
  says: 'The address may be mistyped, or the film was deleted.',
  mayRetry: true,
};

const NO_CODEC: PlaybackError = {
  code: 'CODEC_UNSUPPORTED',
  title: 'This browser cannot decode the film',
  says: 'It lacks the H.264 or AAC decoder. Try a current version of Chrome, Edge, Firefox or Safari.',
  mayRetry: false,
};

function explainNetwork(status: number): PlaybackError {
  if (status === 503) {
    return {
      code: 'STILL_ENCODING',
      title: 'This part is still being encoded',
      says: 'The encoder has not reached it yet. Try again in a moment.',
      mayRetry: true,
    };
  }
  const says =
    status === 0
      ? 'The edge could not be reached. Check your connection, and that the edge is running.'
      : `The edge answered with status ${status}.`;
  return { code: 'NETWORK_AWAY', title: 'The network is away', says, mayRetry: true };
}

/** The edge never says which check failed; what the address itself tells is enough for the usual reasons. */
function explainRefusal(grant: GrantFacts | undefined, nowMs: number): PlaybackError {
  const refused = (code: string, title: string, says: string): PlaybackError => ({ code, title, says, mayRetry: true });
  if (!grant) {
    return refused(
      'GRANT_MISSING',
      'This film needs a signed link',
      'The address carries no grant. Ask whoever shared it for a signed link.',
    );
  }
  if (grant.endsAtMs !== undefined && grant.endsAtMs <= nowMs) {
    const ago = formatSpan((nowMs - grant.endsAtMs) / 1000);
    return refused('GRANT_EXPIRED', 'This link has expired', `It was valid until ${ago} ago. Ask for a new one.`);
  }
  if (grant.startsAtMs !== undefined && grant.startsAtMs > nowMs) {
    const wait = formatSpan((grant.startsAtMs - nowMs) / 1000);
    return refused('GRANT_NOT_YET', 'This link is not valid yet', `It starts to work in ${wait}.`);
  }
  const place = grant.ip ? ` It is also bound to the address ${grant.ip}, which may not be yours.` : '';
  return refused(
    'GRANT_REJECTED',
    'This link was refused',
    `It was changed after signing, belongs to another film, or its key was revoked.${place}`,
  );
}
