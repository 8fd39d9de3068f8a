import type { Operations } from './api.ts';

/** How operations, by method and path, become calls: types alone. */

export type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The paths that answer to a method. */
export type Paths<Method extends Verb> = {
  [Name in keyof Operations]: Name extends `${Method} ${infer Path}` ? Path : never;
}[keyof Operations];

type OperationOf<Method extends Verb, Path extends string> = `${Method} ${Path}` extends keyof Operations
  ? Operations[`${Method} ${Path}`]
  : never;

/** The body of the answer. */
export type Answer<Method extends Verb, Path extends string> =
  OperationOf<Method, Path> extends { answer: infer Body } ? Body : never;

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Of a POST: what makes a repetition of it the same one. Left out: a new key a call, so that it can be tried again. */
  readonly idempotencyKey?: string;
  /** The ETag that the resource must still have. */
  readonly ifMatch?: string;
  /** Of a body that is no JSON. Left out: application/octet-stream. */
  readonly contentType?: string;
}

/** Path, query and body as the operation has them, and the options of any call. */
export type Request<Method extends Verb, Path extends string> = Pick<
  OperationOf<Method, Path>,
  Extract<keyof OperationOf<Method, Path>, 'path' | 'query' | 'body'>
> &
  CallOptions;

/** A request may be left out where nothing in it is needed. */
export type Given<Method extends Verb, Path extends string> =
  Record<never, never> extends Request<Method, Path>
    ? [request?: Request<Method, Path>]
    : [request: Request<Method, Path>];

/** What a list lists. */
export type Item<Path extends Paths<'GET'>> =
  Answer<'GET', Path> extends { items: readonly (infer Each)[] } ? Each : never;

/** The paths of lists. */
export type Lists = {
  [Path in Paths<'GET'>]: Answer<'GET', Path> extends { items: readonly unknown[] } ? Path : never;
}[Paths<'GET'>];

/** A request as it is sent, whatever operation it is of. */
export interface AnyRequest extends CallOptions {
  readonly path?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
