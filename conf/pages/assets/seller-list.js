/*
 * seller-list.js: the orders of a manager, or all for an admin: filters, search,
 * page by page, live.
 *
 *   orderList(node, {user, view, update})
 *
 * view(order, button) and update(order, button) open what is behind the two
 * buttons of a row, and give the dialog, or a promise of it.  Filters are in the page's address.  A row that changed is
 * drawn again in its place, the others stay: who is about to press a button
 * does not lose it.
 */

import { pages } from './api.js';
import * as live from './live.js';
import { countByStatus, flowsOf, statusesOf } from './seller-data.js';
import { chip, headings, nothing, row } from './seller-rows.js';
import { announce, busy, count, el, fill, icon, show, toast }
  from './ui.js';
import { statuses, tone, workflows } from './workflows.js';

const size = 20;
const most = 100;

/* a workflow of more statuses shows those first that orders are in */
const many = 8;

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

const same = (a, b) => a.version === b.version && a.status === b.status
  && a.finalTotal === b.finalTotal;

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
      el('thead', {}, el('tr', {}, headings.map((text) =>
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
  let allChips = false;

  /* Drawing */

  /* the button that opened a dialog may be another now */
  const back = (id, action) => {
    const tr = shown.get(id)?.tr;

    if (document.activeElement === document.body && tr) {
      (tr.querySelector(`[data-action="${action}"]`)
        ?? tr.querySelector('button')).focus();
    }
  };

  const put = (order, news = true) => {
    const old = shown.get(order.id);

    if (old && same(old.order, order)) {
      return old.tr;
    }

    const tr = row(order, options, back);
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

    const some = known.filter((status) => known.length <= many || allChips
      || counts.get(status.code) > 0 || status.code === filter.status);

    fill(chips, chip(all, sum, filter.status, choose),
      some.map((status) => chip(status, counts.get(status.code) ?? 0,
        filter.status, choose)),
      some.length < known.length && el('button', {
        class: 'chip', type: 'button', 'aria-label': 'More statuses',
        onclick: () => {
          const first = known.find((status) => !some.includes(status));

          allChips = true;
          drawChips();
          chips.querySelector(
            `[data-status="${CSS.escape(first.code)}"]`).focus();
        },
      }, '…'));

    if (held && focused !== undefined) {
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
      drawChips();
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
