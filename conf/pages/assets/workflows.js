/*
 * workflows.js: what the statuses are called; the pages know none by heart.
 *
 *   workflow(name)           GET /api/workflows/:name, kept for a while
 *   workflows()              those of all stores that are open
 *   statusInfo(code, label)  {code, label, emoji, message, step, final, tone}
 *                            of a status in a list, which has no emoji; after
 *                            await workflows()
 *   tone({step, progress_total, final, initial})
 *                            how a status looks: wait, go, done, off, alert
 *   statuses()               every status there is once, for filters
 *
 * They are kept in sessionStorage: a page costs no request for them again.
 */

import { get, pages } from './api.js';

const kept = 10 * 60 * 1000;
const asked = new Map();
let known = [];

const remembered = (place, read) => {
  if (asked.has(place)) {
    return asked.get(place);
  }

  const found = JSON.parse(sessionStorage.getItem(place) ?? 'null');

  const answer = found && Date.now() - found.at < kept
    ? Promise.resolve(found.data)
    : read().then((data) => {
      sessionStorage.setItem(place,
        JSON.stringify({ at: Date.now(), data }));
      return data;
    });

  asked.set(place, answer);
  answer.catch(() => asked.delete(place));

  return answer;
};

export const workflow = (name) => remembered(`workflow:${name}`,
  async () => (await get(
    `/api/workflows/${encodeURIComponent(name)}`)).workflow);

const names = () => remembered('workflows', async () => {
  const found = new Set();
  let list = await pages('/api/stores', { limit: 100 }, (d) => d.stores);

  for (;;) {
    list.items.forEach((store) => found.add(store.workflow));

    if (!list.more) {
      return [...found];
    }

    list = await list.next();
  }
});

export const workflows = async () => {
  known = await Promise.all((await names()).map(workflow));
  return known;
};

/* step 0 is off the way: over, or waiting for somebody to settle it */
export const tone = (status) => {
  const total = status.progress_total ?? Infinity;
  const step = status.step ?? status.progress_step ?? 1;

  if (step === 0) {
    return status.final ? 'off' : 'alert';
  }
  if (status.final || step >= total) {
    return 'done';
  }

  return step === 1 ? 'wait' : 'go';
};

const withTone = (status, flow) => ({
  ...status,
  tone: tone({ ...status, progress_total: flow.progress_total }),
});

export const statuses = () => {
  const all = new Map();

  known.forEach((flow) => flow.statuses.forEach((status) => {
    if (!all.has(status.code)) {
      all.set(status.code, withTone(status, flow));
    }
  }));

  return [...all.values()];
};

export const statusInfo = (code, label) => {
  let best = null;

  known.forEach((flow) => flow.statuses.forEach((status) => {
    if (status.code === code
        && (!best || label && status.label === label
          && best.label !== label)) {
      best = withTone(status, flow);
    }
  }));

  return best ?? {
    code, label: label ?? code, emoji: '', message: '', step: 1, final: false,
    tone: 'go',
  };
};
