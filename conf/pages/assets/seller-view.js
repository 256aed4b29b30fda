/*
 * seller-view.js: all there is to know of one order, in a dialog that follows
 * its changes.
 *
 *   viewOrder(id, {user, update})    the dialog; update(order) is behind its
 *                                    button
 */

import { get } from './api.js';
import { dialog } from './forms.js';
import * as live from './live.js';
import { choices, readOrder } from './seller-data.js';
import { badge, el, fill, money, show, time } from './ui.js';
import { statusInfo, tone, workflows } from './workflows.js';

const fact = (name, value) => value !== null && value !== undefined
  && value !== '' && [el('dt', {}, name), el('dd', {}, value)];

const section = (title, ...children) => el('section',
  { class: 'stack tight view-section' }, el('h3', {}, title), children);

const words = (code) => code && code[0].toUpperCase()
  + code.slice(1).replaceAll('_', ' ');

const items = (order) => section('Items',
  el('ul', { class: 'view-items' }, order.items.map((item) => el('li', {},
    el('span', { class: 'number muted' }, `${item.quantity} ×`),
    el('span', {}, item.productName,
      (item.size || item.color) && el('span', { class: 'muted small' }, ' ',
        [item.size && `Size ${item.size}`, item.color].filter(Boolean)
          .join(', '))),
    el('span', { class: 'number' },
      money(item.totalPrice, order.currency))))),
  el('dl', { class: 'facts ends' },
    order.totalDiscount > 0 && [
      fact('Items', money(order.totalAmount, order.currency)),
      fact('Discount', `−${money(order.totalDiscount, order.currency)}`),
    ],
    el('dt', { class: 'total' }, 'Total'),
    el('dd', { class: 'total' }, money(order.finalTotal, order.currency))));

const address = (place) => place && el('address', { class: 'view-address' }, [
  place.name, place.street,
  [place.zipCode, place.city].filter(Boolean).join(' '),
  [place.state, place.country].filter(Boolean).join(', '),
].filter(Boolean).map((line) => el('div', {}, line)));

const customer = ({ buyer, shipping, ...order }) => section('Customer',
  el('dl', { class: 'facts' },
    fact('Name', buyer?.name),
    fact('E-mail', buyer?.email
      && el('a', { href: `mailto:${buyer.email}` }, buyer.email)),
    fact('Address', address(shipping.address) ?? 'None given'),
    fact('Notes', order.notes),
    fact('Instructions', order.specialInstructions)));

const shipment = ({ shipping, final }) => section('Shipment',
  el('dl', { class: 'facts' },
    fact('Carrier', shipping.carrier),
    fact('Tracking', shipping.trackingNumber
      && el('span', { class: 'number' }, shipping.trackingNumber)),
    shipping.actualDeliveryDate
      ? fact('Delivered', time(shipping.actualDeliveryDate))
      : !final && fact('Expected', time(shipping.estimatedDelivery))));

const payment = ({ payment: paid }) => section('Payment',
  el('dl', { class: 'facts' },
    fact('Method', words(paid.method)),
    fact('Status', words(paid.status)),
    fact('Escrow', paid.escrowId),
    fact('Transaction', paid.transactionHash)));

const steps = (past, flow) => section('Timeline',
  el('ol', { class: 'timeline' }, [...past].reverse().map((step) => {
    const status = flow.statuses.find((one) => one.code === step.newStatus);
    const by = step.changedBy?.name;

    return el('li', {},
      el('strong', {}, status
        ? `${status.emoji} ${status.label}` : step.newStatus), ' ',
      el('span', { class: 'muted small' }, time(step.createdAt),
        by && `, ${by}`),
      [step.reason, step.notes].filter((text) => text
        && text !== 'automatic').map((text) => el('p', { class: 'small' },
        text)),
      step.reason === 'automatic'
        && el('p', { class: 'muted small' }, 'By itself'),
      step.metadata?.trackingNumber && el('p',
        { class: 'muted small number' },
        `Tracking number ${step.metadata.trackingNumber}`));
  })));

/* orders that were brought in from elsewhere have none */
const pastOf = async (order) => {
  const { history } = await get(
    `/api/orders/${encodeURIComponent(order.id)}/history`);

  return history.length ? history : order.timeline.map((step) => ({
    newStatus: step.status, createdAt: step.timestamp,
    notes: step.description, metadata: step,
  }));
};

export const viewOrder = (id, { user, update }) => {
  const place = el('div', { class: 'stack loose' });
  const foot = el('div', { class: 'row view-foot' });
  let order = null;
  let asked = 0;

  const box = dialog({ title: 'Order', body: place, foot });

  box.node.classList.add('wide');

  const read = async () => {
    const turn = asked += 1;
    const found = await readOrder(id);

    await workflows();
    return { ...found, turn, past: await pastOf(found.order) };
  };

  const close = el('button', { class: 'button', type: 'button',
    onclick: () => box.close() }, 'Close');

  const view = (found) => {
    if (found.turn !== asked) {
      return [...place.childNodes];
    }

    const { flow, past } = found;
    const status = flow.statuses.find((one) =>
      one.code === found.order.status);

    order = found.order;
    box.node.querySelector('h2').textContent = order.orderNumber;
    fill(foot, close, !order.final && (choices(found, user.role).length > 0
      || user.role === 'manager') && el('button', {
      class: 'button primary', type: 'button', onclick: () => {
        box.close();
        update(order);
      },
    }, user.role === 'admin' ? 'Change' : 'Update'));

    return [
      el('p', { class: 'row' },
        badge(status ? { ...status, tone: tone({ ...status,
          progress_total: flow.progress_total }) }
          : statusInfo(order.status, order.statusLabel)),
        el('span', { class: 'muted' }, order.seller.storeName, ', ',
          time(order.createdAt))),
      el('div', { class: 'view-grid' },
        el('div', { class: 'stack loose' }, items(order), customer(order)),
        el('div', { class: 'stack loose' }, payment(order), shipment(order),
          steps(past, flow))),
    ];
  };

  const load = (quiet) => show(place, read, view, { quiet });

  const off = live.on('change', ({ order: changed }) => {
    if (changed._id !== (order?.id ?? id)) {
      return;
    }

    if (changed.deleted) {
      box.close();
    } else if (!order || changed.version > order.version) {
      load(true).catch(() => {});
    }
  });

  fill(foot, close);
  load(false);
  box.closed.then(off);
  return box;
};
