import { type IpRange, parseIpRange } from '../address.ts';
import { type PolicyForm, type PolicyProblem, readPolicyForm } from './policy-form.ts';

/** A custom policy once read: who may see what, from when to when. */
export interface Policy extends Omit<PolicyForm, 'sourceIp'> {
  readonly sourceIp: IpRange | undefined;
}

export type PolicyReading =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly why: PolicyProblem };

/** Reads the JSON of a custom policy, the address in it too. */
export function parsePolicy(text: string): PolicyReading {
  const reading = readPolicyForm(text);
  if (!reading.ok) return reading;
  const { sourceIp: written, ...terms } = reading.policy;
  const sourceIp = written === undefined ? undefined : parseIpRange(written);
  if (written !== undefined && !sourceIp) return { ok: false, why: 'policy-address' };
  return { ok: true, policy: { ...terms, sourceIp } };
}
