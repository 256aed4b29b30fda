/*
 * cart.js: /cart.  An order is of one store, so each store of the cart is a
 * card with a checkout of its own.
 */

import { del, patch } from './api.js';
import { setCart, start } from './chrome.js';
import { art, byStore, options, readCart, stepper, stock, sum }
  from './shop.js';
import { announce, busy, count, el, empty, fill, icon, money, show, toast }
  from './ui.js';

const content = document.querySelector('#content');
const waits = 400;
let lines = [];

const price = (some) => money(sum(some), some[0].product.currency);
const soldOut = (line) => stock(line.product, line.quantity).out;
const number = (some) => some.reduce((all, line) => all + line.quantity, 0);

const nothing = () => empty({
  mark: '🧺',
  title: 'Nothing in here yet',
  text: 'What you put into the cart waits here for you, on every device.',
  action: el('a', { class: 'button primary', href: '/' }, 'Look around'),
});

const draw = () => fill(content, view());

const reload = () => show(content, readCart, (read) => {
  lines = read;
  return view();
}, { quiet: true }).catch(() => {});

const refused = (problem) => {
  toast(problem.message, { tone: 'alert' });
  return reload();
};

/* One line */

const remove = (button, line) => busy(button, async () => {
  try {
    await del(`/cart-items/${line.id}`);
  } catch (problem) {
    /* another tab was quicker */
    if (problem.status !== 404) {
      await refused(problem);
      return;
    }
  }

  lines = lines.filter((other) => other !== line);
  setCart(lines);
  draw();
  announce(`${line.product.name} is not in the cart any more`);
  (content.querySelector('.line-remove') ?? content.querySelector('a'))
    ?.focus();
});

/* many clicks on plus are one request, and requests follow one another */
const saver = (line) => {
  let timer = 0;
  let last = Promise.resolve();

  const save = async (quantity) => {
    try {
      Object.assign(line, await patch(`/cart-items/${line.id}`, { quantity }));
    } catch (problem) {
      await refused(problem);
    }
  };

  return (quantity) => {
    clearTimeout(timer);
    timer = setTimeout(() => { last = last.then(() => save(quantity)); },
      waits);
  };
};

const lineItem = (line, changed) => {
  const { product } = line;
  const save = saver(line);
  const total = el('span', { class: 'price line-total' });
  const note = el('p', { class: 'error', 'aria-live': 'polite' });
  const chosen = options(line);

  const tell = () => {
    total.textContent = price([line]);
    note.textContent = soldOut(line)
      ? stock(product, line.quantity).text : '';
    note.hidden = !soldOut(line);
  };

  tell();

  return el('li', { class: 'line', data: { id: line.id } },
    el('div', { class: 'line-art' }, art(product)),
    el('div', { class: 'line-text' },
      el('h3', {}, product.name),
      chosen && el('p', { class: 'muted small' }, chosen),
      el('p', { class: 'muted small number' },
        `${money(product.price, product.currency)} each`),
      note),
    total,
    el('div', { class: 'line-tools' },
      stepper({
        value: line.quantity,
        label: product.name,
        onchange: (quantity) => {
          line.quantity = quantity;
          tell();
          changed();
          save(quantity);
        },
      }),
      el('button', {
        class: 'button quiet small line-remove', type: 'button',
        'aria-label': `Remove ${product.name}`,
        onclick: (event) => remove(event.currentTarget, line),
      }, 'Remove')));
};

/* One store */

const storeCard = (store) => {
  const subtotal = el('strong', { class: 'price' });
  const pieces = el('span', { class: 'muted small' });
  const go = el('span', { class: 'store-go' });

  const changed = () => {
    const some = store.lines;

    subtotal.textContent = price(some);
    pieces.textContent = `${count(number(some))} ${
      number(some) === 1 ? 'item' : 'items'}`;
    setCart(lines);

    fill(go, some.some(soldOut)
      ? el('p', { class: 'muted small' },
        'Change what is not there, and you can check out.')
      : el('a', {
        class: 'button primary', href: `/checkout?store=${store.id}`,
        'aria-label': `Check out at ${store.name}`,
      }, 'Check out', icon('arrow')));
  };

  const node = el('section', {
    class: 'card flush', 'aria-labelledby': `store-${store.id}`,
  },
  el('h2', { class: 'cart-store', id: `store-${store.id}` },
    el('a', { class: 'store-name', href: `/store/${store.id}` }, store.name)),
  el('ul', { class: 'lines' },
    store.lines.map((line) => lineItem(line, changed))),
  el('div', { class: 'cart-foot' },
    el('div', { class: 'cart-sum' }, pieces,
      el('span', {}, 'Total ', subtotal)), go));

  changed();
  return node;
};

const view = () => {
  const stores = byStore(lines);

  if (stores.length === 0) {
    return nothing();
  }

  return [
    stores.length > 1 && el('p', { class: 'notice' },
      `This is from ${stores.length} stores. Each is an order of its own, so `
      + 'you check out store by store.'),
    stores.map(storeCard),
  ];
};

if (await start({ roles: ['customer'] })) {
  await show(content, readCart, (read) => {
    lines = read;
    return view();
  });

  /* it may have been filled in another tab */
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && !content.contains(document.activeElement)) {
      reload();
    }
  });
}
