import { LOUDNESS_LUFS } from '../kernel/loudness.ts';

/** What the OpenAPI document says of uploads. tus checks its own headers, so these say what they are and bind nobody. */

const ENCRYPTION = {
  type: 'string',
  enum: ['aes-128', 'none'],
  description: 'Whether segments are encrypted (HLS, AES-128). Left out: none.',
} as const;

const LOUDNESS = {
  type: 'number',
  minimum: LOUDNESS_LUFS.least,
  maximum: LOUDNESS_LUFS.most,
  description: 'What the sound is brought to, in LUFS, such as -23 (EBU R128) or -16. Left out: as loud as it is.',
} as const;

const POLICY = { type: 'string', enum: ['public', 'signed'], description: 'Whether viewers need a grant.' } as const;

export const PULL_SCHEMA = {
  type: 'object',
  title: 'Pull',
  required: ['source'],
  additionalProperties: false,
  properties: {
    source: {
      type: 'object',
      required: ['url'],
      additionalProperties: false,
      properties: {
        url: { type: 'string', minLength: 1, maxLength: 4000, description: 'An http or https URL of the film.' },
      },
    },
    title: { type: 'string', minLength: 1, maxLength: 200 },
    policy: POLICY,
    encryption: ENCRYPTION,
    loudness: LOUDNESS,
  },
  examples: [{ source: { url: 'https://films.example/harbour.mp4' }, title: 'Harbour', policy: 'signed' }],
} as const;

export const QUERY_SCHEMA = {
  type: 'object',
  properties: {
    title: { type: 'string', maxLength: 200, description: "Left out: the file's name." },
    policy: POLICY,
    encryption: ENCRYPTION,
    filename: { type: 'string', maxLength: 255, description: 'The name of the file that is sent.' },
    loudness: LOUDNESS,
  },
} as const;

const text = (description: string, ...examples: string[]) => ({
  type: 'string',
  description,
  ...(examples.length === 0 ? {} : { examples }),
});

const TUS_VERSION = text('The version of tus.', '1.0.0');
const OFFSET = text('How many bytes of the file there are.');
const CHECKSUM = text('Algorithm and digest of the body in base64, such as `sha256 LPJNul+w…`.');
const LOCATION = text('The address of the upload; its last part is the id of the asset.');

function nothing(description: string, headers: Readonly<Record<string, object>> = {}) {
  return { type: 'null', description, headers: { 'tus-resumable': TUS_VERSION, ...headers } } as const;
}

function takes(headers: Readonly<Record<string, object>>) {
  return { type: 'object', properties: { 'tus-resumable': TUS_VERSION, ...headers } } as const;
}

export const UPLOAD_ID = {
  type: 'object',
  properties: { id: { type: 'string', description: 'The id of the upload, which is that of its asset.' } },
} as const;

export const CREATE_UPLOAD = {
  operationId: 'createUpload',
  summary: 'Begin a resumable upload',
  description:
    'The creation extension of tus 1.0, for which there are clients in every language. A body, of type application/offset+octet-stream, is the begin of the file.',
  headers: takes({
    'upload-length': text('The size of the file in bytes.', '1000'),
    'upload-defer-length': text('Where the size is not known yet.', '1'),
    'upload-metadata': text(
      'Pairs of a name and a value in base64: `filename`, `title`, `policy`, `encryption`, `loudness`.',
      'filename aGFyYm91ci5tcDQ=,policy c2lnbmVk',
    ),
    'upload-checksum': CHECKSUM,
  }),
  consumes: ['application/offset+octet-stream'],
  response: { 201: nothing('The upload has begun.', { location: LOCATION, 'upload-offset': OFFSET }) },
} as const;

export const UPLOAD_OFFSET = {
  operationId: 'getUploadOffset',
  summary: 'Ask how far an upload is',
  description: 'Where a tus client goes on after an interruption.',
  headers: takes({}),
  response: {
    200: nothing('It may go on.', { 'upload-offset': OFFSET, 'upload-length': text('The size of the file in bytes.') }),
  },
} as const;

export const APPEND_UPLOAD = {
  operationId: 'appendUpload',
  summary: 'Send the next bytes of an upload',
  description: 'The body, of type application/offset+octet-stream, begins at the offset that the header names.',
  consumes: ['application/offset+octet-stream'],
  headers: takes({ 'upload-offset': text('Where the body begins in the file.', '0'), 'upload-checksum': CHECKSUM }),
  response: { 204: nothing('The bytes are safe.', { 'upload-offset': OFFSET }) },
} as const;

export const ABORT_UPLOAD = {
  operationId: 'abortUpload',
  summary: 'Give an upload up',
  description: 'The termination extension of tus 1.0. Its asset goes too.',
  headers: takes({}),
  response: { 204: nothing('It is gone.') },
} as const;

export const TAIL_SCHEMA = {
  operationId: 'putUploadTail',
  summary: 'Send the end of a file ahead',
  description:
    'The end of the file, ahead of what lies before it, where an MP4 has its index there: the film can then begin while ' +
    'it is uploaded. Content-Range says where it belongs, as in `bytes 900-999/1000`; at most 64 MiB. The upload brings ' +
    'these bytes all the same, and only what it brings counts.',
  consumes: ['application/octet-stream'],
  headers: { type: 'object', properties: { 'content-range': text('Where the body belongs.', 'bytes 900-999/1000') } },
  response: { 204: { type: 'null', description: 'They are taken.' } },
} as const;
