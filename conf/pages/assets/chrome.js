/*
 * chrome.js: what is around every page: header, navigation by role, bell, cart,
 * who is signed in, the state of the connection, popups of notifications.
 *
 *   const user = await start({roles: ['customer'], background: true});
 *   if (user) { … }
 *
 * start() gives the user who may see the page.  Where nobody is signed in, or
 * somebody of another role, <main> says so, and it gives null.  Without roles
 * everybody may: it gives the user, or null for a visitor.  background: the
 * stream of events goes on while the tab is hidden.
 *
 *   setCart(lines)      after a change of the cart: its lines, or their number
 *   setUnread(number)   after notifications were read
 *   refuse(user, roles) the state of a page for others
 */

import { events, get, post } from './api.js';
import * as live from './live.js';
import { home, me, signInAddress, signOut } from './session.js';
import { badge, count, el, empty, failure, fill, icon, loading, toast }
  from './ui.js';

const shop = 'Fernway';

const places = {
  visitor: [['/', 'Shop']],
  customer: [['/', 'Shop'], ['/my-orders', 'My orders']],
  manager: [['/seller-dashboard', 'Orders'],
    ['/seller-dashboard#analytics', 'Analytics'], ['/', 'Shop']],
  driver: [['/driver', 'Deliveries'], ['/', 'Shop']],
  admin: [['/admin', 'Orders'], ['/', 'Shop'], ['/my-orders', 'My orders']],
};

const people = {
  customer: 'buyers',
  manager: 'sellers',
  driver: 'drivers',
  admin: 'administrators',
};

const orderPages = {
  customer: (number) => `/my-orders/${encodeURIComponent(number)}`,
  manager: (number) => `/seller-dashboard?order=${
    encodeURIComponent(number)}`,
  driver: () => '/driver',
  admin: (number) => `/admin?order=${encodeURIComponent(number)}`,
};

let cartCount = null;
let unreadCount = null;
let unread = 0;
let notice = null;

/* The counts */

const setCount = (node, number, words) => {
  if (node) {
    node.hidden = number === 0;
    node.textContent = number > 99 ? '99+' : count(number);
    node.parentElement.setAttribute('aria-label', words(number));
  }
};

export const setCart = (lines) => setCount(cartCount,
  Array.isArray(lines)
    ? lines.reduce((sum, line) => sum + line.quantity, 0) : lines,
  (number) => (number ? `Cart, ${number} items` : 'Cart, empty'));

export const setUnread = (number) => {
  unread = number;
  setCount(unreadCount, number, (n) =>
    (n ? `Notifications, ${n} unread` : 'Notifications'));
};

/* The header */

const isHere = (path) => {
  const url = new URL(path, location.origin);
  const here = location.pathname;

  if (url.pathname === '/') {
    return here === '/' || here.startsWith('/store/');
  }

  return (here === url.pathname || here.startsWith(`${url.pathname}/`))
    && (location.hash === url.hash || (!url.hash
      && location.hash !== '#analytics'));
};

const current = (path) => (isHere(path) ? 'page' : undefined);

const nav = (role) => el('nav', { class: 'site-nav', 'aria-label': 'Main' },
  (places[role] ?? places.visitor).map(([path, text]) =>
    el('a', { href: path, 'aria-current': current(path) }, text)));

const tool = (path, name, label) => {
  const number = el('span', { class: 'count', 'aria-hidden': 'true',
    hidden: true });

  return [number, el('a', {
    class: 'site-tool', href: path, 'aria-label': label,
    'aria-current': current(path),
  }, icon(name), number)];
};

const initials = (name) => name.split(/\s+/).slice(0, 2)
  .map((word) => [...word][0] ?? '').join('').toUpperCase();

const menu = (user) => {
  const node = el('details', { class: 'menu' },
    el('summary', { class: 'site-tool' },
      el('span', { class: 'avatar' }, initials(user.name)),
      el('span', { class: 'visually-hidden' }, `Account of ${user.name}`)),
    el('div', { class: 'menu-panel' },
      el('p', {}, el('strong', {}, user.name), el('br'),
        el('span', { class: 'muted small' }, `${user.email}, ${user.role}`)),
      el('a', { class: 'menu-item', href: '/notifications' },
        'Notifications'),
      el('button', {
        class: 'menu-item', type: 'button',
        onclick: async () => {
          live.stop();

          try {
            await signOut();
            location.assign('/sign-in');
          } catch (problem) {
            toast(problem.message, { tone: 'alert' });
          }
        },
      }, 'Sign out')));

  document.addEventListener('click', (event) => {
    if (!node.contains(event.target)) {
      node.open = false;
    }
  });

  node.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      node.open = false;
      node.querySelector('summary').focus();
    }
  });

  return node;
};

const tools = (user) => {
  const node = el('div', { class: 'site-tools' });

  if (!user) {
    if (location.pathname !== '/sign-in') {
      node.append(el('a',
        { class: 'button small primary', href: signInAddress() }, 'Sign in'));
    }

    return node;
  }

  if (user.role === 'customer') {
    const [number, link] = tool('/cart', 'cart', 'Cart');

    cartCount = number;
    node.append(link);
  }

  const [number, link] = tool('/notifications', 'bell', 'Notifications');

  unreadCount = number;
  node.append(link, menu(user));
  return node;
};

/* brand only, until it is known who is there */
const header = (parts = []) => fill(document.querySelector('body > header'),
  el('div', { class: 'site-bar' },
    el('a', { class: 'brand', href: '/' },
      el('img', { src: '/assets/icon.svg', alt: '', width: 32, height: 32 }),
      shop),
    parts));

const frame = () => {
  const place = document.querySelector('body > header');

  place.className = 'site-header';
  header();

  document.body.prepend(el('a', { class: 'skip-link', href: '#main' },
    'Skip to content'));

  /* there before anything comes into it, so that it is read out */
  notice = el('div', { class: 'connection', role: 'status' });
  place.after(notice);
};

const footer = () => {
  const place = document.querySelector('body > footer');

  place.className = 'site-footer';
  fill(place, el('p', {},
    `${shop}: a demonstration. No money moves, nothing is shipped.`));
};

/* What is going on */

const connectionNotice = (state) => {
  const texts = {
    polling: 'Live updates are interrupted. This page looks for news by itself, '
      + 'about twice a minute.',
    offline: 'No connection. You see what was known last; this page goes on '
      + 'when the connection is back.',
  };

  fill(notice, texts[state] && el('p',
    { class: 'notice', data: { tone: state === 'offline' ? 'alert' : 'wait' } },
    texts[state]));
};

const sessionOver = () => fill(notice, el('p',
  { class: 'notice', data: { tone: 'wait' } },
  'You are not signed in any more.',
  el('a', { href: signInAddress() }, 'Sign in again')));

/* what one did oneself is no news */
const popup = (user) => (message) => {
  const { notification, order } = message;
  const path = orderPages[user.role];

  setUnread(unread + 1);

  if (order?.updatedBy?._id !== user.id) {
    toast(notification.message, {
      title: notification.title,
      href: path?.(notification.data?.orderNumber ?? order.orderNumber),
      link: 'See the order',
    });
  }
};

const readUnread = async () => setUnread((await get('/api/notifications',
  { query: { unread: true, limit: 1 } })).unreadCount);

const follow = (user, background) => {
  let waits = 0;

  live.on('notification', popup(user));

  /* a reload of nginx takes a second or two, and is not worth a word */
  live.on('connection', (state) => {
    clearTimeout(waits);

    if (state === 'live' || state === 'offline') {
      connectionNotice(state);
    } else {
      waits = setTimeout(() => connectionNotice(live.connection()), 6000);
    }
  });

  live.refresh(readUnread);
  live.start({ background });

  if (cartCount) {
    get('/cart-items').then(setCart).catch(() => {});
  }
};

/* Who may see it */

const list = (roles) => roles.map((role) => people[role] ?? role).join(' and ');

export const refuse = (user, roles) => (user
  ? empty({
    level: 1,
    mark: '🔒',
    title: `This page is for ${list(roles)}`,
    text: `You are signed in as ${user.name} (${user.role}).`,
    action: el('div', { class: 'row' },
      el('a', { class: 'button primary', href: home(user.role) },
        'Go to my page'),
      el('a', { class: 'button', href: signInAddress() },
        'Sign in as somebody else')),
  })
  : empty({
    level: 1,
    mark: '👋',
    title: 'Please sign in',
    text: `This page is for ${list(roles)}, and shows what is theirs.`,
    action: el('a', { class: 'button primary', href: signInAddress() },
      'Sign in'),
  }));

export const start = async ({ roles, background } = {}) => {
  const main = document.querySelector('main');
  let user = null;

  frame();
  footer();

  /* what the page holds on to stays, also where it takes two tries */
  const content = [...main.childNodes];
  const skeleton = loading();
  const waits = setTimeout(() => main.append(skeleton), 400);

  for (;;) {
    try {
      user = await me();
      break;
    } catch (problem) {
      clearTimeout(waits);
      await new Promise((again) => fill(main, failure(problem, again)));
      fill(main, content, skeleton);
    }
  }

  clearTimeout(waits);
  skeleton.remove();
  header([nav(user?.role), tools(user)]);
  window.addEventListener('hashchange', () =>
    document.querySelector('.site-nav').replaceWith(nav(user?.role)));
  events.addEventListener('unauthorized', sessionOver);

  if (roles && !roles.includes(user?.role)) {
    fill(main, refuse(user, roles));

    if (user) {
      follow(user, false);
    }

    return null;
  }

  if (user) {
    follow(user, background);
  }

  return user;
};
