import { type Database, openDatabase, openPostgres } from '../../src/database/open.ts';
import { silentLog } from '../../src/kernel/log.ts';

/** The database in a folder, or at a PostgreSQL URL. */
export function openPlace(place: string): Promise<Database> {
  return place.includes('://') ? openPostgres({ url: place, connections: 2, log: silentLog }) : openDatabase(place);
}
