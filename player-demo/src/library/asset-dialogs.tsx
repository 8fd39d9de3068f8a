import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Asset } from '../api/shapes.ts';
import { library, uploader } from '../stores.ts';
import { Field } from '../ui/controls.tsx';
import { tell } from '../ui/toast.tsx';
import { ConfirmDialog, FormDialog } from '../ui/work-dialog.tsx';
import { NewFilmChoices } from '../upload/drop-zone.tsx';

export type OpenDialog =
  | { readonly kind: 'rename'; readonly asset: Asset }
  | { readonly kind: 'delete'; readonly asset: Asset }
  | { readonly kind: 'pull' };

export function AssetDialogs({ dialog, onClose }: { dialog: OpenDialog; onClose: () => void }): VNode {
  switch (dialog.kind) {
    case 'rename':
      return <RenameDialog asset={dialog.asset} onClose={onClose} />;
    case 'delete':
      return <DeleteDialog asset={dialog.asset} onClose={onClose} />;
    case 'pull':
      return <PullDialog onClose={onClose} />;
  }
}

function RenameDialog({ asset, onClose }: { asset: Asset; onClose: () => void }): VNode {
  const [title, setTitle] = useState(asset.title);
  return (
    <FormDialog
      title="Rename"
      label="Save"
      isReady={title.trim() !== ''}
      work={() => library.rename(asset, title.trim())}
      onClose={onClose}
      submitTestId="rename-submit"
    >
      <Field label="Title">
        <input
          class="input"
          value={title}
          maxLength={200}
          onInput={(event) => setTitle(event.currentTarget.value)}
          data-testid="rename-input"
        />
      </Field>
    </FormDialog>
  );
}

function DeleteDialog({ asset, onClose }: { asset: Asset; onClose: () => void }): VNode {
  const remove = async () => {
    await library.remove(asset.assetId);
    tell(`${asset.title} is deleted.`);
  };
  return (
    <ConfirmDialog
      title={`Delete “${asset.title}”?`}
      says="The source and everything encoded from it are removed. Links to this film stop working. This cannot be undone."
      keep="Keep it"
      label="Delete"
      icon="trash"
      work={remove}
      onClose={onClose}
      testId="delete-confirm"
    />
  );
}

function PullDialog({ onClose }: { onClose: () => void }): VNode {
  const [url, setUrl] = useState('');
  return (
    <FormDialog
      title="Add a film from a URL"
      label="Add"
      isReady={url.trim() !== ''}
      work={() => library.pull(url.trim(), uploader.wish)}
      onClose={onClose}
      submitTestId="pull-submit"
    >
      <Field label="Address of the video" hint="Frontrow fetches it itself; this page may be closed meanwhile.">
        <input
          class="input"
          type="url"
          inputMode="url"
          placeholder="https://example.com/film.mp4"
          value={url}
          onInput={(event) => setUrl(event.currentTarget.value)}
          data-testid="pull-input"
        />
      </Field>
      <NewFilmChoices />
    </FormDialog>
  );
}
