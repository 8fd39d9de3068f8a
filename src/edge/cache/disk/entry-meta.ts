import { type Age, type CachedObject, StoredAnswer, VaryMarker } from '../cached-object.ts';
import { Representation } from '../representation.ts';
import { type MarkerMeta, type Meta, type ObjectMeta, sliceSums } from './record.ts';

/** An entry without its body: an answer, or where the variants of one are. */
export type Peeked =
  | { readonly answer: StoredAnswer; readonly marker?: undefined }
  | { readonly marker: VaryMarker; readonly answer?: undefined };

/** The head of an answer whose body was not asked for. */
class StoredHead extends StoredAnswer {
  readonly bodyBytes: number;

  constructor(key: string, head: Representation, age: Age, bodyBytes: number) {
    super(key, head, age);
    this.bodyBytes = bodyBytes;
  }
}

export function metaOf(object: CachedObject): ObjectMeta {
  const { head, age } = object;
  const fields = [...head.fields, 'Date', head.date];
  if (head.via !== undefined) fields.push('Via', head.via);
  if (head.cacheStatus !== undefined) fields.push('Cache-Status', head.cacheStatus);
  return {
    kind: 'object',
    key: object.key,
    status: head.status,
    fields,
    bornAtMs: age.bornAtMs,
    lifetime: age.lifetime,
    checked: object.checked,
    slices: sliceSums(object.body),
  };
}

export function markerOf({ key, names, generation, checked = 0 }: MarkerMeta): VaryMarker {
  const marker = new VaryMarker(key, names, generation);
  marker.checked = checked;
  return marker;
}

export function headOf({ status, fields, bornAtMs }: ObjectMeta): Representation {
  return new Representation({ status, fields }, bornAtMs);
}

/** @param bodyBytes what its body takes */
export function peekedOf(meta: Meta, bodyBytes: number): Peeked {
  if (meta.kind === 'vary') return { marker: markerOf(meta) };
  return { answer: new StoredHead(meta.key, headOf(meta), meta, bodyBytes) };
}
