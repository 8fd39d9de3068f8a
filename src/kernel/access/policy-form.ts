/** What a custom policy says, its address still as text. Times are epoch seconds, as policies count. */
export interface PolicyForm {
  /** Undefined when the policy names none, which for a signed URL means everything. */
  readonly resource: string | undefined;
  /** Access ends with this second: it is the first refused one. */
  readonly lessThanSeconds: number;
  /** Access begins after this second: it is the last refused one. */
  readonly greaterThanSeconds: number | undefined;
  /** As it was written: not looked at whether it is an address or a CIDR block. */
  readonly sourceIp: string | undefined;
}

export type PolicyProblem = 'policy-json' | 'policy-shape' | 'policy-expiry' | 'policy-start' | 'policy-address';

export type FormReading =
  | { readonly ok: true; readonly policy: PolicyForm }
  | { readonly ok: false; readonly why: PolicyProblem };

type Members = Readonly<Record<string, unknown>>;

/** The largest second a policy may name, 2^63 - 1; as a number it rounds to 2^63. */
const MAX_SECONDS = 2 ** 63;

/**
 * Reads the JSON of a custom policy. A member of the statement or the condition that is not known is a problem: to
 * overlook a misspelt `IpAddress` would let in whom the signer meant to keep out.
 */
export function readPolicyForm(text: string): FormReading {
  const document = parseJson(text);
  if (document === undefined) return { ok: false, why: 'policy-json' };
  const statement = soleStatement(document);
  const condition = statement?.Condition;
  if (!statement || !isMembers(condition)) return { ok: false, why: 'policy-shape' };
  const { Resource: resource } = statement;
  if (resource !== undefined && typeof resource !== 'string') return { ok: false, why: 'policy-shape' };
  if (!holdsOnly(statement, ['Resource', 'Condition'])) return { ok: false, why: 'policy-shape' };
  if (!holdsOnly(condition, ['DateLessThan', 'DateGreaterThan', 'IpAddress']))
    return { ok: false, why: 'policy-shape' };
  return readCondition(resource, condition);
}

function readCondition(resource: string | undefined, condition: Members): FormReading {
  const lessThanSeconds = epochTime(condition.DateLessThan);
  if (lessThanSeconds === undefined) return { ok: false, why: 'policy-expiry' };
  const greaterThanSeconds = epochTime(condition.DateGreaterThan);
  if (condition.DateGreaterThan !== undefined && greaterThanSeconds === undefined)
    return { ok: false, why: 'policy-start' };
  const sourceIp = soleMember(condition.IpAddress, 'AWS:SourceIp');
  if (condition.IpAddress === undefined)
    return { ok: true, policy: { resource, lessThanSeconds, greaterThanSeconds, sourceIp: undefined } };
  if (typeof sourceIp !== 'string') return { ok: false, why: 'policy-address' };
  return { ok: true, policy: { resource, lessThanSeconds, greaterThanSeconds, sourceIp } };
}

/** The one statement; documentation of long ago showed it without the list around it. */
function soleStatement(document: unknown): Members | undefined {
  if (!isMembers(document)) return undefined;
  const { Statement: statement } = document;
  if (!Array.isArray(statement)) return isMembers(statement) ? statement : undefined;
  const [only]: unknown[] = statement;
  return statement.length === 1 && isMembers(only) ? only : undefined;
}

function epochTime(value: unknown): number | undefined {
  const seconds = soleMember(value, 'AWS:EpochTime');
  if (typeof seconds !== 'number' || !Number.isInteger(seconds)) return undefined;
  return seconds >= 0 && seconds <= MAX_SECONDS ? seconds : undefined;
}

function soleMember(value: unknown, name: string): unknown {
  return isMembers(value) && holdsOnly(value, [name]) ? value[name] : undefined;
}

function holdsOnly(members: Members, names: readonly string[]): boolean {
  return Object.keys(members).every((name) => names.includes(name));
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: undefined is no JSON value, so it stands for that
  }
}
