/*
 * seller-data.js: what the pages of managers and admins ask the API for.
 *
 *   readOrder(id)         {order, etag, flow}
 *   choices(found, role)  the statuses that this role may move it to
 *   flowsOf(user, orders) the workflows of a manager's stores; of all, for an
 *                         admin
 *   statusesOf(flows)     their statuses, each once, as an order passes them
 *   countByStatus(codes)  Map of code: number of the caller's orders
 *   readStuck()           the caller's orders that wait for too long
 */

import { get, pages, request } from './api.js';
import { tone, workflow, workflows } from './workflows.js';

const lanes = 3;
const most = 100;

export const readOrder = async (id) => {
  const { data: { order }, etag } = await request('GET',
    `/api/orders/${encodeURIComponent(id)}`);

  return { order, etag, flow: await workflow(order.workflow) };
};

/* on the way first, what ends it last */
const byStep = (a, b) => (a.step || 99) - (b.step || 99);

export const choices = ({ order, flow }, role) => flow.transitions
  .filter((one) => one.from === order.status
    && (role === 'admin' || one.roles.includes(role)))
  .map((one) => flow.statuses.find((status) => status.code === one.to))
  .sort(byStep);

/* lists do not tell the workflow: one order of each store does */
export const flowsOf = async (user, orders) => {
  if (user.role === 'admin') {
    return workflows();
  }

  const first = new Map();

  orders.forEach((order) => {
    if (!first.has(order.seller.storeName)) {
      first.set(order.seller.storeName, order.id);
    }
  });

  const found = await Promise.all([...first.values()].map(readOrder));

  return [...new Map(found.map(({ flow }) => [flow.name, flow])).values()];
};

export const statusesOf = (flows) => {
  const all = new Map();

  flows.forEach((flow) => flow.statuses.forEach((status) => {
    if (!all.has(status.code)) {
      all.set(status.code, { ...status,
        tone: tone({ ...status, progress_total: flow.progress_total }) });
    }
  }));

  return [...all.values()].sort(byStep);
};

/* few at a time: the page's other requests are not to wait behind them */
export const inTurn = async (list, work) => {
  const results = [];
  const rest = list.map((one, at) => [one, at]);

  await Promise.all(Array.from({ length: lanes }, async () => {
    for (let next = rest.shift(); next; next = rest.shift()) {
      results[next[1]] = await work(next[0]);
    }
  }));

  return results;
};

/* kept by the database, not counted */
export const countByStatus = async (codes) => new Map(
  await inTurn(codes, async (status) => [status,
    (await get('/api/orders', { query: { status, limit: 1 } }))
      .pagination.total]));

const oldest = async (status, number) => {
  const list = await pages('/api/orders',
    { status, sortOrder: 'asc', limit: most }, (data) => data.orders);

  return list.items.sort((a, b) =>
    a.statusUpdatedAt.localeCompare(b.statusUpdatedAt)).slice(0, number);
};

/*
 * Analytics tells how many are stuck in which status; those are the ones that
 * came into it first.  A minute's range, as only now matters.
 */
export const readStuck = async () => {
  const from = new Date(Date.now() - 60000).toISOString();
  const { statuses: { stuck } } = await get('/api/analytics/orders',
    { query: { from } });

  const lists = await Promise.all(Object.entries(stuck).map(
    async ([status, number]) => ({
      number, orders: await oldest(status, number),
    })));

  return {
    number: lists.reduce((sum, list) => sum + list.number, 0),
    orders: lists.flatMap((list) => list.orders),
  };
};
