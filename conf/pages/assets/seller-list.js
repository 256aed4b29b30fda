/*
 * seller-list.js: the orders of a manager, or all for an admin: filters, search,
 * page by page, live.
 *
 *   orderList(node, {user, view, update})
 *
 * view(order, button) and update(order, button) open what is behind the two
 * buttons of a row.  Filters are in the page's address.  A row that changed is
 * drawn again in its place, the others stay: who is about to press a button
 * does not lose it.
 */

import { pages } from './api.js';
import * as live from './live.js';
import { countByStatus, flowsOf, statusesOf } from './seller-data.js';
import { announce, badge, busy, count, el, empty, fill, icon, money, show,
  time, toast } from './ui.js';
import { statuses, statusInfo, tone, workflows } from './workflows.js';

const size = 20;
const most = 100;

const wanted = () => {
  const query = new URLSearchParams(location.search);

  return { status: query.get('status') ?? '', q: query.get('q') ?? '',
    sortOrder: query.get('sort') === 'asc' ? 'asc' : '' };
};

const remember = ({ status, q, sortOrder }) => {
  const url = new URL(location.href);

  Object.entries({ status, q, sort: sortOrder }).forEach(([name, value]) => {
    if (value) {
      url.searchParams.set(name, value);
    } else {
      url.searchParams.delete(name);
    }
  });

  history.replaceState(null, '', url);
};

/* Rows */

const headings = (role) => ['Order', 'Customer', role === 'admin' && 'Store',
  'Placed', 'Total', 'Status', ''].filter((text) => text !== false);

const cell = (label, ...children) => el('td', { 'data-label': label },
  children);

const row = (order, { user, view, update }) => {
  const button = (name, text, work, className) => el('button', {
    class: `button small ${className}`, type: 'button',
    data: { action: name }, 'aria-label': `${text} ${order.orderNumber}`,
    onclick: (event) => work(order, event.currentTarget),
  }, text);

  return el('tr', { data: { id: order.id, status: order.status } },
    cell('Order', el('span', { class: 'order-number number' },
      order.orderNumber)),
    cell('Customer', order.buyer?.name ?? order.buyer?.email ?? '–'),
    user.role === 'admin' && cell('Store', order.seller?.storeName ?? '–'),
    el('td', { 'data-label': 'Placed', class: 'nowrap muted' },
      time(order.createdAt, 'ago')),
    el('td', { 'data-label': 'Total', class: 'end price' },
      money(order.finalTotal, order.currency)),
    cell('Status', badge(order.shown
      ?? statusInfo(order.status, order.statusLabel))),
    el('td', {}, el('div', { class: 'actions' },
      button('view', 'View', view, ''),
      order.final ? null : button('update',
        user.role === 'admin' ? 'Change' : 'Update', update, 'primary'))));
};

const same = (a, b) => a.version === b.version && a.status === b.status
  && a.finalTotal === b.finalTotal;

/* Filters */

const chip = (status, number, chosen, choose) => el('button', {
  class: 'chip', type: 'button', data: { status: status.code },
  'aria-pressed': String(chosen === status.code),
  onclick: () => choose(status.code),
},
status.emoji && el('span', { 'aria-hidden': 'true' }, status.emoji),
status.label,
number > 0 && el('span', { class: 'chip-count number' }, count(number)));

const nothing = ({ status, q }, clear) => {
  if (!status && !q) {
    return empty({
      mark: '📭',
      title: 'No orders yet',
      text: 'The first one announces itself here, the moment it is placed.',
    });
  }

  return empty({
    mark: '🗂️',
    title: 'Nothing found',
    text: q ? `No order has all of “${q}”.`
      : `No order is ${statusInfo(status).label.toLowerCase()} right now.`,
    action: el('button', { class: 'button', type: 'button', onclick: clear },
      'Show all orders'),
  });
};

export const orderList = (node, options) => {
  const { user } = options;
  const place = el('div', { class: 'stack' });
  const chips = el('div',
    { class: 'chips', role: 'group', 'aria-label': 'Status' });
  const body = el('tbody');
  const foot = el('div', { class: 'list-foot' });
  const table = el('div', { class: 'card flush' },
    el('table', { class: 'table seller-table' },
      el('caption', { class: 'visually-hidden' }, 'Orders'),
      el('thead', {}, el('tr', {}, headings(user.role).map((text) =>
        el('th', { scope: 'col', class: text === 'Total' ? 'end' : null },
          text || el('span', { class: 'visually-hidden' }, 'Actions'))))),
      body));
  let filter = wanted();
  let orders = [];
  let shown = new Map();
  let list = null;
  let known = [];
  let counts = new Map();
  let asked = 0;

  /* Drawing */

  const put = (order, news = true) => {
    const old = shown.get(order.id);

    if (old && same(old.order, order)) {
      return old.tr;
    }

    const tr = row(order, options);
    const focused = old?.tr.contains(document.activeElement)
      ? document.activeElement.dataset.action : null;

    if (news) {
      tr.classList.add('fresh');
    }
    if (old) {
      old.tr.replaceWith(tr);
      (tr.querySelector(`[data-action="${focused}"]`)
        ?? (focused && tr.querySelector('button')))?.focus();
    }

    shown.set(order.id, { order, tr });
    return tr;
  };

  const draw = (news = shown.size > 0) => {
    const gone = new Set(shown.keys());

    orders.forEach((order, at) => {
      const tr = put(order, news);

      gone.delete(order.id);
      if (body.children[at] !== tr) {
        body.insertBefore(tr, body.children[at] ?? null);
      }
    });

    gone.forEach((id) => {
      shown.get(id).tr.remove();
      shown.delete(id);
    });

    const total = list.data.pagination?.total;

    fill(foot,
      el('p', { class: 'muted small' }, total === undefined
        ? `${count(orders.length)}${list.more ? ' so far' : ' found'}`
        : `${count(orders.length)} of ${
          count(Math.max(total, orders.length))}`),
      list.more && more);
  };

  const drawChips = () => {
    const focused = document.activeElement?.dataset.status;
    const held = chips.contains(document.activeElement);
    const all = { code: '', label: 'All' };
    const sum = [...counts.values()].reduce((a, b) => a + b, 0);

    fill(chips, chip(all, sum, filter.status, choose),
      known.map((status) => chip(status, counts.get(status.code) ?? 0,
        filter.status, choose)));

    if (held) {
      chips.querySelector(`[data-status="${CSS.escape(focused)}"]`)?.focus();
    }
  };

  /* Reading */

  const path = () => (filter.q ? '/api/orders/search' : '/api/orders');

  const read = async () => {
    const turn = asked += 1;
    const limit = Math.min(most, Math.max(size, orders.length));
    const { q, status, sortOrder } = filter;

    const [found] = await Promise.all([
      pages(path(), q ? { q, status, limit } : { status, sortOrder, limit },
        (data) => data.orders),
      workflows(),
    ]);

    /* another filter was chosen meanwhile */
    if (turn !== asked) {
      return;
    }

    const rest = orders.slice(most).filter((order) =>
      !found.items.some((other) => other.id === order.id));

    orders = [...found.items, ...rest];
    list = rest.length ? list : found;
  };

  const view = () => {
    if (!list || orders.length === 0) {
      shown = new Map();
      fill(body);
      return list && nothing(filter, clear);
    }

    draw();
    return [table, foot];
  };

  const readCounts = async () => {
    if (user.role === 'admin') {
      return;
    }

    if (known.length === 0) {
      known = statusesOf(await flowsOf(user, orders));
    }

    counts = await countByStatus(known.map((status) => status.code));
    drawChips();
  };

  const load = async (quiet) => {
    if (quiet && table.isConnected) {
      await read();

      if (orders.length) {
        draw();
      } else {
        fill(place, view());
      }
    } else {
      await show(place, read, view, { quiet });
    }

    if (list) {
      await readCounts();
    }
  };

  const more = el('button', {
    class: 'button', type: 'button',
    onclick: () => busy(more, async () => {
      try {
        const next = await list.next();

        list = next;
        orders.push(...next.items.filter((order) =>
          !orders.some((other) => other.id === order.id)));
        draw(false);
      } catch (problem) {
        toast(problem.message, { tone: 'alert' });
      }
    }),
  }, 'Show more');

  /* Choosing */

  const apply = (change) => {
    filter = { ...filter, ...change };
    orders = [];
    shown = new Map();
    fill(body);
    remember(filter);
    drawChips();
    sortSelect.hidden = Boolean(filter.q);
    show(place, read, view).then(() => announce(orders.length === 1
      ? '1 order' : `${orders.length} orders`));
  };

  const choose = (status) => apply({ status });

  const words = el('input', {
    class: 'search', type: 'search', name: 'q', value: filter.q,
    placeholder: 'Number, name, product …', maxlength: 200,
    'aria-label': 'Search orders',
  });

  const clear = () => {
    words.value = '';
    apply({ status: '', q: '' });
    statusSelect.value = '';
  };

  const search = el('form', { class: 'row seller-search', role: 'search',
    onsubmit: (event) => {
      event.preventDefault();
      apply({ q: words.value.trim() });
    } },
  words,
  el('button', { class: 'button', type: 'submit', 'aria-label': 'Search' },
    icon('search')));

  /* the cross in the field */
  words.addEventListener('input', () => {
    if (words.value === '' && filter.q) {
      apply({ q: '' });
    }
  });

  const select = (label, list_, value, onchange) => el('select',
    { class: 'search seller-select', 'aria-label': label, value,
      onchange: (event) => onchange(event.target.value) },
    list_.map(([code, text]) => el('option', { value: code }, text)));

  const statusSelect = select('Status', [['', 'All statuses']], '', choose);
  const sortSelect = select('Order', [['', 'Newest first'],
    ['asc', 'Oldest first']], filter.sortOrder,
  (sortOrder) => apply({ sortOrder }));

  /* Live */

  let timer = 0;

  /* not put off by each further change: a busy shop never rests */
  const soon = () => {
    timer ||= setTimeout(() => {
      timer = 0;
      load(true).catch(() => {});
    }, 1000);
  };

  const recount = ({ status, oldStatus }) => {
    if (status !== oldStatus) {
      [[oldStatus, -1], [status, 1]].forEach(([code, by]) => {
        if (counts.has(code)) {
          counts.set(code, Math.max(0, counts.get(code) + by));
        }
      });
      drawChips();
    }
  };

  const changed = ({ order, state }) => {
    const at = orders.findIndex((one) => one.id === order._id);

    if (order.deleted) {
      orders = orders.filter((one) => one.id !== order._id);
      soon();
      return;
    }

    recount(order);

    if (at >= 0 && state && orders[at].version < order.version) {
      orders[at] = {
        ...orders[at],
        status: state.status,
        statusLabel: state.status_label,
        shown: { ...state, tone: tone(state) },
        version: order.version,
        final: state.final,
      };
      put(orders[at]);
      soon();
    } else if (at < 0 && !filter.q && list
        && (!filter.status || filter.status === order.status)) {
      soon();
    }
  };

  fill(node,
    el('div', { class: 'seller-filters' },
      user.role === 'admin' ? statusSelect : chips,
      el('div', { class: 'row seller-tools' }, search, sortSelect)),
    place);

  if (user.role === 'admin') {
    workflows().then(() => {
      fill(statusSelect, el('option', { value: '' }, 'All statuses'),
        statuses().map((status) => el('option', { value: status.code },
          `${status.emoji} ${status.label}`)));
      statusSelect.value = filter.status;
    }).catch(() => {});
  }

  live.on('change', changed);
  live.refresh(load);
};
