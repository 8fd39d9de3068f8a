import type { VNode } from 'preact';
import { useCell } from '../cell.ts';
import { leave, signedInAs } from '../session.ts';
import { IconButton } from '../ui/controls.tsx';

/** Who is signed in, and the way out. */
export function Who(): VNode {
  const session = useCell(signedInAs);
  const name = session?.name ?? (session ? KINDS[session.kind] : '');
  return (
    <div class="who">
      <p class="who-name" title={name} data-testid="who">
        <span class="visually-hidden">Signed in as </span>
        <b>{name}</b>
        <small>{session?.user?.role ?? session?.user?.email ?? (session && KINDS[session.kind])}</small>
      </p>
      <IconButton icon="leave" label="Sign out" onClick={() => void leave()} data-testid="sign-out" />
    </div>
  );
}

const KINDS = { user: 'User', token: 'API token', server: 'Server' } as const;
