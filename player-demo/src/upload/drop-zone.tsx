import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { AssetPolicy } from '../api/shapes.ts';
import { useCell } from '../cell.ts';
import { LoudnessSelect } from '../encoding/loudness-select.tsx';
import { uploader } from '../stores.ts';
import { Segmented } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';

const INPUT_ID = 'upload-input';

/** Opens the browser's file chooser. */
export function chooseFiles(): void {
  document.getElementById(INPUT_ID)?.click();
}

/** Takes files dropped anywhere on the page, and holds the one file input that the buttons open. */
export function DropZone(): VNode {
  const over = useFileDrop((files) => uploader.add(files));
  return (
    <>
      <input
        id={INPUT_ID}
        class="visually-hidden"
        type="file"
        multiple
        accept="video/*,audio/*,.mkv,.mxf,.ts,.mts,.m2ts,.mov"
        tabIndex={-1}
        aria-label="Choose films to upload"
        data-testid="upload-input"
        onChange={(event) => {
          uploader.add(event.currentTarget.files ?? []);
          event.currentTarget.value = ''; // The same file may be chosen again, to go on with it.
        }}
      />
      {over && (
        <div class="drop-veil" aria-hidden="true">
          <div class="drop-frame">
            <Icon name="upload" size={34} />
            <strong>Drop to upload</strong>
          </div>
        </div>
      )}
    </>
  );
}

export function NewFilmChoices(): VNode {
  const policy = useCell(uploader.policy);
  const encryption = useCell(uploader.encryption);
  const loudness = useCell(uploader.loudness);
  return (
    <div class="policy-choice">
      <span class="muted">New films are</span>
      <Segmented<AssetPolicy>
        label="Who may watch new films"
        value={policy}
        onChange={(next) => uploader.policy.set(next)}
        options={[
          { value: 'public', label: 'Public', testId: 'policy-public' },
          { value: 'signed', label: 'Signed', testId: 'policy-signed' },
        ]}
      />
      <label class="checkbox" title="Stored and sent as ciphertext; viewers get the key as they get the film">
        <input
          type="checkbox"
          checked={encryption === 'aes-128'}
          onChange={(event) => uploader.encryption.set(event.currentTarget.checked ? 'aes-128' : 'none')}
          data-testid="encrypt"
        />
        <span>Encrypted</span>
      </label>
      <span class="loudness-choice" title="Brings every track to one loudness">
        <span class="muted">Sound</span>
        <LoudnessSelect value={loudness} onChange={(next) => uploader.loudness.set(next)} />
      </span>
    </div>
  );
}

/** Whether files are being held over the page. Enter and leave fire for every child, so they are counted. */
function useFileDrop(onFiles: (files: Iterable<File>) => void): boolean {
  const [depth, setDepth] = useState(0);
  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const enter = (event: DragEvent) => holdsFiles(event) && setDepth((count) => count + 1);
    const leave = (event: DragEvent) => holdsFiles(event) && setDepth((count) => Math.max(0, count - 1));
    const hold = (event: DragEvent) => holdsFiles(event) && event.preventDefault();
    const drop = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setDepth(0);
      onFiles(event.dataTransfer?.files ?? []);
    };
    const stop = new AbortController();
    addEventListener('dragenter', enter, { signal: stop.signal });
    addEventListener('dragleave', leave, { signal: stop.signal });
    addEventListener('dragover', hold, { signal: stop.signal });
    addEventListener('drop', drop, { signal: stop.signal });
    return () => stop.abort();
  }, [onFiles]);
  return depth > 0;
}
