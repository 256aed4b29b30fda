/*
 * my-orders.js: /my-orders is the list, /my-orders/ORDER one order.
 */

import { start } from './chrome.js';
import { showDetail } from './order-detail.js';
import { showList } from './order-list.js';

const content = document.querySelector('#content');
const order = /^\/my-orders\/([^/]+)\/?$/.exec(location.pathname)?.[1];
const user = await start({ roles: ['customer', 'admin'] });

if (user && order) {
  showDetail(content, decodeURIComponent(order));
} else if (user) {
  showList(content, user);
}
