/*
 * seller-rows.js: how an order looks in seller-list.js's table, and what stands
 * around the table.
 *
 *   headings
 *   row(order, {user, view, update}, back)   back(id, action) when a dialog of
 *                                            that button was closed
 *   chip(status, number, chosen, choose)     a filter
 *   nothing({status, q}, clear)              in place of an empty table
 */

import { badge, count, el, empty, money, time } from './ui.js';
import { statusInfo } from './workflows.js';

export const headings = ['Order', 'Customer', 'Placed', 'Total', 'Status', ''];

const cell = (label, ...children) => el('td', { 'data-label': label },
  children);

export const row = (order, { user, view, update }, back) => {
  const button = (name, text, work, className) => el('button', {
    class: `button small ${className}`, type: 'button',
    data: { action: name }, 'aria-label': `${text} ${order.orderNumber}`,
    onclick: async (event) => {
      const box = await work(order, event.currentTarget);

      await box?.closed;
      back(order.id, name);
    },
  }, text);

  return el('tr', { data: { id: order.id, status: order.status } },
    cell('Order', el('span', { class: 'order-number number' },
      order.orderNumber)),
    cell('Customer', el('span', {}, order.buyer?.name ?? order.buyer?.email
      ?? '–', user.role === 'admin' && el('span', { class: 'seller-store' },
      order.seller?.storeName))),
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

export const chip = (status, number, chosen, choose) => el('button', {
  class: 'chip', type: 'button', data: { status: status.code },
  'aria-pressed': String(chosen === status.code),
  onclick: () => choose(status.code),
},
status.emoji && el('span', { 'aria-hidden': 'true' }, status.emoji),
status.label,
number > 0 && el('span', { class: 'chip-count number' }, count(number)));

export const nothing = ({ status, q }, clear) => {
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
