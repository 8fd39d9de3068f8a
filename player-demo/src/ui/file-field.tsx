import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { formatBytes } from '../format.ts';
import { Icon } from './icons.tsx';

interface FileFieldProps {
  readonly label: string;
  readonly accept: string;
  readonly file: File | undefined;
  readonly onFile: (file: File) => void;
  readonly testId?: string;
}

/** One file, chosen or dropped here. What is dropped here does not fall through to the page, which would upload it. */
export function FileField({ label, accept, file, onFile, testId }: FileFieldProps): VNode {
  const [over, setOver] = useState(false);
  const hold = (event: DragEvent, isOver: boolean) => {
    event.preventDefault();
    event.stopPropagation();
    setOver(isOver);
  };
  const drop = (event: DragEvent) => {
    hold(event, false);
    const [dropped] = event.dataTransfer?.files ?? [];
    if (dropped) onFile(dropped);
  };
  return (
    <label
      class={`file-field${over ? ' is-over' : ''}`}
      onDragEnter={(event) => hold(event, true)}
      onDragOver={(event) => hold(event, true)}
      onDragLeave={(event) => hold(event, false)}
      onDrop={drop}
    >
      <input
        class="visually-hidden"
        type="file"
        accept={accept}
        data-testid={testId}
        onChange={(event) => {
          const [chosen] = event.currentTarget.files ?? [];
          if (chosen) onFile(chosen);
        }}
      />
      <Icon name={file ? 'check' : 'upload'} size={20} />
      <span class="file-field-text">
        <strong>{file ? file.name : label}</strong>
        <span class="muted small tabular">{file ? formatBytes(file.size) : 'Choose a file, or drop it here'}</span>
      </span>
    </label>
  );
}
