import { type FieldList, withoutFields } from '../../kernel/http/fields.ts';
import type { OriginSpec } from './origins.ts';
import { type Addressed, OwnFields, type Unaddressed } from './own-fields.ts';

export interface AddressedRequest extends Addressed {
  readonly method: string;
  readonly target: string;
}

/** What makes a request one to this origin: where its files lie, what the operator has it told, and a signature. */
export class OriginDoor {
  readonly spec: OriginSpec;
  readonly #own: OwnFields;

  /** @throws SettingsError */
  constructor(spec: OriginSpec) {
    this.spec = spec;
    this.#own = new OwnFields(spec.settings);
  }

  get tellsViewedHost(): boolean {
    return this.#own.tellsViewedHost;
  }

  get fixedHost(): string | undefined {
    return this.#own.fixedHost;
  }

  requestTo(request: Unaddressed & { method: string; target: string }, url: URL): AddressedRequest {
    const { pathPrefix = '', sign } = this.spec;
    const { method } = request;
    const target = pathPrefix + request.target;
    const addressed = this.#own.forOrigin(request, url);
    return {
      method,
      target,
      ...addressed,
      fields: sign ? signed(addressed.fields, { method, target, sign }) : addressed.fields,
    };
  }
}

interface Signing {
  readonly method: string;
  readonly target: string;
  readonly sign: NonNullable<OriginSpec['sign']>;
}

function signed(fields: FieldList, { method, target, sign }: Signing): FieldList {
  // `Host` is always the first.
  const own = sign({ method, target, host: fields[1] ?? '', fields });
  const names = new Set(namesOf(own));
  // What stands in Amazon's fields is asked with the rights of whoever signed: of the edge, then, and not by a viewer.
  if (names.has('x-amz-date')) for (const name of namesOf(fields)) if (name.startsWith('x-amz-')) names.add(name);
  return [...withoutFields(fields, names), ...own];
}

function namesOf(fields: FieldList): string[] {
  return fields.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
}
