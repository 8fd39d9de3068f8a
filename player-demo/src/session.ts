import { ApiClient } from './api/client.ts';
import type { CurrentSession } from './api/shapes.ts';
import { Cell } from './cell.ts';
import { shelter } from './session-shelter.ts';

const TOKEN_KEY = 'frontrow.token';

/** Who is signed in on this browser: the API token, or undefined. */
export const sessionToken = new Cell<string | undefined>(readStored());

export const api = new ApiClient(
  () => sessionToken.value,
  () => signOut(),
);

/** Whose the token is, once the server has said so. */
export const signedInAs = new Cell<CurrentSession | undefined>(undefined);

/** Asks who is signed in. A server that is away is told of by every other part of the page. */
export async function readSession(): Promise<void> {
  const token = sessionToken.value;
  const session = await api.getSession().catch(() => undefined);
  if (sessionToken.value === token) signedInAs.set(session);
}

/** Ends the session on the server too. An API token is no session, and one that cannot be ended is left here all the same. */
export async function leave(): Promise<void> {
  await api.closeSession().catch(() => {});
  signOut();
}

export function signIn(token: string): void {
  keep(token);
  sessionToken.set(token);
}

export function signOut(): void {
  keep(undefined);
  shelter.clear(); // Cached grants belong to the person who left.
  signedInAs.set(undefined);
  sessionToken.set(undefined);
}

function readStored(): string | undefined {
  try {
    return localStorage.getItem(TOKEN_KEY) ?? undefined;
  } catch {
    return undefined; // Storage forbidden: the session lasts as long as the page.
  }
}

function keep(token: string | undefined): void {
  try {
    if (token === undefined) localStorage.removeItem(TOKEN_KEY);
    else localStorage.setItem(TOKEN_KEY, token);
  } catch {
    // Storage forbidden: the session lasts as long as the page.
  }
}
