import { tagsOf, withoutTags } from '../../kernel/http/cache-tags.ts';
import {
  type FieldList,
  fieldOf,
  type ResponseHead,
  withoutFields,
  withoutMalformed,
} from '../../kernel/http/fields.ts';
import { withoutHopByHop } from '../../kernel/http/hop-by-hop.ts';

/** Fields the edge writes itself, anew for every viewer, from what the members of `Representation` say. */
const OURS: ReadonlySet<string> = new Set([
  'content-length',
  'age',
  'via',
  'cache-status',
  'x-cache',
  'x-frontrow-id',
  'date',
]);

const NO_TAGS: readonly string[] = [];
const PLACE: ReadonlySet<string> = new Set(['content-range']);
const BODILY: ReadonlySet<string> = new Set(['content-encoding', 'content-range', 'content-length', 'content-md5']);
/** A confirmation answers the tag that was asked about; another one in it is a slip (Apache's `-gzip` is known for it). */
const BODILY_AND_TAG: ReadonlySet<string> = new Set([...BODILY, 'etag']);

/** An origin's answer without its body, as it is stored and handed on: cleaned once, never changed afterwards. */
export class Representation {
  readonly status: number;
  /** Without hop-by-hop fields, malformed ones and those the edge writes. */
  readonly fields: FieldList;
  /** Those of them that viewers get: all but the tags. */
  readonly viewerFields: FieldList;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly date: string;
  /** What caches further up said, to be continued. */
  readonly via: string | undefined;
  readonly cacheStatus: string | undefined;
  #tags: readonly string[] | undefined;

  constructor(head: ResponseHead, receivedAtMs: number) {
    const fields = withoutMalformed(withoutHopByHop(head.fields));
    this.status = head.status;
    this.fields = withoutFields(fields, OURS);
    this.viewerFields = withoutTags(this.fields);
    this.etag = fieldOf(fields, 'etag');
    this.lastModified = fieldOf(fields, 'last-modified');
    this.date = fieldOf(fields, 'date') ?? new Date(receivedAtMs).toUTCString();
    this.via = fieldOf(fields, 'via');
    this.cacheStatus = fieldOf(fields, 'cache-status');
  }

  /** What the origin says it belongs to; read when somebody asks, since most are never asked. */
  get tags(): readonly string[] {
    this.#tags ??= this.viewerFields === this.fields ? NO_TAGS : tagsOf(this.fields);
    return this.#tags;
  }

  /**
   * This answer confirmed by a 304, or by the same answer to a HEAD: the newer fields replace the older of the same name.
   * The body stays, so what describes its bytes stays too. RFC 9111 section 3.2.
   */
  refreshedBy(head: ResponseHead, receivedAtMs: number): Representation {
    const news = withoutFields(withoutHopByHop(head.fields), this.etag === undefined ? BODILY : BODILY_AND_TAG);
    const replaced = new Set<string>(['date', 'via', 'cache-status']);
    for (let at = 0; at < news.length; at += 2) replaced.add((news[at] ?? '').toLowerCase());
    const kept = withoutFields([...this.fields, 'Date', this.date], replaced);
    return new Representation({ status: this.status, fields: [...kept, ...news] }, receivedAtMs);
  }

  /** Itself when it has none of these fields. */
  without(names: readonly string[]): Representation {
    const fields = withoutFields(this.fields, new Set(names));
    return fields.length === this.fields.length ? this : this.#with(this.status, fields);
  }

  /** The same as a part, or as a whole: with another status, and its place or none. */
  restated(status: number, place: readonly string[]): Representation {
    return this.#with(status, [...withoutFields(this.fields, PLACE), ...place]);
  }

  #with(status: number, fields: readonly string[]): Representation {
    const all = [...fields, 'Date', this.date];
    if (this.via !== undefined) all.push('Via', this.via);
    if (this.cacheStatus !== undefined) all.push('Cache-Status', this.cacheStatus);
    return new Representation({ status, fields: all }, 0);
  }
}
