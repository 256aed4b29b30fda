/*
 * order-tracker.js: where an order is, live.  One file without dependencies,
 * for any page of the API's origin:
 *
 *   <script type="module" src="/assets/order-tracker.js"></script>
 *   <order-tracker order-id="ORD-2026-000001"></order-tracker>
 *
 * Attributes    order-id  UUID or number;  src  what stands before /api
 *               status, connection  set by it: code of the status; live,
 *               polling, stale, offline, final or refused
 * Properties    state  what the poll answers;  order  the order of GET
 *               /api/orders/:id, or a promise of it, if the page reads it anyhow
 *               (else it is asked for once, for its workflow)
 * Events        order-change   a new state; detail is the state
 *               order-tracker-connect   before it opens a stream of its own.
 *               Who prevents it feeds the tracker: receive(state), and live,
 *               true while what it tells is complete
 * Style         --tracker-accent, -surface, -line, -ink …, or the page's own
 *               --accent and so on; light or dark as the page's color-scheme
 *
 * It listens by Server-Sent Events; while these do not work it polls each
 * poll_after seconds, and now and then anyhow, since a dead connection does not
 * say so.  It stops when the order is final.
 */

const sheet = new CSSStyleSheet();

sheet.replaceSync(`
:host {
  --t-accent: var(--tracker-accent, var(--accent, light-dark(#17624c, #6fcfa8)));
  --t-accent-ink: var(--tracker-accent-ink, var(--accent-ink, light-dark(#fff, #0b231a)));
  --t-soft: var(--tracker-soft, var(--accent-soft, light-dark(#e1efe8, #1d392e)));
  --t-surface: var(--tracker-surface, var(--surface, light-dark(#fff, #1c221f)));
  --t-sunken: var(--tracker-sunken, var(--sunken, light-dark(#efece4, #272f2a)));
  --t-line: var(--tracker-line, var(--line, light-dark(#e2ddd1, #343d38)));
  --t-ink: var(--tracker-ink, var(--ink, light-dark(#1d2421, #ebe8df)));
  --t-ink-soft: var(--tracker-ink-soft, var(--ink-soft, light-dark(#565d58, #a9b0a9)));
  --t-off: var(--off-soft, light-dark(#ebe8e1, #2b302c));
  --t-alert: var(--alert-soft, light-dark(#fbe4df, #42201b));
  --t-wait: var(--wait-text, light-dark(#7a4b05, #f0c474));
  --size: 2.75rem;
  display: block;
  container-type: inline-size;
  color: var(--t-ink);
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; margin: 0; padding: 0; }
.order-status {
  display: flex; gap: 1rem; align-items: center; padding: 1rem 1.25rem;
  border-radius: 12px; background: var(--t-soft);
}
.order-status[data-tone="off"] { background: var(--t-off); }
.order-status[data-tone="alert"] { background: var(--t-alert); }
.order-status-emoji { font-size: 2rem; line-height: 1; flex: none; }
.order-status-label { font-size: 1.25rem; font-weight: 650; line-height: 1.25; }
.order-status-message { color: var(--t-ink-soft); }
[data-tone] .order-status-message { color: inherit; }
.progress { list-style: none; padding: 1.5rem .25rem 0; }
.progress-step {
  position: relative; display: flex; align-items: center; gap: 1rem;
  padding-bottom: 1.75rem;
}
.progress-step:last-child { padding-bottom: 0; }
.progress-step-circle {
  display: grid; place-items: center; flex: none;
  width: var(--size); height: var(--size); border-radius: 50%;
  border: 2px solid var(--t-line); background: var(--t-sunken);
  font-size: 1.2rem; line-height: 1;
  transition: background-color .5s, border-color .5s, box-shadow .5s;
}
.progress-step-label { font-size: .9375rem; line-height: 1.3; color: var(--t-ink-soft); }
.progress-connector {
  position: absolute; overflow: hidden; border-radius: 2px;
  background: var(--t-line);
  left: calc(var(--size) / 2 - 1.5px); width: 3px; top: calc(7px - 1.75rem); height: calc(1.75rem - 14px);
}
.progress-connector::after {
  content: ""; position: absolute; inset: 0; background: var(--t-accent);
  transform: scaleY(0); transform-origin: 0 0;
  transition: transform .7s cubic-bezier(.2, .7, .2, 1);
}
[data-state="done"] .progress-connector::after,
[data-state="current"] .progress-connector::after { transform: none; }
[data-state="done"] .progress-step-circle {
  background: var(--t-accent); border-color: var(--t-accent);
  color: var(--t-accent-ink);
}
[data-state="done"] .progress-step-label { color: var(--t-ink); }
[data-state="current"] .progress-step-circle {
  background: var(--t-surface); border-color: var(--t-accent);
  box-shadow: 0 0 0 5px var(--t-soft);
}
[data-state="current"] .progress-step-label { color: var(--t-ink); font-weight: 650; }
[data-state="next"] .progress-step-emoji { filter: grayscale(1); opacity: .6; }
.moving [data-state="current"] .progress-step-circle { animation: breathe 2.6s ease-in-out infinite; }
@keyframes breathe { 50% { box-shadow: 0 0 0 9px var(--t-soft); } }
.check { width: 1.35rem; height: 1.35rem; }
.freshness {
  display: flex; align-items: center; gap: .5rem; padding-top: 1.25rem;
  font-size: .875rem; color: var(--t-ink-soft);
}
.freshness::before {
  content: ""; flex: none; width: .55rem; height: .55rem; border-radius: 50%;
  background: var(--t-line); border: 1px solid var(--t-ink-soft);
}
.freshness[data-connection="live"]::before { background: var(--t-accent); border-color: transparent; }
.freshness[data-connection="stale"], .freshness[data-connection="offline"] { color: var(--t-wait); font-weight: 550; }
.freshness[data-connection="stale"]::before, .freshness[data-connection="offline"]::before { background: currentcolor; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.waiting { height: 5rem; border-radius: 12px; background: var(--t-sunken); animation: wait 1.4s ease-in-out infinite alternate; }
@keyframes wait { to { opacity: .5; } }
@container (min-width: 34rem) {
  .progress:not(.many) { display: flex; padding-top: 1.75rem; }
  .progress:not(.many) .progress-step { flex: 1 1 0; flex-direction: column; gap: .7rem; padding: 0 .2rem; text-align: center; }
  .progress:not(.many) .progress-connector { left: calc(-50% + var(--size) / 2 + 10px); width: calc(100% - var(--size) - 20px); top: calc(var(--size) / 2 - 1.5px); height: 3px; }
  .progress:not(.many) .progress-connector::after { transform: scaleX(0); }
  .progress:not(.many) :is([data-state="done"], [data-state="current"]) .progress-connector::after { transform: none; }
}
@container (min-width: 50rem) {
  .progress.many { display: flex; padding-top: 1.75rem; }
  .many .progress-step { flex: 1 1 0; flex-direction: column; gap: .7rem; padding: 0 .2rem; text-align: center; }
  .many .progress-connector { left: calc(-50% + var(--size) / 2 + 10px); width: calc(100% - var(--size) - 20px); top: calc(var(--size) / 2 - 1.5px); height: 3px; }
  .many .progress-connector::after { transform: scaleX(0); }
  .many :is([data-state="done"], [data-state="current"]) .progress-connector::after { transform: none; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
@media (forced-colors: active) {
  .order-status { border: 1px solid; }
  [data-state="done"] .progress-step-circle, .progress-connector::after { background: Highlight; forced-color-adjust: none; }
}
`);

const refusals = {
  401: 'Sign in to see where this order is.',
  403: 'You may not see this order.',
  404: 'There is no such order.',
};

const make = (tag, className, ...children) => {
  const node = document.createElement(tag);

  node.className = className;
  node.append(...children);
  return node;
};

const check = () => {
  const space = 'http://www.w3.org/2000/svg';
  const picture = document.createElementNS(space, 'svg');
  const path = document.createElementNS(space, 'path');

  Object.entries({ class: 'check', viewBox: '0 0 24 24', fill: 'none',
    stroke: 'currentColor', 'stroke-width': '3', 'stroke-linecap': 'round',
    'stroke-linejoin': 'round', 'aria-hidden': 'true' })
    .forEach(([name, value]) => picture.setAttribute(name, value));
  path.setAttribute('d', 'M5 12.5l4.5 4.5L19 7.5');
  picture.append(path);
  return picture;
};

/* today's time, or the day as well */
const clock = (when) => {
  const then = new Date(when);
  const today = then.toDateString() === new Date().toDateString();

  return new Intl.DateTimeFormat(undefined, today
    ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' })
    .format(then);
};

class OrderTracker extends HTMLElement {
  static observedAttributes = ['order-id', 'src'];

  #state = null;
  #order = null;
  #workflow = null;
  #asking = false;
  #visited = new Set();
  #etag = null;
  #confirmed = 0;
  #stale = false;
  #failures = 0;
  #serial = 0;
  #source = null;
  #fed = false;
  #live = false;
  #timer = 0;
  #hideTimer = 0;
  #abort = null;
  #over = false;
  #parts = null;

  get state() { return this.#state; }

  set order(order) {
    this.#order = Promise.resolve(order);
    this.#order.catch(() => {});
    this.#loadWorkflow();
  }

  /* whether who feeds it tells everything at the moment */
  set live(live) {
    if (this.#over || !this.isConnected) {
      return;
    }

    if (!this.#fed) {
      this.#fed = true;
      this.#close();
    }

    this.#listening(live);
  }

  connectedCallback() {
    if (!this.#parts) {
      this.#build();
    }

    document.addEventListener('visibilitychange', this.#seen);
    window.addEventListener('online', this.#online);
    window.addEventListener('offline', this.#offline);
    this.#begin();
  }

  disconnectedCallback() {
    document.removeEventListener('visibilitychange', this.#seen);
    window.removeEventListener('online', this.#online);
    window.removeEventListener('offline', this.#offline);
    this.#stop();
  }

  attributeChangedCallback(name, before, after) {
    if (before !== null && before !== after && this.isConnected) {
      this.#stop();
      this.#state = null;
      this.#parts.shown = '';
      this.#order = null;
      this.#workflow = null;
      this.#visited.clear();
      this.#begin();
    }
  }

  /* A state that somebody else was told; of another order, or old: nothing */
  receive(state) {
    const id = this.getAttribute('order-id');

    if (!this.isConnected || this.#over
        || (state.order_id !== id && state.order_number !== id
          && state.order_id !== this.#state?.order_id)
        || (this.#state && state.version < this.#state.version)) {
      return;
    }

    this.#hear(state);
  }

  #begin() {
    this.#over = false;
    this.#etag = null;
    this.#failures = 0;
    this.#fed = !this.dispatchEvent(new CustomEvent('order-tracker-connect',
      { bubbles: true, composed: true, cancelable: true }));

    if (!this.#state) {
      this.#parts.body.replaceChildren(make('div', 'waiting'));
    }

    this.#poll();
  }

  #stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#hideTimer);
    this.#abort?.abort();
    this.#close();
    this.#live = false;
  }

  #path(rest) {
    return `${this.getAttribute('src') ?? ''}/api/${rest}`;
  }

  /* Asking */

  async #poll() {
    const id = this.getAttribute('order-id');

    if (!id) {
      return;
    }

    clearTimeout(this.#timer);
    this.#abort?.abort();

    const abort = new AbortController();
    const serial = this.#serial;
    let response;
    let state = null;

    this.#abort = abort;

    try {
      response = await fetch(
        this.#path(`order-status/${encodeURIComponent(id)}`), {
          headers: this.#etag ? { 'If-None-Match': this.#etag } : {},
          cache: 'no-store',
          credentials: 'same-origin',
          signal: abort.signal,
        });

      if (response.status === 200) {
        state = await response.json();
      }
    } catch {
      if (!abort.signal.aborted) {
        this.#failed(0);
      }

      return;
    }

    if (abort.signal.aborted) {
      return;
    }

    if (refusals[response.status]) {
      this.#refused(refusals[response.status]);
      return;
    }

    if (response.status !== 304 && !state) {
      this.#failed(Number(response.headers.get('Retry-After')) || 0);
      return;
    }

    const age = Number(response.headers.get('Age')) || 0;

    this.#failures = 0;
    this.#etag = response.headers.get('ETag');
    this.#stale = response.headers.get('X-Order-Cache') === 'STALE';
    state ??= this.#state;

    /* the stream may have told something newer while this was under way */
    if (serial !== this.#serial && state.version < this.#state.version) {
      state = this.#state;
    }

    this.#take(state, Date.now() - age * 1000);

    if (!this.#over) {
      this.#open();
      this.#next();
    }
  }

  #failed(seconds) {
    this.#failures += 1;
    this.#render();
    this.#next(seconds);
  }

  /* while a stream tells, asking is for finding out that it is dead */
  #next(atLeast = 0) {
    const good = this.#live && !this.#stale && this.#workflow;
    const usual = (this.#state?.poll_after ?? 30) * (good ? 2 : 1);
    const seconds = this.#failures
      ? Math.min(usual, 2 ** this.#failures) : usual;

    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!document.hidden) {
        this.#poll();
      }
    }, Math.max(seconds, atLeast) * (1 + Math.random() * 0.2) * 1000);
  }

  /* Listening */

  #open() {
    if (this.#source || this.#fed || document.hidden
        || !('EventSource' in window)) {
      return;
    }

    const source = new EventSource(this.#path(
      `orders/${encodeURIComponent(this.#state.order_id)}/events`));

    const told = (event) => {
      const { type, state } = JSON.parse(event.data);

      if (state && (type === 'reset'
          || state.version >= this.#state.version)) {
        this.#hear(state);
      }
    };

    this.#source = source;
    source.addEventListener('open', () => this.#listening(true));
    source.addEventListener('snapshot', told);
    source.addEventListener('order_status_update', told);
    source.addEventListener('reset', told);

    source.addEventListener('end', (event) => {
      const { reason } = JSON.parse(event.data);

      /* the poll says what has become of it */
      if (!['reload', 'slow', 'internal'].includes(reason) && !this.#over) {
        this.#close();
        this.#poll();
      }
    });

    source.addEventListener('error', () => {
      if (source !== this.#source) {
        return;
      }

      if (source.readyState === EventSource.CLOSED) {
        this.#source = null;
      }

      this.#listening(false);
    });
  }

  #close() {
    this.#source?.close();
    this.#source = null;
  }

  #listening(live) {
    if (this.#over) {
      return;
    }

    const news = live && !this.#live;

    this.#live = live;
    this.#render();

    /* who was away asks what there was meanwhile; a stream of its own tells */
    if (news && this.#fed && this.#state) {
      this.#poll();
    } else if (this.#state) {
      this.#next();
    }
  }

  #seen = () => {
    clearTimeout(this.#hideTimer);

    if (this.#over) {
      return;
    }

    if (document.hidden) {
      this.#hideTimer = setTimeout(() => {
        if (!this.#fed) {
          this.#close();
          this.#live = false;
        }
      }, 30000);
    } else {
      this.#poll();
    }
  };

  #online = () => {
    if (!this.#over) {
      this.#close();
      this.#poll();
    }
  };

  #offline = () => {
    if (!this.#over) {
      this.#live = false;
      this.#failed(0);
    }
  };

  /* What is known */

  async #loadWorkflow() {
    if (this.#workflow || this.#asking || !this.#state) {
      return;
    }

    const read = async (path) => {
      const response = await fetch(this.#path(path),
        { credentials: 'same-origin' });

      if (!response.ok) {
        throw new Error(String(response.status));
      }

      return response.json();
    };

    const id = this.#state.order_id;

    this.#asking = true;

    try {
      const order = await (this.#order
        ?? read(`orders/${id}`).then((body) => body.order));

      const { workflow } = await read(
        `workflows/${encodeURIComponent(order.workflow)}`);

      /* it may follow another order by now */
      if (this.#state?.order_id !== id) {
        return;
      }

      order.timeline?.forEach((event) => this.#visited.add(event.status));
      this.#workflow = workflow;
      this.#render();
    } catch {
      /* the circles have numbers; the next answer tries again */
      this.#order = null;
    } finally {
      this.#asking = false;
    }
  }

  #hear(state) {
    this.#stale = false;
    this.#failures = 0;
    this.#take(state, Date.now());
  }

  #take(state, confirmed) {
    const before = this.#state;
    const changed = !before || before.version !== state.version
      || before.status !== state.status;

    this.#serial += 1;
    this.#state = state;
    this.#confirmed = confirmed;
    this.#visited.add(state.status);
    this.setAttribute('status', state.status);

    if (state.final) {
      this.#over = true;
      this.#stop();
    }

    this.#loadWorkflow();
    this.#render();

    if (before && (before.status !== state.status
        || before.message !== state.message)) {
      this.#say(`${state.status_label}. ${state.message}`);
    }

    if (changed) {
      this.dispatchEvent(new CustomEvent('order-change',
        { bubbles: true, composed: true, detail: state }));
    }
  }

  #refused(text) {
    this.#over = true;
    this.#stop();
    this.setAttribute('connection', 'refused');
    this.#parts.body.replaceChildren(this.#head('🔒', text, '', 'off'));
    this.#parts.freshness.hidden = true;
    this.#say(text);
  }

  /* Showing it */

  #build() {
    const root = this.attachShadow({ mode: 'open' });
    const body = make('div', 'body');
    const freshness = make('p', 'freshness');
    const voice = make('div', 'hidden');

    root.adoptedStyleSheets = [sheet];
    freshness.hidden = true;
    voice.setAttribute('role', 'status');
    voice.setAttribute('aria-live', 'polite');
    root.append(body, freshness, voice);
    this.#parts = { body, freshness, voice, shown: '' };
  }

  #say(text) {
    this.#parts.voice.textContent = text;
  }

  #head(emoji, label, message, tone) {
    const picture = make('span', 'order-status-emoji', emoji);
    const node = make('div', 'order-status', picture, make('div', '',
      make('p', 'order-status-label', label),
      make('p', 'order-status-message', message)));

    picture.setAttribute('aria-hidden', 'true');
    node.dataset.tone = tone;
    return node;
  }

  /* of several statuses of a step: this one, one that it had, or the first */
  #stepStatus(step) {
    const all = (this.#workflow?.statuses ?? [])
      .filter((status) => status.step === step);

    return all.find((status) => status.code === this.#state.status)
      ?? all.find((status) => this.#visited.has(status.code))
      ?? all[0] ?? { label: `Step ${step}`, emoji: String(step) };
  }

  #step(step) {
    const state = this.#state;
    const at = state.progress_step;
    const now = step < at || (state.final && step === at) ? 'done'
      : step === at ? 'current' : 'next';
    const status = step === at
      ? { label: state.status_label, emoji: state.status_emoji }
      : this.#stepStatus(step);
    const emoji = make('span', 'progress-step-emoji', status.emoji);
    const circle = make('span', 'progress-step-circle',
      now === 'done' ? check() : emoji);
    const node = make('li', 'progress-step', circle,
      make('span', 'progress-step-label', status.label,
        make('span', 'hidden', now === 'done' ? ', done' : '')));

    circle.setAttribute('aria-hidden', 'true');
    node.dataset.state = now;

    if (step > 1) {
      node.prepend(make('span', 'progress-connector'));
    }
    if (step === at) {
      node.setAttribute('aria-current', 'step');
    }

    return node;
  }

  #steps() {
    const state = this.#state;
    const list = make('ol', 'progress');

    list.setAttribute('aria-label', 'Progress of the order');
    list.setAttribute('role', 'list');
    list.classList.toggle('many', state.progress_total > 6);
    list.classList.toggle('moving', !state.final);

    for (let step = 1; step <= state.progress_total; step += 1) {
      list.append(this.#step(step));
    }

    return list;
  }

  /* transitions need the nodes that were there: only what differs changes */
  #update(list) {
    const old = this.#parts.body.querySelector('.progress');

    if (!old || old.children.length !== list.children.length) {
      return false;
    }

    old.className = list.className;
    [...list.children].forEach((step, n) => {
      const was = old.children[n];

      was.dataset.state = step.dataset.state;
      was.querySelector('.progress-step-circle').replaceChildren(
        ...step.querySelector('.progress-step-circle').childNodes);
      was.querySelector('.progress-step-label').replaceChildren(
        ...step.querySelector('.progress-step-label').childNodes);

      if (step.hasAttribute('aria-current')) {
        was.setAttribute('aria-current', 'step');
      } else {
        was.removeAttribute('aria-current');
      }
    });

    return true;
  }

  #render() {
    const state = this.#state;
    const { body } = this.#parts;

    if (!state) {
      if (this.#failures) {
        this.setAttribute('connection', 'offline');
        body.replaceChildren(this.#head('📡', 'No connection',
          'Where the order is will show as soon as there is one.', 'off'));
      }

      return;
    }

    this.#freshness();

    const shown = JSON.stringify([state, Boolean(this.#workflow)]);

    if (shown === this.#parts.shown) {
      return;
    }

    this.#parts.shown = shown;

    /* off the way: it is what it is, and no progress */
    const off = state.progress_step === 0;
    const head = this.#head(state.status_emoji, state.status_label,
      state.message, off ? (state.final ? 'off' : 'alert') : 'go');

    if (off) {
      body.replaceChildren(head);
      return;
    }

    const list = this.#steps();

    if (this.#update(list)) {
      body.querySelector('.order-status').replaceWith(head);
    } else {
      body.replaceChildren(head, list);
    }
  }

  #freshness() {
    const { freshness } = this.#parts;
    const since = clock(this.#state.updated_at);
    const known = clock(this.#confirmed);
    let connection = this.#live ? 'live' : 'polling';

    if (this.#over) {
      connection = 'final';
    } else if (this.#failures) {
      connection = 'offline';
    } else if (this.#stale) {
      connection = 'stale';
    }

    const text = {
      live: `Live. Updated ${since}`,
      polling: `Updated ${since}. Checked ${known}, and every `
        + `${this.#state.poll_after} seconds`,
      stale: `This may be out of date. It is from ${known}`,
      offline: `No connection. This is from ${known}`,
      final: `Updated ${since}`,
    }[connection];

    if (this.getAttribute('connection') !== connection) {
      this.setAttribute('connection', connection);

      if (connection === 'offline' || connection === 'stale') {
        this.#say(text);
      }
    }

    freshness.hidden = false;
    freshness.dataset.connection = connection;
    freshness.textContent = text;
  }
}

if (!customElements.get('order-tracker')) {
  customElements.define('order-tracker', OrderTracker);
}
