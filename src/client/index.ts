/** `frontrow`: the API of a server as typed calls, over nothing but `fetch`. */
export type * from './api.ts';
export type { Answer, CallOptions, Item, Paths, Request, Verb } from './call.ts';
export { Frontrow, type FrontrowOptions } from './client.ts';
export { FrontrowError } from './frontrow-error.ts';
export type { UploadLabels, UploadOptions } from './upload.ts';
