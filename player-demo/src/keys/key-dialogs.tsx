import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { KeyAlgorithm, NewSigningKey, SigningKey } from '../api/shapes.ts';
import { api } from '../session.ts';
import { Button, ChoiceField, CopyButton, Field } from '../ui/controls.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { tell } from '../ui/toast.tsx';
import { ConfirmDialog, FormDialog } from '../ui/work-dialog.tsx';

interface CreateKeyDialogProps {
  readonly onClose: () => void;
  readonly onCreated: (key: NewSigningKey) => void;
}

export function CreateKeyDialog({ onClose, onCreated }: CreateKeyDialogProps): VNode {
  const [name, setName] = useState('');
  const [algorithm, setAlgorithm] = useState<KeyAlgorithm>('RSA');
  const create = async () => onCreated(await api.createKey(name.trim(), algorithm));
  return (
    <FormDialog
      title="New signing key"
      label="Create"
      isReady={name.trim() !== ''}
      work={create}
      onClose={onClose}
      // What was made has a dialog of its own, in the place of this one.
      onDone={() => {}}
      submitTestId="key-submit"
    >
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
      <ChoiceField<KeyAlgorithm>
        label="Algorithm"
        value={algorithm}
        onChange={setAlgorithm}
        options={[
          { value: 'RSA', label: 'RSA 2048' },
          { value: 'ECDSA', label: 'ECDSA P-256' },
        ]}
        hint="RSA works with every CloudFront signer. ECDSA makes shorter signatures."
      />
    </FormDialog>
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
  const revoke = async () => {
    await api.revokeKey(signingKey.keyPairId);
    tell(`${signingKey.name} is revoked.`);
  };
  return (
    <ConfirmDialog
      title={`Revoke “${signingKey.name}”?`}
      says="Every URL, cookie and token signed with it stops working within seconds, for people who are watching too. This cannot be undone."
      keep="Keep it"
      label="Revoke"
      work={revoke}
      onClose={onClose}
      testId="key-revoke-confirm"
    />
  );
}

function download(filename: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/x-pem-file' }));
  const link = Object.assign(document.createElement('a'), { href: address, download: filename });
  link.click();
  URL.revokeObjectURL(address);
}
