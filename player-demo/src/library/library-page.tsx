import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Asset } from '../api/shapes.ts';
import { useCell } from '../cell.ts';
import { library } from '../stores.ts';
import { Button } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import { Notice } from '../ui/notice.tsx';
import { ProblemBar } from '../ui/problem-bar.tsx';
import { chooseFiles, NewFilmChoices } from '../upload/drop-zone.tsx';
import { AssetCard } from './asset-card.tsx';
import { AssetDialogs, type OpenDialog } from './asset-dialogs.tsx';
import { isUnsettled, searchShelf } from './shelf.ts';

export function LibraryPage(): VNode {
  const shelf = useCell(library.shelf);
  const problem = useCell(library.problem);
  const [words, setWords] = useState('');
  const [dialog, setDialog] = useState<OpenDialog>();
  const found = shelf && searchShelf(shelf, words);
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Library</h1>
          <p class="muted tabular">{shelf ? summarize(shelf) : 'Loading'}</p>
        </div>
        <div class="page-actions">
          {shelf && shelf.length > 3 && <SearchField words={words} onWords={setWords} />}
          <Button icon="link" onClick={() => setDialog({ kind: 'pull' })} data-testid="pull-open">
            From a URL
          </Button>
          <Button look="primary" icon="upload" onClick={chooseFiles} data-testid="upload-button">
            Upload
          </Button>
        </div>
      </header>
      {problem && <ProblemBar problem={problem} onRetry={() => void library.refresh()} testId="library-problem" />}
      {found === undefined && !problem && <CardSkeletons />}
      {found && found.length > 0 && <Grid assets={found} onDialog={setDialog} />}
      {shelf?.length === 0 && <EmptyLibrary />}
      {found?.length === 0 && shelf && shelf.length > 0 && (
        <Notice icon="search" title="Nothing fits that search">
          <p>
            No film matches “{words}”.{' '}
            <button type="button" class="link" onClick={() => setWords('')}>
              Show all
            </button>
          </p>
        </Notice>
      )}
      {dialog && <AssetDialogs dialog={dialog} onClose={() => setDialog(undefined)} />}
    </>
  );
}

function Grid({ assets, onDialog }: { assets: readonly Asset[]; onDialog: (dialog: OpenDialog) => void }): VNode {
  return (
    <ul class="grid" data-testid="asset-grid">
      {assets.map((asset) => (
        <AssetCard key={asset.assetId} asset={asset} onDialog={onDialog} />
      ))}
    </ul>
  );
}

function SearchField({ words, onWords }: { words: string; onWords: (words: string) => void }): VNode {
  return (
    <label class="search">
      <Icon name="search" size={16} />
      <span class="visually-hidden">Search the library</span>
      <input
        type="search"
        placeholder="Search"
        value={words}
        onInput={(event) => onWords(event.currentTarget.value)}
        data-testid="search"
      />
    </label>
  );
}

function EmptyLibrary(): VNode {
  return (
    <section class="empty" data-testid="library-empty">
      <span class="notice-icon">
        <Icon name="film" size={24} />
      </span>
      <h2>Upload your first film</h2>
      <p class="muted">
        Drop a video anywhere on this page. It plays within seconds, while the rest is still encoding.
      </p>
      <Button look="primary" icon="upload" onClick={chooseFiles}>
        Choose files
      </Button>
      <NewFilmChoices />
    </section>
  );
}

function CardSkeletons(): VNode {
  return (
    <ul class="grid" aria-label="Loading the library">
      {[1, 2, 3, 4, 5, 6].map((slot) => (
        <li key={slot} class="card card-skeleton" aria-hidden="true">
          <div class="card-poster skeleton" />
          <div class="card-body">
            <div class="skeleton skeleton-line" />
            <div class="skeleton skeleton-line skeleton-short" />
          </div>
        </li>
      ))}
    </ul>
  );
}

function summarize(shelf: readonly Asset[]): string {
  const busy = shelf.filter(isUnsettled).length;
  const films = `${shelf.length} ${shelf.length === 1 ? 'film' : 'films'}`;
  return busy === 0 ? films : `${films}, ${busy} in the works`;
}
