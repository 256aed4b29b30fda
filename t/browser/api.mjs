/*
 * What the tests do without a browser: the API with a user's token, the
 * database as its superuser, the servers.
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const url = process.env.ORDER_URL;

const { ORDER_DIR: dir, ORDER_TOP: top, ORDER_NGINX: nginx } = process.env;

/* as sql/demo.sql numbers them */
const id = (number) => `00000000-0000-7000-8000-000000000${number}`;

export const user = (number) => id(`1${number}`);
export const store = (number) => id(`2${number}`);
export const product = (number) => id(`3${number}`);

export const until = async (what, condition, seconds = 15) => {
  const end = Date.now() + seconds * 1000;

  while (!await condition()) {
    if (Date.now() > end) {
      throw new Error(`not within ${seconds} seconds: ${what}`);
    }

    await new Promise((done) => { setTimeout(done, 50); });
  }
};

/* The database */

export const sql = async (text) => (await run('psql',
  ['-XAqt', '-v', 'ON_ERROR_STOP=1', '-c', text])).stdout.trim();

/* a change that somebody makes in psql */
export const set = (order, status) =>
  sql(`UPDATE shop.orders SET status = '${status}' WHERE id = '${order}'`);

/* The servers */

const script = (text) => run('bash',
  ['-euc', `. "$1/scripts/common.sh"; ${text}`, 'sh', top, `${dir}/db`]);

export const databaseStop = () => script('pg_stop "$2"');

export const databaseStart = () =>
  script('pg_start "$2" "fsync = off" "full_page_writes = off"');

export const nginxReload = () => process.kill(Number(nginx), 'SIGHUP');

/* The API */

const tokens = new Map();

const login = async (name) => {
  const response = await fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(
      { email: `${name}@example.com`, password: 'demo' }),
  });

  return (await response.json()).token;
};

export const token = (name) => {
  if (!tokens.has(name)) {
    tokens.set(name, login(name));
  }

  return tokens.get(name);
};

export const call = async (name, method, path, body) => {
  const response = await fetch(url + path, {
    method,
    headers: {
      Authorization: `Bearer ${await token(name)}`,
      'Content-Type': 'application/json',
    },
    body: body && JSON.stringify(body),
  });

  const text = await response.text();

  if (!response.ok) {
    throw new Error(`${method} ${path} as ${name}: ${response.status} ${text}`);
  }

  return text && JSON.parse(text);
};

const home = { name: 'John Doe', street: 'Main Street 1', city: 'Bern',
  zipCode: '3000' };

/* an order of one product: {order_id, order_number} */
export const order = (name, number, more = {}) =>
  call(name, 'POST', '/api/place-order', {
    payment_method: 'card', shipping_address: home,
    items: [{ product_id: product(number), quantity: 1 }], ...more,
  });

export const move = (name, number, status, more = {}) =>
  call(name, 'PUT', `/api/orders/${number}/status`, { status, ...more });

/* until nginx has the order in memory: what is quite new is read once more */
export const known = (name, number) => until(`${number} is known`, async () => {
  const response = await fetch(`${url}/api/order-status/${number}`,
    { headers: { Authorization: `Bearer ${await token(name)}` } });

  return response.headers.get('X-Order-Cache') === 'HIT';
});

/* nothing in the cart but one of each of these */
export const fillCart = async (name, ...numbers) => {
  for (const line of await call(name, 'GET', '/cart-items')) {
    await call(name, 'DELETE', `/cart-items/${line.id}`);
  }
  for (const number of numbers) {
    await call(name, 'POST', '/cart-items',
      { product_id: product(number), quantity: 1 });
  }
};

export const countOrders = async (name) => Number(await sql(`
  SELECT count(*) FROM shop.orders o JOIN shop.users u ON u.id = o.buyer_id
   WHERE u.email = '${name}@example.com'`));
