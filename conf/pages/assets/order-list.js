/*
 * order-list.js: what somebody has bought, live, by status, page by page.
 *
 *   showList(node, user)
 */

import { get, pages } from './api.js';
import * as live from './live.js';
import { keepFocus } from './shop.js';
import { announce, badge, busy, count, el, empty, fill, money, show, time,
  toast } from './ui.js';
import { statuses, statusInfo, tone, workflows } from './workflows.js';

const size = 20;
const most = 100;

const wanted = () => new URLSearchParams(location.search).get('status');

const address = (status) => (status
  ? `/my-orders?${new URLSearchParams({ status })}` : '/my-orders');

const orderPath = (order) =>
  `/my-orders/${encodeURIComponent(order.orderNumber)}`;

const cell = (label, ...children) => el('td', { 'data-label': label },
  children);

const row = (order, status) => el('tr', { data: { id: order.id } },
  cell('Order', el('a', { class: 'order-link number', href: orderPath(order) },
    order.orderNumber)),
  el('td', { 'data-label': 'Placed', class: 'placed' },
    time(order.createdAt, 'date')),
  cell('Store', order.seller?.storeName ?? ''),
  cell('Expected', order.final ? el('span', { class: 'muted' }, '–')
    : time(order.estimatedDelivery)),
  el('td', { 'data-label': 'Total', class: 'end price' },
    money(order.finalTotal, order.currency)),
  cell('Status', el('span', { class: 'order-status' }, badge(status
    ?? statusInfo(order.status, order.statusLabel)))));

const headings = ['Order', 'Placed', 'Store', 'Expected', 'Total', 'Status'];

const table = (rows) => el('div', { class: 'card flush orders' },
  el('table', { class: 'table' },
    el('caption', { class: 'visually-hidden' }, 'Your orders'),
    el('thead', {}, el('tr', {}, headings.map((text) => el('th', {
      scope: 'col', class: text === 'Total' ? 'end' : null,
    }, text)))),
    rows));

const chip = (status, text, number, chosen) => el('a', {
  class: 'chip', href: address(status), data: { status: status ?? '' },
  'aria-current': chosen === status ? 'true' : null,
}, text, el('span', { class: 'chip-count number' }, count(number)));

/* those that there are, and the one that is chosen, as workflows order them */
const chips = (stats, chosen) => {
  const codes = Object.keys(stats.statusCounts);

  if (chosen && !codes.includes(chosen)) {
    codes.push(chosen);
  }

  const infos = codes.map((code) => statusInfo(code)).sort((a, b) =>
    (a.step || 99) - (b.step || 99) || a.label.localeCompare(b.label));

  return [
    chip(null, 'All', stats.totalOrders, chosen),
    infos.map((info) => chip(info.code,
      [info.emoji && el('span', { 'aria-hidden': 'true' }, info.emoji),
        info.label], stats.statusCounts[info.code] ?? 0, chosen)),
  ];
};

const nothing = (status) => (status ? empty({
  mark: '🗂️',
  title: 'None like this',
  text: `None of your orders is ${statusInfo(status).label.toLowerCase()} `
    + 'right now.',
  action: el('a', { class: 'button', href: '/my-orders' }, 'Show all'),
}) : empty({
  mark: '📦',
  title: 'No orders yet',
  text: 'What you order is here, from the first click until it is with you.',
  action: el('a', { class: 'button primary', href: '/' }, 'Look around'),
}));

export const showList = (node, user) => {
  const path = `/api/orders/buyer/${user.id}`;
  const place = el('div', { class: 'stack' });
  const filters = el('nav', { class: 'chips', 'aria-label': 'By status' });
  const body = el('tbody');
  let status = wanted();
  let orders = [];
  let list = null;
  let asked = 0;

  const more = el('button', {
    class: 'button', type: 'button',
    onclick: () => busy(more, async () => {
      try {
        const next = await list.next();

        list = next;
        orders.push(...next.items.filter((order) =>
          !orders.some((other) => other.id === order.id)));
        fill(place, view());
      } catch (problem) {
        toast(problem.message, { tone: 'alert' });
      }
    }),
  }, 'Show more');

  const view = () => {
    if (orders.length === 0) {
      return nothing(status);
    }

    fill(body, orders.map((order) => row(order)));

    return [
      table(body),
      list.more && el('div', { class: 'more' },
        el('p', { class: 'muted small' }, `${count(orders.length)} of ${
          count(list.data.pagination.total)}`),
        more),
    ];
  };

  /* what is there already is read again, as far as one page goes */
  const read = async (quiet) => {
    const turn = asked += 1;
    const limit = quiet
      ? Math.min(most, Math.max(size, orders.length + 1)) : size;

    await workflows();

    /* a status of no workflow would be refused, and means none */
    if (!statuses().some(({ code }) => code === status)) {
      status = null;
    }

    const [found, stats] = await Promise.all([
      pages(path, { status, limit }, (data) => data.orders),
      get(`/orders/user/${user.id}/stats`),
    ]);

    /* another filter was chosen meanwhile */
    if (turn !== asked) {
      return;
    }

    /* what was shown beyond one page stays, and so does where it goes on */
    const last = found.items.at(-1)?.createdAt;
    const rest = quiet && orders.length > most
      ? orders.filter((order) => order.createdAt < last) : [];

    list = rest.length ? list : found;
    orders = [...found.items, ...rest];
    fill(filters, stats.totalOrders ? chips(stats, status) : null);
  };

  const load = (quiet) => keepFocus(node, () =>
    show(place, () => read(quiet), view, { quiet }));

  const choose = (next) => {
    status = next;
    filters.querySelectorAll('a').forEach((link) => {
      if (link.dataset.status === (next ?? '')) {
        link.setAttribute('aria-current', 'true');
      } else {
        link.removeAttribute('aria-current');
      }
    });
    load(false).then(() => announce(orders.length === 1 ? '1 order'
      : `${orders.length} orders`));
  };

  filters.addEventListener('click', (event) => {
    const link = event.target.closest('a');

    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      history.pushState(null, '', link.href);
      choose(wanted());
      filters.querySelector('[aria-current]')?.focus();
    }
  });

  window.addEventListener('popstate', () => choose(wanted()));

  /* Live: a row changes at once, the rest is read soon */

  let timer = 0;

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => load(true).catch(() => {}), 800);
  };

  const changed = ({ order, state }) => {
    const at = orders.findIndex((one) => one.id === order._id);
    const old = body.querySelector(`tr[data-id="${CSS.escape(order._id)}"]`);

    if (at >= 0 && state && orders[at].version < order.version) {
      orders[at] = {
        ...orders[at],
        status: state.status,
        statusLabel: state.status_label,
        version: order.version,
        final: state.final,
      };

      const next = row(orders[at], { ...state, tone: tone(state) });

      next.classList.add('fresh');
      keepFocus(body, () => old?.replaceWith(next));
    }

    if (at < 0 || old) {
      soon();
    }
  };

  fill(node,
    el('h1', {}, 'My orders'), filters, place);
  live.on('change', changed);
  live.refresh(load);
};
