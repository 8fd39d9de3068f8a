import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/library.css';
import './styles/upload.css';
import './styles/player.css';
import './styles/film-panels.css';
import './styles/stats.css';
import './styles/sign.css';
import './styles/live.css';
import './styles/live-chat.css';
import './styles/live-watch.css';
import { App } from './shell/app.tsx';

const root = document.getElementById('app');
if (root) render(<App />, root);
