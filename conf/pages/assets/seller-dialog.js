/*
 * seller-dialog.js: the dialog that moves an order on.
 *
 *   await updateOrder(id, {user, title, about})    the dialog, when it is open
 *
 * It offers what the order's workflow allows this role from where the order is.
 * The order may move meanwhile, by somebody else: the dialog then says so, and
 * offers what is allowed from there; what was typed stays.
 */

import { Problem, request } from './api.js';
import { dialog, field, showErrors, submit } from './forms.js';
import * as live from './live.js';
import { choices, readOrder } from './seller-data.js';
import { announce, el, fill, toast } from './ui.js';

const shipmentFields = ['trackingNumber', 'carrier', 'estimatedDelivery'];

const people = { customer: 'the buyer', driver: 'the driver',
  manager: 'the seller', system: 'the payment provider',
  admin: 'an administrator' };

const refused = (message) => new Problem(400, { message, errors: [] });

/* a driver carries no tracking number */
const hasParcels = (flow) => !flow.transitions.some((one) =>
  one.roles.includes('driver'));

const statusOf = ({ order, flow }) =>
  flow.statuses.find((one) => one.code === order.status);

/* The parts of the form */

const select = (found, role) => {
  const now = statusOf(found);
  const list = choices(found, role);
  const next = list.find((one) => one.step > now.step);

  const node = field({
    name: 'status',
    label: 'New status',
    options: [
      ['', role === 'admin' ? 'Choose…'
        : `Leave at ${now.emoji} ${now.label}`],
      ...list.map((one) => [one.code, `${one.emoji} ${one.label}`]),
    ],
    value: role === 'admin' ? '' : next?.code ?? '',
    hint: ' ',
  });

  node.querySelector('select').required = role === 'admin';
  return node;
};

/* nobody moves it from here but others */
const others = (found) => {
  const roles = new Set(found.flow.transitions
    .filter((one) => one.from === found.order.status)
    .flatMap((one) => (one.roles.length ? one.roles : ['system'])));
  const list = [...roles].map((role) => people[role] ?? role);

  return el('p', { class: 'notice', data: { tone: 'go' } },
    `The next step is for ${list.join(' or ') || 'nobody'}.`);
};

const shipmentPart = ({ shipping }) => el('fieldset', { class: 'stack' },
  field({
    name: 'trackingNumber', label: 'Tracking number', optional: true,
    maxlength: 100, value: shipping.trackingNumber ?? '', autocomplete: 'off',
  }),
  el('div', { class: 'fields' },
    field({
      name: 'carrier', label: 'Carrier', optional: true, maxlength: 50,
      value: shipping.carrier ?? '',
    }),
    field({
      name: 'estimatedDelivery', label: 'Expected', type: 'date',
      optional: true, value: shipping.estimatedDelivery ?? '',
    })));

const discountPart = (order) => {
  const has = order.totalDiscount > 0;

  return el('details', { class: 'fold', open: has },
    el('summary', {}, has ? 'Discount' : 'Give a discount'),
    el('div', { class: 'stack' },
      field({
        name: 'discountAmount', label: `Amount (${order.currency})`,
        optional: true, inputmode: 'decimal',
        value: has ? order.totalDiscount : '',
        hint: `Of ${order.totalAmount}. It replaces the one before.`,
      }),
      field({
        name: 'comments', label: 'Comments', optional: true, rows: 2,
        maxlength: 2000, hint: 'The buyer reads them with the order.',
      })));
};

/* What was asked for, as the one or two requests that do it */

const plan = (order, given) => {
  const status = given.status && given.status !== order.status
    ? given.status : undefined;

  const shipment = Object.fromEntries(shipmentFields
    .filter((name) => given[name] && given[name]
      !== order.shipping[name]).map((name) => [name, given[name]]));

  const amount = given.discountAmount ?? (order.totalDiscount > 0 ? '0' : '');
  const priced = amount !== '' && Number(amount) !== order.totalDiscount;
  const discount = { discountAmount: amount, comments: given.comments };
  const shipped = Object.keys(shipment).length > 0;

  if (!priced && given.comments) {
    throw refused('Comments go with a discount. Notes are above.');
  }
  if (!priced && !shipped && !status) {
    throw refused(given.notes
      ? 'Notes go with a new status or shipment.' : 'Nothing is different yet.');
  }

  /* one request, so that both happen or none */
  if (priced && !shipped && !given.notes) {
    return [['', { status, ...discount }]];
  }

  return [
    priced && ['', discount],
    (status || shipped) && ['/status', {
      status: status ?? order.status, notes: given.notes, ...shipment,
    }],
  ].filter(Boolean);
};

const moved = (problem) => problem.status === 409 || problem.status === 412;

export const updateOrder = async (id, { user, title, about }) => {
  const role = user.role;
  let found = await readOrder(id);
  let sending = false;

  const top = el('div', { class: 'stack tight' });
  const note = el('div', { role: 'status' });
  const form = el('form', { class: 'form' });
  const go = el('button', { class: 'button primary', type: 'submit' });
  const parcels = role === 'manager' && hasParcels(found.flow);

  const notes = field({
    name: 'notes', label: 'Notes', optional: true, rows: 2,
    maxlength: 2000, hint: 'For the history of the order.',
  });

  const chosen = () => found.flow.statuses.find((one) =>
    one.code === form.elements.status?.value);

  /* what the buyer will read, and what the button will do */
  const hint = () => {
    const status = chosen();
    const ends = status?.step === 0;
    const text = form.querySelector('[data-field="status"] .hint');

    if (text) {
      text.textContent = status && `The buyer reads: “${status.message}”`;
      text.hidden = !status;
    }

    go.textContent = status ? `Set to ${status.label.toLowerCase()}` : 'Save';
    go.classList.toggle('danger', Boolean(ends));
  };

  const offer = () => {
    const now = statusOf(found);

    fill(top,
      el('p', { class: 'muted' }, 'Now: ', el('strong', {},
        `${now.emoji} ${now.label}`)),
      choices(found, role).length || found.order.final
        ? null : others(found),
      choices(found, role).length > 0 && select(found, role));
    notes.hidden = choices(found, role).length === 0 && !parcels;
    hint();
  };

  /* somebody else was here meanwhile */
  const renew = async () => {
    found = await readOrder(id);
    offer();

    const now = statusOf(found);
    const text = found.order.final
      ? `This order is over: it has become ${now.label.toLowerCase()}.`
      : `This order has just changed. It is ${now.label.toLowerCase()} now; `
        + 'have a look before you go on.';

    fill(note, el('p', { class: 'notice', data: { tone: 'wait' } }, text));
    announce(text);
    go.disabled = found.order.final;
  };

  const box = dialog({
    title: title ?? `Update ${found.order.orderNumber}`,
    form,
    body: [
      about, note, top,
      parcels && shipmentPart(found.order),
      notes,
      role === 'manager' && discountPart(found.order),
    ],
    foot: [
      el('button', { class: 'button', type: 'button',
        onclick: () => box.close() }, 'Not now'),
      go,
    ],
  });

  const send = async ([rest, body]) => {
    const { data, etag } = await request('PUT',
      `/api/orders/${encodeURIComponent(id)}${rest}`,
      { body, ifMatch: found.etag });

    found.etag = etag;

    /* what is done is not done again, where the second one fails */
    if (rest === '') {
      found.order = { ...found.order, ...data.order,
        shipping: found.order.shipping };
    }
  };

  offer();
  form.addEventListener('change', hint);
  form.elements.status?.focus();

  submit(form, async (given) => {
    fill(note);
    sending = true;

    try {
      for (const step of plan(found.order, given)) {
        await send(step);
      }
    } catch (problem) {
      if (moved(problem)) {
        await renew();
        return;
      }
      throw problem;
    } finally {
      sending = false;
    }

    const status = found.flow.statuses.find((one) =>
      one.code === given.status);

    box.close(true);
    toast(`${found.order.orderNumber} ${status
      ? `is ${status.label.toLowerCase()} now.` : 'is saved.'}`);
  });

  const off = live.on('change', ({ order }) => {
    if (order._id !== id || sending) {
      return;
    }

    if (order.deleted) {
      box.close();
      toast(`${order.orderNumber} was deleted.`, { tone: 'alert' });
    } else if (order.version > found.order.version) {
      renew().catch((problem) => showErrors(form, problem));
    }
  });

  box.closed.then(off);
  return box;
};
