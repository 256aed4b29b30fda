/*
 * admin.js: /admin: all orders, and on top the disputes that wait for a
 * decision.  ?order=NUMBER opens that order.
 */

import { get, pages } from './api.js';
import { start } from './chrome.js';
import * as live from './live.js';
import { updateOrder } from './seller-dialog.js';
import { orderList } from './seller-list.js';
import { viewOrder } from './seller-view.js';
import { busy, count, el, fill, money, show, time, toast } from './ui.js';
import { workflows } from './workflows.js';

const content = document.querySelector('#content');
const few = 10;

const opener = (user) => {
  const update = (order, button, more) => {
    const work = () => updateOrder(order.id, { user, ...more })
      .catch((problem) => toast(problem.message, { tone: 'alert' }));

    return button ? busy(button, work) : work();
  };

  return { user, update, view: (order) => viewOrder(order.id,
    { user, update }) };
};

/* Disputes */

const complaint = ({ reason, notes }) => el('blockquote',
  { class: 'complaint' },
  el('p', {}, el('strong', {}, reason ?? 'No reason given')),
  notes && el('p', {}, notes));

const withReason = async (order) => {
  const { history } = await get(
    `/api/orders/${encodeURIComponent(order.id)}/history`);

  return { order, why: history.findLast((step) =>
    step.newStatus === order.status) ?? {} };
};

const dispute = ({ order, why }, { update, view }) => el('li',
  { class: 'dispute', data: { id: order.id } },
  el('div', { class: 'spread' },
    el('h3', { class: 'number' }, order.orderNumber),
    el('span', { class: 'price' },
      money(order.finalTotal, order.currency))),
  el('p', { class: 'muted small' },
    `${order.buyer.name} against ${order.seller.storeName}, since `,
    time(order.statusUpdatedAt)),
  complaint(why),
  el('div', { class: 'row' },
    el('button', {
      class: 'button primary', type: 'button', data: { action: 'settle' },
      'aria-label': `Settle ${order.orderNumber}`,
      onclick: (event) => update(order, event.currentTarget, {
        title: `Settle ${order.orderNumber}`, about: complaint(why),
      }),
    }, 'Settle'),
    el('button', {
      class: 'button', type: 'button',
      'aria-label': `View ${order.orderNumber}`,
      onclick: () => view(order),
    }, 'View')));

const disputes = (options) => {
  const place = el('div', {});
  const node = el('section', { class: 'stack', 'aria-labelledby': 'disputes' },
    el('h2', { id: 'disputes' }, 'Disputes'), place);
  let timer = 0;

  const read = async () => {
    const list = await pages('/api/orders',
      { status: 'disputed', sortOrder: 'asc', limit: few },
      (data) => data.orders);

    return {
      total: list.data.pagination.total,
      found: await Promise.all(list.items.map(withReason)),
    };
  };

  const view = ({ total, found }) => (found.length ? [
    el('ul', { class: 'disputes' },
      found.map((one) => dispute(one, options))),
    total > found.length && el('p', { class: 'muted small' },
      `${count(found.length)} of ${count(total)}, the oldest first.`),
  ] : el('p', { class: 'notice', data: { tone: 'done' } },
    'No dispute waits for you.'));

  const load = (quiet) => show(place, read, view, { quiet });

  live.on('change', ({ order }) => {
    if (order.status === 'disputed' || order.oldStatus === 'disputed') {
      timer ||= setTimeout(() => {
        timer = 0;
        load(true).catch(() => {});
      }, 300);
    }
  });
  live.refresh(load);

  return node;
};

const page = (user) => {
  const options = opener(user);
  const list = el('div', { class: 'stack' });

  fill(content,
    el('h1', {}, 'All orders'),
    disputes(options),
    el('section', { class: 'stack', 'aria-labelledby': 'orders' },
      el('h2', { id: 'orders' }, 'Orders'), list));
  orderList(list, options);

  const wanted = new URLSearchParams(location.search).get('order');

  if (wanted) {
    workflows().then(() => options.view({ id: wanted }));
  }
};

const user = await start({ roles: ['admin'], background: true });

if (user) {
  page(user);
}
