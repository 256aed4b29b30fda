/*
 * The tests, in one process, so that all of them have the same browser: those
 * that are named, or all.  The one that stops servers comes last.
 */

import { after } from 'node:test';
import { finish } from './people.mjs';

const all = ['shop', 'delivery', 'poll', 'once', 'access', 'keyboard',
  'look', 'markup', 'outage'];

const named = process.argv.slice(2).map((file) =>
  file.replace(/^.*\//, '').replace(/\.mjs$/, ''));

after(finish);

for (const name of named.length ? named : all) {
  await import(`./${name}.mjs`);
}
