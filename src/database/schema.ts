import type { ColumnType, Generated } from 'kysely';
import type { Kind } from '../kernel/distribution/documents.ts';
import type { EncryptionMethod } from '../kernel/encryption/segment.ts';
import type { FaultCode } from '../kernel/errors.ts';
import type { EventType } from '../kernel/event-types.ts';
import type { EndReason, LiveStreamState } from '../kernel/live/live-stream.ts';

/** The tables. Times are epoch milliseconds in integers, JSON is text: both mean the same on every engine. */
export interface Schema {
  assets: AssetTable;
  segments: SegmentTable;
  subtitles: SubtitleTable;
  encodings: EncodingTable;
  retired_versions: RetiredVersionTable;
  removals: RemovalTable;
  content_keys: ContentKeyTable;
  jobs: JobTable;
  signing_keys: SigningKeyTable;
  api_tokens: ApiTokenTable;
  users: UserTable;
  sign_in_links: SignInLinkTable;
  audit_log: AuditLogTable;
  idempotency_keys: IdempotencyKeyTable;
  events: EventTable;
  webhooks: WebhookTable;
  webhook_deliveries: WebhookDeliveryTable;
  edge_feed: EdgeFeedTable;
  edges: EdgeTable;
  edge_reports: EdgeReportTable;
  revocations: RevocationTable;
  jwks: JwksTable;
  edge_enrolments: EdgeEnrolmentTable;
  configurations: ConfigurationTable;
  invalidations: InvalidationTable;
  live_streams: LiveStreamTable;
  live_bans: LiveBanTable;
  live_deletions: LiveDeletionTable;
  broadcasts: BroadcastTable;
  recording_sessions: RecordingSessionTable;
  recording_segments: RecordingSegmentTable;
  recording_date_ranges: RecordingDateRangeTable;
}

export interface AssetTable {
  id: string;
  title: string;
  policy: 'public' | 'signed';
  status: 'uploading' | 'queued' | 'playable' | 'ready' | 'errored';
  /** The version whose playlists are served; media of one version never changes. */
  version: number;
  /** How segments of that version are encrypted; null for those in the clear. */
  encryption: EncryptionMethod | null;
  source_name: string;
  source_bytes: number | null;
  received_bytes: number;
  /** The node on whose disk the source arrives; null for one that was made before there were several. */
  received_by: string | null;
  /** 1 until the source is stored as a whole. */
  arriving: number;
  source_sha256: string | null;
  /** What the sound of the first version is brought to; null for as loud as it is, or as the ladder says. */
  loudness_lufs: number | null;
  /** JSON of `Film`, once planned. */
  film: string | null;
  /** JSON of `RecordedFilm`, of an asset that has no source. */
  recording: string | null;
  segments_total: number;
  segments_done: number;
  error_code: string | null;
  error_says: string | null;
  created_at: ColumnType<number, number, never>;
  updated_at: number;
}

/** One row a published segment: what progress and measured bandwidth are computed from. */
export interface SegmentTable {
  asset_id: string;
  version: number;
  rendition: string;
  segment: number;
  bytes: number;
  /** Where its key frame lies in it, with the boxes around it; null for sound. */
  key_start: number | null;
  key_bytes: number | null;
}

export interface SubtitleTable {
  asset_id: string;
  /** Of the rendition, and so of its folder. */
  name: string;
  language: string | null;
  title: string | null;
  kind: 'subtitles' | 'captions';
  /** 0 or 1. */
  is_default: number;
  is_forced: number;
  origin: 'embedded' | 'uploaded';
  /** Null until its segments are in the store. */
  published_at: number | null;
  created_at: ColumnType<number, number, never>;
}

/** The last encoding anew of an asset. Its film and progress stand here until viewers are served its version. */
export interface EncodingTable {
  asset_id: string;
  version: number;
  state: 'running' | 'ready' | 'failed';
  /** JSON of `Ladder`. */
  ladder: string;
  encryption: EncryptionMethod | null;
  film: string | null;
  segments_total: number;
  segments_done: number;
  error_code: string | null;
  error_says: string | null;
  created_at: number;
}

/** A version that viewers may still be in the middle of. */
export interface RetiredVersionTable {
  asset_id: string;
  version: number;
  remove_at: number;
}

/** What nobody wants in the store any more, until it is certain that nothing of it is left there. */
export interface RemovalTable {
  prefix: string;
  settled_at: number;
}

/** What one version is encrypted with. */
export interface ContentKeyTable {
  asset_id: string;
  version: number;
  /** Sealed under a secret that is not in the database. */
  wrapped: string;
}

/** Work, leased with a deadline and a fencing number. `lanes` and the range tell which segments a job will publish. */
export interface JobTable {
  id: string;
  kind: string;
  subject: string;
  /** Names with a comma before, between and behind, such as `,360p,720p,`. */
  lanes: string;
  first_segment: number;
  /** Exclusive. */
  end_segment: number;
  payload: string;
  priority: number;
  /** Order among equals. */
  seq: Generated<number>;
  state: 'waiting' | 'leased';
  attempts: number;
  run_after: number;
  /** How much of an arriving source must be there before the job may be leased; null when it is. */
  needs_bytes: number | null;
  /** The node on whose disk the source arrives, which alone can do the job by then; null when every worker can. */
  at_node: string | null;
  leased_by: string | null;
  lease_until: number | null;
  fence: number;
  /** Whose wish brought it to the front, as far as it is known; null when nobody ever waited for it. */
  wished_by: string | null;
  /** Since when that wish stands. */
  wished_since: number | null;
  /** Until then the wish counts, unless whoever waits says so again. */
  wish_until: number | null;
}

export interface SigningKeyTable {
  key_pair_id: string;
  name: string;
  /** `server` for the key this server signs playback grants with; its private half is not in the database. */
  owner: 'user' | 'server';
  algorithm: 'RSA' | 'ECDSA';
  public_key_pem: string;
  created_at: number;
  revoked_at: number | null;
}

export interface UserTable {
  id: string;
  name: string;
  email: string | null;
  /** What he may do, by the name of a role; null where `scopes` says it. */
  role: string | null;
  /** With spaces between them; empty where `role` says it. */
  scopes: string;
  created_at: number;
  disabled_at: number | null;
}

/** A link that signs a user in, once. The link itself is a signed JWT that names this id. */
export interface SignInLinkTable {
  id: string;
  user_id: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
}

export interface ApiTokenTable {
  id: string;
  /** A session does what its user may do, whatever that is by then. */
  kind: 'api' | 'session';
  name: string;
  /** Empty for a session. */
  scopes: string;
  /** Whose session it is, or which user is behind the making of it; null for the server. */
  user_id: string | null;
  /** The API token it was made with; null when a user or the server made it. */
  made_by: string | null;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
  /** Written now and then only. */
  last_used_at: number | null;
}

/** Who changed what. Rows are added and, when they are old, removed. */
export interface AuditLogTable {
  id: string;
  created_at: number;
  actor_kind: 'user' | 'token' | 'server' | 'edge' | 'nobody';
  actor_id: string | null;
  actor_name: string | null;
  address: string;
  operation: string;
  resource_kind: string;
  resource_id: string | null;
  /** JSON, as is `after`. */
  before: string | null;
  after: string | null;
  request_id: string;
}

export interface IdempotencyKeyTable {
  /** Operation and key, hashed. */
  id: string;
  request_hash: string;
  status: number;
  body: string;
  created_at: number;
}

/** The outbox: what happened, written in the transaction in which it happened. */
export interface EventTable {
  id: string;
  type: EventType;
  /** JSON of `Asset` as it then was; null for an event that is about none. */
  asset: string | null;
  /** JSON of `LiveMoment`; null for an event that is about no live stream. */
  live: string | null;
  created_at: number;
  /** When its deliveries were made; null until then. */
  dispatched_at: number | null;
}

export interface WebhookTable {
  id: string;
  url: string;
  /** Event types with spaces between them; `*` for all, also those that come later. */
  events: string;
  description: string | null;
  secret: string;
  /** 0 or 1: SQLite knows no booleans. */
  enabled: number;
  created_at: number;
}

/** One event on its way to one endpoint. */
export interface WebhookDeliveryTable {
  id: string;
  webhook_id: string;
  event_id: string;
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  /** What the endpoint answered last. */
  response_status: number | null;
  /** Why the last attempt got no answer. */
  failure: FaultCode | null;
  next_attempt_at: number | null;
  created_at: number;
  updated_at: number;
}

/** One row. */
export interface EdgeFeedTable {
  lineage: string;
  revision: number;
  /** The newest invalidation that is kept no more; 0 for none. */
  invalidations_swept: number;
}

export interface EdgeTable {
  id: string;
  name: string;
  /** JSON of `EdgeLocation`. */
  location: string | null;
  /** 1 for one that has its credential from here, 0 for one that has the fleet's secret. */
  enrolled: number;
  /** 0 or 1. */
  draining: number;
  created_at: ColumnType<number, number, never>;
  revoked_at: number | null;
}

/** What a process of an edge last said of itself, as of some seconds ago. */
export interface EdgeReportTable {
  edge_id: string;
  process: string;
  reported_at: number;
  /** JSON of `EdgeReport`. */
  report: string;
}

/** A grant that counts no more. What is taken back stays until the grant is over, so that edges hear of it. */
export interface RevocationTable {
  id: string;
  grant_id: string;
  /** Of the last change to it, in the order in which edges hear of them. */
  sequence: number;
  key_pair_id: string;
  reason: string | null;
  expires_at: number;
  created_at: number;
  removed_at: number | null;
}

/** The keys at an address that key groups name. */
export interface JwksTable {
  url: string;
  /** JSON of `TokenKey[]`: the last good ones. */
  keys: string;
  /** When to fetch them again. */
  due_at: number;
  /** Until then somebody is at it. */
  leased_until: number;
}

/** A token that lets one edge in, once. */
export interface EdgeEnrolmentTable {
  id: string;
  token_hash: string;
  name: string | null;
  location: string | null;
  created_at: ColumnType<number, number, never>;
  expires_at: number;
  used_at: number | null;
}

/** What an operator configured for edges: one document a row. */
export interface ConfigurationTable {
  id: string;
  kind: Kind;
  /** JSON. */
  document: string;
  /** Sealed under a secret that is not in the database; null for what needs none. */
  secret: string | null;
  /** The feed's number of the change that made it what it is. */
  revision: number;
  created_at: ColumnType<number, number, never>;
  updated_at: number;
}

export interface InvalidationTable {
  id: string;
  /** The feed's number when it came, and so the order in which edges carry them out. */
  sequence: number;
  distribution_id: string;
  caller_reference: string | null;
  /** JSON of what was asked for. */
  batch: string;
  created_at: number;
  /** Null until every edge has it. */
  completed_at: number | null;
}

/** An address that can be published to, again and again. */
export interface LiveStreamTable {
  id: string;
  title: string;
  policy: 'public' | 'signed';
  /** SHA-256 of the stream key, by which a publisher is known. */
  key_hash: string;
  /** The stream key itself, sealed under a secret that is not in the database. */
  key_sealed: string;
  /** JSON of `LiveOptions`. */
  options: string;
  /** 0 or 1: a disabled one lets nobody publish. */
  disabled: number;
  state: LiveStreamState;
  /** The number of the last broadcast; 0 before the first. */
  broadcast: number;
  /** The origin of the node that publishers are at, which alone has the newest of it; null while idle. */
  node_url: string | null;
  /** Until then that node counts as alive, unless it says so again. */
  owned_until: number | null;
  /** JSON of `IngestHealth` as it last was. */
  health: string | null;
  /** 0 or 1: its last source had key frames where segments begin. */
  regular: number;
  created_at: ColumnType<number, number, never>;
  updated_at: number;
}

/** Somebody who may not write in a stream's chat. */
export interface LiveBanTable {
  stream_id: string;
  /** As chat messages name their author. */
  author_id: string;
  /** Null for good. */
  until: number | null;
  created_at: number;
}

/** Of a chat without a broadcast, which several nodes may have. */
export interface LiveDeletionTable {
  stream_id: string;
  message_id: string;
  created_at: number;
}

/** Each time a stream goes live. */
export interface BroadcastTable {
  stream_id: string;
  number: number;
  /** The asset that its segments become, under whose prefix they are stored from the beginning. */
  recording_id: string;
  /** 0 or 1: whether it becomes one, as its stream was set to when it began. */
  recorded: Generated<number>;
  /** JSON of `BroadcastFormat`. */
  format: string;
  started_at: number;
  ended_at: number | null;
  end_reason: EndReason | null;
}

/** What was published without an interruption. Of a clip, what it took of that. */
export interface RecordingSessionTable {
  recording_id: string;
  session: number;
  /** Wall clock of the session's tick 0. */
  began_at: number;
  /** How many sessions that had anything came before it, whether their rows are still there or not. */
  discontinuities: Generated<number>;
}

/** What was told at a moment of a recording, or of a clip. */
export interface RecordingDateRangeTable {
  recording_id: string;
  id: string;
  class: string;
  starts_at: number;
  duration_seconds: number | null;
  text: string;
}

/** One row a stored segment of a recording, or of a clip. */
export interface RecordingSegmentTable {
  recording_id: string;
  rendition: string;
  sequence: number;
  session: number;
  start_ticks: number;
  duration_ticks: number;
  bytes: number;
  key_start: number | null;
  key_bytes: number | null;
  /** 0 or 1: nothing is stored, the time has passed all the same. */
  gap: number;
  /** What its date is moved by, against its session's beginning and ticks. */
  shift_ms: Generated<number>;
}
