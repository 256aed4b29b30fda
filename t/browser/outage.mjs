/*
 * What a page says while servers and network are away, and that it goes on by
 * itself when they are back.
 */

import assert from 'node:assert/strict';
import { databaseStart, databaseStop, known, nginxReload, order, set }
  from './api.mjs';
import { isKept, mark, play, tracker } from './people.mjs';

const lost = [/net::ERR_|status of 50\d /];

play('nginx is reloaded: the stream comes back, and nobody is bothered',
  async ({ enter }) => {
    const page = await enter('buyer');
    const { order_id: id, order_number: number } = await order('buyer', '31');

    await page.goto(`/order-confirmation/${number}`);
    await tracker(page, { status: 'pending', connection: 'live' });
    await mark(page);

    const again = page.waitForResponse(/\/api\/events/);

    nginxReload();
    assert.equal((await again).status(), 200);
    await tracker(page, { connection: 'live' });
    await set(id, 'confirmed');
    await tracker(page, { status: 'confirmed', connection: 'live' });
    assert.equal(await page.locator('.connection .notice').count(), 0);
    assert.ok(await isKept(page));
  }, { allow: lost });

play('the network is gone and back', async ({ enter }) => {
  const page = await enter('buyer');
  const { order_id: id, order_number: number } = await order('buyer', '31');

  await page.goto(`/order-confirmation/${number}`);
  await tracker(page, { status: 'pending', connection: 'live' });
  await mark(page);

  await page.context().setOffline(true);
  await tracker(page, { status: 'pending', connection: 'offline' });
  await page.getByText(/^No connection\. You see what was known last/)
    .waitFor();
  await page.getByText(/^No connection\. This is from/).first().waitFor();
  await set(id, 'confirmed');

  await page.context().setOffline(false);
  await tracker(page, { status: 'confirmed', connection: 'live' });
  await page.locator('.connection .notice').waitFor({ state: 'detached' });
  assert.ok(await isKept(page));
}, { allow: lost });

play('a page that is opened while the API is away is there afterwards',
  async ({ enter }) => {
    const page = await enter('buyer');
    let away = true;

    /* and slowly, so that it shows that it waits */
    await page.route('/api/auth/me', async (route) => {
      if (away) {
        await route.fulfill({ status: 503, body: '' });
        return;
      }

      await page.locator('.skeleton').nth(1).waitFor();
      await route.continue();
    });

    await page.goto('/');
    await page.getByRole('alert').waitFor();
    away = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.product').first().waitFor();
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    assert.equal(await page.locator('main .skeleton').count(), 0);
  }, { allow: lost });

play('PostgreSQL is away: what is known is shown and marked, and goes on',
  async ({ enter }) => {
    const buyer = await enter('buyer');
    const seller = await enter('seller');
    const { order_id: id, order_number: number } = await order('buyer', '62');
    const sold = await order('buyer', '31');

    await buyer.goto(`/order-confirmation/${number}`);
    await tracker(buyer, { status: 'pending', connection: 'live' });
    await seller.goto('/seller-dashboard');

    const row = seller.locator('tr', { hasText: sold.order_number });

    await row.waitFor();
    await mark(seller);
    await known('buyer', number);
    await databaseStop();

    try {
      /* its poll is answered from memory, and says so */
      await tracker(buyer, { status: 'pending', connection: 'stale' });
      await buyer.getByText(/^This may be out of date/).first().waitFor();

      /* so is a page that is opened now; what it cannot show it says */
      await buyer.reload();
      await tracker(buyer, { status: 'pending', connection: 'stale' });
      await buyer.getByRole('alert').first().waitFor();
      await mark(buyer);
    } finally {
      await databaseStart();
    }

    await buyer.locator('.receipt').waitFor();
    await tracker(buyer, { status: 'pending', connection: 'live' });
    await set(id, 'processing');
    await tracker(buyer, { status: 'processing' });
    await set(sold.order_id, 'confirmed');
    await seller.locator('tr[data-status="confirmed"]',
      { hasText: sold.order_number }).waitFor();
    assert.ok(await isKept(buyer));
    assert.ok(await isKept(seller));
  }, { allow: lost, timeout: 90000 });
