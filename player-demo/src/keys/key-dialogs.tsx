import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Problem } from '../api/problem.ts';
import type { KeyAlgorithm, NewSigningKey, SigningKey } from '../api/shapes.ts';
import { api } from '../session.ts';
import { Button, CopyButton, Field, Segmented } from '../ui/controls.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { tell } from '../ui/toast.tsx';

interface CreateKeyDialogProps {
  readonly onClose: () => void;
  readonly onCreated: (key: NewSigningKey) => void;
}

export function CreateKeyDialog({ onClose, onCreated }: CreateKeyDialogProps): VNode {
  const [name, setName] = useState('');
  const [algorithm, setAlgorithm] = useState<KeyAlgorithm>('RSA');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const create = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      onCreated(await api.createKey(name.trim(), algorithm));
    } catch (thrown) {
      setProblem(Problem.from(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog title="New signing key" onClose={onClose}>
      <form class="stack" onSubmit={(event) => void create(event)}>
        <Field label="Name" hint="So that you know later which backend uses it.">
          <input
            class="input"
            value={name}
            maxLength={100}
            placeholder="shop backend"
            onInput={(event) => setName(event.currentTarget.value)}
            data-testid="key-name"
          />
        </Field>
        <div class="field">
          <span class="field-label">Algorithm</span>
          <Segmented<KeyAlgorithm>
            label="Algorithm"
            value={algorithm}
            onChange={setAlgorithm}
            options={[
              { value: 'RSA', label: 'RSA 2048' },
              { value: 'ECDSA', label: 'ECDSA P-256' },
            ]}
          />
          <span class="field-hint">RSA works with every CloudFront signer. ECDSA makes shorter signatures.</span>
        </div>
        {problem && (
          <p class="alert" role="alert">
            {problem.message} <code>{problem.code}</code>
          </p>
        )}
        <div class="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={busy} disabled={name.trim() === ''} data-testid="key-submit">
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** The one moment in which the private half can be seen. */
export function NewKeyDialog({ created, onClose }: { created: NewSigningKey; onClose: () => void }): VNode {
  const pem = created.privateKeyPem ?? '';
  return (
    <Dialog title="Keep the private key" onClose={onClose} testId="key-new">
      <div class="stack">
        <p class="alert alert-warn">
          <Icon name="warn" />
          <span>This is the only time it is shown. Frontrow does not store it, and nobody can bring it back.</span>
        </p>
        <div class="copy-line">
          <code data-testid="key-pair-id">{created.keyPairId}</code>
          <CopyButton text={created.keyPairId} label="Copy id" />
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable by keyboard. */}
        <pre class="pem" tabIndex={0} data-testid="private-key">
          {pem}
        </pre>
        <div class="dialog-actions">
          <CopyButton text={pem} label="Copy key" />
          <Button icon="download" onClick={() => download('frontrow-key.pem', pem)}>
            Download
          </Button>
          <Button look="primary" onClick={onClose} data-testid="key-kept">
            I have kept it
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

export function RevokeKeyDialog({ signingKey, onClose }: { signingKey: SigningKey; onClose: () => void }): VNode {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const revoke = async () => {
    setBusy(true);
    try {
      await api.revokeKey(signingKey.keyPairId);
      tell(`${signingKey.name} is revoked.`);
      onClose();
    } catch (thrown) {
      setProblem(Problem.from(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Revoke “${signingKey.name}”?`} onClose={onClose}>
      <p class="muted">
        Every URL, cookie and token signed with it stops working within seconds, for people who are watching too. This
        cannot be undone.
      </p>
      {problem && (
        <p class="alert" role="alert">
          {problem.message} <code>{problem.code}</code>
        </p>
      )}
      <div class="dialog-actions">
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" busy={busy} onClick={() => void revoke()} data-testid="key-revoke-confirm">
          Revoke
        </Button>
      </div>
    </Dialog>
  );
}

function download(filename: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/x-pem-file' }));
  const link = Object.assign(document.createElement('a'), { href: address, download: filename });
  link.click();
  URL.revokeObjectURL(address);
}
