/*
 * home.js: / and /store/ID: what there is to buy, by store.  The search is
 * among what is listed; the API has none over products.
 */

import { pages } from './api.js';
import { start } from './chrome.js';
import { dialog, field, submit } from './forms.js';
import { signInAddress } from './session.js';
import { addToCart, allStores, art, stepper, stock, sum } from './shop.js';
import { announce, busy, count, el, empty, fill, icon, loading, money,
  show, time, toast } from './ui.js';

const id = /^\/store\/([^/]+)\/?$/.exec(location.pathname)?.[1];
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const hero = document.querySelector('#hero');
const content = document.querySelector('#content');

const readProducts = () => pages('/api/products', { store: id, limit: 60 },
  (d) => d.products);

/* Who may buy: buyers, and who has not said yet who he is */

const add = async (user, product, given = {}) => {
  if (!user) {
    location.assign(signInAddress());
    return;
  }

  await addToCart(product, given);
  toast(`${count(given.quantity ?? 1)} × ${product.name}`, {
    title: 'In your cart', href: '/cart', link: 'Go to the cart',
  });
};

/* One product, with a choice of quantity, size and colour */

const openProduct = (user, product, buys) => {
  const info = stock(product);
  const total = el('span', { class: 'number' });
  const form = el('form', { class: 'form' });

  const tell = (quantity) => {
    total.textContent = money(sum([{ product, quantity }]), product.currency);
  };

  const box = dialog({
    title: product.name,
    form,
    body: [
      el('div', { class: 'product-art' }, art(product)),
      product.description && el('p', {}, product.description),
      el('div', { class: 'spread' },
        el('span', { class: 'price' },
          money(product.price, product.currency)),
        el('span', { class: 'small stock', data: { tone: info.tone } },
          info.text)),
      el('p', { class: 'muted small' }, 'Sold by ',
        el('a', { href: `/store/${product.store_id}` }, product.store_name)),
      buys && !info.out && [
        el('div', { class: 'fields' },
          field({ name: 'size', label: 'Size', optional: true,
            maxlength: 50 }),
          field({ name: 'color', label: 'Color', optional: true,
            maxlength: 50 })),
        el('div', { class: 'stack tight' },
          el('span', { class: 'label', 'aria-hidden': 'true' }, 'Quantity'),
          stepper({
            name: 'quantity', value: 1, max: product.stock,
            label: product.name, onchange: tell,
          })),
      ],
    ],
    foot: buys && !info.out && el('button', {
      class: 'button primary wide', type: 'submit',
    }, user ? 'Add to cart' : 'Sign in to buy', el('span', {
      'aria-hidden': 'true' }, '·'), total),
  });

  tell(1);

  /* not a field: a phone would cover half of this with its keyboard */
  form.querySelector('[type="submit"]')?.focus({ preventScroll: true });

  submit(form, async ({ quantity, size, color }) => {
    await add(user, product, { quantity: Number(quantity), size, color });
    box.close();
  });
};

const quickAdd = async (button, user, product) => busy(button, async () => {
  try {
    await add(user, product);
  } catch (problem) {
    toast(problem.message, { title: product.name, tone: 'alert' });
  }
});

const card = (user, buys) => (product) => {
  const info = stock(product);
  const open = () => openProduct(user, product, buys);

  return el('li', { class: 'card flush product', data: { id: product.id } },
    el('div', { class: 'product-art', data: { out: info.out ? '' : null } },
      art(product)),
    el('div', { class: 'product-body' },
      el('h3', {}, el('button', {
        class: 'product-name', type: 'button', onclick: open,
        'aria-haspopup': 'dialog',
      }, product.name)),
      el('p', { class: 'muted small product-text' }, product.description),
      el('p', { class: 'price product-price' },
        money(product.price, product.currency)),
      el('p', { class: 'small stock', data: { tone: info.tone } }, info.text),
      buys && !info.out && el('div', { class: 'product-actions' },
        el('button', {
          class: 'button primary small', type: 'button',
          'aria-label': `Add to cart: ${product.name}`,
          onclick: (event) => quickAdd(event.currentTarget, user, product),
        }, 'Add to cart'),
        el('button', {
          class: 'button small product-options', type: 'button', onclick: open,
          'aria-label': `Options: ${product.name}`,
          'aria-haspopup': 'dialog',
        }, 'Options'))));
};

/* Stores */

const facts = (store) => [
  store.rating !== null && el('span', { class: 'nowrap' },
    el('span', { 'aria-hidden': 'true', class: 'star' }, '★ '),
    el('span', { class: 'visually-hidden' }, 'Rated '),
    el('span', { class: 'number' }, store.rating.toFixed(1))),
  el('span', {}, store.delivery_days === 0 ? 'Delivers today'
    : store.delivery_days ? ['Arrives by ', time(new Date(Date.now()
      + store.delivery_days * 864e5).toLocaleDateString('sv'))] : ''),
  el('span', {}, `Prices in ${store.currency}`),
];

const section = (store, products, render) => el('section',
  { class: 'stack', 'aria-labelledby': `store-${store.id}` },
  el('div', {},
    el('h2', { id: `store-${store.id}` },
      el('a', { class: 'store-name', href: `/store/${store.id}` },
        store.name, icon('arrow'))),
    el('p', { class: 'muted small store-facts' }, facts(store))),
  el('ul', { class: 'grid products' }, products.map(render)));

const chips = (stores) => el('nav', { class: 'chips', 'aria-label': 'Stores' },
  el('a', { class: 'chip', href: '/', 'aria-current': id ? null : 'page' },
    'All stores'),
  stores.map((store) => el('a', {
    class: 'chip', href: `/store/${store.id}`,
    'aria-current': store.id === id ? 'page' : null,
  }, store.name)));

/* The page */

const head = (store) => {
  document.title = store ? `${store.name} – Fernway` : 'Fernway';

  fill(hero, el('div', { class: 'hero' },
    store ? [
      el('a', { class: 'back', href: '/' }, icon('back'), 'All stores'),
      el('h1', {}, store.name),
      el('p', { class: 'muted store-facts' }, facts(store)),
    ] : [
      el('h1', {}, 'Good things, and where they are'),
      el('p', { class: 'lead' },
        'Shops of every kind, and one place to follow every order.'),
    ]));
};

const matches = (words) => (product) => {
  const text = `${product.name} ${product.description ?? ''} ${
    product.store_name}`.toLowerCase();

  return words.every((word) => text.includes(word));
};

const browse = (user, stores, first) => {
  const buys = !user || user.role === 'customer';
  const render = card(user, buys);
  const results = el('div', { class: 'stack loose' });
  const products = [...first.items];
  let list = first;

  const search = el('input', {
    class: 'search', type: 'search', placeholder: 'Search', maxlength: 100,
    'aria-label': 'Search products',
    value: new URLSearchParams(location.search).get('q') ?? '',
    oninput: () => draw(true),
  });

  const more = el('button', {
    class: 'button', type: 'button',
    onclick: () => busy(more, async () => {
      try {
        list = await list.next();
        products.push(...list.items);
        draw(true);
      } catch (problem) {
        toast(problem.message, { tone: 'alert' });
      }
    }),
  }, 'Show more');

  const nothing = (query) => (query ? empty({
    mark: '🔎', title: `Nothing matches “${query}”`,
    text: list.more ? 'Among what is listed so far.'
      : 'Another word may find it.',
    action: el('button', {
      class: 'button', type: 'button',
      onclick: () => { search.value = ''; draw(true); search.focus(); },
    }, 'Show everything'),
  }) : empty({
    mark: '🪴', title: 'The shelves are empty',
    text: 'Nothing is sold here right now. Come back later.',
  }));

  const draw = (said) => {
    const query = search.value.trim();
    const found = products.filter(matches(
      query.toLowerCase().split(/\s+/).filter(Boolean)));

    const groups = stores.map((store) => [store,
      found.filter((product) => product.store_id === store.id)])
      .filter(([, some]) => some.length);

    fill(results,
      id && found.length
        ? el('ul', { class: 'grid products' }, found.map(render))
        : groups.map(([store, some]) => section(store, some, render)),
      found.length === 0 && nothing(query),
      list.more && el('div', { class: 'more' }, more));

    history.replaceState(history.state, '', query
      ? `?${new URLSearchParams({ q: query })}` : location.pathname);

    if (said) {
      announce(`${found.length} ${
        found.length === 1 ? 'product' : 'products'}`);
    }
  };

  draw(false);

  return [
    el('div', { class: 'spread browse' }, chips(stores),
      el('search', {}, search)),
    id && el('h2', { class: 'visually-hidden' }, 'Products'),
    results,
  ];
};

const missing = () => empty({
  mark: '🔎', title: 'There is no such store',
  text: 'It may have closed, or the address is not complete.',
  action: el('a', { class: 'button primary', href: '/' }, 'All stores'),
});

if (!id) {
  head();
}

fill(content, loading(6));
const user = await start();

show(content, async () => {
  const [stores, list] = await Promise.all([allStores(),
    id && !uuid.test(id) ? null : readProducts()]);
  return { stores, list };
}, ({ stores, list }) => {
  const store = stores.find((one) => one.id === id);

  if (id && !store) {
    fill(hero, el('h1', { class: 'visually-hidden' }, 'Store'));
    return missing();
  }

  if (store) {
    head(store);
  }

  return browse(user, stores, list);
});
