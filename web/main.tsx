import { render } from 'preact';
import './style/page.css';
import { listenToKeys } from './shell/keys.js';
import { Page } from './shell/page.js';
import { begin } from './store/begin.js';

const root = document.getElementById('page');
if (root === null) throw new Error('index.html has no #page');
render(<Page />, root);
listenToKeys();
void begin();
