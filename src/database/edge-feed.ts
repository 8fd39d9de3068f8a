import type { Database } from './open.ts';

/** Where all that edges must know stands: which database it is, and a number that grows with every change. */
export interface FeedMark {
  readonly lineage: string;
  readonly revision: number;
}

export async function readFeedMark(db: Database): Promise<FeedMark> {
  const { lineage, revision } = await db.selectFrom('edge_feed').selectAll().executeTakeFirstOrThrow();
  return { lineage, revision: Number(revision) };
}

/**
 * Notes, as a part of the caller's transaction, that edges must hear of what it changes; returns the change's number. The
 * row stays locked until the commit, so numbers follow the order of commits: who sees one sees all before it.
 */
export async function noteEdgeChange(trx: Database): Promise<number> {
  const row = await trx
    .updateTable('edge_feed')
    .set((set) => ({ revision: set('revision', '+', 1) }))
    .returning('revision')
    .executeTakeFirstOrThrow();
  return Number(row.revision);
}
