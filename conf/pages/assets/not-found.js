/*
 * not-found.js: an address at which there is no page.
 */

import { start } from './chrome.js';
import { el, empty } from './ui.js';

await start();

document.querySelector('main').append(empty({
  level: 1,
  mark: '🧭',
  title: 'There is no such page',
  text: 'The address may be mistyped, or the page has moved.',
  action: el('a', { class: 'button primary', href: '/' }, 'To the shop'),
}));
