import type { VNode } from 'preact';
import { ChoiceMenu } from './choice-menu.tsx';
import { type TrackList, trackName } from './tracks.ts';

interface TrackMenuProps {
  readonly list: TrackList;
  readonly onChoose: (id: number) => void;
}

/** The sound, where there is something to choose. */
export function AudioMenu({ list, onChoose }: TrackMenuProps): VNode | null {
  if (list.tracks.length < 2) return null;
  return (
    <ChoiceMenu
      label="Sound"
      now={trackName(list, 'none')}
      icon="voice"
      choices={list.tracks}
      chosen={list.chosen}
      onChoose={onChoose}
      testId="audio"
    />
  );
}

export function SubtitleMenu({ list, onChoose }: TrackMenuProps): VNode | null {
  if (list.tracks.length === 0) return null;
  return (
    <ChoiceMenu
      label="Subtitles (C)"
      now={trackName(list, 'off')}
      icon="captions"
      choices={[{ id: -1, label: 'Off' }, ...list.tracks]}
      chosen={list.chosen}
      onChoose={onChoose}
      testId="subtitle"
    />
  );
}
