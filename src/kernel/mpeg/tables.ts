/** The two tables that matter of program specific information: which programs there are, and which tracks each has. */
export interface Track {
  /** Number of its packets. */
  readonly pid: number;
  readonly kind: 'picture' | 'sound';
  /** Our own word: tracks with the same one can follow one another. */
  readonly codec: string;
  /** Three letters, as written. */
  readonly language?: string;
}

/** The tracks of one program that pictures and sound are made of; all others are left out. */
export interface ProgramTable {
  readonly program: number;
  /** Counts the changes of one table. */
  readonly version: number;
  readonly tracks: readonly Track[];
}

const PROGRAMS = 0;
const TRACKS = 2;

/** Network information, which is listed like a program. */
const NETWORK = 0;

/** Program numbers with the packet number of their table; undefined when this is another section, or one for later. */
export function readPrograms(section: Uint8Array): Map<number, number> | undefined {
  if (section[0] !== PROGRAMS || !isCurrent(section)) return undefined;
  const programs = new Map<number, number>();
  for (let at = 8; at + 8 <= section.length; at += 4) {
    const program = word(section, at);
    if (program !== NETWORK) programs.set(program, word(section, at + 2) & 0x1fff);
  }
  return programs;
}

export function readTracks(section: Uint8Array): ProgramTable | undefined {
  if (section[0] !== TRACKS || !isCurrent(section)) return undefined;
  const tracks: Track[] = [];
  let at = 12 + (word(section, 10) & 0x0fff);
  while (at + 9 <= section.length) {
    const end = at + 5 + (word(section, at + 3) & 0x0fff);
    const described = descriptors(section.subarray(at + 5, Math.min(end, section.length - 4)));
    const codec = codecOf(section[at] ?? 0, described);
    const language = languageOf(described);
    if (codec) tracks.push({ pid: word(section, at + 1) & 0x1fff, ...codec, ...(language ? { language } : {}) });
    at = end;
  }
  return { program: word(section, 3), version: ((section[5] ?? 0) >> 1) & 0x1f, tracks };
}

/** Tables that hold from now on, and in one section: only hundreds of programs need more. */
function isCurrent(section: Uint8Array): boolean {
  return section.length >= 12 && ((section[5] ?? 0) & 1) === 1 && section[7] === 0;
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

type Descriptors = ReadonlyMap<number, Uint8Array>;

function descriptors(bytes: Uint8Array): Descriptors {
  const found = new Map<number, Uint8Array>();
  for (let at = 0; at + 2 <= bytes.length; ) {
    const end = at + 2 + (bytes[at + 1] ?? 0);
    found.set(bytes[at] ?? 0, bytes.subarray(at + 2, end));
    at = end;
  }
  return found;
}

type Codec = Pick<Track, 'kind' | 'codec'>;

/** By stream type: ISO/IEC 13818-1 table 2-34, and the types that ATSC and Blu-ray added. */
const PICTURES: Readonly<Record<number, string>> = {
  1: 'mpeg2',
  2: 'mpeg2',
  16: 'mpeg4',
  27: 'h264',
  36: 'hevc',
  51: 'vvc',
  66: 'cavs',
  209: 'dirac',
  210: 'avs2',
  212: 'avs3',
  234: 'vc1',
};
const SOUNDS: Readonly<Record<number, string>> = {
  3: 'mpeg',
  4: 'mpeg',
  15: 'aac',
  17: 'latm',
  28: 'aac',
  128: 'lpcm',
  129: 'ac3',
  130: 'dts',
  131: 'truehd',
  132: 'eac3',
  133: 'dts',
  134: 'dts',
  135: 'eac3',
  138: 'dts',
};

/** Private data is told apart by its descriptors alone (ETSI EN 300 468 annex D, and registered names). */
const PRIVATE = 6;
const PRIVATE_SOUNDS: Readonly<Record<number, string>> = { 106: 'ac3', 122: 'eac3', 123: 'dts', 124: 'aac' };
const REGISTERED: Readonly<Record<string, Codec>> = {
  'AC-3': { kind: 'sound', codec: 'ac3' },
  EAC3: { kind: 'sound', codec: 'eac3' },
  DTS1: { kind: 'sound', codec: 'dts' },
  DTS2: { kind: 'sound', codec: 'dts' },
  DTS3: { kind: 'sound', codec: 'dts' },
  Opus: { kind: 'sound', codec: 'opus' },
  BSSD: { kind: 'sound', codec: 's302m' },
  HEVC: { kind: 'picture', codec: 'hevc' },
  AV01: { kind: 'picture', codec: 'av1' },
  'VC-1': { kind: 'picture', codec: 'vc1' },
  drac: { kind: 'picture', codec: 'dirac' },
};
const REGISTRATION = 5;
const LANGUAGE = 10;

function codecOf(type: number, described: Descriptors): Codec | undefined {
  const [picture, sound] = [PICTURES[type], SOUNDS[type]];
  if (picture !== undefined) return { kind: 'picture', codec: picture };
  if (sound !== undefined) return { kind: 'sound', codec: sound };
  if (type !== PRIVATE) return undefined;
  const tag = [...described.keys()].find((each) => PRIVATE_SOUNDS[each] !== undefined);
  if (tag !== undefined) return { kind: 'sound', codec: PRIVATE_SOUNDS[tag] ?? '' };
  return REGISTERED[letters(described.get(REGISTRATION), 4)];
}

function languageOf(described: Descriptors): string | undefined {
  const language = letters(described.get(LANGUAGE), 3);
  return /^[a-z]{3}$/.test(language) && language !== 'und' ? language : undefined;
}

function letters(bytes: Uint8Array | undefined, count: number): string {
  return String.fromCharCode(...(bytes ?? []).slice(0, count));
}
