-- S1's flow: forward by the manager, cancelled before it is delivered.

BEGIN;

SET LOCAL ROLE order_owner;

INSERT INTO shop.workflows VALUES
    ('cart', 'From the cart to the door', 4);

INSERT INTO shop.workflow_statuses
    (id, workflow, code, label, emoji, message, step, initial, final, phase,
     opens_delivery, payment_status, poll_after, stuck_after)
VALUES
    (11, 'cart', 'pending', 'Pending', '⏳',
     'Order received.', 1, true, false, 'open',
     false, NULL, 30, NULL),
    (12, 'cart', 'processing', 'Processing', '🔄',
     'Order accepted, being prepared.', 2, false, false, 'open',
     false, NULL, 30, '48 hours'),
    (13, 'cart', 'shipped', 'Shipped', '📦',
     'Order dispatched to you.', 3, false, false, 'shipped',
     false, NULL, 30, NULL),
    (14, 'cart', 'delivered', 'Delivered', '✅',
     'Order received by you.', 4, false, true, 'delivered',
     false, NULL, NULL, NULL),
    (15, 'cart', 'cancelled', 'Cancelled', '❌',
     'Order cancelled.', 0, false, true, 'cancelled',
     false, NULL, NULL, NULL);

INSERT INTO shop.workflow_transitions (workflow, from_status, to_status, roles)
VALUES
    ('cart', 'pending', 'processing', '{manager}'),
    ('cart', 'pending', 'cancelled', '{manager,customer}'),
    ('cart', 'processing', 'shipped', '{manager}'),
    ('cart', 'processing', 'cancelled', '{manager,customer}'),
    ('cart', 'shipped', 'delivered', '{manager}'),
    ('cart', 'shipped', 'cancelled', '{manager,customer}');

INSERT INTO shop.workflow_initial_statuses VALUES
    ('cart', '', 'pending', 'pending');

COMMIT;
