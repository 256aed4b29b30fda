/*
 * checkout.js: /checkout?store=ID: address, payment, and one order of what the
 * cart has of that store.  The lines are named in the request: what is ordered
 * is what stands here.  The Idempotency-Key makes one order of a double click,
 * of a repeat after a lost answer, and of a page that was loaded anew.
 */

import { formKey, post } from './api.js';
import { start } from './chrome.js';
import { field, submit } from './forms.js';
import { allStores, art, byStore, options, ordered, readCart, stock, sum }
  from './shop.js';
import { count, el, empty, money, show } from './ui.js';
import { workflow } from './workflows.js';

const content = document.querySelector('#content');

/*
 * The methods that a workflow has statuses for; all know those that are paid
 * outside of it.
 */
const onChain = [
  ['escrow', 'Escrow', 'Held until it is with you'],
  ['crypto', 'Crypto', 'Paid from your wallet'],
  ['fiat', 'Bank transfer', 'From your account'],
];

const everywhere = [
  ['card', 'Card', 'Credit or debit'],
  ['cash', 'Cash', 'Paid when it arrives'],
];

const methods = (flow) => {
  const has = (code) => flow.statuses.some((status) => status.code === code);
  const special = onChain.filter(([code]) => has(code === 'escrow'
    ? 'escrow_locked' : 'payment_confirmed'));

  return special.length ? special : everywhere;
};

/* A draft, so that a reload does not lose what was typed */

const draft = (store) => {
  const place = `draft:${store}`;

  return {
    restore: (form) => {
      const kept = JSON.parse(sessionStorage.getItem(place)
        ?? sessionStorage.getItem('draft') ?? '{}');

      Object.entries(kept).forEach(([name, value]) => {
        const input = form.elements[name];

        if (input && ![...(input.options ?? [])].length) {
          input.value = value;
        }
      });
    },
    keep: (form) => sessionStorage.setItem(place,
      JSON.stringify(Object.fromEntries(new FormData(form)))),

    /* the next checkout begins with this address */
    done: (form) => {
      const kept = Object.fromEntries([...new FormData(form)]
        .filter(([name]) => name.startsWith('shipping_address.')));

      sessionStorage.removeItem(place);
      sessionStorage.setItem('draft', JSON.stringify(kept));
    },
  };
};

/* The parts of the page */

const part = (id, title, ...children) => el('section', {
  class: 'card form', role: 'group', 'aria-labelledby': id,
}, el('h2', { id }, title), children);

const address = (user) => part('address', 'Where it goes',
  field({
    name: 'shipping_address.name', label: 'Name', value: user.name,
    autocomplete: 'shipping name', maxlength: 200,
  }),
  field({
    name: 'shipping_address.street', label: 'Street and number',
    autocomplete: 'shipping street-address', maxlength: 200,
  }),
  el('div', { class: 'fields' },
    field({
      name: 'shipping_address.zipCode', label: 'Postal code', optional: true,
      autocomplete: 'shipping postal-code', maxlength: 20,
    }),
    field({
      name: 'shipping_address.city', label: 'City',
      autocomplete: 'shipping address-level2', maxlength: 100,
    })),
  el('div', { class: 'fields' },
    field({
      name: 'shipping_address.state', label: 'State or region',
      optional: true, autocomplete: 'shipping address-level1', maxlength: 100,
    }),
    field({
      name: 'shipping_address.country', label: 'Country', optional: true,
      autocomplete: 'shipping country-name', minlength: 2, maxlength: 60,
    })));

const payment = (flow) => part('payment', 'How you pay',
  el('div', { class: 'field' },
    el('div', { class: 'choices columns' }, methods(flow).map(
      ([code, name, text], i) => el('label', { class: 'choice' },
        el('input', {
          type: 'radio', name: 'payment_method', value: code,
          checked: i === 0, required: true,
        }),
        el('span', {}, el('strong', {}, name), el('br'),
          el('span', { class: 'muted small' }, text)))))));

const notes = () => part('more', 'Anything else?',
  field({
    name: 'notes', label: 'Notes for the seller', optional: true, rows: 3,
    maxlength: 2000,
  }));

const summary = (store) => el('aside', { class: 'card stack' },
  el('h2', {}, 'Your order'),
  el('p', { class: 'muted small' }, `From ${store.name}`),
  el('ul', { class: 'summary' }, store.lines.map((line) => el('li', {},
    el('span', { class: 'summary-art' }, art(line.product)),
    el('div', { class: 'item-line' },
      el('span', {}, `${count(line.quantity)} × ${line.product.name}`,
        options(line) && el('span', { class: 'muted small item-options' },
          options(line))),
      el('span', { class: 'number' },
        money(sum([line]), line.product.currency)))))),
  el('dl', { class: 'facts ends' },
    el('dt', { class: 'total' }, 'Total'),
    el('dd', { class: 'total' }, money(sum(store.lines), store.currency))),
  el('button', { class: 'button primary wide', type: 'submit' },
    'Place order'),
  el('a', { class: 'small', href: '/cart' }, 'Change the cart'));

/* Placing it */

/* "items[0].quantity: only 5 left" in words */
const inWords = (problem, store) => {
  problem.errors = problem.errors.map((error) => {
    const at = /^items\[(\d+)\]/.exec(error.field ?? '');
    const line = at && store.lines[Number(at[1])];

    return line ? { ...error, message: `${line.product.name}: ${error.message}.`
      + ' Please change it in the cart.' } : error;
  });

  if (problem.status === 0) {
    problem.message += ' Send it again when you are back: it stays one order.';
  }

  return problem;
};

const reused = (problem, key) => {
  key.done();
  problem.errors = [];
  problem.message = 'You have placed this order before, with other details. '
    + 'It is under My orders. Send this again only if you want a second one.';
  return problem;
};

const place = async (form, store, given) => {
  const key = formKey(`checkout:${store.id}`);
  const items = store.lines.map((line) => ({
    product_id: line.product_id,
    quantity: line.quantity,
    size: line.size ?? undefined,
    color: line.color ?? undefined,
  }));

  try {
    const order = await post('/api/place-order', { ...given, items }, { key });

    key.done();
    draft(store.id).done(form);
    await ordered(store.lines);
    location.assign(
      `/order-confirmation/${encodeURIComponent(order.order_number)}`);

    /* the button stays busy until the next page is there */
    await new Promise(() => {});
  } catch (problem) {
    if (problem.name !== 'Problem') {
      throw problem;
    }

    throw problem.code === 'IDEMPOTENCY_KEY_REUSED' ? reused(problem, key)
      : inWords(problem, store);
  }
};

const toCart = (title, text) => empty({
  mark: '🧺', title, text,
  action: el('a', { class: 'button primary', href: '/cart' }, 'To the cart'),
});

const view = (user) => ({ stores, store, flow }) => {
  if (!store) {
    return stores.length > 1
      ? toCart('Which store first?', 'Your cart is of several stores, and an '
        + 'order is of one.')
      : toCart('There is nothing to check out', 'The cart has nothing of '
        + 'this store.');
  }

  if (!flow) {
    return toCart(`${store.name} is closed`, 'It takes no orders right now.');
  }

  if (store.lines.some((line) => stock(line.product, line.quantity).out)) {
    return toCart('Not all of it is there', 'Some of what you chose is sold '
      + 'out by now. The cart tells what.');
  }

  const form = el('form', { class: 'form', method: 'post' },
    el('div', { class: 'split' },
      el('div', { class: 'stack' },
        address(user), payment(flow), notes()), summary(store)));

  const kept = draft(store.id);

  kept.restore(form);
  form.addEventListener('input', () => kept.keep(form));
  submit(form, (given) => place(form, store, given));
  return form;
};

const load = async () => {
  const wanted = new URLSearchParams(location.search).get('store');
  const stores = byStore(await readCart());
  const store = wanted ? stores.find((one) => one.id === wanted)
    : stores.length === 1 ? stores[0] : null;

  if (!store) {
    return { stores };
  }

  /* a product knows its store, a store its workflow */
  const open = (await allStores()).find((one) => one.id === store.id);

  return { stores, store, flow: open && await workflow(open.workflow) };
};

const user = await start({ roles: ['customer'] });

if (user) {
  show(content, load, view(user));

  /* who comes back by the browser's button finds no old form */
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) {
      location.reload();
    }
  });
}
