import { ApiClient } from './api/client.ts';
import { Cell } from './cell.ts';

const TOKEN_KEY = 'frontrow.token';

/** Who is signed in on this browser: the API token, or undefined. */
export const sessionToken = new Cell<string | undefined>(readStored());

export const api = new ApiClient(
  () => sessionToken.value,
  () => signOut(),
);

export function signIn(token: string): void {
  keep(token);
  sessionToken.set(token);
}

export function signOut(): void {
  keep(undefined);
  sessionStorage.clear(); // Cached grants belong to the person who left.
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
