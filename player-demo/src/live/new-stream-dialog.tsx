import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { LiveStream, Passthrough } from '../api/live-shapes.ts';
import type { AssetPolicy } from '../api/shapes.ts';
import { api } from '../session.ts';
import { ChoiceField, Field } from '../ui/controls.tsx';
import { FormDialog } from '../ui/work-dialog.tsx';

interface NewStreamDialogProps {
  readonly onClose: () => void;
  readonly onCreated: (stream: LiveStream) => void;
}

export function NewStreamDialog({ onClose, onCreated }: NewStreamDialogProps): VNode {
  const [title, setTitle] = useState('');
  const [policy, setPolicy] = useState<AssetPolicy>('public');
  const [passthrough, setPassthrough] = useState<Passthrough>('auto');
  return (
    <FormDialog
      title="New stream"
      label="Create"
      isReady={title.trim() !== ''}
      work={async () => onCreated(await api.live.create({ title: title.trim(), policy, passthrough }))}
      onClose={onClose}
      submitTestId="live-submit"
    >
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
      <ChoiceField<AssetPolicy>
        label="Who may watch"
        value={policy}
        onChange={setPolicy}
        options={[
          { value: 'public', label: 'Anyone with the link', testId: 'live-public' },
          { value: 'signed', label: 'Only with a grant', testId: 'live-signed' },
        ]}
      />
      <ChoiceField<Passthrough>
        label="Best quality"
        value={passthrough}
        onChange={setPassthrough}
        options={[
          { value: 'auto', label: 'Passed through once regular', testId: 'live-passthrough-auto' },
          { value: 'always', label: 'Always', testId: 'live-passthrough-always' },
          { value: 'never', label: 'Encoded', testId: 'live-passthrough-never' },
        ]}
        hint="What OBS sends can be the best quality as it is, with H.264 and a key frame every two seconds."
      />
    </FormDialog>
  );
}
