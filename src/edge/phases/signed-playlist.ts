import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Grant } from '../../kernel/access/proof.ts';
import { rewriteManifest } from '../../kernel/dash/rewrite.ts';
import { Fault } from '../../kernel/errors.ts';
import { CONTENT_KEY_URI, contentKeyPath } from '../../kernel/film/paths.ts';
import { namesChild, rewriteUris } from '../../kernel/hls/rewrite.ts';
import { type Steering, withSteering } from '../../kernel/hls/steering.ts';
import type { Coding } from '../../kernel/http/coding.ts';
import { withoutFields } from '../../kernel/http/fields.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import { CodedBody, Codings } from '../cache/codings.ts';
import type { DiskObject } from '../cache/disk/disk-object.ts';
import { Representation } from '../cache/representation.ts';
import type { Exchange, Step } from '../exchange.ts';
import { GrantedTexts } from '../live/granted-texts.ts';
import type { EdgeParts } from '../parts.ts';
import { lookElsewhere } from './deliver-disk.ts';
import { newsOf } from './news.ts';
import type { Subject } from './reply-fields.ts';

/**
 * A playlist that came by a signed URL gives its children a grant of their own, in their path, so that players which
 * know nothing of grants just play. A multivariant one says where to ask for the best edge, where there are several. The
 * stored copy stays as it is: this is a view of it, one for each grant.
 */
const MAX_PLAYLIST_BYTES = 8_388_608;
const LISTS: ReadonlySet<string> = new Set([
  'master',
  'manifest',
  'playlist',
  'iframes',
  'storyboard',
  'subtitle-playlist',
]);
/** A path token is inherited by relative names anyway, and cookies travel by themselves. */
const URL_CARRIERS: ReadonlySet<string> = new Set<Grant['carrier']>(['url', 'token-query']);

export function wantsOwnPlaylist(x: Exchange, { steering }: EdgeParts, subject?: Subject): boolean {
  const kind = kindOf(x);
  if (kind === undefined || !LISTS.has(kind)) return false;
  if (!handsOn(x) && !steering?.linesFor(x)) return false;
  return subject === undefined || subject.head.status === 200;
}

function kindOf({ film, live }: Exchange): string | undefined {
  return (film ?? live?.object)?.kind;
}

function isLivePlaylist({ live }: Exchange): boolean {
  return live?.object.kind === 'playlist';
}

/** Whether its children need a grant in their names. */
function handsOn({ grant }: Exchange): boolean {
  return grant !== undefined && URL_CARRIERS.has(grant.carrier);
}

/** Bytes of views that are remembered, of all grants together. */
const MAX_VIEWS_BYTES = 16_777_216;
/** What a view costs beside its bytes. */
const OVERHEAD_BYTES = 2_048;

interface View {
  /** What it is a view of; another copy under the same name makes it worthless. Weak, so as not to keep evicted ones. */
  readonly of: WeakRef<CachedObject>;
  readonly subject: Subject;
}

/** Makes the views, and remembers those of stored playlists: a player asks again, and signing takes its time. */
export class SignedPlaylists {
  readonly #parts: EdgeParts;
  readonly #texts = new GrantedTexts();
  readonly #views = new LRUCache<string, View>({
    maxSize: MAX_VIEWS_BYTES,
    sizeCalculation: ({ subject: { sizeBytes = 0, view } }, key) =>
      OVERHEAD_BYTES + key.length + sizeBytes + (view?.codings.sizeBytes ?? 0),
  });

  constructor(parts: EdgeParts) {
    this.#parts = parts;
  }

  /** Hands `finish` the viewer's own view of a playlist, collecting it first when it is still arriving. */
  shape(x: Exchange, subject: Subject, finish: (own: Subject) => Step): Step | Promise<Step> {
    if (x.object && subject.bytes) return finish(this.#viewOf(x, x.object, subject, subject.bytes));
    if (x.onDisk) return this.#shapeFromDisk(x, x.onDisk, subject, finish);
    return collect(x, subject).then((bytes) => {
      const object = x.reader?.fill.object;
      // The player comes back: what was made for it is remembered, unless there are fields in it for this viewer alone.
      const isShared = object !== undefined && object.head === subject.head;
      return finish(isShared ? this.#viewOf(x, object, subject, bytes) : this.#make(x, subject, bytes));
    });
  }

  /** There was no room for it in memory. */
  async #shapeFromDisk(
    x: Exchange,
    stored: DiskObject,
    subject: Subject,
    finish: (own: Subject) => Step,
  ): Promise<Step> {
    checkSize(stored.bodyBytes);
    const bytes = await stored.readAll();
    if (x.gone) throw new Fault('VIEWER_GONE');
    return bytes ? finish(this.#make(x, subject, bytes)) : lookElsewhere(x);
  }

  #viewOf(x: Exchange, object: CachedObject, subject: Subject, bytes: Buffer): Subject {
    // Nobody comes for the same state twice.
    if (isLivePlaylist(x)) return this.#make(x, subject, bytes);
    const lines = this.#parts.steering?.linesFor(x);
    const granted = handsOn(x)
      ? `${x.grant?.keyPairId} ${x.grant?.id} ${x.grant?.expiresAtMs} ${x.grant?.ip ?? ''}`
      : 'open';
    const key = `${object.key} ${granted} ${lines?.pathwayId ?? ''}`;
    const known = this.#views.get(key);
    if (known?.of.deref() === object) return known.subject;
    const own = this.#make(x, subject, bytes, () => {
      // Another object, since the same one would not be counted anew.
      if (this.#views.peek(key)?.subject === own) this.#views.set(key, { ...view });
    });
    const view: View = { of: new WeakRef(object), subject: own };
    this.#views.set(key, view);
    return own;
  }

  /** `onGrown` is called whenever the view has been coded, and takes more room. */
  #make(x: Exchange, { head }: Subject, bytes: Buffer, onGrown: () => void = () => {}): Subject {
    const parts = this.#parts;
    const kind = kindOf(x);
    if (kind === undefined) throw new Fault('INTERNAL', { detail: { step: 'own playlist of nothing' } });
    const handed = handsOn(x) ? grantedNames(x, this.#texts, parts) : undefined;
    const steering = parts.steering?.linesFor(x);
    const own = Buffer.from(
      handed && isLivePlaylist(x)
        ? this.#texts.write(bytes, handed.prefix)
        : ownText(bytes.toString('utf8'), kind, handed?.rename, steering),
    );
    const etag = head.etag === undefined ? undefined : ownTag(head.etag, `${handed?.token} ${steering?.serverUri}`);
    const fields = [...withoutFields(head.fields, handed ? REPLACED : TAG)];
    if (handed) fields.push('Cache-Control', 'private');
    if (etag !== undefined) fields.push('ETag', etag);
    const view = new Representation({ status: head.status, fields: [...fields, 'Date', head.date] }, x.receivedAtMs);
    const codings = new Codings();
    const keep = (coding: Coding, coded: Buffer) => {
      codings.add(coding, CodedBody.of(coded, own));
      onGrown();
    };
    const uncoded = { from: own, head: view, keep };
    return { head: view, sizeBytes: own.length, etag, bytes: own, view: { codings, uncoded } };
  }
}

const TAG: ReadonlySet<string> = new Set(['etag']);
const REPLACED: ReadonlySet<string> = new Set([...TAG, 'cache-control', 'expires']);

interface GrantedNames {
  readonly token: string;
  /** What stands before the names of children. */
  readonly prefix: string;
  /** The name of a child with the grant in it. */
  readonly rename: (uri: string) => string;
}

function grantedNames({ grant, path, film }: Exchange, texts: GrantedTexts, { gate }: EdgeParts): GrantedNames {
  const { derivedKey } = gate ?? {};
  if (!grant || !derivedKey) throw new Fault('INTERNAL', { detail: { step: 'own playlist without a grant' } });
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const token = texts.token(grant, `${folder}*`, derivedKey);
  const prefix = `/t/${token}${folder}`;
  const rename = (uri: string) => {
    if (namesChild(uri)) return prefix + uri;
    const key = keyPathOf(film, uri);
    return key === undefined ? uri : `/t/${texts.token(grant, key, derivedKey)}${key}`;
  };
  return { token, prefix, rename };
}

function ownText(
  text: string,
  kind: string,
  rename: GrantedNames['rename'] | undefined,
  steering: Steering | undefined,
): string {
  const named = rename ? writeOwn(kind, text, rename) : text;
  return steering ? withSteering(named, steering) : named;
}

function writeOwn(kind: string, text: string, rename: (uri: string) => string): string {
  if (kind === 'manifest') return rewriteManifest(text, rename);
  if (kind !== 'storyboard') return rewriteUris(text, rename);
  return text.replace(/^[^\s#]+(?=#xywh=)/gm, rename);
}

/** The one name outside of its folder that a rendition's playlist has: its key, which all renditions share. */
function keyPathOf(film: Exchange['film'], uri: string): string | undefined {
  return film?.kind === 'playlist' && uri === CONTENT_KEY_URI ? contentKeyPath(film.assetId, film.version) : undefined;
}

/** Differs with what was written into it, so that one viewer's copy never stands for another's. */
function ownTag(etag: string, written: string): string {
  const mark = createHash('sha256').update(written).digest('base64url').slice(0, 12);
  return etag.replace(/"$/, `-${mark}"`);
}

function checkSize(sizeBytes: number): void {
  if (sizeBytes > MAX_PLAYLIST_BYTES) throw new Fault('ORIGIN_INVALID', { detail: { sizeBytes } });
}

async function collect(x: Exchange, subject: Subject): Promise<Buffer> {
  const { reader } = x;
  if (!reader) throw new Fault('INTERNAL', { detail: { step: 'own playlist without a body' } });
  checkSize(subject.sizeBytes ?? 0);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  while (sizeBytes <= MAX_PLAYLIST_BYTES) {
    const chunk = reader.take();
    if (chunk) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
    } else if (reader.fill.state === 'failed' || x.gone) throw reader.fill.fault ?? new Fault('VIEWER_GONE');
    else if (reader.fill.ended) return Buffer.concat(chunks);
    else await newsOf(reader.fill, x);
  }
  throw new Fault('ORIGIN_INVALID', { detail: { sizeBytes } });
}
