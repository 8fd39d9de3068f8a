import type { EncryptionMethod } from '../kernel/encryption/segment.ts';
import { Fault } from '../kernel/errors.ts';
import { LOUDNESS_LUFS } from '../kernel/loudness.ts';
import type { SourceLabel } from './intake.ts';

const MAX_TITLE = 200;
const MAX_FILE_NAME = 255;

/**
 * What the sender says about a source, checked. The file name is only ever shown; nothing on disk is named by it.
 * @throws Fault INVALID_REQUEST naming the field.
 */
export function readLabel(given: { readonly [name: string]: string | null | undefined }): SourceLabel {
  const fileName = cleanName(given.filename ?? '') || 'source';
  if (fileName.length > MAX_FILE_NAME) throw tooLong('filename', MAX_FILE_NAME);
  // A title of a file's whole name reads badly; its extension says nothing to a viewer.
  const title = printable(given.title ?? '') || fileName.replace(/\.[A-Za-z0-9]{1,5}$/, '');
  if (given.title && title.length > MAX_TITLE) throw tooLong('title', MAX_TITLE);
  const encryption = readEncryption(given.encryption);
  return {
    title: title.slice(0, MAX_TITLE),
    policy: readPolicy(given.policy),
    ...(encryption === undefined ? {} : { encryption }),
    fileName,
    ...readLoudness(given.loudness),
  };
}

function readEncryption(value: string | null | undefined): EncryptionMethod | undefined {
  if (value === undefined || value === null || value === '' || value === 'none') return undefined;
  if (value === 'aes-128') return value;
  throw new Fault('INVALID_REQUEST', { says: 'encryption must be aes-128 or none.' });
}

function readPolicy(value: string | null | undefined): 'public' | 'signed' {
  if (value === undefined || value === null || value === '') return 'public';
  if (value === 'public' || value === 'signed') return value;
  throw new Fault('INVALID_REQUEST', { says: 'policy must be public or signed.' });
}

function readLoudness(value: string | null | undefined): Pick<SourceLabel, 'loudnessLufs'> {
  if (value === undefined || value === null || value === '') return {};
  const lufs = Number(value);
  const { least, most } = LOUDNESS_LUFS;
  if (lufs >= least && lufs <= most) return { loudnessLufs: lufs };
  throw new Fault('INVALID_REQUEST', { says: `loudness must be a number of LUFS from ${least} to ${most}.` });
}

/** The last part of a path that some clients send whole. */
function cleanName(name: string): string {
  return printable(name).split(/[\\/]/).at(-1) ?? '';
}

function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '').trim();
}

function tooLong(field: string, limit: number): Fault {
  return new Fault('INVALID_REQUEST', { says: `${field} must not have more than ${limit} characters.` });
}
