import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readInit } from '../../kernel/cmaf/init.ts';
import type { Fragment } from '../../kernel/cmaf/splitter.ts';
import { type BroadcastFormat, type LiveSegment, renditionsOf, type Session } from '../../kernel/live/broadcast.ts';
import type { DateRange } from '../../kernel/live/date-range.ts';
import { framesOf, writePart } from '../../kernel/live/frames.ts';
import { newestPart } from '../../kernel/live/reload.ts';
import { type RenditionCut, SessionCutter } from '../../kernel/live/session-cutter.ts';
import type { SourcePacket } from '../../kernel/live/tap.ts';
import type { Inheritance } from '../broadcast/deps.ts';
import type { Packager, PackagerNews } from '../seams.ts';
import { Annotations } from './annotations.ts';
import type { PlaylistText } from './playlist-text.ts';
import { Pruner, type PrunerDeps } from './pruner.ts';
import { Recorder, type RecorderDeps } from './recorder.ts';
import { type Recovered, type RecoveryDeps, recover } from './recover.ts';
import { type ClosedSegment, RenditionStage, type Surroundings } from './rendition-stage.ts';
import { SessionDates } from './session-dates.ts';
import { Spool } from './spool.ts';
import { Waiters } from './waiters.ts';

export interface PackagerDeps extends RecorderDeps {
  readonly store: RecorderDeps['store'] & PrunerDeps['store'];
  readonly recordings: RecorderDeps['recordings'] & PrunerDeps['recordings'];
  /** On this machine: parts of unfinished segments lie below it. */
  readonly folder: string;
}

/** Which broadcast is packaged, and as what. */
export interface BroadcastPlace {
  readonly streamId: string;
  readonly broadcast: number;
  readonly recordingId: string;
  readonly format: BroadcastFormat;
  /** Whether all of it stays. */
  readonly isRecorded: boolean;
}

/** Held requests of one broadcast: edges ask once for all of their viewers. */
const MOST_WAITERS = 2_000;
/** Between the last part and the end: as long as it takes to learn of the one and to load it. */
const END_AFTER_PARTS = 2;
/** A request is held no longer (RFC 8216bis section 6.2.5.2). */
const PATIENCE_TARGETS = 3;

/**
 * Packages one broadcast: cuts what the encoder lets go of, keeps the newest of it for viewers, tells of it, and has it
 * recorded. All that viewers see changes within one turn of the event loop.
 */
export class LivePackager implements Packager {
  readonly place: BroadcastPlace;
  readonly waiters: Waiters;
  readonly #news: PackagerNews;
  readonly #deps: PackagerDeps;
  readonly #stages: ReadonlyMap<string, RenditionStage>;
  readonly #spool: Spool;
  readonly #recorder: Recorder;
  readonly #pruner: Pruner | undefined;
  readonly #annotations = new Annotations();
  #session: Session | undefined;
  #lastSession = 0;
  #cutter: SessionCutter | undefined;
  #dates: SessionDates | undefined;
  #firstSequence = 0;
  #fragments = 0;
  #unreadable = 0;
  #isOver = false;

  /** @param isHeld whether the broadcast is this node's, so that nobody else records it */
  constructor(deps: PackagerDeps, place: BroadcastPlace, news: PackagerNews, isHeld = () => true) {
    this.#deps = deps;
    this.place = place;
    this.#news = news;
    const { format, recordingId } = place;
    this.#stages = new Map(
      renditionsOf(format).map(({ name, timescale }) => [name, new RenditionStage(name, timescale, format)]),
    );
    this.waiters = new Waiters(MOST_WAITERS, PATIENCE_TARGETS * format.targetDurationSeconds * 1_000);
    this.#spool = new Spool(spoolFolder(deps.folder, recordingId), deps.log);
    const pruner = place.isRecorded ? undefined : new Pruner(deps, recordingId, this.#stages, isHeld);
    this.#recorder = new Recorder(deps, recordingId, this.#spool, isHeld, () =>
      pruner?.prune(this.#recorder.oldestPending),
    );
    this.#pruner = pruner;
  }

  /**
   * Takes over a broadcast from a process that is no more: what was recorded of it is listed, the parts of its last
   * segments are recorded and become the end of their session, and sequence numbers go on. Where that was another node,
   * what it may have shown last and did not record is left out.
   */
  static async recover(
    deps: PackagerDeps & RecoveryDeps,
    place: BroadcastPlace,
    news: PackagerNews,
    isHeld = () => true,
    { shownUntilMs }: Inheritance = {},
  ): Promise<LivePackager> {
    const packager = new LivePackager(deps, place, news, isHeld);
    const { recordingId, format } = place;
    const recovered = await recover(deps, recordingId, format, spoolFolder(deps.folder, recordingId), shownUntilMs);
    await packager.#spool.discard();
    packager.#resume(recovered);
    // It may have begun sessions that nobody else knows of, each with a number at least, and viewers may have what had their names.
    if (shownUntilMs !== undefined) packager.#lastSession += Math.max(1, recovered.unseen);
    if (recovered.unseen > 0) for (const { timeline } of packager.#stages.values()) timeline.withholdEnd();
    return packager;
  }

  #resume({ sessions, segments, dateRanges }: Recovered): void {
    this.#annotations.resume(dateRanges);
    const byNumber = new Map(sessions.map((session) => [session.number, session]));
    for (const segment of segments) {
      const session = byNumber.get(segment.session);
      if (session) this.#stages.get(segment.rendition)?.addRecorded(segment, session);
    }
    this.#pruner?.resume(sessions, segments);
    this.#lastSession = Math.max(0, ...byNumber.keys());
  }

  /** Of the last session that there was; 0 before the first. The next one has a greater number. */
  get lastSession(): number {
    return this.#lastSession;
  }

  /** What went wrong, in numbers. */
  get counts() {
    const { retries, waiting, lost } = this.#recorder.counts;
    return {
      storeRetries: retries,
      segmentsWaiting: waiting,
      segmentsLost: lost,
      spoolFailures: this.#spool.failures,
      framesDropped: this.#cutter?.dropped ?? 0,
      fragmentsUnreadable: this.#unreadable,
    };
  }

  stage(rendition: string): RenditionStage | undefined {
    return this.#stages.get(rendition);
  }

  /** A playlist's present text. */
  text(stage: RenditionStage, isDelta: boolean): PlaylistText {
    return stage.text(isDelta, () => this.#around(stage), this.#annotations.version);
  }

  /** What has been published so far outlives this process: playlists leave it when that is so, unless its disk is slow. */
  spooled(): Promise<void> {
    return this.#spool.caughtUp();
  }

  /** Bytes of a segment that memory has no more and the store not yet. */
  pending(segment: Pick<LiveSegment, 'rendition' | 'session' | 'sequence'>): Promise<Uint8Array | undefined> {
    return this.#recorder.pending(segment);
  }

  openSession(opened: Session, renditions: readonly string[]): void {
    this.closeSession();
    const [first] = this.#stages.values();
    const { nextSequence = 0, nextDiscontinuity: discontinuities = 0 } = first?.timeline ?? {};
    const session = { ...opened, ...(discontinuities > 0 ? { discontinuities } : {}) };
    this.#session = session;
    this.#lastSession = session.number;
    this.#cutter = new SessionCutter(this.place.format, renditions);
    this.#firstSequence = nextSequence;
    const ends = [...this.#stages.values()].map(({ timeline }) => timeline.listedUntilMs);
    this.#dates = new SessionDates(session, this.#spool, Math.max(...ends));
    for (const { name, timeline } of this.#stages.values()) {
      timeline.enter(session);
      timeline.expect(this.#nextOf(name));
    }
    this.#recorder.session(session);
  }

  takePackets(packets: readonly SourcePacket[], nowMs: number): void {
    this.#dates?.take(packets, nowMs);
  }

  /**
   * An init segment that does not have the clock of its rendition makes of all that follows something else than it is: its
   * rendition is without media then.
   */
  takeInit(rendition: string, init: Uint8Array): void {
    const session = this.#session;
    const stage = this.#stages.get(rendition);
    const facts = readInit(init);
    if (!session || !stage) return;
    if (facts?.timescale !== stage.timeline.rules.timescale) {
      this.#deps.log.error({ rendition, timescale: facts?.timescale }, 'an encoder keeps another time than planned');
      return;
    }
    stage.codecs = facts.codecs;
    stage.inits.set(session.number, init);
    this.#recorder.init(rendition, session.number, init);
    this.#news.init(rendition, session, init);
  }

  takeFragment(rendition: string, fragment: Fragment): void {
    const session = this.#session;
    if (!session || !this.#cutter || !this.#stages.get(rendition)?.inits.has(session.number)) return;
    const frames = framesOf(fragment);
    if (frames) this.#publish(session, this.#cutter.take(rendition, frames));
    else this.#unreadable += 1;
  }

  closeSession(): void {
    const session = this.#session;
    if (session && this.#cutter) this.#publish(session, this.#cutter.close());
    this.#session = undefined;
    this.#cutter = undefined;
    this.#dates = undefined;
    for (const { timeline } of this.#stages.values()) timeline.expect(undefined);
    this.waiters.wake();
  }

  /**
   * Something that players are told of with the media of its time; more than fifty, and playlists forget the oldest. Resolves
   * when a crash cannot undo it, or to false when it is too late for it.
   */
  async annotate(range: DateRange): Promise<boolean> {
    if (this.#isOver) return false;
    const added = this.#annotations.add(range);
    if (added) await this.#recorder.dateRange(added);
    return true;
  }

  async end(): Promise<void> {
    const wasOnAir = this.#session !== undefined;
    this.#isOver = true;
    this.closeSession();
    await Promise.all([this.#endPlaylists(wasOnAir), this.#pruner?.stop(), this.#recorder.settled()]);
    if (!this.#recorder.isStopped) await this.#spool.discard();
  }

  /**
   * What was published last is not told together with the end: hls.js (1.7.4) does not load a part that it learns of by a
   * playlist that has ended, and waits for it for ever.
   */
  async #endPlaylists(wasOnAir: boolean): Promise<void> {
    if (wasOnAir) await pause(END_AFTER_PARTS * this.place.format.partTargetSeconds * 1_000);
    for (const { timeline } of this.#stages.values()) timeline.end();
    this.waiters.wake();
  }

  /** The process stops and the broadcast does not: what is not recorded stays in the spool for the next process. */
  async abandon(): Promise<void> {
    this.#isOver = true;
    this.closeSession();
    this.waiters.stop();
    await Promise.all([this.#recorder.stop(), this.#pruner?.stop()]);
    await this.#spool.written();
  }

  isRecorded(limitMs: number): Promise<boolean> {
    const overdue = new AbortController();
    const late = pause(limitMs, false, { signal: overdue.signal }).catch(() => false);
    const recorded = this.#recorder.settled().then(() => true);
    return Promise.race([recorded, late]).finally(() => overdue.abort());
  }

  /** Another node has the broadcast: it has said of what is not recorded that it is missing. */
  async forsake(): Promise<void> {
    this.#isOver = true;
    // What its encoder still lets go of is nothing to anybody.
    this.#session = undefined;
    this.#cutter = undefined;
    this.waiters.stop();
    await Promise.all([this.#recorder.stop(), this.#pruner?.stop()]);
    await this.#spool.discard();
  }

  #publish(session: Session, cuts: readonly RenditionCut[]): void {
    if (cuts.length === 0) return;
    for (const cut of cuts) this.#apply(session, cut);
    // Where one track begins a segment the others expect something else than before.
    for (const stage of this.#stages.values()) stage.timeline.expect(this.#nextOf(stage.name));
    this.waiters.wake();
  }

  #nextOf(rendition: string) {
    const next = this.#cutter?.next(rendition);
    return next && { sequence: this.#firstSequence + next.segment, part: next.part };
  }

  #apply(session: Session, cut: RenditionCut): void {
    const stage = this.#stages.get(cut.rendition);
    if (!stage) return;
    const sequence = this.#firstSequence + cut.segment;
    if (cut.kind === 'segment') this.#closeSegment(stage, session, { ...cut, sequence });
    else this.#addPart(stage, session, { ...cut, sequence });
  }

  #addPart(
    stage: RenditionStage,
    session: Session,
    cut: Exclude<RenditionCut, { kind: 'segment' }> & { readonly sequence: number },
  ): void {
    const { sequence, startTicks, durationTicks } = cut;
    const { name: rendition, timeline, shelf } = stage;
    const shiftMs = this.#shiftOf(stage, sequence, startTicks);
    if (cut.kind === 'missing') {
      shelf.addPart(sequence, undefined);
      timeline.addPart(startTicks, { durationTicks, isIndependent: false, isGap: true }, shiftMs);
      return;
    }
    const { isIndependent } = cut;
    this.#fragments += 1;
    const bytes = writePart(this.#fragments, cut.frames);
    shelf.addPart(sequence, bytes);
    timeline.addPart(startTicks, { durationTicks, isIndependent, isGap: false }, shiftMs);
    this.#spool.append({ rendition, session: session.number, sequence }, bytes);
    this.#news.part({
      rendition,
      sequence,
      session: session.number,
      part: cut.part,
      startTicks,
      durationTicks,
      timescale: timeline.rules.timescale,
      isIndependent,
      bytes,
    });
  }

  #closeSegment(stage: RenditionStage, session: Session, cut: Omit<ClosedSegment, 'session' | 'shiftMs'>): void {
    const shiftMs = this.#shiftOf(stage, cut.sequence, cut.startTicks);
    const { segment, bytes } = stage.closeSegment({ ...cut, session: session.number, shiftMs });
    this.#recorder.segment(segment, bytes);
    this.#news.segment(segment);
  }

  #shiftOf({ timeline }: RenditionStage, sequence: number, startTicks: number): number {
    return this.#dates?.shiftOf(sequence, startTicks / timeline.rules.timescale) ?? 0;
  }

  #around(stage: RenditionStage): Surroundings {
    const others = [...this.#stages.values()].filter((each) => each !== stage);
    const reports = others.flatMap(({ name, progress }) => {
      const newest = newestPart(progress);
      return newest ? [{ rendition: name, ...newest }] : [];
    });
    return { reports, dateRanges: this.#annotations.ranges };
  }
}

export function spoolFolder(folder: string, recordingId: string): string {
  return join(folder, recordingId);
}
