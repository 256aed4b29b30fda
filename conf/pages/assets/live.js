/*
 * live.js: one stream of events for a page, of all that concerns the caller.
 * chrome.js's start() starts it for who is signed in.
 *
 *   refresh(read)      read(quiet) reads what the page shows.  It is called
 *                      once the stream stands (so nothing between is missed),
 *                      again (quiet) when something may have been missed, and
 *                      twice a minute while there is no stream.  Gives a
 *                      function that ends it.
 *   on(type, hear)     hear(message); gives a function that ends it.  Types:
 *       'change'       S3's message: message.order, message.state (the poll;
 *                      missing when deleted), message.notification
 *       'delivery'     to drivers: message.order, message.open
 *       'notification' message.notification, message.order
 *       'connection'   'live', 'polling' or 'offline'
 *   connection()       the last of these
 *   start({user, background})   background: goes on while the tab is hidden
 *   stop()
 *
 * A hidden tab gives its stream back after a while: browsers have few
 * connections to a host, and all tabs share them.  When it is seen again it
 * resumes from the place where it stopped.
 *
 * Trackers (order-tracker.js) on such a page need no stream of their own: they
 * ask by an event whether somebody feeds them.
 */

import { events, get } from './api.js';

const soon = 1000;
const interval = 30000;
const hiddenFor = 30000;

const hearers = new Map();
const readers = new Map();

let source = null;
let place = null;
let state = 'connecting';
let keepsHidden = false;
let started = false;
let failures = 0;
let unsure = true;
let retryTimer = 0;
let pollTimer = 0;
let hideTimer = 0;

const jitter = (time) => time * (0.8 + Math.random() * 0.4);

const tell = (type, message) => {
  (hearers.get(type) ?? []).forEach((hear) => {
    try {
      hear(message);
    } catch (error) {
      console.error(error);
    }
  });
};

export const on = (type, hear) => {
  if (!hearers.has(type)) {
    hearers.set(type, new Set());
  }

  hearers.get(type).add(hear);
  return () => hearers.get(type).delete(hear);
};

export const connection = () => state;

const trackers = () => document.querySelectorAll('order-tracker');

const become = (next) => {
  if (next === state) {
    return;
  }

  state = next;
  trackers().forEach((tracker) => { tracker.live = state === 'live'; });
  tell('connection', state);
};

/* Reading what is shown */

const lost = (result) => result.status === 'rejected'
  && (result.reason.status === 0 || result.reason.status >= 500);

const readAll = async () => {
  const results = await Promise.allSettled([...readers].map(
    async ([read, quiet]) => {
      readers.set(read, true);
      return read(quiet);
    }));

  results.filter((result) => result.reason
    && result.reason.name !== 'Problem')
    .forEach((result) => console.error(result.reason));

  /* what could not be read is read when the stream stands again */
  unsure = results.some(lost);

  if (state !== 'live') {
    become(unsure || !navigator.onLine ? 'offline' : 'polling');
  }
};

const poll = () => {
  clearTimeout(pollTimer);
  pollTimer = setTimeout(async () => {
    if (state !== 'live' && !document.hidden) {
      await readAll();
    }
    if (state !== 'live') {
      poll();
    }
  }, jitter(interval));
};

export const refresh = (read) => {
  const first = () => {
    if (readers.get(read) === false) {
      readers.set(read, true);
      Promise.resolve(read(false)).catch((problem) => {
        if (problem.name !== 'Problem') {
          console.error(problem);
        }
      });
    }
  };

  readers.set(read, false);

  if (!started || state !== 'connecting') {
    first();
  } else {
    setTimeout(first, soon);
  }

  return () => readers.delete(read);
};

/* The stream */

const change = (message) => {
  if (message.state) {
    trackers().forEach((tracker) => tracker.receive?.(message.state));
  }

  tell('change', message);

  if (message.notification) {
    tell('notification', message);
  }
};

const reset = (message) => {
  (message.orders ?? []).forEach((order) =>
    trackers().forEach((tracker) => tracker.receive?.(order)));
  unsure = true;
};

/* who resumed has missed nothing; a reset comes before its ready */
const ready = () => {
  if (unsure || [...readers.values()].includes(false)) {
    readAll();
  }
};

const takes = {
  ready,
  order_status_update: change,
  delivery_request: (message) => tell('delivery', message),
  notification: (message) => tell('notification', message),
  reset,
  end: (message) => {
    if (message.reason === 'token_expired' || message.reason === 'forbidden') {
      stop();
      events.dispatchEvent(new CustomEvent('unauthorized'));
    }
  },
};

const close = () => {
  source?.close();
  source = null;
};

/* a refusal ends an EventSource for good, and does not say which it was */
const refused = async () => {
  close();
  failures += 1;

  try {
    await get('/api/auth/me');
  } catch (problem) {
    if (problem.status === 401) {
      stop();
      return;
    }
  }

  clearTimeout(retryTimer);
  retryTimer = setTimeout(open, jitter(Math.min(2 ** failures, 60) * 1000));
};

const open = () => {
  clearTimeout(retryTimer);

  if (!started || source || (document.hidden && !keepsHidden)) {
    return;
  }

  const mine = new EventSource(place
    ? `/api/events?last_event_id=${encodeURIComponent(place)}`
    : '/api/events');

  source = mine;

  mine.addEventListener('open', () => {
    failures = 0;
    clearTimeout(pollTimer);
    become('live');
  });

  mine.addEventListener('error', () => {
    if (mine !== source) {
      return;
    }

    become(navigator.onLine ? 'polling' : 'offline');
    poll();

    if (mine.readyState === EventSource.CLOSED) {
      refused();
    }
  });

  Object.entries(takes).forEach(([type, take]) =>
    mine.addEventListener(type, (event) => {
      const message = JSON.parse(event.data);

      place = event.lastEventId || place;

      /* the browser thought that it is offline, and it is not */
      if (mine === source) {
        become('live');
      }

      take(message);
    }));
};

/* The tab and the network come and go */

const seen = () => {
  clearTimeout(hideTimer);

  if (!started) {
    return;
  }

  if (!document.hidden) {
    open();

    if (state !== 'live') {
      readAll();
    }
  } else if (!keepsHidden) {
    hideTimer = setTimeout(close, hiddenFor);
  }
};

const back = () => {
  if (started) {
    close();
    open();
  }
};

const gone = () => {
  if (started) {
    become('offline');
    poll();
  }
};

/* a tracker asks, at its start, for somebody who feeds it */
const feed = (event) => {
  if (started) {
    event.preventDefault();
    event.target.live = state === 'live';
  }
};

export const start = ({ background = false } = {}) => {
  keepsHidden = background;

  if (!started) {
    started = true;
    document.addEventListener('visibilitychange', seen);
    document.addEventListener('order-tracker-connect', feed);
    window.addEventListener('online', back);
    window.addEventListener('offline', gone);
  }

  open();
};

export const stop = () => {
  started = false;
  close();
  clearTimeout(retryTimer);
  clearTimeout(pollTimer);
  trackers().forEach((tracker) => { tracker.live = false; });
};
