import type { VNode } from 'preact';

interface LoudnessSelectProps {
  /** In LUFS; null leaves the sound as loud as it is. */
  readonly value: number | null;
  readonly onChange: (lufs: number | null) => void;
}

/** What people ask for by name. Any other number can be asked for by the API. */
const TARGETS: readonly (readonly [lufs: number, where: string])[] = [
  [-14, 'music'],
  [-16, 'web'],
  [-23, 'EBU R128'],
  [-24, 'ATSC A/85'],
];

export function LoudnessSelect({ value, onChange }: LoudnessSelectProps): VNode {
  const isOther = value !== null && !TARGETS.some(([lufs]) => lufs === value);
  return (
    <select
      class="input"
      aria-label="Loudness"
      value={value === null ? '' : String(value)}
      onChange={({ currentTarget }) => onChange(currentTarget.value === '' ? null : Number(currentTarget.value))}
      data-testid="loudness"
    >
      <option value="">As recorded</option>
      {TARGETS.map(([lufs, where]) => (
        <option key={lufs} value={String(lufs)}>
          {lufsLabel(lufs)} ({where})
        </option>
      ))}
      {isOther && <option value={String(value)}>{lufsLabel(value)}</option>}
    </select>
  );
}

function lufsLabel(lufs: number): string {
  return `${String(lufs).replace('-', '−')} LUFS`;
}
