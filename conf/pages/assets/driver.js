/*
 * driver.js: /driver: deliveries that wait for somebody, and one's own.
 */

import { pages, put } from './api.js';
import { start } from './chrome.js';
import { confirm } from './forms.js';
import * as live from './live.js';
import { announce, badge, busy, count, el, empty, fill, show, time, toast }
  from './ui.js';
import { statusInfo, workflows } from './workflows.js';

const content = document.querySelector('#content');
const size = 20;

const address = (place) => (place ? el('address', { class: 'view-address' }, [
  place.name, place.street,
  [place.zipCode, place.city].filter(Boolean).join(' '),
  [place.state, place.country].filter(Boolean).join(', '),
].filter(Boolean).map((line) => el('div', {}, line)))
  : el('span', { class: 'muted' }, 'No address, ask the store'));

const goods = (task) => el('ul', { class: 'task-items' },
  task.items.map((item) => el('li', {},
    el('span', { class: 'number muted' }, `${item.quantity} × `),
    item.product_name)));

const card = (task, state, ...actions) => el('li', {
  class: 'card task', data: { id: task.id, order: task.order_id },
},
el('div', { class: 'spread' },
  el('h3', { class: 'number' }, task.order_number), state),
el('dl', { class: 'facts' },
  el('dt', {}, 'From'), el('dd', {}, el('strong', {}, task.store.name)),
  el('dt', {}, 'To'), el('dd', {}, address(task.shipping_address)),
  el('dt', {}, 'Goods'), el('dd', {}, goods(task))),
actions.length > 0 && el('div', { class: 'row task-actions' }, actions));

const action = (name, text, className, work) => {
  const button = el('button', {
    class: `button ${className}`, type: 'button', data: { action: name },
    onclick: () => busy(button, work),
  }, text);

  return button;
};

const act = (task, body, rest = '') =>
  put(`/api/driver/tasks/${encodeURIComponent(task.id)}${rest}`, body);

const section = (id, title, place) => {
  const number = el('span', { class: 'muted number' });

  return {
    number,
    node: el('section', { class: 'stack', 'aria-labelledby': id },
      el('h2', { id }, title, ' ', number), place),
  };
};

const page = () => {
  const open = el('div', { class: 'stack' });
  const mine = el('div', { class: 'stack' });
  const done = el('div', { class: 'stack' });
  const news = section('requests', 'Waiting for a driver', open);
  const running = section('mine', 'Yours', mine);
  const over = section('done', 'Delivered', done);
  let known = null;

  const reload = () => Promise.all([loadOpen(true), loadMine(true)])
    .catch(() => {});

  /* what is not there any more is said kindly, and the lists are read again */
  const guarded = async (work, gone) => {
    try {
      await work();
    } catch (problem) {
      toast(problem.status === 409 || problem.status === 403 ? gone
        : problem.message, { tone: 'alert' });
    }

    await reload();
  };

  const accept = (task) => guarded(async () => {
    await act(task, { action: 'accept' });
    toast(`${task.order_number} is yours. Have a good ride!`);
  }, `${task.order_number} is gone: somebody was faster, or it was called `
    + 'off.');

  const reject = (task) => guarded(async () => {
    await act(task, { action: 'reject' });
    toast(`${task.order_number} is left to others.`);
  }, `${task.order_number} is not open any more.`);

  const deliver = async (task) => {
    if (await confirm({
      title: `${task.order_number} delivered?`,
      text: `The buyer${task.shipping_address?.name
        ? `, ${task.shipping_address.name},` : ''} is told at once.`,
      action: 'Yes, delivered',
    })) {
      await guarded(async () => {
        await act(task, { status: 'delivered' }, '/status');
        toast(`${task.order_number} is delivered. Thank you!`);
      }, `${task.order_number} is over already.`);
    }
  };

  const request = (task) => card(task,
    el('span', { class: 'muted small' }, time(task.created_at, 'ago')),
    action('accept', 'Accept', 'primary', () => accept(task)),
    action('reject', 'Not for me', '', () => reject(task)));

  const status = (task) => badge(statusInfo(task.order_status));

  /* Lists */

  const view = (list, number, item, nothing) => {
    fill(number, list.items.length
      ? `${count(list.items.length)}${list.more ? '+' : ''}` : '');

    if (list.items.length === 0) {
      return nothing;
    }

    const node = el('ul', { class: 'tasks' }, list.items.map(item));
    let last = list;

    const more = el('button', { class: 'button', type: 'button',
      onclick: () => busy(more, async () => {
        try {
          last = await last.next();
          node.append(...last.items.map(item));
          more.hidden = !last.more;
        } catch (problem) {
          toast(problem.message, { tone: 'alert' });
        }
      }) }, 'Show more');

    return [node, list.more && el('div', { class: 'list-foot' }, more)];
  };

  const quietWords = (mark, title, text) => el('div', { class: 'card' },
    empty({ mark, title, text }));

  const carryNothing = () => el('p', { class: 'notice' },
    'You carry nothing. Accept a delivery, and it is here.');

  const tell = (list) => {
    const fresh = known && list.items.filter((task) => !known.has(task.id));

    known = new Set(list.items.map((task) => task.id));

    if (fresh?.length) {
      const [task] = fresh;
      const text = fresh.length === 1
        ? `${task.order_number} from ${task.store.name} waits for a driver.`
        : `${fresh.length} orders wait for a driver.`;

      toast(text, { title: 'New delivery' });
    }

    return new Set((fresh ?? []).map((task) => task.id));
  };

  const loadOpen = (quiet) => show(open,
    () => pages('/api/driver/requests', { limit: size }),
    (list) => {
      const fresh = tell(list);

      return view(list, news.number, (task) => {
        const node = request(task);

        node.classList.toggle('fresh', fresh.has(task.id));
        return node;
      }, quietWords('🛵', 'Nothing to fetch right now',
        'A new delivery appears here by itself.'));
    }, { quiet });

  const loadMine = (quiet) => Promise.all([
    show(mine, async () => {
      await workflows();
      return pages('/api/driver/tasks',
        { status: 'in_transit', limit: size });
    }, (list) => view(list, running.number, (task) => card(task, status(task),
      action('delivered', 'Delivered', 'primary', () => deliver(task))),
    carryNothing()), { quiet }),

    show(done, async () => {
      await workflows();
      return pages('/api/driver/tasks', { status: 'delivered', limit: 6 });
    }, (list) => {
      over.node.hidden = list.items.length === 0;
      return view(list, over.number, (task) => card(task, status(task)));
    }, { quiet }),
  ]);

  fill(content, el('h1', {}, 'Deliveries'),
    running.node, news.node, over.node);
  over.node.hidden = true;

  /* Live */

  let timer = 0;

  const soon = (work) => {
    timer ||= setTimeout(() => {
      timer = 0;
      work().catch(() => {});
    }, 300);
  };

  live.on('delivery', ({ order, open: opened }) => {
    const node = open.querySelector(
      `[data-order="${CSS.escape(order._id)}"]`);

    /* a card that one is just pressing stays until the answer is there */
    if (!opened && node && !node.querySelector('[aria-busy]')) {
      announce(`${order.orderNumber} is not open any more`);
    }

    soon(() => loadOpen(true));
  });

  live.on('change', () => soon(reload));
  live.refresh((quiet) => Promise.all([loadOpen(quiet), loadMine(quiet)]));
};

const user = await start({ roles: ['driver'], background: true });

if (user) {
  page();
}
