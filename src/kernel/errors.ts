/**
 * The catalogue of faults. A code is a promise: people search for it and scripts branch on it, so a code is never
 * renamed or reused. `docs/errors.md` is printed from this table and a test compares the two.
 * `side` says whose doing it is and so the log level; `status` is the HTTP answer; `says` is the public sentence.
 */
export const FAULTS = {
  // Requests to the API
  INVALID_REQUEST: { side: 'viewer', status: 400, says: 'The request does not have the form this operation needs.' },
  TOKEN_MISSING: { side: 'viewer', status: 401, says: 'Send a bearer token in the Authorization header.' },
  TOKEN_INVALID: { side: 'viewer', status: 401, says: 'The token is not one of this server, or no longer valid.' },
  SCOPE_MISSING: { side: 'viewer', status: 403, says: 'The token does not carry the scope this operation needs.' },
  NOT_FOUND: { side: 'viewer', status: 404, says: 'There is nothing at this address.' },
  METHOD_NOT_ALLOWED: { side: 'viewer', status: 405, says: 'This address does not answer that method.' },
  CONFLICT: { side: 'viewer', status: 409, says: 'The request does not fit the present state of the resource.' },
  IF_MATCH_STALE: {
    side: 'viewer',
    status: 412,
    says: 'Somebody else has changed this since it was read: read it again and send its new ETag in If-Match.',
  },
  BODY_TOO_LARGE: { side: 'viewer', status: 413, says: 'The body is larger than this server accepts.' },
  URI_TOO_LONG: { side: 'viewer', status: 414, says: 'The address is longer than this server accepts.' },
  UNSUPPORTED_MEDIA_TYPE: { side: 'viewer', status: 415, says: 'This operation does not take that content type.' },
  IDEMPOTENCY_KEY_REUSED: {
    side: 'viewer',
    status: 422,
    says: 'This Idempotency-Key was already used with another body.',
  },
  SIGNING_KEY_INVALID: { side: 'viewer', status: 422, says: 'The key is not RSA of 2048 bits or ECDSA on P-256.' },
  IF_MATCH_MISSING: {
    side: 'viewer',
    status: 428,
    says: 'Say in If-Match which state this changes: send the ETag with which it was read.',
  },
  RATE_LIMITED: { side: 'viewer', status: 429, says: 'Too many requests; try again after the time in Retry-After.' },
  INTERNAL: { side: 'ours', status: 500, says: 'Something went wrong on our side; the log has the details.' },
  UNAVAILABLE: { side: 'ours', status: 503, says: 'The server cannot answer right now; try again shortly.' },
  CACHE_DAMAGED: { side: 'ours', status: 500, says: 'A stored copy was damaged; ask again.' },
  STORAGE_FULL: { side: 'ours', status: 507, says: 'The server has no room left for this.' },
  STORAGE_UNAVAILABLE: { side: 'ours', status: 503, says: 'The object store does not answer right now.' },
  STORAGE_REFUSED: { side: 'ours', status: 500, says: 'The object store does not accept this server.' },

  // Sources: why an asset is `errored`
  SOURCE_EMPTY: { side: 'viewer', status: 422, says: 'The file is empty.' },
  SOURCE_NOT_MEDIA: { side: 'viewer', status: 422, says: 'The file is not audio or video that can be read.' },
  SOURCE_FORMAT_REFUSED: {
    side: 'viewer',
    status: 422,
    says: 'Playlists, images and other files that name further files are not accepted as a source.',
  },
  SOURCE_TRUNCATED: { side: 'viewer', status: 422, says: 'The file ends too early: a part of it is missing.' },
  SOURCE_NO_STREAMS: { side: 'viewer', status: 422, says: 'The file holds no audio or video stream.' },
  SOURCE_PARTS_DIFFER: {
    side: 'viewer',
    status: 422,
    says: 'The file is several recordings joined, which cannot be one film: upload them one by one, or convert them first.',
  },
  SOURCE_TOO_WIDE: { side: 'viewer', status: 422, says: 'The picture is larger than this server encodes.' },
  SOURCE_TOO_LONG: { side: 'viewer', status: 422, says: 'The film is longer than this server encodes.' },
  SOURCE_MISSING: { side: 'ours', status: 500, says: 'The stored source of this asset is gone.' },
  ENCODE_FAILED: { side: 'ours', status: 500, says: 'The encoder gave up on this film.' },
  ENCODE_TIMEOUT: {
    side: 'ours',
    status: 500,
    says: 'A part of this film takes an encoder longer than this server allows.',
  },
  ENCODE_MEMORY: {
    side: 'ours',
    status: 500,
    says: 'A part of this film takes an encoder more memory than this server allows.',
  },
  ENCODE_OUTPUT: { side: 'ours', status: 500, says: 'An encoder wrote more than a part of this film can have.' },
  CONTENT_KEY_UNREADABLE: {
    side: 'ours',
    status: 500,
    says: 'The key of this film was kept under another secret than the one this server has.',
  },
  LADDER_INVALID: { side: 'ours', status: 500, says: 'The encoding ladder is not usable.' },
  FFMPEG_MISSING: { side: 'ours', status: 500, says: 'Frontrow needs ffmpeg and ffprobe 5.1 or newer.' },
  UPLOAD_EXPIRED: { side: 'viewer', status: 410, says: 'The upload was not finished in time and has been removed.' },
  UPLOAD_OFFSET_CONFLICT: {
    side: 'viewer',
    status: 409,
    says: 'The upload does not continue where it stopped; ask for its offset by HEAD.',
  },
  UPLOAD_VERSION_UNSUPPORTED: {
    side: 'viewer',
    status: 412,
    says: 'Uploads speak tus 1.0.0: send Tus-Resumable: 1.0.0.',
  },
  UPLOAD_LOCKED: { side: 'viewer', status: 423, says: 'Another request is busy with this upload; try again.' },
  UPLOAD_CHECKSUM_MISMATCH: {
    side: 'viewer',
    status: 460,
    says: 'The bytes do not have the checksum that was sent; they were discarded.',
  },
  UPLOAD_FEATURE_UNSUPPORTED: {
    side: 'viewer',
    status: 501,
    says: 'This server does not join partial uploads; set parallelUploads to 1.',
  },

  // Recordings and clips
  RECORDING_EMPTY: { side: 'viewer', status: 422, says: 'The broadcast ended before anything of it was recorded.' },
  RECORDING_RUNNING: {
    side: 'viewer',
    status: 409,
    says: 'This is being recorded: end the broadcast first.',
  },
  ASSET_WITHOUT_SOURCE: {
    side: 'viewer',
    status: 409,
    says: 'This asset is a recording or a clip: it has no source that could be encoded again.',
  },
  ASSET_NOT_READY: { side: 'viewer', status: 409, says: 'This asset is not ready; try again when it is.' },
  CLIP_RANGE_INVALID: { side: 'viewer', status: 422, says: 'A clip begins and ends within its asset, in this order.' },

  // Subtitles
  SUBTITLES_INVALID: {
    side: 'viewer',
    status: 422,
    says: 'The body holds no subtitles that could be read: send SRT or WebVTT.',
  },

  // Distributions and what they name
  CONFIGURATION_INVALID: {
    side: 'viewer',
    status: 422,
    says: 'The configuration would not work; the fields of `errors` say where and why.',
  },
  CONFIGURATION_IN_USE: { side: 'viewer', status: 409, says: 'This is in use and cannot be deleted.' },
  CONFIGURATION_LIMIT: { side: 'viewer', status: 409, says: 'This server keeps no more of these.' },
  POLICY_MANAGED: { side: 'viewer', status: 403, says: 'Managed policies cannot be changed: make one of your own.' },
  DISTRIBUTION_BUILT_IN: {
    side: 'viewer',
    status: 403,
    says: 'The distribution `default` serves films and cannot be deleted.',
  },
  CALLER_REFERENCE_REUSED: {
    side: 'viewer',
    status: 409,
    says: 'This callerReference belongs to an invalidation of other paths.',
  },

  // Pulls
  PULL_URL_INVALID: { side: 'viewer', status: 422, says: 'The source address must be an http or https URL.' },
  PULL_ADDRESS_REFUSED: {
    side: 'viewer',
    status: 422,
    says: 'The source address leads to a private network, which this server does not fetch from.',
  },
  PULL_FAILED: { side: 'upstream', status: 502, says: 'The source could not be fetched.' },

  // Keys of identity providers
  JWKS_ADDRESS_REFUSED: {
    side: 'viewer',
    status: 422,
    says: 'The address of the keys leads to a private network, which this server does not fetch from.',
  },

  // Publishers of live streams
  STREAM_KEY_REFUSED: { side: 'viewer', status: 401, says: 'There is no live stream with this stream key.' },
  LIVE_CLAIMS_LIMITED: {
    side: 'viewer',
    status: 429,
    says: 'Too many wrong stream keys came from this address; try again later.',
  },
  LIVE_STREAM_BUSY: {
    side: 'viewer',
    status: 409,
    says: 'A publisher and a backup are sending to this live stream already, or somebody is at another server.',
  },
  LIVE_STREAM_DISABLED: { side: 'viewer', status: 403, says: 'This live stream is switched off.' },
  LIVE_FULL: { side: 'ours', status: 503, says: 'This server carries as many live streams as it can.' },
  INGEST_ORIGIN_REFUSED: {
    side: 'viewer',
    status: 403,
    says: 'Browsers publish from pages of this server, not from those of another origin.',
  },
  LIVE_MEDIA_REFUSED: {
    side: 'viewer',
    status: 415,
    says: 'The publisher sends a codec or container that this server does not take: send H.264 and AAC, or VP8 and Opus from a browser.',
  },

  // Live streams
  LIVE_STREAM_IDLE: { side: 'viewer', status: 409, says: 'This live stream is not live right now.' },
  LIVE_NODE_AWAY: {
    side: 'upstream',
    status: 502,
    says: 'The node that has this live stream does not answer; try again shortly.',
  },
  COMMAND_SIGNATURE_INVALID: { side: 'viewer', status: 403, says: 'Live streams take commands of control only.' },

  // Webhooks
  WEBHOOK_URL_INVALID: {
    side: 'viewer',
    status: 422,
    says: 'The address of a webhook must be an http or https URL without a user name in it.',
  },
  WEBHOOK_ADDRESS_REFUSED: {
    side: 'viewer',
    status: 422,
    says: 'The address leads to a private network, which this server does not send webhooks to.',
  },
  WEBHOOK_UNREACHABLE: { side: 'upstream', status: 502, says: 'The endpoint could not be reached.' },
  WEBHOOK_TIMEOUT: { side: 'upstream', status: 504, says: 'The endpoint did not answer in time.' },
  WEBHOOK_DISABLED: { side: 'viewer', status: 409, says: 'The webhook is disabled; enable it first.' },

  // Broadcasts
  LIVE_STREAM_ENDED: { side: 'viewer', status: 410, says: 'The broadcast is over.' },
  LIVE_STREAM_SILENT: { side: 'viewer', status: 408, says: 'The publisher sent nothing for too long.' },

  // The origin
  EDGE_SIGNATURE_INVALID: { side: 'viewer', status: 403, says: 'The origin answers edges only.' },
  EDGE_REVOKED: { side: 'viewer', status: 403, says: 'This edge has been revoked; enrol it anew.' },
  ENROLMENT_INVALID: {
    side: 'viewer',
    status: 403,
    says: 'The enrolment token is none of this server, too old, or has been used; make another one.',
  },
  DASH_UNAVAILABLE: {
    side: 'viewer',
    status: 404,
    says: 'This film is encrypted in whole segments, which DASH does not know; play its master.m3u8.',
  },
  SEGMENT_PENDING: { side: 'ours', status: 503, says: 'This part of the film is still being encoded.' },

  // Live, at the origin
  LIVE_DIRECTIVES_INVALID: {
    side: 'viewer',
    status: 400,
    says: 'The _HLS_ parameters of this request are not what a player of this stream would send.',
  },
  LIVE_LATE: {
    side: 'upstream',
    status: 503,
    says: 'What was asked for has not come from the publisher in time; try again.',
  },

  // The edge
  REQUEST_MALFORMED: { side: 'viewer', status: 400, says: 'The request is not HTTP as this server understands it.' },
  HOST_INVALID: { side: 'viewer', status: 400, says: 'The request must name one host.' },
  REQUEST_TIMEOUT: { side: 'viewer', status: 408, says: 'The request took too long to arrive.' },
  HEADERS_TOO_LARGE: {
    side: 'viewer',
    status: 431,
    says: 'The request has more header fields, or larger ones, than this server accepts.',
  },
  PATH_INVALID: { side: 'viewer', status: 400, says: 'The path is not one this server can answer.' },
  GRANT_REJECTED: { side: 'viewer', status: 403, says: 'Access denied' },
  LIVE_WAITERS_FULL: {
    side: 'viewer',
    status: 503,
    says: 'More viewers wait for this broadcast than this edge takes; try again after the time in Retry-After.',
  },
  ORIGIN_UNREACHABLE: { side: 'upstream', status: 502, says: 'The origin could not be reached.' },
  ORIGIN_TRUNCATED: { side: 'upstream', status: 502, says: 'The origin broke off its answer.' },
  ORIGIN_INVALID: { side: 'upstream', status: 502, says: 'The answer of the origin could not be read.' },
  ORIGIN_CIRCUIT_OPEN: {
    side: 'upstream',
    status: 503,
    says: 'The origin has just failed several times and is left alone for a moment; try again after the time in Retry-After.',
  },
  ORIGIN_TIMEOUT: { side: 'upstream', status: 504, says: 'The origin did not answer in time.' },
  FILL_TIMEOUT: { side: 'upstream', status: 504, says: 'Another request was fetching this object and took too long.' },
  NOT_STORED: { side: 'viewer', status: 504, says: 'This is not stored, and the request asked for nothing else.' },
  TARGET_INVALID: {
    side: 'viewer',
    status: 400,
    says: 'An invalidation names paths, which begin with a slash and may have a star anywhere, or tags.',
  },
  INVALIDATIONS_PENDING: {
    side: 'viewer',
    status: 429,
    says: 'Too many invalidations wait to be swept; try again shortly, or use a pattern.',
  },
  INVALIDATION_UNRECORDED: {
    side: 'ours',
    status: 507,
    says: 'The invalidation is in force but could not be written down: a crash may undo it, so send it again.',
  },
  CONFIG_REFUSED: {
    side: 'upstream',
    status: 502,
    says: 'This edge cannot use the configuration that control sent, and keeps the one before.',
  },
  LOOP_DETECTED: { side: 'viewer', status: 508, says: 'This request has already been through this edge.' },
  DISTRIBUTION_DISABLED: { side: 'viewer', status: 403, says: 'The distribution for this host is switched off.' },
  COUNTRY_REFUSED: {
    side: 'viewer',
    status: 403,
    says: 'The distribution for this host does not serve the country that this request comes from.',
  },
  METHOD_REFUSED: { side: 'viewer', status: 403, says: 'The distribution does not take this method at this address.' },
  HTTPS_REQUIRED: { side: 'viewer', status: 403, says: 'This address is to be asked for by https.' },
  UPGRADE_REFUSED: { side: 'viewer', status: 501, says: 'This address does not switch protocols.' },
  VIEWER_GONE: { side: 'viewer', status: 499, says: 'The viewer left.' },

  // The live channel
  CHANNEL_PROTOCOL_MISSING: {
    side: 'viewer',
    status: 400,
    says: 'A channel is joined by WebSocket with the subprotocol frontrow.channel.v1.',
  },
  CHANNEL_ORIGIN_REFUSED: {
    side: 'viewer',
    status: 403,
    says: 'Pages of this origin may not join by cookies: allow the origin, or use a token.',
  },
  CHANNEL_CROWDED: {
    side: 'viewer',
    status: 429,
    says: 'There are too many connections to channels from this address.',
  },
  CHANNEL_FULL: { side: 'ours', status: 503, says: 'This edge has no room for another viewer of a channel.' },
  CHANNEL_MESSAGE_INVALID: { side: 'viewer', status: 400, says: 'The message is none that a channel knows.' },
  CHANNEL_RATE_LIMITED: { side: 'viewer', status: 429, says: 'Too many messages; say less.' },
  CHANNEL_AWAY: { side: 'upstream', status: 503, says: 'The node of the stream cannot be reached right now.' },
  RENDITION_UNKNOWN: { side: 'viewer', status: 404, says: 'The broadcast has no such rendition.' },
  CHAT_CLOSED: { side: 'viewer', status: 403, says: 'The chat of this stream is closed.' },
  CHAT_SLOW: { side: 'viewer', status: 429, says: 'Wait before you say something again.' },
  CHAT_BANNED: { side: 'viewer', status: 403, says: 'You cannot write in this chat any more.' },
} as const satisfies Record<string, { side: 'viewer' | 'upstream' | 'ours'; status: number; says: string }>;

export type FaultCode = keyof typeof FAULTS;

export interface FieldError {
  /** Such as `body.aliases[0]`. */
  readonly field: string;
  /** A whole sentence. */
  readonly says: string;
}

export interface FaultOptions {
  /** What happened here, for the person who asked. Sent. Never a path, a secret or foreign text. */
  says?: string;
  /** What is wrong field by field. Sent. */
  errors?: readonly FieldError[];
  /** For the log only, never sent. */
  detail?: Readonly<Record<string, unknown>>;
  cause?: unknown;
  /** When it is worth asking again. Sent. */
  retryAfterSeconds?: number;
}

export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  /** Logged, never sent. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;
  readonly errors: readonly FieldError[] | undefined;

  constructor(code: FaultCode, options: FaultOptions = {}) {
    super(options.says ?? FAULTS[code].says, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.errors = options.errors;
  }

  get side(): 'viewer' | 'upstream' | 'ours' {
    return FAULTS[this.code].side;
  }

  get status(): number {
    return FAULTS[this.code].status;
  }

  /**
   * Anything thrown, as a fault: a full disk is STORAGE_FULL, since waiting helps there, and what is not one already is
   * INTERNAL, each with the original as its cause.
   */
  static from(thrown: unknown): Fault {
    if (thrown instanceof Fault) return thrown;
    return new Fault(isStorageFull(thrown) ? 'STORAGE_FULL' : 'INTERNAL', { cause: thrown });
  }
}

/** Whether waiting helps: the store or the database has no room or is away, which does not lie with what was to be kept. */
export function isPassing(thrown: unknown): boolean {
  const { code } = Fault.from(thrown);
  return code === 'STORAGE_FULL' || code === 'STORAGE_UNAVAILABLE' || code === 'UNAVAILABLE';
}

/** SQLite's own word for a disk without room, https://sqlite.org/rescode.html#full. */
const SQLITE_FULL = 13;

/** Whether a file system, a quota or the embedded database failed for want of room. */
export function isStorageFull(thrown: unknown): boolean {
  const { code, errcode } = (thrown ?? {}) as { code?: unknown; errcode?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT' || errcode === SQLITE_FULL;
}
