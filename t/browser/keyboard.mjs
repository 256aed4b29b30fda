/*
 * No mouse: signing in, ordering, confirming the order.  What has the focus is
 * seen each time.
 */

import assert from 'node:assert/strict';
import { countOrders, fillCart } from './api.mjs';
import { play, tracker } from './people.mjs';

const most = 120;

/* what a screen reader calls it, nearly */
const focused = (page) => page.evaluate(() => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  const name = node.getAttribute('aria-label')
    ?? [...node.labels ?? []].map((label) => label.textContent).join(' ');
  const { width, height } = node.getBoundingClientRect();

  if (node === document.body) {
    return { name: '' };
  }

  return {
    name: (name || node.textContent).trim(),
    seen: width > 0 && height > 0
      && (style.outlineStyle !== 'none' || style.boxShadow !== 'none'),
  };
});

/* presses Tab until that has the focus */
const tabTo = async (page, pattern) => {
  for (let times = 0; times < most; times += 1) {
    const { name, seen } = await focused(page);

    if (pattern.test(name)) {
      assert.ok(seen, `one sees that "${name}" has the focus`);
      return;
    }

    await page.keyboard.press('Tab');
  }

  assert.fail(`Tab does not come to ${pattern}`);
};

const press = async (page, pattern) => {
  await tabTo(page, pattern);
  await page.keyboard.press('Enter');
};

const type = async (page, pattern, text) => {
  await tabTo(page, pattern);
  await page.keyboard.type(text);
};

const signIn = async (page, name, next) => {
  await page.goto(`/sign-in?next=${next}`);
  await page.getByLabel('Password').waitFor();
  await type(page, /^E-mail/, `${name}@example.com`);
  await type(page, /^Password/, 'demo');
  await page.keyboard.press('Enter');
  await page.waitForURL(next);
};

play('by keyboard: sign in, order, confirm', async ({ enter }) => {
  await fillCart('buyer');

  const buyer = await enter(null);
  const seller = await enter(null);
  const before = await countOrders('buyer');

  await signIn(buyer, 'buyer', '/');
  await buyer.getByText('Wireless Headphones').first().waitFor();
  await press(buyer, /^Skip to content/);
  assert.equal(await buyer.evaluate(() => document.activeElement.id), 'main');
  await press(buyer, /^Add to cart: Wireless Headphones/);
  await buyer.getByRole('link', { name: 'Cart, 1 items' }).waitFor();
  await press(buyer, /^Go to the cart/);
  await buyer.waitForURL('/cart');
  await buyer.getByRole('link', { name: /^Check out/ }).waitFor();
  await press(buyer, /^Check out at/);
  await buyer.getByLabel('City').waitFor();
  await type(buyer, /^Street/, 'Main Street 1');
  await type(buyer, /^City/, 'Bern');
  await press(buyer, /^Place order/);
  await buyer.waitForURL(/\/order-confirmation\//);
  await tracker(buyer, { status: 'pending' });
  assert.equal(await countOrders('buyer'), before + 1);

  const number = buyer.url().split('/').pop();

  await signIn(seller, 'seller', '/seller-dashboard');
  await seller.getByText(number).first().waitFor();
  await press(seller, new RegExp(`^Update ${number}`));
  await seller.getByRole('dialog').getByLabel('New status').waitFor();
  assert.ok(await seller.evaluate(() =>
    document.querySelector('dialog').contains(document.activeElement)),
  'the focus goes into the dialog');
  await tabTo(seller, /^New status/);
  await seller.keyboard.type('✔');
  await press(seller, /^Set to confirmed/);
  await tracker(buyer, { status: 'confirmed' });
  await seller.getByRole('dialog').waitFor({ state: 'detached' });
  assert.match((await focused(seller)).name, new RegExp(number),
    'the focus comes back to the row');

  /* Escape leaves a dialog, and nothing has happened */
  await press(seller, new RegExp(`^Update ${number}`));
  await seller.getByRole('dialog').waitFor();
  await seller.keyboard.press('Escape');
  await seller.getByRole('dialog').waitFor({ state: 'detached' });
  await tracker(buyer, { status: 'confirmed' });
});
