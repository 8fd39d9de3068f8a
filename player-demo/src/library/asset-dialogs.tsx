import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Problem } from '../api/problem.ts';
import type { Asset } from '../api/shapes.ts';
import { library, uploader } from '../stores.ts';
import { Button, Field } from '../ui/controls.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { tell } from '../ui/toast.tsx';
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

/** Work of a dialog's main button: busy while it runs, its problem in words when it fails. */
export function useWork(onClose: () => void): {
  busy: boolean;
  problem: Problem | undefined;
  run: (work: () => Promise<void>) => void;
} {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const run = (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    work().then(onClose, (thrown: unknown) => {
      setProblem(Problem.from(thrown));
      setBusy(false);
    });
  };
  return { busy, problem, run };
}

export function ProblemLine({ problem }: { problem: Problem | undefined }): VNode | null {
  if (!problem) return null;
  return (
    <p class="alert" role="alert" data-testid="dialog-problem">
      {problem.message} <code>{problem.code}</code>
    </p>
  );
}

function RenameDialog({ asset, onClose }: { asset: Asset; onClose: () => void }): VNode {
  const [title, setTitle] = useState(asset.title);
  const { busy, problem, run } = useWork(onClose);
  const submit = (event: Event) => {
    event.preventDefault();
    run(() => library.rename(asset, title.trim()));
  };
  return (
    <Dialog title="Rename" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <Field label="Title">
          <input
            class="input"
            value={title}
            maxLength={200}
            onInput={(event) => setTitle(event.currentTarget.value)}
            data-testid="rename-input"
          />
        </Field>
        <ProblemLine problem={problem} />
        <div class="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={busy} disabled={title.trim() === ''} data-testid="rename-submit">
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function DeleteDialog({ asset, onClose }: { asset: Asset; onClose: () => void }): VNode {
  const { busy, problem, run } = useWork(onClose);
  const remove = async () => {
    await library.remove(asset.assetId);
    tell(`${asset.title} is deleted.`);
  };
  return (
    <Dialog title={`Delete “${asset.title}”?`} onClose={onClose}>
      <p class="muted">
        The source and everything encoded from it are removed. Links to this film stop working. This cannot be undone.
      </p>
      <ProblemLine problem={problem} />
      <div class="dialog-actions">
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" icon="trash" busy={busy} onClick={() => run(remove)} data-testid="delete-confirm">
          Delete
        </Button>
      </div>
    </Dialog>
  );
}

function PullDialog({ onClose }: { onClose: () => void }): VNode {
  const [url, setUrl] = useState('');
  const { busy, problem, run } = useWork(onClose);
  const submit = (event: Event) => {
    event.preventDefault();
    run(() => library.pull(url.trim(), uploader.wish));
  };
  return (
    <Dialog title="Add a film from a URL" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
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
        <ProblemLine problem={problem} />
        <div class="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={busy} disabled={url.trim() === ''} data-testid="pull-submit">
            Add
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
