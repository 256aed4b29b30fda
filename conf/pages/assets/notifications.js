/*
 * notifications.js: /notifications: what was told to whoever is signed in.
 */

import { pages, patch, post } from './api.js';
import { setUnread, start } from './chrome.js';
import * as live from './live.js';
import { signInAddress } from './session.js';
import { announce, busy, count, el, empty, fill, icon, show, time, toast }
  from './ui.js';
import { statusInfo, workflows } from './workflows.js';

const content = document.querySelector('#content');
const size = 20;
const most = 100;

const marks = { order_created: '🎉', new_order: '🛍️', order_stuck: '⏰' };

const markOf = (note) => marks[note.type]
  ?? (statusInfo(note.data?.status).emoji || '🔔');

const orderPages = {
  customer: (number) => `/my-orders/${encodeURIComponent(number)}`,
  manager: (number) => `/seller-dashboard?order=${encodeURIComponent(number)}`,
  admin: (number) => `/admin?order=${encodeURIComponent(number)}`,
};

const page = (user) => {
  const place = el('div', { class: 'stack' });
  let unread = new URLSearchParams(location.search).get('unread') === 'true';
  let search = '';
  let items = [];
  let list = null;
  let asked = 0;

  const setAll = (number) => {
    setUnread(number);
    all.hidden = number === 0;
  };

  /* One of them */

  const read = async (note) => {
    const { notification } = await patch(
      `/api/notifications/${encodeURIComponent(note.id)}`, { read: true });

    if (!note.read) {
      list.data.unreadCount = Math.max(0, list.data.unreadCount - 1);
      setAll(list.data.unreadCount);
    }

    Object.assign(note, notification);
  };

  const line = (note) => {
    const number = note.data?.orderNumber;
    const path = number && orderPages[user.role]?.(number);

    const mark = el('button', {
      class: 'button small quiet', type: 'button',
      'aria-label': `Mark as read: ${note.message}`,
      onclick: () => busy(mark, async () => {
        try {
          await read(note);

          const next = line(note);

          node.replaceWith(next);
          (next.querySelector('a, button') ?? place).focus();
          announce('Marked as read');
        } catch (problem) {
          toast(problem.message, { tone: 'alert' });
        }
      }),
    }, 'Mark as read');

    const node = el('li', {
      class: 'note', data: { id: note.id, read: note.read,
        priority: note.priority },
    },
    el('span', { class: 'note-mark', 'aria-hidden': 'true' },
      markOf(note)),
    el('div', { class: 'note-text' },
      el('h2', { class: 'note-title' }, note.title,
        !note.read && el('span', { class: 'visually-hidden' }, ' (unread)')),
      el('p', {}, note.message),
      el('p', { class: 'muted small row note-foot' },
        time(note.createdAt, 'ago'),
        path && el('a', {
          href: path,
          onclick: () => !note.read && read(note).catch(() => {}),
        }, 'See the order'))),
    !note.read && mark);

    return node;
  };

  /* The list */

  const load = async () => {
    const turn = asked += 1;
    const [found] = await Promise.all([
      pages('/api/notifications', {
        search, unread: unread || undefined,
        limit: Math.min(most, Math.max(size, items.length)),
      }, (data) => data.notifications),
      workflows(),
    ]);

    if (turn === asked) {
      const kept = items.slice(most).filter((one) =>
        !found.items.some((other) => other.id === one.id));

      list = kept.length ? list : found;
      list.data.unreadCount = found.data.unreadCount;
      items = [...found.items, ...kept];
      setAll(found.data.unreadCount);
    }
  };

  const nothing = () => {
    if (search) {
      return empty({ mark: '🔎', title: 'Nothing found',
        text: `No ${unread ? 'unread ' : ''}notification has “${search}”${
          list.more ? ' among those looked at so far' : ''}.` });
    }

    return unread
      ? empty({ mark: '✨', title: 'All read', text: 'Nothing new.' })
      : empty({ mark: '🔔', title: 'Nothing yet',
        text: 'What happens to your orders is told here.' });
  };

  const more = el('button', {
    class: 'button', type: 'button',
    onclick: () => busy(more, async () => {
      try {
        const next = await list.next();

        next.data.unreadCount = list.data.unreadCount;
        list = next;
        items.push(...next.items);
        fill(place, view());
      } catch (problem) {
        toast(problem.message, { tone: 'alert' });
      }
    }),
  }, 'Show more');

  const view = () => [
    el('div', { class: 'card flush' }, items.length
      ? el('ul', { class: 'notes' }, items.map(line)) : nothing()),
    list.more && el('div', { class: 'list-foot' }, more),
  ];

  const reload = (quiet) => show(place, load, view, { quiet });

  const apply = () => {
    items = [];
    reload(false).then(() => announce(
      `${count(items.length)} notifications`));
  };

  /* Filters */

  const chip = (text, value) => el('button', {
    class: 'chip', type: 'button', data: { unread: value },
    'aria-pressed': String(unread === value),
    onclick: () => {
      unread = value;
      chips.querySelectorAll('button').forEach((button) =>
        button.setAttribute('aria-pressed',
          String(button.dataset.unread === String(value))));
      apply();
    },
  }, text);

  const chips = el('div',
    { class: 'chips', role: 'group', 'aria-label': 'Which' },
    chip('All', false), chip('Unread', true));

  const words = el('input', {
    class: 'search', type: 'search', name: 'search', maxlength: 100,
    placeholder: 'Search', 'aria-label': 'Search notifications',
    oninput: () => {
      if (words.value === '' && search) {
        search = '';
        apply();
      }
    },
  });

  const form = el('form', {
    class: 'row seller-search', role: 'search',
    onsubmit: (event) => {
      event.preventDefault();
      search = words.value.trim();
      apply();
    },
  }, words, el('button', { class: 'button', type: 'submit',
    'aria-label': 'Search' }, icon('search')));

  const all = el('button', {
    class: 'button', type: 'button', hidden: true,
    onclick: () => busy(all, async () => {
      try {
        await post('/api/notifications/read-all');
        await reload(true);
        toast('All are marked as read.');
      } catch (problem) {
        toast(problem.message, { tone: 'alert' });
      }
    }),
  }, 'Mark all as read');

  fill(content,
    el('div', { class: 'spread' }, el('h1', {}, 'Notifications'), all),
    el('div', { class: 'seller-filters' }, chips, form), place);

  let timer = 0;

  live.on('notification', () => {
    timer ||= setTimeout(() => {
      timer = 0;
      reload(true).catch(() => {});
    }, 500);
  });

  live.refresh(reload);
};

const user = await start();

if (user) {
  page(user);
} else {
  fill(content, el('h1', {}, 'Notifications'), empty({
    mark: '👋', title: 'Please sign in',
    text: 'What happens to your orders is told here.',
    action: el('a', { class: 'button primary', href: signInAddress() },
      'Sign in'),
  }));
}
