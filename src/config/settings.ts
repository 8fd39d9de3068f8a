/**
 * Every setting, once: type, default, bounds and the sentence that explains it. The environment names, the messages and
 * `docs/settings.md` come from this table.
 */
interface NumberSetting {
  readonly kind: 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
  readonly says: string;
}

interface TextSetting {
  readonly kind: 'text';
  readonly default: string;
  readonly says: string;
  /** Never printed. */
  readonly secret?: true;
}

interface SwitchSetting {
  readonly kind: 'switch';
  readonly default: boolean;
  readonly says: string;
}

type Setting = NumberSetting | TextSetting | SwitchSetting;

const integer = (setting: Omit<NumberSetting, 'kind'>): NumberSetting => ({ kind: 'integer', ...setting });
const text = (setting: Omit<TextSetting, 'kind'>): TextSetting => ({ kind: 'text', ...setting });
const onOff = (setting: Omit<SwitchSetting, 'kind'>): SwitchSetting => ({ kind: 'switch', ...setting });

export const SETTINGS = {
  data: text({ default: './data', says: 'Folder for everything Frontrow keeps: database, media, secrets.' }),
  storage: text({
    default: '',
    says: 'Where media rests: a folder, which several machines may share, or `s3://bucket/prefix?endpoint=…&region=…&pathStyle=true`. Empty: `media` in the data folder.',
  }),
  databaseUrl: text({
    default: '',
    secret: true,
    says: 'PostgreSQL database that several machines may share, `postgres://user:password@host:5432/name`. Empty: an embedded SQLite in the data folder.',
  }),
  databaseConnections: integer({
    default: 10,
    min: 2,
    max: 500,
    says: 'Connections of this process to a PostgreSQL database at most; signals between processes use one more.',
  }),
  storageTimeoutMs: integer({
    default: 10_000,
    min: 100,
    max: 300_000,
    unit: 'ms',
    says: 'How long a connection to S3 may be silent before its request is tried again.',
  }),
  storageAttempts: integer({
    default: 5,
    min: 1,
    max: 20,
    says: 'How often a request to S3 is tried, with growing pauses, before the work that needs it waits.',
  }),
  storageCopiesBytes: integer({
    default: 100_000_000_000,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
    says: 'Disk that copies of sources may take in the data folder of a worker whose media rests in S3.',
  }),
  host: text({
    default: '127.0.0.1',
    says: 'Address that control, the edge and the doors for live streams listen on; 0.0.0.0 for all.',
  }),
  port: integer({ default: 8080, min: 0, max: 65_535, says: 'Port of control: API, console and player. 0 picks one.' }),
  edgePort: integer({ default: 8090, min: 0, max: 65_535, says: 'Port of the edge. 0 picks one.' }),
  edgeWorkers: integer({
    default: 1,
    min: 1,
    max: 256,
    says: 'Processes that serve the ports of an edge that stands alone (`frontrow edge`, or `serve --roles edge`). Each has its share of the bytes to cache; an object is fetched once by each.',
  }),
  edgeTlsCerts: text({
    default: '',
    says: 'Folder with the certificates of the edge: `name.crt` beside `name.key`, one `name.pem` with both, or `name/fullchain.pem` beside `name/privkey.pem`. They are chosen by the names in them; `default`, or the first, serves viewers who name none. Read again when a file changes. Empty: no TLS.',
  }),
  edgeTlsPort: integer({
    default: 8443,
    min: 0,
    max: 65_535,
    says: 'Port of the edge for TLS, with HTTP/2 and HTTP/1.1. 0 picks one. Not opened without certificates.',
  }),
  originPort: integer({
    default: 8070,
    min: 0,
    max: 65_535,
    says: 'Port of the origin, which answers edges only. 0 picks one, as does leaving it out when the port of control is 0.',
  }),
  rtmpPort: integer({
    default: 1935,
    min: 0,
    max: 65_535,
    says: 'Port where encoders such as OBS publish live streams by RTMP, at `rtmp://host:1935/live`. 0 picks one, as does leaving it out when the port of control is 0.',
  }),
  rtmpsCerts: text({
    default: '',
    says: 'Folder with the certificates of the RTMPS door, laid out and read again like that of `FRONTROW_EDGE_TLS_CERTS`. Empty: no RTMPS.',
  }),
  rtmpsPort: integer({
    default: 1936,
    min: 0,
    max: 65_535,
    says: 'Port where encoders publish by RTMP inside TLS, at `rtmps://host:1936/live`. 0 picks one, as does leaving it out when the port of control is 0. Not opened without certificates.',
  }),
  srtPort: integer({
    default: 8890,
    min: 0,
    max: 65_535,
    says: 'UDP port where encoders publish live streams by SRT, at `srt://host:8890?streamid=KEY`. 0 picks one, as does leaving it out when the port of control is 0.',
  }),
  srtPassphrase: text({
    default: '',
    secret: true,
    says: 'Passphrase that encoders have to encrypt with by SRT (AES of 128, 192 or 256 bits, as they choose), from 10 to 64 characters. The stream key in the stream id is sent as it is all the same. Empty: nobody encrypts, and whoever would is refused.',
  }),
  liveNodeUrl: text({
    default: '',
    says: 'Address under which other nodes, and control, reach the origin of this node, for the streams that are published to it. Empty: its own address, which is enough for one machine.',
  }),
  liveStreams: integer({
    default: 20,
    min: 1,
    max: 1_000,
    says: 'Live streams that may be published to this node at once. Each takes an encoder of its own; a publisher above them is refused.',
  }),
  liveSegmentSeconds: integer({
    default: 2,
    min: 1,
    max: 6,
    unit: 's',
    says: 'Length of a segment of a broadcast. Players without low latency stay three of them behind.',
  }),
  liveSilenceSeconds: integer({
    default: 10,
    min: 2,
    max: 120,
    unit: 's',
    says: 'A publisher that sends nothing for so long counts as lost. A backup takes over within a second all the same.',
  }),
  liveLeaseMs: integer({
    default: 15_000,
    min: 1_000,
    max: 120_000,
    unit: 'ms',
    says: 'How long a node may be silent before another may take over its broadcasts. The same on all nodes.',
  }),
  originHost: text({
    default: '127.0.0.1',
    says: 'Address the origin listens on; 0.0.0.0 for all, where edges run on other machines.',
  }),
  publicUrl: text({
    default: '',
    says: 'Address under which browsers reach control, such as https://video.example. Empty: its own address.',
  }),
  geoDatabase: text({
    default: '',
    says: 'Folder with databases of addresses (`.mmdb`, as MaxMind, DB-IP and IPinfo publish them) that come before the packaged ones, which know countries and networks only. Read again when a file changes. Empty: the packaged ones.',
  }),
  trustedProxies: text({
    default: '',
    says: 'Proxies and balancers in front of control whose `X-Forwarded-For` and `X-Forwarded-Proto` count: addresses and ranges such as `10.0.0.0/8`, with commas; `private` for all that are not of the public internet. Empty: none.',
  }),
  edgeUrl: text({
    default: '',
    says: 'Address under which viewers reach the edge, used in playback URLs. Empty: its own address.',
  }),
  rtmpUrl: text({
    default: '',
    says: 'Address under which encoders reach the RTMP door, such as `rtmp://live.example/live`, as the API tells it. Empty: its own address.',
  }),
  rtmpsUrl: text({
    default: '',
    says: 'The same of the RTMPS door, such as `rtmps://live.example:1936/live`: by a name that its certificate is for. Empty: its own address.',
  }),
  srtUrl: text({
    default: '',
    says: 'The same of the SRT door, such as `srt://live.example:8890`. Empty: its own address.',
  }),
  liveUrl: text({
    default: '',
    says: 'Address under which browsers reach the doors of the role live (WebSocket and WHIP), such as `https://live.example`, as the API tells it. Empty: that of control, where both roles run in one process.',
  }),
  edgeLocation: text({
    default: '',
    says: 'Where this edge stands, so that viewers near it are sent to it: latitude and longitude (`50.11,8.68`), a country (`DE`), or all three (`50.11,8.68,DE`). A location given by the API counts before it. Empty: nobody knows.',
  }),
  controlUrl: text({
    default: '',
    says: 'Address of control for an edge that runs apart. Empty: the one in this process.',
  }),
  originUrl: text({
    default: '',
    says: 'Address of the origin for an edge that runs apart, or several with commas: the first one is asked, and the others, in this order, when it fails. Empty: the one in this process.',
  }),
  edgeParents: text({
    default: '',
    says: 'Edges that this edge asks before the origin, with commas, so that a fleet fetches each object once: each object has one of them, and the origin is asked when they are down. Every edge of the fleet must name them alike. Empty: none.',
  }),
  logLevel: text({ default: 'info', says: 'How much is logged: debug, info, warn, error or silent.' }),
  accessLog: text({ default: '', says: 'File that the edge appends one JSON line a request to. Empty: none is kept.' }),
  edgeSecret: text({
    default: '',
    secret: true,
    says: 'Secret that edges sign their origin requests with, the same on every machine. Empty: one is made and kept.',
  }),
  apiTokenSecret: text({
    default: '',
    secret: true,
    says: 'Secret that API tokens are signed with, the same on every machine with control. Empty: one is made and kept.',
  }),
  contentKeySecret: text({
    default: '',
    secret: true,
    says: 'Secret that the keys of encrypted films are kept under, the same for every worker and origin. Empty: one is made and kept. Without it those films cannot be played any more.',
  }),
  auditDays: integer({
    default: 365,
    min: 1,
    max: 36_500,
    unit: 'days',
    says: 'How long records of the audit log are kept: who changed what through the API.',
  }),
  apiReadsPerMinute: integer({
    default: 3_000,
    min: 1,
    max: 1_000_000_000,
    says: 'Requests to the API that read, each minute, from one address, and by one user or token. Those above are answered 429.',
  }),
  apiWritesPerMinute: integer({
    default: 1_200,
    min: 1,
    max: 1_000_000_000,
    says: 'The same for requests that change something. Bytes of uploads are not counted.',
  }),
  apiSignInsPerMinute: integer({
    default: 20,
    min: 1,
    max: 1_000_000_000,
    says: 'The same for requests that sign in, or make tokens and sign-in links.',
  }),
  apiFailuresPerMinute: integer({
    default: 60,
    min: 1,
    max: 1_000_000_000,
    says: 'Requests with a token that is not valid, each minute from one address, before those are answered 429. Valid ones go on.',
  }),
  apiRoutesPerMinute: integer({
    default: 60_000,
    min: 1,
    max: 1_000_000_000,
    says: 'Requests of viewers for the nearest edge (`/r/…`, `/v1/route`), each minute from one address, behind which there may be many viewers. Those above are answered 429.',
  }),
  uploadMaxBytes: integer({
    default: 50_000_000_000,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
    says: 'Largest upload or pull.',
  }),
  uploadExpireHours: integer({
    default: 24,
    min: 1,
    max: 8_760,
    unit: 'hours',
    says: 'How long an unfinished upload is kept after its last byte arrived.',
  }),
  pullAllowPrivate: onOff({
    default: false,
    says: 'Whether a pull may fetch from private, loopback and link-local addresses.',
  }),
  pullIdleMs: integer({
    default: 30_000,
    min: 100,
    max: 600_000,
    unit: 'ms',
    says: 'How long a pull may go without a byte before it fails.',
  }),
  jwksAllowPrivate: onOff({
    default: false,
    says: 'Whether the keys of identity providers may be fetched from private and link-local addresses.',
  }),
  webhookAllowPrivate: onOff({
    default: false,
    says: 'Whether a webhook may be sent to private, loopback and link-local addresses.',
  }),
  webhookTimeoutMs: integer({
    default: 10_000,
    min: 100,
    max: 60_000,
    unit: 'ms',
    says: 'How long the endpoint of a webhook may take to answer before the delivery is tried again.',
  }),
  sourceMaxPixels: integer({
    default: 35_389_440,
    min: 1,
    max: 1_000_000_000,
    unit: 'pixels',
    says: 'Largest picture that is decoded, width times height. The default is 8192 x 4320.',
  }),
  sourceMaxHours: integer({ default: 24, min: 1, max: 1_000, unit: 'hours', says: 'Longest film that is encoded.' }),
  workers: integer({
    default: 0,
    min: 0,
    max: 256,
    says: 'Chunks encoded at once by this process. 0: one a processor core.',
  }),
  encodeNice: integer({
    default: 15,
    min: 0,
    max: 19,
    says: 'Niceness of encoder processes, so that serving stays quick.',
  }),
  encodeMemoryBytes: integer({
    default: 8_589_934_592,
    min: 1_073_741_824,
    max: 1_099_511_627_776,
    unit: 'bytes',
    says: 'Memory that one encoder process may ask for (its address space). The whole ladder of a 2160p film in HDR at 60 pictures a second takes 3.1 GiB, of an 8192 x 4320 one about 5.',
  }),
  chunkSegments: integer({ default: 6, min: 1, max: 32, says: 'Segments in one chunk, the unit of encoding work.' }),
  chunkTimeoutSeconds: integer({
    default: 900,
    min: 5,
    max: 86_400,
    unit: 'seconds',
    says: 'Wall time after which an encoder is killed and its chunk tried again.',
  }),
  chunkAttempts: integer({
    default: 4,
    min: 1,
    max: 20,
    says: 'How often a chunk is tried before its asset is errored.',
  }),
  leaseMs: integer({
    default: 15_000,
    min: 500,
    max: 600_000,
    unit: 'ms',
    says: 'How long a worker holds a chunk without a sign of life before another may take it.',
  }),
  ladderByContent: onOff({
    default: false,
    says: 'Encode some short samples of a film first, leave out rungs that it does not need and lower those that would waste bits. Costs some tenths of a second before a film is playable.',
  }),
  ladder: text({
    default: 'h264',
    says: 'Encoding ladder: the name of a file in media/ladders (h264, hevc, av1, or h264-av1 for both), or a path to one.',
  }),
  versionKeepHours: integer({
    default: 24,
    min: 0,
    max: 8_760,
    unit: 'hours',
    says: 'How long a version of a film is kept after an encoding anew has taken its place, for those who watch it.',
  }),
  clipMaxMinutes: integer({
    default: 60,
    min: 1,
    max: 1_440,
    unit: 'minutes',
    says: 'The longest clip that can be made of an asset.',
  }),
  segmentHoldMs: integer({
    default: 8_000,
    min: 0,
    max: 60_000,
    unit: 'ms',
    says: 'How long the origin holds a request for a segment that is still to be encoded.',
  }),
  cacheBytes: integer({
    default: 268_435_456,
    min: 1_048_576,
    max: 1_099_511_627_776,
    unit: 'bytes',
    says: 'Bytes the edge may keep in memory.',
  }),
  edgeDiskBytes: integer({
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
    says: 'Bytes the edge may keep on disk, below its data folder, behind what it keeps in memory; they outlive a restart. 0: none. An object larger than a thirty-second of it is not kept there.',
  }),
  edgeCompression: onOff({
    default: true,
    says: 'Whether the edge compresses what it keeps, in the coding a viewer likes best of br, zstd and gzip: text, playlists, JSON, fonts of 1,000 to 10,000,000 bytes, never media. Off: viewers get what the origin sends.',
  }),
  prefetchSegments: integer({
    default: 1,
    min: 0,
    max: 4,
    unit: 'segments',
    says: 'How many segments the edge fetches ahead of the one a viewer watches. 0: none.',
  }),
  honourRequestDirectives: onOff({
    default: false,
    says: "Whether a viewer's `Cache-Control` (no-cache, no-store, max-age, max-stale, min-fresh, only-if-cached) counts at an edge in front of another origin. Off, as with other CDNs, no viewer can make the edge ask the origin.",
  }),
  cacheSetCookie: onOff({
    default: true,
    says: 'Whether the edge keeps an answer with `Set-Cookie` when the origin stated a lifetime beside it, as HTTP has it. Off: never, for origins that state lifetimes without thinking of their cookies.',
  }),
  negativeSeconds: integer({
    default: 1,
    min: 0,
    max: 3_600,
    unit: 's',
    says: 'How long the edge remembers an absence (404, 405, 410, 414, 501) for which the origin stated no lifetime.',
  }),
  staleIfErrorSeconds: integer({
    default: 86_400,
    min: 0,
    max: 31_536_000,
    unit: 's',
    says: 'How long the edge serves an expired answer while its origin fails, where the origin neither states `stale-if-error` nor forbids it. 0: not at all.',
  }),
  fillFollowMs: integer({
    default: 20_000,
    min: 100,
    max: 120_000,
    unit: 'ms',
    says: 'How long a viewer waits for an object that another viewer is already fetching.',
  }),
  edgeLiveHoldMs: integer({
    default: 20_000,
    min: 1_000,
    max: 120_000,
    unit: 'ms',
    says: 'How long the edge waits at most for an answer of a broadcast that the origin holds until there is something to tell: a playlist to come, a part in the making. More than three target durations; where the edge knows these, it waits for three and two seconds.',
  }),
  edgeLiveWaiters: integer({
    default: 20_000,
    min: 1,
    max: 1_000_000,
    says: 'Viewers that may wait at once for such answers at one process of the edge; those above are answered 503.',
  }),
  edgeLiveWaitersPerStream: integer({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    says: 'How many of these may wait for one broadcast.',
  }),
  edgeLiveWaitersPerAddress: integer({
    default: 5_000,
    min: 1,
    max: 1_000_000,
    says: 'How many of these may come from one address (of IPv6: one /64) that is not of FRONTROW_EDGE_TRUSTED_PROXIES.',
  }),
  edgeLiveHeldPerAddress: integer({
    default: 128,
    min: 8,
    max: 4_096,
    says: 'For how many different things that are to come one such address may have the origin asked at once. A player wants the next state and part of each rendition that it plays, and what somebody else has asked for already does not count.',
  }),
  edgeChannelViewers: integer({
    default: 20_000,
    min: 1,
    max: 1_000_000,
    says: 'Viewers that may be on the live channels of one process of the edge at once; those above are answered 503. Each is an open connection: the limit of open files has to allow as many.',
  }),
  edgeChannelViewersPerAddress: integer({
    default: 200,
    min: 1,
    max: 1_000_000,
    says: 'How many of these may come from one address.',
  }),
  originConnectMs: integer({
    default: 3_000,
    min: 100,
    max: 60_000,
    unit: 'ms',
    says: 'How long the edge waits for a connection to the origin.',
  }),
  originConnectAttempts: integer({
    default: 2,
    min: 1,
    max: 3,
    says: 'How often the edge tries to connect to an origin before that counts as failed.',
  }),
  originFirstByteMs: integer({
    default: 30_000,
    min: 100,
    max: 300_000,
    unit: 'ms',
    says: 'How long the edge waits for the head of an answer from the origin.',
  }),
  originIdleMs: integer({
    default: 30_000,
    min: 100,
    max: 300_000,
    unit: 'ms',
    says: 'How long an answer from the origin may pause.',
  }),
  originTotalMs: integer({
    default: 60_000,
    min: 100,
    max: 600_000,
    unit: 'ms',
    says: 'How long the edge waits for the head of an answer with all attempts and all origins taken together; never less than one whole attempt. A request with a body has no such limit.',
  }),
  originFailoverStatuses: text({
    default: '500,502,503,504',
    says: 'Statuses of an origin on which the next one is asked, with commas, from 400 to 599; for GET, HEAD and OPTIONS without a body. In front of our own origin 503 is none of them. Empty: only an origin that cannot be reached or does not answer in time.',
  }),
  originBreakerFailures: integer({
    default: 5,
    min: 0,
    max: 1_000,
    says: 'After how many failures in a row (no connection, no answer in time, none that can be read) an origin is left alone for a while. Half of at least 20 requests within ten seconds have the same effect. 0: never.',
  }),
  originBreakerMs: integer({
    default: 1_000,
    min: 50,
    max: 600_000,
    unit: 'ms',
    says: 'How long it is left alone before one request finds out whether it is well again. Twice as long each time that it is not, up to 30 s, and up to 2 s for an origin of films and broadcasts.',
  }),
  originHealthPath: text({
    default: '',
    says: 'Path, such as `/health`, that the edge asks each origin for to see whether it is well: a status below 400. An origin that is not well is passed over while another one is. Our own origin answers at `/health`. Empty: none is asked.',
  }),
  originHealthIntervalMs: integer({
    default: 5_000,
    min: 50,
    max: 3_600_000,
    unit: 'ms',
    says: 'Pause between two such questions.',
  }),
  originHealthTimeoutMs: integer({
    default: 2_000,
    min: 50,
    max: 60_000,
    unit: 'ms',
    says: 'How long an origin may take to answer one.',
  }),
  originHealthThreshold: integer({
    default: 2,
    min: 1,
    max: 100,
    says: 'How many answers in a row must say the opposite before an origin counts as down, or as up again.',
  }),
  originHostHeader: text({
    default: 'origin',
    says: "The `Host` that an origin is asked for: `origin` for the name in its URL, `viewer` for the one that the viewer asked for (answers are then kept for each host apart), or a host. With TLS the origin's certificate must be for the name in its URL, or for the host given here.",
  }),
  originHeaders: text({
    default: '',
    secret: true,
    says: "Header fields that every request to an origin carries, `Name: value` on a line each, in place of a viewer's of the same name. Not those that the edge writes itself, nor those about one connection.",
  }),
  viewerIdleMs: integer({
    default: 60_000,
    min: 1_000,
    max: 600_000,
    unit: 'ms',
    says: 'How long a viewer may take no byte of an answer before the connection is closed.',
  }),
  edgeHeaderBytes: integer({
    default: 32_768,
    min: 1_024,
    max: 65_536,
    unit: 'bytes',
    says: "Largest head of a viewer's request: its first line and its header fields. A larger one is answered 431.",
  }),
  edgeHeaderCount: integer({
    default: 128,
    min: 8,
    max: 1_000,
    says: "Header fields that a viewer's request may have. One with more is answered 431.",
  }),
  edgeUrlBytes: integer({
    default: 8_192,
    min: 256,
    max: 65_536,
    unit: 'bytes',
    says: 'Longest address of a request, path and query. A longer one is answered 414.',
  }),
  edgeHeaderMs: integer({
    default: 15_000,
    min: 500,
    max: 600_000,
    unit: 'ms',
    says: 'How long a TLS handshake and the head of a request may each take to arrive before the connection is closed.',
  }),
  edgeBodyBytes: integer({
    default: 1_073_741_824,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
    says: "Largest body of a viewer's request that is passed on to the origin. A larger one is answered 413.",
  }),
  edgeBodyMs: integer({
    default: 3_600_000,
    min: 500,
    max: 86_400_000,
    unit: 'ms',
    says: 'How long a request may take to arrive, its body included.',
  }),
  edgeConnectionsPerAddress: integer({
    default: 0,
    min: 0,
    max: 1_000_000,
    says: 'Connections that one address (of IPv6: one /64) may have to the edge at once; more are refused. Many viewers may share an address. 0: no limit.',
  }),
  edgeOperatorToken: text({
    default: '',
    secret: true,
    says: 'What an operator on another machine shows to invalidate and inspect what the edge keeps, below `/.well-known/frontrow/` and in `Frontrow-Debug`: 16 characters at least. Empty: nobody can from elsewhere.',
  }),
  edgeTrustedProxies: text({
    default: '',
    says: 'Proxies and balancers in front of the edge whose word about a viewer counts: addresses and ranges such as `10.0.0.0/8`, with commas; `private` for all that are not of the public internet. Empty: none.',
  }),
  edgeForwardedHeader: text({
    default: 'X-Forwarded-For',
    says: 'Where trusted proxies write the address of the viewer: `X-Forwarded-For` (with X-Forwarded-Proto) or `Forwarded`. The other one is not believed.',
  }),
  edgeProxyProtocol: onOff({
    default: false,
    says: 'Whether connections from trusted addresses begin with a PROXY header, version 1 or 2.',
  }),
  edgeTunnelIdleMs: integer({
    default: 600_000,
    min: 500,
    max: 86_400_000,
    unit: 'ms',
    says: 'How long a WebSocket that the edge passes through may be silent on both sides before it is closed.',
  }),
  edgeStopMs: integer({
    default: 10_000,
    min: 0,
    max: 3_600_000,
    unit: 'ms',
    says: 'How long answers under way may take to finish when the edge is told to stop.',
  }),
} as const satisfies Record<string, Setting>;

type Value<S> = S extends { kind: 'integer' } ? number : S extends { kind: 'switch' } ? boolean : string;

/** The settings in force, frozen. */
export type Settings = { readonly [Name in keyof typeof SETTINGS]: Value<(typeof SETTINGS)[Name]> };
export type SettingName = keyof Settings;

/** Ports that are picked where control's is. */
const ALONG = ['originPort', 'rtmpPort', 'rtmpsPort', 'srtPort'] as const satisfies readonly SettingName[];

/** `edgePort` is `FRONTROW_EDGE_PORT`. */
export function environmentName(name: string): string {
  return `FRONTROW_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Environment names that are not settings of a server: the command line's own. */
export const CLIENT_VARIABLES: readonly string[] = ['FRONTROW_API', 'FRONTROW_TOKEN'];

export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Settings from the environment, with `given` (command-line options) before it and the defaults behind.
 * @throws SettingsError naming the variable, what it must be, and for an unknown one the nearest known name.
 */
export function loadSettings(
  environment: Readonly<Record<string, string | undefined>>,
  given: Partial<Settings> = {},
): Settings {
  const names = Object.keys(SETTINGS) as SettingName[];
  const known = new Set([...names.map(environmentName), ...CLIENT_VARIABLES]);
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith('FRONTROW_') || known.has(variable)) continue;
    throw new SettingsError(`${variable} is not a setting; did you mean ${nearest(variable, [...known])}?`);
  }
  const values = names.map((name) => {
    const variable = environmentName(name);
    const raw = environment[variable];
    const value = given[name] ?? (raw === undefined ? SETTINGS[name].default : parse(variable, SETTINGS[name], raw));
    return [name, checked(variable, SETTINGS[name], value)];
  });
  const settings = Object.fromEntries(values) as { -readonly [Name in SettingName]: Settings[Name] };
  // Whoever lets the ports be picked runs several servers on one machine: no other port must be what they collide on.
  for (const name of ALONG) {
    const isGiven = given[name] !== undefined || environment[environmentName(name)] !== undefined;
    if (settings.port === 0 && !isGiven) settings[name] = 0;
  }
  return Object.freeze(settings);
}

function parse(variable: string, setting: Setting, raw: string): string | number | boolean {
  if (setting.kind === 'text') return raw;
  if (setting.kind === 'switch') {
    if (raw === 'true' || raw === '1') return true;
    if (raw === 'false' || raw === '0' || raw === '') return false;
    throw new SettingsError(`${variable} must be true or false, not ${JSON.stringify(raw)}`);
  }
  return /^-?\d+$/.test(raw.trim()) ? Number(raw) : Number.NaN;
}

function checked(variable: string, setting: Setting, value: string | number | boolean): string | number | boolean {
  if (setting.kind !== 'integer') return value;
  const { min, max } = setting;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const unit = setting.unit ? ` ${setting.unit}` : '';
  throw new SettingsError(`${variable} must be a whole number from ${min} to ${max}${unit}`);
}

/** The known name that shares the most letter pairs with the unknown one. */
function nearest(unknown: string, names: readonly string[]): string {
  const pairs = (word: string) => new Set([...word].map((_, at) => word.slice(at, at + 2)));
  const wanted = pairs(unknown);
  const score = (name: string) => {
    const own = pairs(name);
    return [...own].filter((pair) => wanted.has(pair)).length / (own.size + wanted.size);
  };
  return names.reduce((best, name) => (score(name) > score(best) ? name : best));
}
