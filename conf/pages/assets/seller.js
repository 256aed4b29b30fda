/*
 * seller.js: /seller-dashboard, for the managers of stores.  Tabs by #: orders
 * with those on top that wait for too long, and analytics.  ?order=NUMBER opens
 * that order.
 */

import { start } from './chrome.js';
import * as live from './live.js';
import { readStuck } from './seller-data.js';
import { updateOrder } from './seller-dialog.js';
import { orderList } from './seller-list.js';
import { viewOrder } from './seller-view.js';
import { busy, count, el, fill, time, toast } from './ui.js';
import { statusInfo, workflows } from './workflows.js';

const content = document.querySelector('#content');
const few = 3;

const opener = (user) => {
  const update = (order, button) => {
    const work = () => updateOrder(order.id, { user }).catch((problem) =>
      toast(problem.message, { tone: 'alert' }));

    return button ? busy(button, work) : work();
  };

  return { user, update, view: (order) => viewOrder(order.id,
    { user, update }) };
};

/* Orders that wait for too long */

const stuckLine = (order, { update }) => {
  const info = statusInfo(order.status, order.statusLabel);

  return el('li', { class: 'stuck-line' },
    el('span', {},
      el('strong', { class: 'number' }, order.orderNumber), ' ',
      el('span', { class: 'small' }, order.buyer?.name,
        ` – ${info.label.toLowerCase()} since `,
        time(order.statusUpdatedAt))),
    el('button', { class: 'button small', type: 'button',
      'aria-label': `Update ${order.orderNumber}`,
      onclick: (event) => update(order, event.currentTarget) }, 'Update'));
};

const stuckPart = (options) => {
  const node = el('section', { class: 'card stuck stack tight', hidden: true,
    'aria-labelledby': 'stuck' });
  let all = false;
  let ids = new Set();
  let timer = 0;

  const draw = ({ number, orders }) => {
    const shown = all ? orders : orders.slice(0, few);

    ids = new Set(orders.map((order) => order.id));
    node.hidden = number === 0;
    fill(node,
      el('h2', { id: 'stuck' },
        el('span', { 'aria-hidden': 'true' }, '⏰ '),
        number === 1 ? '1 order waits for too long'
          : `${count(number)} orders wait for too long`),
      el('ul', { class: 'stuck-list' },
        shown.map((order) => stuckLine(order, options))),
      shown.length < orders.length && el('button', {
        class: 'button-link', type: 'button', onclick: () => {
          all = true;
          draw({ number, orders });
        },
      }, `Show ${count(orders.length - shown.length)} more`));
  };

  const read = async () => {
    const [stuck] = await Promise.all([readStuck(), workflows()]);

    draw(stuck);
  };

  const soon = () => {
    timer ||= setTimeout(() => {
      timer = 0;
      read().catch(() => {});
    }, 1500);
  };

  live.on('change', ({ order }) => ids.has(order._id) && soon());
  live.on('notification', ({ notification }) =>
    notification.type === 'order_stuck' && soon());
  live.refresh(read);

  return node;
};

/* The page */

const tab = (hash, text) => el('a', { href: hash, data: { tab: hash } }, text);

const page = (user) => {
  const options = opener(user);
  const list = el('div', { class: 'stack' });
  const orders = el('div', { class: 'stack loose' },
    stuckPart(options), list);
  const figures = el('div', { class: 'stack loose' });
  const tabs = el('nav', { class: 'tabs', 'aria-label': 'Dashboard' },
    tab('#orders', 'Orders'), tab('#analytics', 'Analytics'));
  let loaded = null;

  const choose = () => {
    const analytics = location.hash === '#analytics';

    orders.hidden = analytics;
    figures.hidden = !analytics;
    document.title = `${analytics ? 'Analytics' : 'Orders'} – Fernway`;

    tabs.querySelectorAll('a').forEach((link) => {
      const here = (link.dataset.tab === '#analytics') === analytics;

      if (here) {
        link.setAttribute('aria-current', 'page');
      } else {
        link.removeAttribute('aria-current');
      }
    });

    /* its scripts come when they are wanted */
    if (analytics && !loaded) {
      loaded = import('./analytics.js');
      loaded.then(({ showAnalytics }) => showAnalytics(figures, user));
    }
  };

  fill(content,
    el('div', { class: 'stack' },
      el('h1', {}, 'Seller dashboard'), tabs),
    orders, figures);

  orderList(list, options);
  window.addEventListener('hashchange', choose);
  choose();

  const wanted = new URLSearchParams(location.search).get('order');

  if (wanted) {
    options.view({ id: wanted });
  }
};

const user = await start({ roles: ['manager'], background: true });

if (user) {
  page(user);
}
