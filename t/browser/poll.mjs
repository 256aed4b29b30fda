/*
 * The tracker by itself on a page that is not ours, and without events: the
 * poll takes over.  t/browser/run makes poll_after one second in the workflow
 * "cart", so that there is nothing to wait for.
 */

import assert from 'node:assert/strict';
import { move, order, set, until } from './api.mjs';
import { isKept, mark, play, tracker } from './people.mjs';

const noEvents = [/ERR_FAILED/];

const block = async (page) => {
  await page.route(/\/events(\?|$)/, (route) => route.abort());
  await page.route(/\/ws(\?|$)/, (route) => route.abort());
};

/* somebody's storefront with nothing of the pages but the one file */
const storefront = async (page, number) => {
  await page.route('/storefront', (route) => route.fulfill({
    contentType: 'text/html',
    body: `<!DOCTYPE html><html lang="en"><title>Storefront</title>
      <script type="module" src="/assets/order-tracker.js"></script>
      <h1>Our shop</h1><order-tracker order-id="${number}"></order-tracker>`,
  }));
  await page.goto('/storefront');
};

const listen = (page, pattern) => {
  const found = [];

  page.on('request', (request) => {
    if (pattern.test(request.url())) {
      found.push(request.url());
    }
  });

  return found;
};

play('without events the tracker polls, and says so', async ({ enter }) => {
  const page = await enter('buyer');
  const { order_id: id, order_number: number } = await order('buyer', '62');

  await block(page);
  await page.goto(`/order-confirmation/${number}`);
  await tracker(page, { status: 'pending', connection: 'polling' });
  await mark(page);

  await move('cart', id, 'processing');
  await tracker(page, { status: 'processing', connection: 'polling' });

  /* and a change that nobody made through the API */
  await set(id, 'shipped');
  await tracker(page, { status: 'shipped', connection: 'polling' });
  await set(id, 'delivered');
  await tracker(page, { status: 'delivered', connection: 'final' });
  assert.ok(await isKept(page));
}, { allow: noEvents });

play('the lists live without events, too', async ({ enter }) => {
  const page = await enter('seller');
  const { order_id: id, order_number: number } = await order('buyer', '32');
  const row = page.locator('tr', { hasText: number });

  await page.clock.install();
  await block(page);
  await page.goto('/seller-dashboard');
  await row.waitFor();
  await mark(page);
  await set(id, 'cancelled');

  /* twice a minute, and in this test sooner */
  await until('the row has changed', async () => {
    await page.clock.runFor(10000);
    return await row.getAttribute('data-status') === 'cancelled';
  });
  await page.getByText('Live updates are interrupted').waitFor();
  assert.ok(await isKept(page));
}, { allow: noEvents });

play('on any page, by its own stream, until the order is final',
  async ({ enter }) => {
    const page = await enter('buyer');
    const { order_id: id, order_number: number } = await order('buyer', '33');

    await page.clock.install();
    await storefront(page, number);
    await tracker(page, { status: 'pending', connection: 'live' });

    const asked = listen(page, /\/api\//);

    await set(id, 'confirmed');
    await tracker(page, { status: 'confirmed', connection: 'live' });
    assert.deepEqual(asked.filter((path) => /order-status/.test(path)), [],
      'the stream has told it');

    /* a dead connection does not say so: it asks, now and then */
    await page.clock.runFor(300000);
    await until('it asks', () =>
      asked.some((path) => /order-status/.test(path)));

    await set(id, 'cancelled');
    await tracker(page, { status: 'cancelled', connection: 'final' });
    asked.length = 0;
    await page.clock.runFor(600000);
    assert.deepEqual(asked, [], 'a final order is asked for no more');
  });

play('a stranger\'s tracker says that it is not his', async ({ enter }) => {
  const page = await enter('buyer2');
  const visitor = await enter(null);
  const { order_number: number } = await order('buyer', '33');

  await storefront(page, number);
  await tracker(page, { connection: 'refused' });
  await page.getByText('You may not see this order.').first().waitFor();
  await storefront(visitor, number);
  await tracker(visitor, { connection: 'refused' });
  await visitor.getByText(/^Sign in to see/).first().waitFor();
}, { allow: [/status of 40[13] .*order-status/] });
