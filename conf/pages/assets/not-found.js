/*
 * not-found.js: an address at which there is no page.
 */

import { start } from './chrome.js';
import { el, empty } from './ui.js';

await start();

const state = empty({
  mark: '🧭',
  title: 'There is no such page',
  text: 'The address may be mistyped, or the page has moved.',
  action: el('a', { class: 'button primary', href: '/' }, 'To the shop'),
});

const heading = state.querySelector('h2');

heading.replaceWith(el('h1', {}, heading.textContent));
document.querySelector('main').append(state);
