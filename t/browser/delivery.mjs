/*
 * S0's sequence: customer, manager, driver.
 */

import assert from 'node:assert/strict';
import { call, move, order } from './api.mjs';
import { button, isKept, mark, play, toast, tracker } from './people.mjs';

const task = (page, number) => page.locator('.task', { hasText: number });

play('S0: customer, manager and drivers see what the others do',
  async ({ enter }) => {
    const [customer, manager, driver, other] = [await enter('buyer'),
      await enter('manager'), await enter('driver'), await enter('driver2')];

    await Promise.all([driver, other].map(async (page) => {
      await page.goto('/driver');
      await page.getByRole('heading', { name: 'Deliveries' }).waitFor();
    }));
    await manager.goto('/seller-dashboard');

    const { order_number: number } = await order('buyer', '41');

    await customer.goto(`/order-confirmation/${number}`);
    await tracker(customer, { status: 'pending', connection: 'live' });
    await mark(customer);
    await mark(driver);

    await button(manager, `Update ${number}`).first().click();

    const dialog = manager.getByRole('dialog');

    await dialog.getByLabel('New status').selectOption('preparing');
    await dialog.locator('[type="submit"]').click();
    await tracker(customer, { status: 'preparing' });

    await task(other, number).waitFor();
    await button(task(driver, number), 'Accept').click();
    await tracker(customer, { status: 'out_for_delivery' });
    await button(task(driver, number), 'Delivered').waitFor();
    await task(other, number).waitFor({ state: 'detached' });
    await toast(customer, number);

    await button(task(driver, number), 'Delivered').click();
    await button(driver, 'Yes, delivered').click();
    await tracker(customer, { status: 'delivered', connection: 'final' });
    await manager.locator('tr[data-status="delivered"]', { hasText: number })
      .waitFor();

    assert.ok(await isKept(customer));
    assert.ok(await isKept(driver));
  });

play('S0: a task that two drivers want is given to one, the other is told',
  async ({ enter }) => {
    const slow = await enter('driver2');
    const { order_id: id, order_number: number } = await order('buyer', '42');

    await move('manager', id, 'preparing');

    /* who hears of nothing is late */
    await slow.route(/\/api\/events/, (route) => route.abort());
    await slow.goto('/driver');
    await task(slow, number).waitFor();

    const [open] = (await call('driver', 'GET', '/api/driver/requests'))
      .filter((one) => one.order_number === number);

    await call('driver', 'PUT', `/api/driver/tasks/${open.id}`,
      { action: 'accept' });
    await button(task(slow, number), 'Accept').click();
    await toast(slow, /somebody was faster/);
    await task(slow, number).waitFor({ state: 'detached' });
  }, { allow: [/409 \(Conflict\)/, /ERR_FAILED/] });
