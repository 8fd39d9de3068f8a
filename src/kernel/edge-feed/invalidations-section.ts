import { isRecord } from './message.ts';

/** An entry of the section `invalidations`. */
export interface InvalidationEntry {
  readonly distributionId: string;
  /** Paths, patterns, and tags behind a `#`. */
  readonly paths: readonly string[];
  /** Makes stale, instead of taking away. */
  readonly soft: boolean;
}

export function isInvalidationEntry(value: unknown): value is InvalidationEntry {
  if (!isRecord(value)) return false;
  const { distributionId, paths, soft } = value;
  if (typeof distributionId !== 'string' || !/^[\w-]+$/.test(distributionId) || typeof soft !== 'boolean') return false;
  return Array.isArray(paths) && paths.every((path) => typeof path === 'string');
}
