/*
 * Every page with data in it: {name, as, path, ready, open(page)}.  ready is
 * what stands there when it is loaded; open() goes on from there, into a
 * dialog.  fill() puts the data there, once.
 */

import { call, fillCart, move, order, set, store } from './api.mjs';
import { button } from './people.mjs';

let filled = null;

const put = async () => {
  await fillCart('buyer', '31', '41', '42');

  const fresh = await order('buyer', '34',
    { notes: 'Please ring twice.' });
  const under = await order('buyer', '31');
  const over = await order('buyer', '35');
  const off = await order('buyer', '33');

  await move('seller', under.order_id, 'confirmed', { notes: 'In stock.' });
  await move('seller', under.order_id, 'processing');
  await move('seller', under.order_id, 'shipped', { trackingNumber: '1Z999AA1',
    carrier: 'UPS', estimatedDelivery: '2030-12-15' });

  for (const status of ['confirmed', 'processing', 'shipped', 'delivered']) {
    await set(over.order_id, status);
  }

  await call('buyer', 'PATCH', `/api/orders/${off.order_id}/cancel`,
    { reason: 'Ordered twice' });
  await call('seller', 'PUT', `/api/orders/${fresh.order_id}`,
    { discountAmount: 5, comments: 'For waiting' });

  const meals = [await order('buyer', '41'), await order('buyer', '42'),
    await order('buyer', '43')];

  for (const meal of meals) {
    await move('manager', meal.order_id, 'preparing');
  }

  const [task] = (await call('driver', 'GET', '/api/driver/requests')).filter(
    (one) => one.order_number === meals[0].order_number);

  await call('driver', 'PUT', `/api/driver/tasks/${task.id}`,
    { action: 'accept' });

  const market = await order('buyer', '51', { payment_method: 'escrow' });

  await call('buyer', 'POST', `/api/orders/${market.order_id}/dispute`,
    { reason: 'It is damaged', description: 'It does not turn on.' });

  return { fresh: fresh.order_number, under: under.order_number,
    off: off.order_number, market: market.order_number };
};

export const fill = () => {
  filled ??= put();
  return filled;
};

export const views = ({ fresh, under, off, market }) => [
  { name: 'home, visitor', as: null, path: '/', ready: '.product' },
  { name: 'home', as: 'buyer', path: '/', ready: '.product' },
  { name: 'store', as: 'buyer', path: `/store/${store('04')}`,
    ready: '.product' },
  { name: 'product', as: 'buyer', path: '/', ready: '.product',
    open: (page) => button(page, 'Options: Wireless Headphones').click() },
  { name: 'nothing found', as: 'buyer', path: '/?q=nothing-of-this',
    ready: '.empty' },
  { name: 'sign-in', as: null, path: '/sign-in', ready: 'form' },
  { name: 'cart', as: 'buyer', path: '/cart', ready: '.line' },
  { name: 'checkout', as: 'buyer', path: `/checkout?store=${store('04')}`,
    ready: 'form' },
  { name: 'checkout, errors', as: 'buyer',
    path: `/checkout?store=${store('04')}`, ready: 'form',
    open: async (page) => {
      await page.getByLabel('Street and number').fill('');
      await page.getByLabel('City').fill('');
      await button(page, 'Place order').click();
      await page.locator('.error').first().waitFor();
    } },
  { name: 'order-confirmation', as: 'buyer',
    path: `/order-confirmation/${fresh}`, ready: '.receipt' },
  { name: 'order-confirmation, shipped', as: 'buyer',
    path: `/order-confirmation/${under}`, ready: '.receipt' },
  { name: 'order-confirmation, foreign', as: 'buyer2',
    path: `/order-confirmation/${under}`, ready: '.empty' },
  { name: 'my-orders', as: 'buyer', path: '/my-orders', ready: 'tbody tr' },
  { name: 'order', as: 'buyer', path: `/my-orders/${under}`,
    ready: '.timeline li' },
  { name: 'order, cancelled', as: 'buyer', path: `/my-orders/${off}`,
    ready: '.timeline li' },
  { name: 'cancel', as: 'buyer', path: `/my-orders/${fresh}`,
    ready: '.timeline li', open: async (page) => {
      await button(page, 'Cancel order').first().click();
      await page.getByRole('dialog').waitFor();
    } },
  { name: 'seller-dashboard', as: 'seller', path: '/seller-dashboard',
    ready: 'tbody tr' },
  { name: 'view', as: 'seller', path: `/seller-dashboard?order=${under}`,
    ready: 'dialog .timeline li' },
  { name: 'update', as: 'seller', path: '/seller-dashboard',
    ready: 'tbody tr', open: async (page) => {
      await button(page, `Update ${fresh}`).first().click();
      await page.getByRole('dialog').getByLabel('New status').waitFor();
    } },
  { name: 'analytics', as: 'seller', path: '/seller-dashboard#analytics',
    ready: 'svg.plot-canvas' },
  { name: 'driver', as: 'driver', path: '/driver', ready: '.task' },
  { name: 'notifications', as: 'buyer', path: '/notifications',
    ready: '.note' },
  { name: 'admin', as: 'admin', path: '/admin', ready: 'tbody tr' },
  { name: 'settle', as: 'admin', path: '/admin', ready: 'tbody tr',
    open: async (page) => {
      await button(page, `Settle ${market}`).click();
      await page.getByRole('dialog').getByLabel('New status').waitFor();
    } },
  { name: 'refused', as: 'driver', path: '/admin', ready: '.empty' },
  { name: 'not-found', as: null, path: '/no-such-page', ready: '.empty' },
];

export const visit = async (page, view) => {
  /* where only what is behind # differs, the page before would stay */
  await page.goto('about:blank');
  await page.goto(view.path);
  await page.locator(view.ready).first().waitFor();
  await view.open?.(page);

  /* what is being loaded and the badges at the top */
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  await page.waitForLoadState('load');
};
