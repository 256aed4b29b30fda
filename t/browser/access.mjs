/*
 * Each page for each role: who may not see it is told so, and his browser gets
 * nothing from the API that is not his.
 */

import assert from 'node:assert/strict';
import { order, until } from './api.mjs';
import { button, play } from './people.mjs';

const pages = {
  '/cart': ['customer'],
  '/checkout': ['customer'],
  '/my-orders': ['customer', 'admin'],
  '/my-orders/ORD-2026-000001': ['customer', 'admin'],
  '/seller-dashboard': ['manager'],
  '/driver': ['driver'],
  '/admin': ['admin'],
  '/notifications': ['customer', 'manager', 'driver', 'admin'],
  '/order-confirmation/ORD-2026-000001':
    ['customer', 'manager', 'driver', 'admin'],
  '/': [null, 'customer', 'manager', 'driver', 'admin'],
  '/sign-in': [null, 'customer', 'manager', 'driver', 'admin'],
};

const people = { buyer: 'customer', seller: 'manager', driver: 'driver',
  admin: 'admin' };

/* what is the caller's own, and in the head of every page */
const own = /^\/(api\/(auth\/me|events|notifications)|cart-items)(\?|$)/;

const refusal = (role) => (role ? /^This page is for/ : /^Please sign in$/);

for (const name of [null, ...Object.keys(people)]) {
  const role = people[name] ?? null;

  play(`pages for ${role ?? 'a visitor'}`, async ({ enter }) => {
    const page = await enter(name);
    let asked = [];

    page.on('request', (request) => {
      const { pathname, search } = new URL(request.url());

      if (/^\/(api|orders|cart-items|seller\/)/.test(pathname)) {
        asked.push(pathname + search);
      }
    });

    for (const [path, roles] of Object.entries(pages)) {
      /* what the page before asks for is not counted */
      await page.goto('about:blank');
      asked = [];
      await page.goto(path);

      const refused = page.locator('main').getByRole('heading',
        { name: refusal(role) });

      /* it is there when the page knows who looks at it */
      await page.locator('.site-nav').waitFor();

      if (roles.includes(role)) {
        await page.locator('main h1').first().waitFor();
        assert.equal(await refused.count(), 0, path);
        continue;
      }

      await refused.waitFor();
      assert.deepEqual(asked.filter((one) => !own.test(one)), [],
        `${path} asks for nothing`);

      if (!role) {
        assert.deepEqual([...new Set(asked)], ['/api/auth/me'], path);
      }
    }
  }, { allow: [/status of 40[34] /] });
}

play('somebody else\'s order, and one that there is not', async ({ enter }) => {
  const { order_number: number } = await order('buyer', '31');

  for (const name of ['buyer2', 'manager', 'driver']) {
    const page = await enter(name);
    const paths = [`/order-confirmation/${number}`];

    if (name === 'buyer2') {
      paths.push(`/my-orders/${number}`);
    }

    for (const path of paths) {
      await page.goto(path);
      await page.getByRole('heading', { name: 'You may not see this' })
        .waitFor();

      const text = await page.locator('main').innerText();

      assert.doesNotMatch(text, /Headphones|100\.00|John|Main Street/, path);
    }
  }

  const page = await enter('buyer');

  await page.goto('/order-confirmation/ORD-1999-000001');
  await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
  await page.goto('/my-orders/ORD-1999-000001');
  await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();

  const answer = await page.goto('/no-such-page');

  assert.equal(answer.status(), 404);
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
}, { allow: [/status of 40[34] /] });

play('signing in leads to no other host, signing out ends it all',
  async ({ enter }) => {
    const page = await enter(null);
    const { origin } = new URL(await page.goto('/').then((a) => a.url()));

    for (const next of ['//example.com/', '/\\example.com/', '/%09/x.com',
      'https://example.com/', 'javascript:alert(1)']) {
      await page.context().clearCookies();
      await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
      await page.getByLabel('E-mail address').fill('buyer@example.com');
      await page.getByLabel('Password').fill('demo');
      await button(page, 'Sign in').click();
      await page.waitForURL((url) => url.pathname !== '/sign-in');
      assert.equal(new URL(page.url()).origin, origin, next);
    }

    await page.goto('/my-orders');
    await page.locator('.menu summary').click();
    await button(page, 'Sign out').click();
    await page.waitForURL(/\/sign-in/);
    await page.goto('/my-orders');
    await page.getByRole('heading', { name: 'Please sign in' }).waitFor();
    assert.equal((await page.context().cookies()).length, 0);
  }, { allow: [/status of 40[14] /] });

play('a wrong password, and a token that is over, are told', async (
  { enter }) => {
  const page = await enter(null);

  await page.goto('/sign-in');
  await page.getByLabel('E-mail address').fill('buyer@example.com');
  await page.getByLabel('Password').fill('wrong');
  await button(page, 'Sign in').click();
  await page.getByRole('alert').getByText('do not belong together').waitFor();

  const buyer = await enter('buyer');

  await buyer.goto('/');
  await button(buyer, 'Add to cart: Wireless Headphones').waitFor();
  await buyer.context().clearCookies();
  await button(buyer, 'Add to cart: Wireless Headphones').click();
  await buyer.getByText('You are not signed in any more').waitFor();
  await until('there is a way back', async () =>
    /next=%2F$/.test(await buyer.getByRole('link', { name: 'Sign in again' })
      .getAttribute('href')));
}, { allow: [/status of 401 /] });
