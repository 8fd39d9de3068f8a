/** What viewers ask for, written down: the same at every run, since chance comes from a seed. */

export interface Access {
  readonly key: string;
  readonly sizeBytes: number;
  /** A playlist, an init section or a first segment: what a viewer waits for before the picture comes. */
  readonly opens: boolean;
}

export interface Trace {
  readonly name: string;
  readonly accesses: readonly Access[];
}

/** Bytes of all objects of a trace, each counted once. */
export function footprintBytes({ accesses }: Trace): number {
  const sizes = new Map(accesses.map(({ key, sizeBytes }) => [key, sizeBytes]));
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

type Chance = () => number;

/** Numbers from 0 to below 1, always the same for a seed (mulberry32). */
export function chanceFrom(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Picks from 0 to below `count`; the one at place n is wanted 1/n^skew as often as the first. */
export function zipf(count: number, skew: number, chance: Chance): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let at = 0; at < count; at += 1) {
    sum += 1 / (at + 1) ** skew;
    sums[at] = sum;
  }
  return () => {
    const wanted = chance() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

const PLAYLIST_BYTES = 3_000;
const INIT_BYTES = 1_200;
const SMALLEST_SEGMENT = 50_000;
const LARGEST_SEGMENT = 2_000_000;

function segmentBytes(chance: Chance): number {
  return Math.round(SMALLEST_SEGMENT * (LARGEST_SEGMENT / SMALLEST_SEGMENT) ** chance());
}

const ZIPF_OBJECTS = 20_000;
const ZIPF_REQUESTS = 300_000;
/** Requests in one flood, and of everybody else between two. */
const FLOOD = 3_000;
const BETWEEN_FLOODS = 7_000;

/** Popular objects, and three requests in ten for something nobody asks for again: crawlers, checks, scrapers. */
export function zipfWithFloods(): Trace {
  const chance = chanceFrom(1);
  const pick = zipf(ZIPF_OBJECTS, 0.9, chance);
  const objects = Array.from({ length: ZIPF_OBJECTS }, (_, at) => {
    const opens = chance() < 0.1;
    return { key: `/${at}`, sizeBytes: opens ? PLAYLIST_BYTES : segmentBytes(chance), opens };
  });
  const accesses = Array.from({ length: ZIPF_REQUESTS }, (_, at): Access => {
    if (at % (FLOOD + BETWEEN_FLOODS) >= BETWEEN_FLOODS) {
      return { key: `/once/${at}`, sizeBytes: segmentBytes(chance), opens: false };
    }
    return objects[pick()] as Access;
  });
  return { name: 'Zipf 0.9 with floods of one-hit objects', accesses };
}

const FILMS = 400;
const SEGMENTS = 150;
/** Mean bytes of a four-second segment of each rung. */
const RUNGS = [120_000, 500_000, 1_500_000];
const WATCHING = 300;
const MEDIA_REQUESTS = 400_000;
const LEAVES_EARLY = 0.04;

interface Watching {
  readonly film: number;
  rung: number;
  segment: number;
  /** Asked for before the next segment. */
  readonly waiting: Access[];
}

/**
 * Viewers who walk through films: master playlist, media playlist, init section, then segment by segment. Most leave in
 * the first minutes, some change the rung (its playlist and init are read), some read their playlist again.
 */
export function media(): Trace {
  const chance = chanceFrom(2);
  const pick = zipf(FILMS, 0.8, chance);
  const sizes = new Map<string, number>();
  const opening = (key: string, sizeBytes: number): Access => ({ key, sizeBytes, opens: true });
  const playlist = ({ film, rung }: Pick<Watching, 'film' | 'rung'>) =>
    opening(`/${film}/${rung}/index.m3u8`, PLAYLIST_BYTES + SEGMENTS * 30);
  const init = ({ film, rung }: Pick<Watching, 'film' | 'rung'>) => opening(`/${film}/${rung}/init.mp4`, INIT_BYTES);
  const begin = (): Watching => {
    const place = { film: pick(), rung: Math.floor(chance() * RUNGS.length) };
    const master = opening(`/${place.film}/master.m3u8`, PLAYLIST_BYTES);
    // One in five goes on where the last evening ended.
    const segment = chance() < 0.2 ? Math.floor(chance() * SEGMENTS) : 0;
    return { ...place, segment, waiting: [master, playlist(place), init(place)] };
  };
  const next = (viewer: Watching): Access => {
    const waiting = viewer.waiting.shift();
    if (waiting) return waiting;
    const key = `/${viewer.film}/${viewer.rung}/s${viewer.segment}.m4s`;
    const sizeBytes = sizes.get(key) ?? Math.round((RUNGS[viewer.rung] ?? 0) * (0.5 + chance()));
    sizes.set(key, sizeBytes);
    const access = { key, sizeBytes, opens: viewer.segment === 0 };
    viewer.segment += 1;
    if (chance() < 0.02) {
      viewer.rung = Math.floor(chance() * RUNGS.length);
      viewer.waiting.push(playlist(viewer), init(viewer));
    } else if (chance() < 0.05) viewer.waiting.push(playlist(viewer));
    return access;
  };
  const viewers = Array.from({ length: WATCHING }, begin);
  const accesses = Array.from({ length: MEDIA_REQUESTS }, () => {
    const seat = Math.floor(chance() * WATCHING);
    const viewer = viewers[seat] as Watching;
    const access = next(viewer);
    if (viewer.segment >= SEGMENTS || (viewer.segment > 0 && chance() < LEAVES_EARLY)) viewers[seat] = begin();
    return access;
  });
  return { name: 'viewers of films', accesses };
}

const LOOP_OBJECTS = 4_000;
const LOOP_REQUESTS = 200_000;

/** A programme in an endless loop, larger than most caches, beside viewers of popular objects. */
export function loop(): Trace {
  const chance = chanceFrom(3);
  const pick = zipf(LOOP_OBJECTS, 0.9, chance);
  const sizes = Array.from({ length: LOOP_OBJECTS * 2 }, () => segmentBytes(chance));
  let place = 0;
  const accesses = Array.from({ length: LOOP_REQUESTS }, (): Access => {
    if (chance() < 0.5) {
      place = (place + 1) % LOOP_OBJECTS;
      return { key: `/loop/${place}`, sizeBytes: sizes[place] ?? 0, opens: false };
    }
    const at = pick();
    return { key: `/${at}`, sizeBytes: sizes[LOOP_OBJECTS + at] ?? 0, opens: false };
  });
  return { name: 'an endless loop beside popular objects', accesses };
}
