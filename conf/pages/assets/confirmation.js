/*
 * confirmation.js: /order-confirmation/ORDER_NUMBER: what was ordered, and
 * where it is.
 */

import { refuse, start } from './chrome.js';
import { get } from './api.js';
import './order-tracker.js';
import { el, failure, fill, loading, money, time } from './ui.js';

const main = document.querySelector('main');
const number = decodeURIComponent(
  location.pathname.replace(/\/$/, '').split('/').pop());

const readOrder = async () =>
  (await get(`/api/orders/${encodeURIComponent(number)}`)).order;

const item = (line) => el('li', {},
  el('span', { class: 'quantity number', 'aria-hidden': 'true' },
    line.quantity),
  el('span', {}, el('span', { class: 'visually-hidden' },
    `${line.quantity} times `), line.productName),
  el('span', { class: 'number' }, money(line.totalPrice, line.currency)),
  (line.size || line.color) && el('span', { class: 'options muted small' },
    [line.size, line.color].filter(Boolean).join(', ')));

const fact = (name, value, className) => [
  el('dt', { class: className }, name), el('dd', { class: className }, value)];

const receipt = (order) => {
  const price = (amount) => money(amount, order.currency);

  return el('section', { class: 'card receipt', 'aria-labelledby': 'items' },
    el('h2', { id: 'items' }, 'What you ordered'),
    el('ul', { class: 'receipt-items' }, order.items.map((line) =>
      item({ ...line, currency: order.currency }))),
    el('dl', { class: 'facts ends' },
      order.totalDiscount > 0 && [
        fact('Subtotal', price(order.totalAmount)),
        fact('Discount', `−${price(order.totalDiscount)}`)],
      fact('Total', price(order.finalTotal), 'total')));
};

const address = ({ name, street, city, state, zipCode, country }) =>
  el('address', { class: 'address' },
    [name, street, [zipCode, city, state].filter(Boolean).join(' '), country]
      .filter(Boolean).map((line) => el('div', {}, line)));

const details = (order) => el('aside', { class: 'card stack' },
  el('h2', {}, 'Details'),
  el('dl', { class: 'facts' },
    fact('Order', el('span', { class: 'order-number' }, order.orderNumber)),
    fact('Placed', time(order.createdAt)),
    fact('Sold by', order.seller?.storeName ?? order.seller?.name),
    fact('Payment', `${order.payment.method}, ${order.payment.status}`),
    order.shipping?.estimatedDelivery && !order.final
      && fact('Expected', time(order.shipping.estimatedDelivery)),
    order.shipping?.trackingNumber
      && fact(order.shipping.carrier ?? 'Tracking',
        order.shipping.trackingNumber),
    order.shipping?.address
      && fact('Delivery to', address(order.shipping.address)),
    order.notes && fact('Notes', order.notes)));

/* just placed by who looks at it */
const isNew = (order, user) => order.buyer.id === user.id
  && Date.now() - new Date(order.createdAt) < 3600 * 1000
  && order.version === 1;

const heading = (order, user) => el('div', { class: 'stack tight' },
  el('p', { class: 'eyebrow number' }, number),
  el('h1', {}, order && isNew(order, user)
    ? `Thank you, ${user.name.split(' ')[0]}` : 'Your order'),
  order && isNew(order, user) && el('p', { class: 'lead' },
    'We have your order. You can close this page: we will keep you posted, '
    + 'and you find it again in My orders.'));

const tracker = (order) => {
  const node = el('order-tracker', { 'order-id': number });

  node.order = order;
  return node;
};

const ways = (user) => el('div', { class: 'row' },
  user.role === 'customer'
    && el('a', { class: 'button primary',
      href: `/my-orders/${encodeURIComponent(number)}` }, 'See all details'),
  el('a', { class: 'button', href: '/' }, 'Go on shopping'));

/* where the order is is known also while its details are not to be had */
const load = async (user) => {
  const head = el('div', {}, heading(null, user));
  const place = el('div', {}, loading(6));
  const reading = readOrder();
  const follows = tracker(reading);
  let order = null;

  const show = (found) => {
    order = found;
    place.className = 'split';
    fill(head, heading(order, user));
    fill(place, receipt(order), details(order));
  };

  const again = async () => {
    fill(place, loading(6));
    await readOrder().then(show, failed);
  };

  const failed = (problem) => {
    place.className = '';

    if (problem.status > 0 && problem.status < 500) {
      fill(main, el('h1', { class: 'visually-hidden' }, `Order ${number}`),
        failure(problem));
    } else {
      fill(place, el('div', { class: 'card' }, failure(problem, again)));
    }
  };

  fill(main, head,
    el('section', { class: 'card', 'aria-label': 'Where it is' }, follows),
    place, ways(user));
  document.title = `Order ${number} – Fernway`;

  /* a discount, a tracking number; and the first try may have failed */
  follows.addEventListener('order-change', async ({ detail }) => {
    if (order ? detail.version > order.version
      : place.querySelector('[role="alert"]')) {
      await readOrder().then(show, () => {});
    }
  });

  await reading.then(show, failed);
};

const user = await start();

if (user) {
  await load(user);
} else {
  fill(main, refuse(null, ['customer']));
}
