/*
 * One order, however often the button is pressed and whatever becomes of the
 * answer.
 */

import assert from 'node:assert/strict';
import { countOrders, fillCart } from './api.mjs';
import { button, play } from './people.mjs';

const confirmed = /\/order-confirmation\//;

const checkout = async (page) => {
  await fillCart('buyer2', '31');
  await page.goto('/checkout');
  await page.getByLabel('Street and number').fill('Main Street 1');
  await page.getByLabel('City').fill('Bern');
};

/* the shop has the order, and the buyer hears nothing */
const loseAnswer = (page) => page.route('/api/place-order', async (route) => {
  await route.fetch();
  await route.abort();
}, { times: 1 });

play('a double click makes one order', async ({ enter }) => {
  const page = await enter('buyer2');
  const before = await countOrders('buyer2');

  await checkout(page);
  await button(page, 'Place order').dblclick();
  await page.waitForURL(confirmed);
  assert.equal(await countOrders('buyer2'), before + 1);
});

play('a lost answer and a second try make one order', async ({ enter }) => {
  const page = await enter('buyer2');
  const before = await countOrders('buyer2');

  await checkout(page);
  await loseAnswer(page);
  await button(page, 'Place order').click();
  await page.getByRole('alert').getByText('it stays one order').waitFor();
  assert.equal(await countOrders('buyer2'), before + 1);

  await button(page, 'Place order').click();
  await page.waitForURL(confirmed);
  assert.equal(await countOrders('buyer2'), before + 1);
}, { allow: [/ERR_FAILED/] });

play('so do a lost answer, a reload and a second try; the next order is new',
  async ({ enter }) => {
    const page = await enter('buyer2');
    const before = await countOrders('buyer2');

    await checkout(page);
    await loseAnswer(page);
    await button(page, 'Place order').click();
    await page.getByRole('alert').getByText('it stays one order').waitFor();
    await page.reload();
    assert.equal(await page.getByLabel('City').inputValue(), 'Bern',
      'what was typed is still there');
    await button(page, 'Place order').click();
    await page.waitForURL(confirmed);
    assert.equal(await countOrders('buyer2'), before + 1);

    await checkout(page);
    await button(page, 'Place order').click();
    await page.waitForURL(confirmed);
    assert.equal(await countOrders('buyer2'), before + 2);
  }, { allow: [/ERR_FAILED/] });

play('other words under the same key: it says that there is an order',
  async ({ enter }) => {
    const page = await enter('buyer2');
    const before = await countOrders('buyer2');

    await checkout(page);
    await loseAnswer(page);
    await button(page, 'Place order').click();
    await page.getByRole('alert').getByText('it stays one order').waitFor();
    await page.getByLabel('City').fill('Basel');
    await button(page, 'Place order').click();
    await page.getByRole('alert').getByText('placed this order before')
      .waitFor();
    assert.equal(await countOrders('buyer2'), before + 1);
  }, { allow: [/ERR_FAILED/, /status of 422/] });
