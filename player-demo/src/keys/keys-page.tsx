import type { VNode } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/problem.ts';
import type { NewSigningKey, SigningKey } from '../api/shapes.ts';
import { formatAgo } from '../format.ts';
import { api } from '../session.ts';
import { useNow } from '../ui/clock.ts';
import { Button } from '../ui/controls.tsx';
import { Notice } from '../ui/notice.tsx';
import { ProblemBar } from '../ui/problem-bar.tsx';
import { CreateKeyDialog, NewKeyDialog, RevokeKeyDialog } from './key-dialogs.tsx';

type OpenDialog =
  | { readonly kind: 'create' }
  | { readonly kind: 'new'; readonly key: NewSigningKey }
  | { readonly kind: 'revoke'; readonly key: SigningKey };

export function KeysPage(): VNode {
  const { keys, problem, reload } = useKeyList();
  const [dialog, setDialog] = useState<OpenDialog>();
  const close = () => {
    setDialog(undefined);
    reload();
  };
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Signing keys</h1>
          <p class="muted">Your backend signs with the private half; Frontrow’s edges check with the public one.</p>
        </div>
        <div class="page-actions">
          <Button look="primary" icon="plus" onClick={() => setDialog({ kind: 'create' })} data-testid="key-create">
            New key
          </Button>
        </div>
      </header>
      {problem && <ProblemBar problem={problem} onRetry={reload} />}
      {!keys && !problem && <div class="panel skeleton keys-skeleton" role="status" aria-label="Loading" />}
      {keys?.length === 0 && (
        <Notice icon="key" title="No key yet">
          <p>Create one to sign URLs, cookies or tokens in your own backend.</p>
        </Notice>
      )}
      {keys && keys.length > 0 && (
        <ul class="keys" data-testid="key-list">
          {keys.map((key) => (
            <KeyRow key={key.keyPairId} signingKey={key} onRevoke={() => setDialog({ kind: 'revoke', key })} />
          ))}
        </ul>
      )}
      {dialog?.kind === 'create' && (
        <CreateKeyDialog onClose={close} onCreated={(key) => setDialog({ kind: 'new', key })} />
      )}
      {dialog?.kind === 'new' && <NewKeyDialog created={dialog.key} onClose={close} />}
      {dialog?.kind === 'revoke' && <RevokeKeyDialog signingKey={dialog.key} onClose={close} />}
    </>
  );
}

function KeyRow({ signingKey: key, onRevoke }: { signingKey: SigningKey; onRevoke: () => void }): VNode {
  const nowMs = useNow(30_000);
  const revoked = Boolean(key.revokedAt);
  const serverOwned = key.owner === 'server';
  return (
    <li class={revoked ? 'key is-revoked' : 'key'} data-testid="key-row" data-key-pair-id={key.keyPairId}>
      <div class="key-main">
        <strong>{key.name || 'Unnamed key'}</strong>
        <code>{key.keyPairId}</code>
      </div>
      <span class="key-algorithm">{key.algorithm === 'ECDSA' ? 'ECDSA P-256' : 'RSA 2048'}</span>
      <span class="muted tabular">
        {revoked ? 'Revoked' : 'Created'} {formatAgo(Date.parse(key.revokedAt ?? key.createdAt), nowMs)}
      </span>
      <span class={revoked ? 'chip chip-bad' : 'chip chip-good'}>
        <i aria-hidden="true" />
        <span>{revoked ? 'Revoked' : serverOwned ? 'Server’s own' : 'In force'}</span>
      </span>
      <span class="key-act">
        {!revoked && !serverOwned && (
          <Button look="quiet" onClick={onRevoke} aria-label={`Revoke ${key.name}`} data-testid="key-revoke">
            Revoke
          </Button>
        )}
      </span>
    </li>
  );
}

function useKeyList(): { keys: readonly SigningKey[] | undefined; problem: Problem | undefined; reload: () => void } {
  const [keys, setKeys] = useState<readonly SigningKey[]>();
  const [problem, setProblem] = useState<Problem>();
  const reload = useCallback(() => {
    setProblem(undefined);
    api.listKeys().then(setKeys, (thrown: unknown) => setProblem(Problem.from(thrown)));
  }, []);
  useEffect(reload, [reload]);
  return { keys, problem, reload };
}
