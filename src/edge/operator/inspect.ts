import type { IncomingHttpHeaders } from 'node:http';
import { CachedObject, type StoredAnswer, type VaryMarker } from '../cache/cached-object.ts';
import type { Fill } from '../cache/fill.ts';
import type { Entry } from '../cache/memory-tier.ts';
import { inSteps } from '../invalidation/steps.ts';
import { covers, type Target } from '../invalidation/target.ts';
import type { EdgeParts } from '../parts.ts';
import { variantOf } from '../phases/compress.ts';

/** What is known of one address. Never holds a signature: keys are without. */
export interface Inspection {
  readonly path: string;
  readonly stored: readonly StoredReport[];
  readonly fills: readonly FillReport[];
  /** Answers are not waited for together, since the last one was nobody else's. */
  readonly knownUncacheable: boolean;
  /** Why the last answer that was not stored was not. */
  readonly refusal: { readonly reason: string; readonly at: string } | undefined;
}

export interface StoredReport {
  readonly key: string;
  /** `variants`: where those of a resource are; `parts`: some of a body. */
  readonly kind: 'answer' | 'parts' | 'variants';
  /** The request fields by which a variant is told from others, or of `variants` their names. */
  readonly variant: string | undefined;
  tiers: ('memory' | 'disk')[];
  readonly status?: number;
  readonly bodyBytes?: number;
  /** Of parts: how many of the bytes are there. */
  readonly heldBytes?: number;
  /** What it takes of memory, codings included. */
  readonly memoryBytes?: number;
  readonly ageSeconds?: number;
  /** Below zero: stale for so long. */
  readonly freshForSeconds?: number;
  readonly lifetime?: StoredAnswer['age']['lifetime'];
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  readonly tags?: readonly string[];
}

interface FillReport {
  readonly key: string;
  readonly state: Fill['state'];
  readonly ageSeconds: number;
  readonly receivedBytes: number;
  readonly declaredBytes: number | undefined;
  readonly readers: number;
  /** Nobody's viewer started it. */
  readonly background: boolean;
}

/** @param headers of the viewer whose variant is looked for on disk; those in memory are all found */
export async function inspect(
  path: string,
  target: Target,
  headers: IncomingHttpHeaders,
  parts: EdgeParts,
): Promise<Inspection> {
  const { tier, fills, clock } = parts;
  const nowMs = clock.now();
  const reports = new Map<string, StoredReport>();
  const markers: VaryMarker[] = [];
  await inSteps(tier.entries(), (entry) => {
    if (!covers(target, entry) || !tier.stands(entry)) return;
    reports.set(entry.key, entryReport(entry, nowMs));
    if (entry.kind === 'vary') markers.push(entry);
  });
  await lookOnDisk([path, ...reports.keys()], headers, parts, { reports, markers });
  const underWay = [...fills.underWay].filter(({ traits: { key } }) => covers(target, { key, tags: [] }));
  const refusal = fills.refusalOf(path);
  return {
    path,
    stored: [...reports.values()],
    fills: underWay.map((fill) => fillReport(fill, nowMs)),
    knownUncacheable: fills.isUncacheable(path, nowMs),
    refusal: refusal && { reason: refusal.reason, at: new Date(refusal.atMs).toISOString() },
  };
}

interface Found {
  readonly reports: Map<string, StoredReport>;
  readonly markers: VaryMarker[];
}

/** Keys on disk are found by asking for them: the address, what memory has, and the variant of these fields. */
async function lookOnDisk(
  keys: readonly string[],
  headers: IncomingHttpHeaders,
  parts: EdgeParts,
  { reports, markers }: Found,
): Promise<void> {
  const { disk, clock } = parts;
  if (!disk) return;
  const look = async (key: string) => {
    const found = await disk.peekAt(key);
    if (!found) return;
    const report =
      reports.get(key) ?? (found.marker ? markerReport(found.marker) : answerReport(found.answer, clock.now()));
    report.tiers.push('disk');
    reports.set(key, report);
    if (found.marker) markers.push(found.marker);
  };
  for (const key of new Set(keys)) await look(key);
  for (const marker of [...markers]) {
    const key = marker.placeOf(variantOf(marker.names, headers, parts));
    if (!reports.has(key)) await look(key);
  }
}

function entryReport(entry: Entry, nowMs: number): StoredReport {
  if (entry.kind === 'vary') return { ...markerReport(entry), tiers: ['memory'], memoryBytes: entry.sizeBytes };
  const { sizeBytes: memoryBytes } = entry;
  if (entry instanceof CachedObject) return { ...answerReport(entry, nowMs), tiers: ['memory'], memoryBytes };
  const { key, head, age, freshUntilMs, totalBytes: bodyBytes, heldBytes } = entry;
  const { etag, lastModified, tags } = head;
  return {
    ...{ key, kind: 'parts', variant: undefined, tiers: ['memory'], status: 206, bodyBytes, heldBytes, memoryBytes },
    ageSeconds: secondsBetween(age.bornAtMs, nowMs),
    freshForSeconds: secondsBetween(nowMs, freshUntilMs),
    ...{ lifetime: age.lifetime, etag, lastModified, tags },
  };
}

function answerReport(answer: StoredAnswer, nowMs: number): StoredReport {
  const { key, head, age, bodyBytes, freshUntilMs } = answer;
  const { status, etag, lastModified, tags } = head;
  return {
    ...{ key, kind: 'answer', variant: variantIn(key), tiers: [], status, bodyBytes },
    ageSeconds: answer.ageSeconds(nowMs),
    freshForSeconds: secondsBetween(nowMs, freshUntilMs),
    ...{ lifetime: age.lifetime, etag, lastModified, tags },
  };
}

function markerReport({ key, names }: VaryMarker): StoredReport {
  return { key, kind: 'variants', variant: names.join(', '), tiers: [] };
}

function fillReport(fill: Fill, nowMs: number): FillReport {
  const { traits, state, receivedBytes, answer, readerCount } = fill;
  return {
    ...{ key: traits.key, state, ageSeconds: secondsBetween(traits.startedAtMs, nowMs), receivedBytes },
    ...{ declaredBytes: answer?.declaredBytes, readers: readerCount, background: traits.background },
  };
}

/** Behind the resource and the generation of its marker: one line a field. */
function variantIn(key: string): string | undefined {
  const [, , ...lines] = key.split('\n');
  return lines.length === 0 ? undefined : lines.join('; ');
}

function secondsBetween(fromMs: number, toMs: number): number {
  return Math.floor((toMs - fromMs) / 1000);
}
