import type { ExpressionBuilder, Selectable, SelectQueryBuilder } from 'kysely';
import type { Database, DatabaseTransaction } from '../database/open.ts';
import type { JobTable, Schema } from '../database/schema.ts';
import { transact } from '../database/transact.ts';
import type { Clock } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import { carve } from './carve.ts';
import { type Signals, WORK } from './signals.ts';

/**
 * Work as rows in the database, leased with a deadline. A lease that is not extended runs out and another worker takes
 * the job; the fencing number, raised at every lease, keeps the first one's late word from counting. What a viewer waits
 * for goes before all else for as long as somebody waits: a wish is kept alive by whoever has it, and lapses with them.
 */
export interface NewJob {
  readonly kind: string;
  /** What the job is about: an asset id. */
  readonly subject: string;
  /** Renditions whose segments the job publishes; empty for work that publishes none. */
  readonly lanes: readonly string[];
  readonly firstSegment: number;
  /** Exclusive. */
  readonly endSegment: number;
  readonly payload: unknown;
  /** Greater is sooner. */
  readonly priority: number;
  /** Bytes of an arriving source that must be there before; absent when all that is needed is. */
  readonly needsBytes?: number;
  /** The node that alone can do it, because the source arrives there; absent when every worker can. */
  readonly atNode?: string;
}

export interface Job extends NewJob {
  readonly id: string;
  /** 1 at the first lease. */
  readonly attempt: number;
  readonly fence: number;
  /** A viewer waited for it when it was leased. */
  readonly wanted: boolean;
}

/** A viewer's wait for one segment of one lane. */
export interface Wish {
  readonly subject: string;
  readonly lane: string;
  readonly segment: number;
  /** Tells one viewer from another, as well as can be; wishes of one share a turn among those of others. */
  readonly asker: string;
}

/** Which of the waiting jobs a worker is there for. */
export interface LeaseChoice {
  /** Only jobs that a viewer waits for. */
  readonly wantedOnly?: boolean;
  /** Leaves out jobs about these subjects. */
  readonly except?: readonly string[];
  /** Where the worker is: jobs about sources that still arrive there are for it alone. */
  readonly node?: string;
}

export interface QueueOptions {
  /** How long a lease lasts unless extended. */
  readonly leaseMs: number;
  /** After so many attempts a job is dead. */
  readonly maxAttempts: number;
}

/** How a kind of work that is more patient than an encoder is tried again. */
export interface RetryLimits {
  readonly maxAttempts?: number;
  /** Before the next attempt. */
  readonly pauseMs?: number;
}

/**
 * How many attempts without a word weigh as much as one that reported its failure: mostly it was the machine that went
 * down, and one that goes down often must not lose its films.
 */
export const LOST_ATTEMPTS = 5;

/**
 * How long a wish counts without being renewed: longer than an origin's answer that asks for patience and the request
 * that follows from it.
 */
export const WISH_MS = 3_000;

/** Whoever asks again within this time keeps the turn that a lapsed wish had. */
const TURN_KEPT_MS = 10_000;

/** Priority of what follows a wanted segment: behind whatever makes a new film playable, before the rest of all films. */
export const PRIORITY_NEXT = 750;

/** Priority of a look at a new source: before any encoding, since nothing can be planned without it. */
export const PRIORITY_PROBE = 900;

/** The same for an encoding anew, behind all that makes other films playable. */
export const PRIORITY_PROBE_AGAIN = 200;

/** More than any source has: work that looks at a film as a whole waits for all of it. */
export const ALL_BYTES = Number.MAX_SAFE_INTEGER;

export class Queue {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #signals: Signals;
  readonly #options: QueueOptions;

  constructor(db: Database, clock: Clock, signals: Signals, options: QueueOptions) {
    this.#db = db;
    this.#clock = clock;
    this.#signals = signals;
    this.#options = options;
  }

  async add(jobs: readonly NewJob[]): Promise<void> {
    if (jobs.length === 0) return;
    await transact(this.#db, (trx) => this.#insert(trx, jobs));
    this.#signals.notify(WORK);
  }

  /** Adds jobs as a part of the caller's transaction; the caller notifies WORK when it is through. */
  async addWithin(trx: DatabaseTransaction, jobs: readonly NewJob[]): Promise<void> {
    if (jobs.length > 0) await this.#insert(trx, jobs);
  }

  /**
   * Takes a job that the worker is there for and that is waiting or whose lease has run out; undefined when there is
   * none. What viewers wait for comes first, each of them in turn; then the most urgent.
   */
  async lease(worker: string, kinds: readonly string[], choice: LeaseChoice = {}): Promise<Job | undefined> {
    if (kinds.length === 0) return undefined;
    const now = this.#clock.now();
    const { except = [], wantedOnly = false, node = '' } = choice;
    const mine = (due: DueJobs) =>
      due
        .where('kind', 'in', kinds)
        .where((where) => where.or([where('at_node', 'is', null), where('at_node', '=', node)]))
        .$if(except.length > 0, (query) => query.where('subject', 'not in', except));
    const wanted = await this.#take(worker, now, (due) =>
      mine(due).where('wish_until', '>', now).orderBy(turn(now)).orderBy('wished_since').orderBy('seq'),
    );
    if (wanted || wantedOnly) return wanted && toJob(wanted, now);
    const urgent = await this.#take(worker, now, (due) => mine(due).orderBy('priority', 'desc').orderBy('seq'));
    return urgent && toJob(urgent, now);
  }

  #take(worker: string, now: number, choose: (due: DueJobs) => DueJobs): Promise<Selectable<JobTable> | undefined> {
    const due = this.#db
      .selectFrom('jobs')
      .select('seq')
      .where('needs_bytes', 'is', null)
      .where((where) =>
        where.or([
          where.and([where('state', '=', 'waiting'), where('run_after', '<=', now)]),
          where.and([where('state', '=', 'leased'), where('lease_until', '<', now)]),
        ]),
      );
    return (
      this.#db
        .updateTable('jobs')
        .set((set) => ({
          state: 'leased',
          attempts: set('attempts', '+', 1),
          fence: set('fence', '+', 1),
          leased_by: worker,
          lease_until: now + this.#options.leaseMs,
        }))
        // Beside other connections: the first job that none of them is taking, without waiting for any.
        .where('seq', '=', choose(due).limit(1).forUpdate().skipLocked())
        .returningAll()
        .executeTakeFirst()
    );
  }

  /** Moves the deadline of a held lease. False when the lease was lost: the holder must stop. */
  async extend(job: Job): Promise<boolean> {
    const result = await this.#db
      .updateTable('jobs')
      .set({ lease_until: this.#clock.now() + this.#options.leaseMs })
      .where('id', '=', job.id)
      .where('fence', '=', job.fence)
      .where('state', '=', 'leased')
      .executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  /** Ends a job and adds the ones that follow from it, together or not at all. False when the lease was lost. */
  async complete(job: Job, followers: readonly NewJob[] = []): Promise<boolean> {
    const done = await transact(this.#db, async (trx) => {
      const result = await trx
        .deleteFrom('jobs')
        .where('id', '=', job.id)
        .where('fence', '=', job.fence)
        .where('state', '=', 'leased')
        .executeTakeFirst();
      if (result.numDeletedRows === 0n) return false;
      if (followers.length > 0) await this.#insert(trx, followers);
      return true;
    });
    if (done && followers.length > 0) this.#signals.notify(WORK);
    return done;
  }

  /**
   * True when so many attempts were begun and none came back to report that the job is likely what takes its workers
   * along. It must not be tried again; `fail` then makes it dead.
   */
  isSpent(job: Job): boolean {
    return job.attempt > LOST_ATTEMPTS * this.#options.maxAttempts;
  }

  /**
   * Hands a job back after a failure: `retry` after a pause; `dead` and gone when it was the last attempt; `lost` without
   * a lease.
   */
  async fail(job: Job, limits: RetryLimits = {}): Promise<'retry' | 'dead' | 'lost'> {
    const { maxAttempts = this.#options.maxAttempts, pauseMs = backOffMs(job.attempt) } = limits;
    if (job.attempt >= maxAttempts) return (await this.complete(job)) ? 'dead' : 'lost';
    const result = await this.#db
      .updateTable('jobs')
      .set({
        state: 'waiting',
        run_after: this.#clock.now() + pauseMs,
        leased_by: null,
        lease_until: null,
      })
      .where('id', '=', job.id)
      .where('fence', '=', job.fence)
      .where('state', '=', 'leased')
      .executeTakeFirst();
    return result.numUpdatedRows > 0n ? 'retry' : 'lost';
  }

  /** Gives a job back untried, as at a clean stop: it costs no attempt and waits for nobody. */
  async release(job: Job): Promise<void> {
    await this.#db
      .updateTable('jobs')
      .set((set) => ({
        state: 'waiting',
        attempts: set('attempts', '-', 1),
        leased_by: null,
        lease_until: null,
      }))
      .where('id', '=', job.id)
      .where('fence', '=', job.fence)
      .where('state', '=', 'leased')
      .execute();
    this.#signals.notify(WORK);
  }

  /** Frees at once what a process with this name held when it died. */
  async releaseAll(worker: string): Promise<void> {
    await transact(this.#db, (trx) =>
      trx
        .updateTable('jobs')
        .set({ state: 'waiting', leased_by: null, lease_until: null })
        .where('leased_by', '=', worker)
        .where('state', '=', 'leased')
        .execute(),
    );
  }

  /**
   * Brings a segment to the front: the waiting job that will publish it is split, so that the viewer waits for that
   * segment and not for the chunk it lies in. To be said again every second or so while somebody waits. Work already
   * leased is under way.
   */
  async raise(wish: Wish): Promise<void> {
    const now = this.#clock.now();
    const raised = await transact(this.#db, async (trx) => {
      const row = await lockWaiting(trx, wish);
      if (!row) return false;
      const stands = row.wish_until !== null && row.wish_until > now;
      const keepsTurn = row.wish_until !== null && row.wish_until > now - TURN_KEPT_MS;
      const turnOf = keepsTurn ? {} : { wished_by: wish.asker, wished_since: now };
      const fields = { ...turnOf, wish_until: now + WISH_MS };
      if (stands) {
        await trx.updateTable('jobs').set(fields).where('id', '=', row.id).execute();
        return false;
      }
      const { wanted, next, rest } = carve(toJob(row, now), wish.lane, wish.segment);
      await trx
        .updateTable('jobs')
        .set({ ...fields, ...rangeOf(wanted) })
        .where('id', '=', row.id)
        .execute();
      await this.#insert(trx, [...(next ? [hastened(next)] : []), ...rest]);
      if (!next) await this.#hasten(trx, { ...wish, segment: wanted.endSegment });
      return true;
    });
    if (raised) this.#signals.notify(WORK);
  }

  /** Nobody waits for a segment any more: its job goes back to where its priority puts it. */
  async withdraw({ subject, lane, segment }: Omit<Wish, 'asker'>): Promise<void> {
    const now = this.#clock.now();
    await transact(this.#db, (trx) =>
      trx
        .updateTable('jobs')
        .set({ wish_until: now })
        .where('subject', '=', subject)
        .where('state', '=', 'waiting')
        .where('first_segment', '<=', segment)
        .where('end_segment', '>', segment)
        .where('lanes', 'like', `%,${lane},%`)
        .where('wish_until', '>', now)
        .execute(),
    );
  }

  /** What follows a wanted piece is the beginning of another job: the viewer's lane of it comes next. */
  async #hasten(trx: DatabaseTransaction, { subject, lane, segment }: Omit<Wish, 'asker'>): Promise<void> {
    const row = await lockWaiting(trx, { subject, lane, segment });
    if (!row || row.priority >= PRIORITY_NEXT) return;
    const job = toJob(row, 0);
    const others = job.lanes.filter((each) => each !== lane);
    const own = hastened({ ...job, lanes: [lane] });
    await trx
      .updateTable('jobs')
      .set({ ...rangeOf(own), priority: own.priority })
      .where('id', '=', row.id)
      .execute();
    if (others.length > 0) await this.#insert(trx, [{ ...job, lanes: others }]);
  }

  /** Gives a job back untried until all of its subject's source is there. */
  async waitForAll(job: Job): Promise<void> {
    await transact(this.#db, (trx) =>
      trx
        .updateTable('jobs')
        .set((set) => ({
          state: 'waiting',
          attempts: set('attempts', '-', 1),
          needs_bytes: ALL_BYTES,
          leased_by: null,
          lease_until: null,
        }))
        .where('id', '=', job.id)
        .where('fence', '=', job.fence)
        .where('state', '=', 'leased')
        .execute(),
    );
  }

  /**
   * So much of a subject's source is there, all of it where no number is given: work that waited for it may begin. True
   * when there was any.
   */
  async bytesArrived(subject: string, bytes?: number): Promise<boolean> {
    const freed = await transact(this.#db, (trx) =>
      trx
        .updateTable('jobs')
        .set({ needs_bytes: null, ...(bytes === undefined ? { at_node: null } : {}) })
        .where('subject', '=', subject)
        .$if(bytes === undefined, (query) =>
          query.where((where) => where.or([where('needs_bytes', 'is not', null), where('at_node', 'is not', null)])),
        )
        .$if(bytes !== undefined, (query) => query.where('needs_bytes', '<=', bytes ?? 0))
        .executeTakeFirst(),
    );
    const any = freed.numUpdatedRows > 0n;
    if (any) this.#signals.notify(WORK);
    return any;
  }

  /** Jobs of a subject; 0 means the work is done. */
  async remaining(subject: string, kinds: readonly string[]): Promise<number> {
    const { left } = await this.#db
      .selectFrom('jobs')
      .select((select) => select.fn.countAll<number>().as('left'))
      .where('subject', '=', subject)
      .where('kind', 'in', kinds)
      .executeTakeFirstOrThrow();
    return Number(left);
  }

  /** Jobs of any kind that nobody works on yet. */
  async waiting(): Promise<number> {
    const { count } = await this.#db
      .selectFrom('jobs')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('state', '=', 'waiting')
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Drops all work on a subject; leases on it are lost. */
  async cancel(subject: string): Promise<void> {
    await transact(this.#db, (trx) => trx.deleteFrom('jobs').where('subject', '=', subject).execute());
  }

  async #insert(trx: DatabaseTransaction, jobs: readonly NewJob[]): Promise<void> {
    // SQLite binds at most 32,766 values in a statement; 500 rows of 19 stay well below.
    for (let at = 0; at < jobs.length; at += 500) {
      await trx
        .insertInto('jobs')
        .values(
          jobs.slice(at, at + 500).map((job) => ({
            id: newId('job'),
            kind: job.kind,
            subject: job.subject,
            lanes: writeLanes(job.lanes),
            first_segment: job.firstSegment,
            end_segment: job.endSegment,
            payload: JSON.stringify(job.payload),
            priority: job.priority,
            state: 'waiting' as const,
            attempts: 0,
            run_after: 0,
            needs_bytes: job.needsBytes ?? null,
            at_node: job.atNode ?? null,
            leased_by: null,
            lease_until: null,
            fence: 0,
            wished_by: null,
            wished_since: null,
            wish_until: null,
          })),
        )
        .execute();
    }
  }
}

type Wanted = Pick<Wish, 'subject' | 'lane' | 'segment'>;

/** The jobs that may be leased, out of which one is to be chosen. */
type DueJobs = SelectQueryBuilder<Schema, 'jobs', { seq: number }>;

/**
 * How many of the same viewer's wishes go before a job: those that are being encoded, and those that stand since longer.
 * Viewers are served by it in rounds, so one who seeks wildly, or asks for everything at once, waits mostly for himself.
 */
function turn(now: number) {
  return (jobs: ExpressionBuilder<Schema, 'jobs'>) =>
    jobs
      .selectFrom('jobs as other')
      .select((select) => select.fn.countAll<number>().as('before'))
      .whereRef('other.wished_by', '=', 'jobs.wished_by')
      .where((where) =>
        where.or([
          where.and([where('other.state', '=', 'leased'), where('other.lease_until', '>=', now)]),
          where.and([
            where('other.wish_until', '>', now),
            where('other.wished_since', '<', where.ref('jobs.wished_since')),
          ]),
        ]),
      );
}

function hastened(job: NewJob): NewJob {
  return { ...job, priority: Math.max(job.priority, PRIORITY_NEXT) };
}

function rangeOf({ lanes, firstSegment, endSegment }: NewJob) {
  return { lanes: writeLanes(lanes), first_segment: firstSegment, end_segment: endSegment };
}

/**
 * The waiting job that will publish a segment, held until the transaction is through. Between the look and the hold it
 * may be leased, or split by another viewer's request; then its pieces are looked through.
 */
async function lockWaiting(trx: DatabaseTransaction, wanted: Wanted): Promise<Selectable<JobTable> | undefined> {
  for (;;) {
    const found = await waitingFor(trx, wanted).select('id').executeTakeFirst();
    if (!found) return undefined;
    const held = await waitingFor(trx, wanted).selectAll().where('id', '=', found.id).forUpdate().executeTakeFirst();
    if (held) return held;
  }
}

function waitingFor(trx: DatabaseTransaction, { subject, lane, segment }: Wanted) {
  return trx
    .selectFrom('jobs')
    .where('subject', '=', subject)
    .where('state', '=', 'waiting')
    .where('first_segment', '<=', segment)
    .where('end_segment', '>', segment)
    .where('lanes', 'like', `%,${lane},%`);
}

function writeLanes(lanes: readonly string[]): string {
  return lanes.length > 0 ? `,${lanes.join(',')},` : '';
}

/** One second, doubling to a minute. */
function backOffMs(attempt: number): number {
  return Math.min(60_000, 1_000 * 2 ** (attempt - 1));
}

function toJob(row: Selectable<JobTable>, now: number): Job {
  return {
    id: row.id,
    kind: row.kind,
    subject: row.subject,
    lanes: row.lanes.split(',').filter((lane) => lane !== ''),
    firstSegment: row.first_segment,
    endSegment: row.end_segment,
    payload: JSON.parse(row.payload) as unknown,
    priority: row.priority,
    ...(row.needs_bytes === null ? {} : { needsBytes: Number(row.needs_bytes) }),
    ...(row.at_node === null ? {} : { atNode: row.at_node }),
    attempt: row.attempts,
    fence: row.fence,
    wanted: row.wish_until !== null && row.wish_until > now,
  };
}
