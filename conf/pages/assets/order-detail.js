/*
 * order-detail.js: one order of a buyer: where it is, what it is of, what can
 * be done with it.
 *
 *   showDetail(node, numberOrId)
 */

import { request } from './api.js';
import * as live from './live.js';
import { actions } from './order-actions.js';
import './order-tracker.js';
import { keepFocus, options } from './shop.js';
import { announce, el, empty, fill, icon, money, show, time } from './ui.js';
import { workflow } from './workflows.js';

const fact = (name, value) => value !== null && value !== undefined
  && value !== '' && [el('dt', {}, name), el('dd', {}, value)];

const card = (id, title, ...children) => el('section', {
  class: 'card stack', 'aria-labelledby': id,
}, el('h2', { id }, title), children);

const items = (order) => card('items', 'What you ordered',
  el('ul', { class: 'order-items' }, order.items.map((item) => el('li', {},
    el('span', { class: 'item-count number', 'aria-hidden': 'true' },
      item.quantity),
    el('div', { class: 'item-line' },
      el('span', {},
        el('span', { class: 'visually-hidden' }, `${item.quantity} times `),
        item.productName,
        el('span', { class: 'muted small item-options' },
          [`${money(item.unitPrice, order.currency)} each`, options(item)]
            .filter(Boolean).join(', '))),
      el('span', { class: 'number' },
        money(item.totalPrice, order.currency)))))),
  el('dl', { class: 'facts ends' },
    order.totalDiscount > 0 && [
      fact('Items', money(order.totalAmount, order.currency)),
      fact('Discount', `−${money(order.totalDiscount, order.currency)}`),
    ],
    el('dt', { class: 'total' }, 'Total'),
    el('dd', { class: 'total' }, money(order.finalTotal, order.currency))));

const address = (place) => place && el('address', { class: 'address' }, [
  place.name, place.street,
  [place.zipCode, place.city].filter(Boolean).join(' '),
  [place.state, place.country].filter(Boolean).join(', '),
].filter(Boolean).map((line) => el('div', {}, line)));

const delivery = ({ shipping, final }) => card('delivery', 'Delivery',
  el('dl', { class: 'facts' },
    shipping.actualDeliveryDate
      ? fact('Delivered', time(shipping.actualDeliveryDate))
      : !final && fact('Expected', shipping.estimatedDelivery
        && time(shipping.estimatedDelivery)),
    fact('Carrier', shipping.carrier),
    fact('Tracking', shipping.trackingNumber
      && el('span', { class: 'number' }, shipping.trackingNumber)),
    fact('To', address(shipping.address) ?? 'No address')));

const words = (code) => code && code[0].toUpperCase()
  + code.slice(1).replaceAll('_', ' ');

const payment = ({ payment: paid, ...order }) => card('payment', 'Payment',
  el('dl', { class: 'facts' },
    fact('Method', words(paid.method)),
    fact('Status', words(paid.status)),
    fact('Escrow', paid.escrowId),
    fact('Transaction', paid.transactionHash),
    fact('Notes', order.notes)));

const timeline = (order, flow) => card('timeline', 'What happened',
  el('ol', { class: 'timeline' }, [...order.timeline].reverse().map(
    (entry) => {
      const status = flow.statuses.find((one) => one.code === entry.status);

      return el('li', {},
        el('strong', {}, status ? status.label : entry.status), ' ',
        el('span', { class: 'muted small nowrap' }, time(entry.timestamp)),
        entry.description && el('p', { class: 'small' }, entry.description),
        entry.trackingNumber && el('p', { class: 'muted small number' },
          `Tracking number ${entry.trackingNumber}`));
    })));

const back = () => el('a', { class: 'back', href: '/my-orders' },
  icon('back'), 'My orders');

const gone = () => empty({
  mark: '🧹', title: 'This order is not there any more',
  text: 'It was deleted.',
  action: el('a', { class: 'button primary', href: '/my-orders' },
    'My orders'),
});

export const showDetail = (node, number) => {
  const top = el('div', { class: 'order-top' });
  const place = el('div', { class: 'split' });
  const does = el('div', { class: 'row order-actions' });
  const tracker = el('order-tracker', { 'order-id': number });
  let id = null;
  let shown = null;
  let version = 0;
  let asked = 0;

  const title = (text) => el('h1', { class: 'order-title number' }, text);

  const end = () => {
    asked = Infinity;
    fill(node, el('div', { class: 'order-head' }, back(), title(number)),
      gone());
    announce('This order was deleted');
  };

  const read = async () => {
    const turn = asked += 1;

    const { data: { order }, etag } = await request('GET',
      `/api/orders/${encodeURIComponent(number)}`);
    const flow = await workflow(order.workflow);

    return { order, flow, etag, turn };
  };

  const view = ({ order, flow, etag }) => {
    const changed = () => load(true).catch(() => {});
    const buttons = actions(order, flow, {
      etag, changed, gone: () => location.assign('/my-orders'),
    });

    id = order.id;
    shown = etag;
    version = order.version;
    tracker.order = order;
    fill(does, buttons);
    does.hidden = buttons.length === 0;

    if (!tracker.isConnected) {
      document.title = `${order.orderNumber} – Fernway`;
      fill(top,
        el('div', { class: 'order-head' },
          back(), title(order.orderNumber),
          el('p', { class: 'muted' }, 'Placed ', time(order.createdAt),
            ' at ', el('a', { href: `/store/${order.seller.storeId}` },
              order.seller.storeName))),
        el('section', {
          class: 'card order-where', 'aria-label': 'Where it is',
        }, tracker),
        does);
    }

    return [
      el('div', { class: 'stack loose' }, items(order), timeline(order, flow)),
      el('aside', { class: 'stack loose' },
        delivery(order), payment(order)),
    ];
  };

  /* what is old by now, or stands there already, changes nothing */
  const load = (quiet) => keepFocus(node, () => show(place, read, (found) =>
    (found.turn !== asked || (quiet && found.etag === shown)
      ? [...place.childNodes] : view(found)), { quiet }));

  fill(top, el('div', { class: 'order-head' }, back(), title(number)));
  fill(node, top, place);

  live.on('change', ({ order }) => {
    if (order._id === id && order.deleted) {
      end();
    }
  });

  /* the tracker hears of changes by the stream, and without it by its poll */
  tracker.addEventListener('order-change', ({ detail }) => {
    if (detail.version > version) {
      load(true).catch(() => {});
    }
  });

  live.refresh(load);
};
