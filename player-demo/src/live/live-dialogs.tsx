import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { LiveStream } from '../api/live-shapes.ts';
import type { AssetPolicy } from '../api/shapes.ts';
import { ProblemLine, useWork } from '../library/asset-dialogs.tsx';
import { api } from '../session.ts';
import { Button, Field, Segmented } from '../ui/controls.tsx';
import { Dialog } from '../ui/dialog.tsx';

interface NewStreamDialogProps {
  readonly onClose: () => void;
  readonly onCreated: (stream: LiveStream) => void;
}

export function NewStreamDialog({ onClose, onCreated }: NewStreamDialogProps): VNode {
  const [title, setTitle] = useState('');
  const [policy, setPolicy] = useState<AssetPolicy>('public');
  const { busy, problem, run } = useWork(onClose);
  const submit = (event: Event) => {
    event.preventDefault();
    run(async () => onCreated(await api.live.create({ title: title.trim(), policy })));
  };
  return (
    <Dialog title="New stream" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <Field label="Title" hint="A stream is an address that lasts: you may go live on it again and again.">
          <input
            class="input"
            value={title}
            maxLength={200}
            placeholder="Friday talks"
            onInput={(event) => setTitle(event.currentTarget.value)}
            data-testid="live-title"
          />
        </Field>
        <div class="field">
          <span class="field-label">Who may watch</span>
          <Segmented<AssetPolicy>
            label="Who may watch"
            value={policy}
            onChange={setPolicy}
            options={[
              { value: 'public', label: 'Anyone with the link' },
              { value: 'signed', label: 'Only with a grant' },
            ]}
          />
        </div>
        <ProblemLine problem={problem} />
        <div class="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={busy} disabled={title.trim() === ''} data-testid="live-submit">
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface ConfirmProps {
  readonly title: string;
  readonly says: string;
  readonly keep: string;
  readonly label: string;
  readonly work: () => Promise<void>;
  readonly onClose: () => void;
}

/** Asks once more before something that viewers or a publisher feel at once. */
export function ConfirmDialog({ title, says, keep, label, work, onClose }: ConfirmProps): VNode {
  const { busy, problem, run } = useWork(onClose);
  return (
    <Dialog title={title} onClose={onClose}>
      <p class="muted">{says}</p>
      <ProblemLine problem={problem} />
      <div class="dialog-actions">
        <Button onClick={onClose}>{keep}</Button>
        <Button look="danger" busy={busy} onClick={() => run(work)} data-testid="live-confirm">
          {label}
        </Button>
      </div>
    </Dialog>
  );
}
