import type { EdgeReport } from '../kernel/edge-feed/report.ts';
import type { Database } from './open.ts';
import { transact } from './transact.ts';

export interface KeptReport {
  readonly edgeId: string;
  readonly atMs: number;
  readonly report: EdgeReport;
}

/** Neither database takes a statement with any number of values. */
const ROWS_AT_ONCE = 1_000;

export class EdgeReportRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Each in the place of the one before of the same process, all in one transaction. */
  async keep(reports: readonly KeptReport[]): Promise<void> {
    if (reports.length === 0) return;
    const rows = reports.map(({ edgeId, atMs, report }) => ({
      edge_id: edgeId,
      process: report.process,
      reported_at: atMs,
      report: JSON.stringify(report),
    }));
    await transact(this.#db, async (trx) => {
      for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
        await trx
          .insertInto('edge_reports')
          .values(rows.slice(at, at + ROWS_AT_ONCE))
          .onConflict((conflict) =>
            conflict.columns(['edge_id', 'process']).doUpdateSet((set) => ({
              reported_at: set.ref('excluded.reported_at'),
              report: set.ref('excluded.report'),
            })),
          )
          .execute();
      }
    });
  }

  async list(): Promise<KeptReport[]> {
    const rows = await this.#db.selectFrom('edge_reports').selectAll().execute();
    return rows.map((row) => ({
      edgeId: row.edge_id,
      atMs: Number(row.reported_at),
      report: JSON.parse(row.report) as EdgeReport,
    }));
  }

  /** Of processes that are no more. */
  async forgetBefore(atMs: number): Promise<void> {
    await this.#db.deleteFrom('edge_reports').where('reported_at', '<', atMs).execute();
  }
}
