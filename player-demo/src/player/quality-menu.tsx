import type { VNode } from 'preact';
import { formatBitrate } from '../format.ts';
import { ChoiceMenu } from './choice-menu.tsx';
import { type Level, levelName, qualityLabel } from './levels.ts';

interface QualityMenuProps {
  readonly levels: readonly Level[];
  readonly playing: number;
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
}

export function QualityMenu({ levels, playing, chosen, onChoose }: QualityMenuProps): VNode {
  const rungs = levels.map(({ index, label, bitrateBps, isAbsent = false }) => ({
    id: index,
    label,
    note: isAbsent ? 'not there now' : formatBitrate(bitrateBps),
    isAbsent,
  }));
  return (
    <ChoiceMenu
      label="Quality"
      now={qualityLabel(levels, chosen, playing)}
      icon="gear"
      choices={[{ id: -1, label: 'Auto', note: 'fits your connection' }, ...rungs]}
      chosen={Math.max(-1, chosen)}
      onChoose={onChoose}
      testId="quality"
    >
      <span class="quality-now tabular">
        {chosen < 0 && playing >= 0 && <span class="wide-only">Auto · </span>}
        {levelName(levels, chosen < 0 ? playing : chosen)}
      </span>
    </ChoiceMenu>
  );
}
