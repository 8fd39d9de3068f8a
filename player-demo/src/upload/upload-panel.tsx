import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCell } from '../cell.ts';
import { formatBytes, formatPercent, formatTimeLeft } from '../format.ts';
import { isPlayable } from '../library/shelf.ts';
import { writeRoute } from '../route.ts';
import { library, uploader } from '../stores.ts';
import { Button, IconButton, ProgressBar } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import { NewFilmChoices } from './drop-zone.tsx';
import { type QueueSum, secondsLeft, sumQueue, type Upload } from './upload-queue.ts';

/** The queue, docked to the corner of every page while there is anything in it. */
export function UploadPanel(): VNode | null {
  const queue = useCell(uploader.queue);
  const [folded, setFolded] = useState(false);
  if (queue.length === 0) return null;
  const sum = sumQueue(queue);
  return (
    <section class="uploads" aria-label="Uploads" data-testid="upload-panel">
      <header class="uploads-head">
        <button type="button" class="uploads-fold" aria-expanded={!folded} onClick={() => setFolded(!folded)}>
          <Icon name={sum.active > 0 ? 'upload' : sum.failed > 0 ? 'warn' : 'check'} />
          <strong class="tabular">{headline(sum)}</strong>
          <span class={folded ? 'fold-mark is-folded' : 'fold-mark'}>
            <Icon name="back" size={15} />
          </span>
        </button>
        {sum.done > 0 && (
          <Button look="quiet" onClick={() => uploader.clearFinished()}>
            Clear done
          </Button>
        )}
      </header>
      {folded && sum.active > 0 && <ProgressBar share={sum.share} label="All uploads" />}
      {!folded && (
        <>
          <ul class="uploads-list">
            {queue.map((upload) => (
              <UploadRow key={upload.id} upload={upload} />
            ))}
          </ul>
          <footer class="uploads-foot">
            <NewFilmChoices />
          </footer>
        </>
      )}
    </section>
  );
}

function headline(sum: QueueSum): string {
  if (sum.active > 0)
    return `Uploading ${sum.active} ${sum.active === 1 ? 'film' : 'films'} · ${formatPercent(sum.share)}`;
  if (sum.failed > 0) return `${sum.failed} ${sum.failed === 1 ? 'upload' : 'uploads'} failed`;
  return `${sum.done} ${sum.done === 1 ? 'upload' : 'uploads'} complete`;
}

function UploadRow({ upload }: { upload: Upload }): VNode {
  return (
    <li class="upload" data-testid="upload-row" data-state={upload.state}>
      <div class="upload-line">
        <span class="upload-name" title={upload.name}>
          {upload.name}
        </span>
        <UploadActions upload={upload} />
      </div>
      {upload.state !== 'failed' && upload.state !== 'done' && (
        <ProgressBar share={upload.sentBytes / Math.max(1, upload.sizeBytes)} label={`Upload of ${upload.name}`} />
      )}
      <UploadFacts upload={upload} />
    </li>
  );
}

function UploadFacts({ upload }: { upload: Upload }): VNode {
  const shelf = useCell(library.shelf);
  const plays = shelf?.some((asset) => asset.assetId === upload.assetId && isPlayable(asset)) ?? false;
  if (upload.state === 'failed') {
    return (
      <p class="upload-error" role="alert" data-testid="upload-error">
        {upload.error?.says} <code>{upload.error?.code}</code>
      </p>
    );
  }
  if (upload.state === 'done') {
    return (
      <p class="upload-facts tabular">
        <span>{formatBytes(upload.sizeBytes)} sent</span>
        {upload.assetId && <a href={writeRoute({ page: 'watch', assetId: upload.assetId })}>Watch</a>}
      </p>
    );
  }
  return (
    <p class="upload-facts tabular" data-testid="upload-facts">
      <span>
        {formatBytes(upload.sentBytes)} of {formatBytes(upload.sizeBytes)}
      </span>
      <span>{motion(upload)}</span>
      {plays && upload.assetId && (
        <a href={writeRoute({ page: 'watch', assetId: upload.assetId })} data-testid="upload-watch">
          Plays already
        </a>
      )}
    </p>
  );
}

function motion(upload: Upload): string {
  if (upload.state === 'waiting') return 'Waiting';
  if (upload.state === 'paused') return 'Paused';
  const left = formatTimeLeft(secondsLeft(upload));
  const speed = upload.speedBps ? `${formatBytes(upload.speedBps)}/s` : 'Starting';
  const resumed = upload.resumedFromBytes ? `resumed at ${formatBytes(upload.resumedFromBytes)}` : undefined;
  return [speed, left ?? resumed].filter(Boolean).join(' · ');
}

function UploadActions({ upload }: { upload: Upload }): VNode {
  const { id, name, state } = upload;
  const mayRetry = state === 'failed' && upload.error?.code !== 'FILE_REFUSED';
  return (
    <span class="upload-actions">
      {state === 'sending' && (
        <IconButton
          icon="pause"
          label={`Pause ${name}`}
          onClick={() => uploader.pause(id)}
          data-testid="upload-pause"
        />
      )}
      {state === 'paused' && (
        <IconButton
          icon="play"
          label={`Resume ${name}`}
          onClick={() => uploader.resume(id)}
          data-testid="upload-resume"
        />
      )}
      {mayRetry && (
        <IconButton
          icon="retry"
          label={`Retry ${name}`}
          onClick={() => uploader.resume(id)}
          data-testid="upload-retry"
        />
      )}
      {state === 'done' ? (
        <span class="upload-done">
          <Icon name="check" size={16} />
        </span>
      ) : (
        <IconButton
          icon="close"
          label={`Cancel ${name}`}
          onClick={() => uploader.cancel(id)}
          data-testid="upload-cancel"
        />
      )}
    </span>
  );
}
