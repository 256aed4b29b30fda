/*
 * What somebody typed is text on every page that shows it.  The text would run
 * a script, load a picture and leave its element, if it were markup; what is
 * not a field of the API, as the names of users, is put into the database.
 */

import assert from 'node:assert/strict';
import { call, fillCart, move, order, product, sql, token, until }
  from './api.mjs';
import { button, play } from './people.mjs';

const short = '<img src=/trap>';
const text = '"\'><script src=/trap></script>'
  + '<img src=/trap onerror=trap()><b>';
const middle = '<img src=/trap onerror=trap()>';
const address = { name: text, street: text, city: text, state: text,
  zipCode: short, country: middle };

/* a store of its own, so that other tests do not meet it */
const people = async () => {
  const all = { buyer: ['91', 'customer'], seller: ['92', 'manager'],
    driver: ['93', 'driver'] };

  for (const [name, [number, role]] of Object.entries(all)) {
    await sql(`INSERT INTO shop.users
      (id, email, first_name, last_name, role, password_hash)
      SELECT '00000000-0000-7000-8000-0000000001${number}',
             'trap-${name}@example.com', $x$${middle}$x$, $x$${middle}$x$,
             '${role}', password_hash
        FROM shop.users WHERE email = 'buyer@example.com'`);
  }

  for (const [number, workflow] of [['92', 'shop'], ['93', 'delivery'],
    ['94', 'marketplace']]) {
    await sql(`INSERT INTO shop.stores (id, name, manager_id, workflow,
        currency)
      VALUES ('00000000-0000-7000-8000-0000000002${number}',
        $x$${middle}$x$, '00000000-0000-7000-8000-000000000192',
        '${workflow}', 'USD');
      INSERT INTO shop.products (id, store_id, name, description, price, stock)
      VALUES ('00000000-0000-7000-8000-0000000003${number}',
        '00000000-0000-7000-8000-0000000002${number}',
        $x$${text}$x$, $x$${text}$x$, 5, 100)`);
  }
};

const orders = async () => {
  const given = (number) => ({ shipping_address: address, notes: text,
    payment_method: 'card',
    items: [{ product_id: product(number), quantity: 1, size: middle,
      color: middle }] });

  await fillCart('trap-buyer');
  await call('trap-buyer', 'POST', '/cart-items', { quantity: 1,
    product_id: product('92'), size: middle, color: middle });

  const sold = await order('trap-buyer', '92', given('92'));
  const meal = await order('trap-buyer', '93', given('93'));
  const coin = await order('trap-buyer', '94',
    { ...given('94'), payment_method: 'escrow' });
  const off = await order('trap-buyer', '92', given('92'));

  await move('trap-seller', sold.order_id, 'confirmed', { notes: text,
    trackingNumber: text, carrier: middle, location: text,
    metadata: { [text]: text } });
  await call('trap-seller', 'PUT', `/api/orders/${sold.order_id}`,
    { discountAmount: 1, comments: text });
  await move('trap-seller', meal.order_id, 'preparing', { notes: text });
  await call('trap-buyer', 'PATCH', `/api/orders/${off.order_id}/cancel`,
    { reason: text });
  await call('trap-buyer', 'POST', `/api/orders/${coin.order_id}/dispute`,
    { reason: text, description: text, disputeId: text });

  return { sold: sold.order_number, off: off.order_number,
    coin: coin.order_number };
};

play('what people typed is text on every page', async ({ enter }) => {
  await people();

  const { sold, off, coin } = await orders();
  const store = '00000000-0000-7000-8000-000000000292';
  const search = encodeURIComponent(text);

  const paths = {
    'trap-buyer': ['/', `/store/${store}`, '/cart',
      `/checkout?store=${store}`, `/order-confirmation/${sold}`, '/my-orders',
      `/my-orders/${sold}`, `/my-orders/${off}`, `/my-orders/${coin}`,
      `/?q=${search}`],
    'trap-seller': ['/seller-dashboard', `/seller-dashboard?order=${sold}`,
      `/seller-dashboard?order=${off}`, `/seller-dashboard?order=${coin}`,
      `/seller-dashboard?q=${search}`],
    'trap-driver': ['/driver'],
    admin: ['/admin', `/admin?order=${coin}`, `/admin?q=${search}`],
  };

  const others = {
    'trap-buyer': [`/my-orders/${search}`, `/order-confirmation/${search}`,
      `/store/${search}`, `/my-orders?status=${search}`, '/notifications'],
    'trap-seller': ['/seller-dashboard#analytics', '/notifications',
      `/seller-dashboard?status=${search}`],
    'trap-driver': ['/cart', '/notifications'],
    admin: ['/notifications'],
  };

  for (const name of Object.keys(paths)) {
    const page = await enter(name);
    const asked = [];

    page.on('request', (request) => {
      if (/\/trap/.test(new URL(request.url()).pathname)) {
        asked.push(`${request.url()} from ${page.url()}`);
      }
    });

    await page.addInitScript(() => { window.trap = () => alert('trap'); });

    for (const path of [...paths[name], ...others[name]]) {
      const shown = page.getByText('src=/trap').first();

      await page.goto(path);

      if (paths[name].includes(path) && !path.includes('q=')) {
        await shown.waitFor();
      }

      await page.locator('main h1').first().waitFor();
      await until(`${path} is loaded`, async () =>
        await page.locator('.skeleton').count() === 0);
      assert.equal(await page.locator('[src*="/trap"], body b').count(), 0,
        path);
    }

    assert.deepEqual(asked, []);
  }
}, { allow: [/status of 40[034] /], timeout: 90000 });

play('what comes by events is text, too', async ({ enter }) => {
  const page = await enter('trap-seller');

  await token('trap-buyer');
  await page.goto('/seller-dashboard');
  await button(page, /^Update ORD/).first().waitFor();

  const { order_number: number } = await order('trap-buyer', '92',
    { shipping_address: address, notes: text });

  await page.locator('tr', { hasText: number }).getByText('src=/trap')
    .first().waitFor();
  await page.locator('.toast', { hasText: number }).first().waitFor();
  await button(page, `View ${number}`).click();
  await page.getByRole('dialog').getByText('<script src=/trap>').first()
    .waitFor();
  assert.equal(await page.locator('[src*="/trap"]').count(), 0);
});
