/*
 * S2's sequence: the buyer places an order, the seller moves it on, and the
 * buyer sees it without a reload.
 */

import assert from 'node:assert/strict';
import { fillCart, sql, until } from './api.mjs';
import { button, isKept, mark, play, toast, tracker } from './people.mjs';

const signIn = async (page, name) => {
  await page.getByLabel('E-mail address').fill(`${name}@example.com`);
  await page.getByLabel('Password').fill('demo');
  await button(page, 'Sign in').click();
};

/* the seller's dialog for one order; gives the statuses that it offers */
const update = async (page, number, status, more = {}) => {
  const dialog = page.getByRole('dialog');
  const select = dialog.getByLabel('New status');

  await button(page, `Update ${number}`).first().click();
  await select.waitFor();

  const offered = await select.locator('option').evaluateAll((list) =>
    list.map((option) => option.value));

  await select.selectOption(status);

  for (const [label, text] of Object.entries(more)) {
    await dialog.getByLabel(label).fill(text);
  }

  await dialog.locator('[type="submit"]').click();
  await dialog.waitFor({ state: 'detached' });
  return offered;
};

play('S2: the buyer orders, the seller moves it on, the tracker follows',
  async ({ enter }) => {
    await fillCart('buyer');

    const buyer = await enter(null);
    const seller = await enter('seller');

    await seller.goto('/seller-dashboard');
    await seller.getByRole('heading', { name: 'Seller dashboard' }).waitFor();

    await buyer.goto('/');
    await button(buyer, 'Add to cart: Wireless Headphones').click();
    await buyer.waitForURL(/\/sign-in\?next=/);
    await signIn(buyer, 'buyer');
    await buyer.waitForURL('/');
    await button(buyer, 'Add to cart: Wireless Headphones').click();
    await toast(buyer, 'Wireless Headphones');
    await buyer.getByRole('link', { name: 'Cart, 1 items' }).click();
    await buyer.getByRole('link', { name: /^Check out at/ }).click();

    await buyer.getByLabel('Street and number').fill('Main Street 1');
    await buyer.getByLabel('City').fill('Bern');
    await button(buyer, 'Place order').click();
    await buyer.waitForURL(/\/order-confirmation\//);

    const number = buyer.url().split('/').pop();
    const polls = [];

    await tracker(buyer, { status: 'pending', connection: 'live' });
    await mark(buyer);
    buyer.on('request', (request) => {
      if (/order-status/.test(request.url())) {
        polls.push(request.url());
      }
    });

    const where = buyer.locator('order-tracker');
    const step = where.locator('[aria-current="step"]');
    const message = where.locator('.order-status-message');

    assert.equal(await step.locator('.progress-step-label').innerText(),
      'Pending');
    assert.equal(await where.locator('.progress-step-circle').count(), 5);
    assert.equal(await where.locator('.progress-connector').count(), 4);

    const before = await message.innerText();

    assert.match(before, /seller/i);
    await buyer.getByText('$100.00').first().waitFor();

    /* it has announced itself, without a reload */
    await button(seller, `Update ${number}`).first().waitFor();
    await toast(seller, number);

    assert.deepEqual((await update(seller, number, 'confirmed')).sort(),
      ['', 'cancelled', 'confirmed']);
    await tracker(buyer, { status: 'confirmed' });
    await until('the step moves', async () =>
      await step.locator('.progress-step-label').innerText() === 'Confirmed');
    assert.notEqual(await message.innerText(), before);
    await toast(buyer, /confirmed/i);

    await update(seller, number, 'processing');
    await tracker(buyer, { status: 'processing' });
    await update(seller, number, 'shipped',
      { 'Tracking number': '1Z999AA1', Carrier: 'UPS' });
    await tracker(buyer, { status: 'shipped' });
    await buyer.getByText('1Z999AA1').waitFor();
    await update(seller, number, 'delivered');
    await tracker(buyer, { status: 'delivered', connection: 'final' });

    assert.ok(await isKept(buyer), 'the page was not loaded anew');
    assert.deepEqual(polls, [], 'and has not polled');
    await button(seller, `Update ${number}`).waitFor({ state: 'detached' });
    assert.equal(await sql(`SELECT s.tracking_number FROM shop.shipments s
      JOIN shop.orders o ON o.id = s.order_id
      WHERE o.order_number = '${number}'`), '1Z999AA1');
  });
