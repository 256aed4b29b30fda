/*
 * What axe-core says to every page with data in it, in light and dark, on a
 * desktop and on a phone; nothing is wider than a phone.  With SCREENSHOTS=1 a
 * picture of each is left in build/browser/screenshots.
 */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import axe from 'axe-core';
import { play } from './people.mjs';
import { fill, views, visit } from './views.mjs';

const pictures = Boolean(process.env.SCREENSHOTS);
const desktop = { width: 1200, height: 900 };
const phone = { width: 360, height: 740 };
const serious = ['serious', 'critical'];

const looks = [
  { name: 'desktop light', viewport: desktop, colorScheme: 'light' },
  { name: 'desktop dark', viewport: desktop, colorScheme: 'dark' },
  { name: 'phone dark', viewport: phone, colorScheme: 'dark' },
  { name: 'phone light', viewport: phone, colorScheme: 'light' },
];

/* the colours are the same on a phone, so one of its two is enough */
const checked = ['desktop light', 'desktop dark', 'phone light'];

const check = async (page) => {
  const { violations } = await page.evaluate(() => window.axe.run(document,
    { resultTypes: ['violations'] }));

  return violations.filter(({ impact }) => serious.includes(impact))
    .flatMap(({ id, nodes }) => nodes.map((node) =>
      `${id}: ${node.target.flat().join(' ')}: ${
        node.failureSummary.split('\n').pop().trim()}`));
};

const tooWide = (page) => page.evaluate(() => {
  const { scrollWidth, clientWidth } = document.documentElement;

  return scrollWidth > clientWidth
    ? [`${scrollWidth} wide on ${clientWidth}`] : [];
});

const look = async (page, view, { name, viewport, colorScheme }) => {
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });

  const found = [...checked.includes(name) ? await check(page) : [],
    ...await tooWide(page)].map((text) => `${view.name}, ${name}: ${text}`);

  if (pictures) {
    await page.screenshot({ fullPage: !view.open && !/order=/.test(view.path),
      path: `screenshots/${view.name}, ${name}.png` });
  }

  return found;
};

play('axe-core finds nothing serious on any page', async ({ enter }) => {
  const all = views(await fill());

  if (pictures) {
    await mkdir('screenshots', { recursive: true });
  }

  /* everybody goes through his own pages */
  const found = await Promise.all([...new Set(all.map(({ as }) => as))].map(
    async (as) => {
      const page = await enter(as);
      const faults = [];

      await page.addInitScript(axe.source);

      for (const view of all.filter((one) => one.as === as)) {
        await page.setViewportSize(desktop);
        await visit(page, view);

        for (const one of looks) {
          faults.push(...await look(page, view, one));
        }
      }

      return faults;
    }));

  assert.deepEqual(found.flat(), []);
}, { allow: [/status of 40[34] /], timeout: 150000 });
