/*
 * People with browsers.
 *
 *   play(title, async ({enter}) => {…}, {allow: [pattern]})
 *       a test.  enter(NAME, options) opens a browser of its own for a user of
 *       the demo, signed in, or for a visitor (null), and gives a page.
 *
 * At the end of every test nobody may have seen a dialog of the browser, a
 * request to another host, an exception, or an error on the console that is
 * not allowed; what the Content-Security-Policy stops is such an error.
 */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { token, url } from './api.mjs';

const wait = 15000;
let browser = null;

const open = () => {
  browser ??= chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });

  return browser;
};

export const finish = async () => (await browser)?.close();

/* that is how a page finds out that nobody is signed in */
const visitorsError = /status of 401 .*\/api\/auth\/me$/;

const watch = (context, name) => {
  const faults = [];

  context.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)
        && !/^(data|blob|about):/.test(request.url())) {
      faults.push(`a request to ${request.url()}`);
    }
  });
  context.on('console', (message) => {
    const text = `${message.text()} ${message.location().url}`;

    if (message.type() === 'error'
        && !(name === null && visitorsError.test(text))) {
      faults.push(`on the console: ${text}`);
    }
  });
  context.on('weberror', (error) => faults.push(error.error().stack));
  context.on('dialog', (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });

  return faults;
};

const person = async (name, options) => {
  const context = await (await open()).newContext({
    baseURL: url, reducedMotion: 'reduce', locale: 'en-US',
    viewport: { width: 1200, height: 900 }, ...options,
  });

  context.setDefaultTimeout(wait);

  if (name) {
    await context.addCookies(
      [{ name: 'order_token', value: await token(name), url }]);
  }

  return { name, context, faults: watch(context, name),
    page: await context.newPage() };
};

const picture = async (title, { name, page }) => {
  const file = `${title}, ${name ?? 'visitor'}.png`.replace(/\//g, ' ');

  await mkdir('failed', { recursive: true });
  await page.screenshot({ path: `failed/${file}`, fullPage: true,
    timeout: 5000 });
};

export const play = (title, work, { allow = [], timeout = 60000 } = {}) =>
  test(title, { timeout }, async () => {
    const people = [];

    const enter = async (name, options) => {
      people.push(await person(name, options));
      return people.at(-1).page;
    };

    const faults = () => people.flatMap((one) => one.faults
      .filter((text) => !allow.some((pattern) => pattern.test(text)))
      .map((text) => `${one.name ?? 'visitor'}: ${text}`));

    try {
      await work({ enter });
      assert.deepEqual(faults(), []);
    } catch (error) {
      await Promise.allSettled(people.map((one) => picture(title, one)));
      error.message += `\n${faults().join('\n')}`;
      throw error;
    } finally {
      await Promise.allSettled(people.map((one) => one.context.close()));
    }
  });

/* What pages have in common */

export const tracker = (page, state) => page.locator(
  `order-tracker${Object.entries(state).map(([name, value]) =>
    `[${name}="${value}"]`).join('')}`).waitFor();

export const toast = (page, text) =>
  page.locator('.toast', { hasText: text }).first().waitFor();

export const button = (page, name) =>
  page.getByRole('button', { name, exact: typeof name === 'string' });

/* a page that is loaded anew has lost it */
export const mark = (page) => page.evaluate(() => { window.kept = true; });
export const isKept = (page) => page.evaluate(() => window.kept === true);
