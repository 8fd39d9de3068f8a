import { GrantCache } from './library/grant-cache.ts';
import { LibraryStore } from './library/library-store.ts';
import { api, sessionToken } from './session.ts';
import { shelter } from './session-shelter.ts';
import { Uploader } from './upload/uploader.ts';

/** What lives as long as the page: one library, one upload queue, one set of grants. */
export const library = new LibraryStore(api);
export const uploader = new Uploader(() => sessionToken.value);
export const grants = new GrantCache(
  (assetId, expiresInSeconds) => api.issueGrant({ assetId, expiresInSeconds }),
  shelter,
  () => Date.now(),
);
export const liveGrants = new GrantCache(
  (streamId, expiresInSeconds) => api.live.issueGrant(streamId, expiresInSeconds),
  shelter,
  () => Date.now(),
);
