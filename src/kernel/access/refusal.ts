/** CloudFront's five answers to a request it does not let in, and why we gave one. */
const MESSAGES = {
  MissingKey: 'Missing Key-Pair-Id query parameter or cookie value',
  InvalidKey: 'Unknown Key',
  MalformedSignature: 'Could not unencode Signature',
  MalformedPolicy: 'Malformed Policy',
  AccessDenied: 'Access denied',
} as const;

export type RefusalCode = keyof typeof MESSAGES;

/** What is looked at, in this order. */
export const STAGES = [
  'credential',
  'key',
  'terms',
  'signature',
  'path',
  'start',
  'expiry',
  'address',
  'resource',
] as const;
export type Stage = (typeof STAGES)[number];

/**
 * Every reason for a refusal: where it arises, the code that the viewer sees, and the sentence for operators,
 * who may see more.
 */
export const REASONS = {
  'credential-missing': {
    stage: 'credential',
    code: 'MissingKey',
    says: 'The request carries no signature, cookie or token.',
  },
  'key-id-missing': {
    stage: 'key',
    code: 'MissingKey',
    says: 'No Key-Pair-Id (or kid of a token) says which key signed this.',
  },
  'key-unknown': { stage: 'key', code: 'InvalidKey', says: 'No key of this id is registered, or it has been revoked.' },
  revoked: { stage: 'key', code: 'AccessDenied', says: 'The grant has been revoked.' },
  'expiry-missing': { stage: 'terms', code: 'MalformedPolicy', says: 'There is neither a Policy nor an Expires.' },
  'expiry-malformed': {
    stage: 'terms',
    code: 'MalformedPolicy',
    says: 'Expires is not a time in whole epoch seconds.',
  },
  'policy-encoding': {
    stage: 'terms',
    code: 'MalformedPolicy',
    says: "The policy is not in CloudFront's URL-safe base64.",
  },
  'policy-json': { stage: 'terms', code: 'MalformedPolicy', says: 'The policy is not JSON.' },
  'policy-shape': {
    stage: 'terms',
    code: 'MalformedPolicy',
    says: 'The policy is not one Statement with Resource and Condition, or it names a member that does not exist.',
  },
  'policy-expiry': {
    stage: 'terms',
    code: 'MalformedPolicy',
    says: 'The policy lacks DateLessThan in whole epoch seconds.',
  },
  'policy-start': {
    stage: 'terms',
    code: 'MalformedPolicy',
    says: "The policy's DateGreaterThan is not in whole epoch seconds.",
  },
  'policy-address': {
    stage: 'terms',
    code: 'MalformedPolicy',
    says: "The policy's IpAddress is not one address or CIDR block.",
  },
  'hash-unknown': {
    stage: 'signature',
    code: 'MalformedSignature',
    says: 'Hash-Algorithm is neither SHA1 nor SHA256.',
  },
  'signature-missing': { stage: 'signature', code: 'MalformedSignature', says: 'There is no Signature.' },
  'signature-encoding': {
    stage: 'signature',
    code: 'MalformedSignature',
    says: "The signature is not in CloudFront's URL-safe base64.",
  },
  'token-malformed': { stage: 'credential', code: 'MalformedSignature', says: 'The token is not a JWT.' },
  'token-of-edge': {
    stage: 'signature',
    code: 'InvalidKey',
    says: "An edge made this token for a signed playlist's children; only an edge can check its signature.",
  },
  'token-algorithm': {
    stage: 'signature',
    code: 'AccessDenied',
    says: "The token's algorithm is not the one of its key.",
  },
  'token-claims': {
    stage: 'terms',
    code: 'MalformedPolicy',
    says: 'The token lacks exp or path, or one of its claims has the wrong form.',
  },
  'signature-wrong': {
    stage: 'signature',
    code: 'AccessDenied',
    says: 'The signature does not fit: something was changed after signing.',
  },
  'path-unsafe': {
    stage: 'path',
    code: 'AccessDenied',
    says: 'The path holds a . or .. segment, so its meaning is not certain.',
  },
  'not-yet': { stage: 'start', code: 'AccessDenied', says: 'The grant has not begun yet.' },
  expired: { stage: 'expiry', code: 'AccessDenied', says: 'The grant has expired.' },
  'address-outside': {
    stage: 'address',
    code: 'AccessDenied',
    says: "The viewer's address is not in the range the grant names.",
  },
  'resource-outside': { stage: 'resource', code: 'AccessDenied', says: 'The grant is for another resource.' },
} as const satisfies Record<string, { stage: Stage; code: RefusalCode; says: string }>;

export type Reason = keyof typeof REASONS;

/** No grant: `code` may be told to the viewer, `why` is for the log and the operator. */
export interface Refusal {
  readonly granted: false;
  readonly code: RefusalCode;
  readonly why: Reason;
}

export function refuse(why: Reason): Refusal {
  return { granted: false, code: REASONS[why].code, why };
}

export const REFUSAL_STATUS = 403;
export const REFUSAL_TYPE = 'text/xml';

/** The body of a refusal, byte for byte CloudFront's: one line, no newline at the end. */
export function refusalBody(code: RefusalCode): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${MESSAGES[code]}</Message></Error>`;
}
