-- S2's flow, with its emoji and its texts.

BEGIN;

SET LOCAL ROLE order_owner;

INSERT INTO shop.workflows VALUES
    ('shop', 'A seller confirms, packs and ships', 5);

INSERT INTO shop.workflow_statuses
    (id, workflow, code, label, emoji, message, step, initial, final, phase,
     opens_delivery, payment_status, poll_after, stuck_after)
VALUES
    (21, 'shop', 'pending', 'Pending', '⏳',
     'Waiting for seller...', 1, true, false, 'open',
     false, NULL, 30, NULL),
    (22, 'shop', 'confirmed', 'Confirmed', '✔️',
     'Seller confirmed!', 2, false, false, 'open',
     false, NULL, 30, NULL),
    (23, 'shop', 'processing', 'Processing', '🔄',
     'Order being prepared...', 3, false, false, 'open',
     false, NULL, 30, '48 hours'),
    (24, 'shop', 'shipped', 'Shipped', '📦',
     'Order on its way!', 4, false, false, 'shipped',
     false, NULL, 30, NULL),
    (25, 'shop', 'delivered', 'Delivered', '✅',
     'Order delivered!', 5, false, true, 'delivered',
     false, NULL, NULL, NULL),
    (26, 'shop', 'cancelled', 'Cancelled', '❌',
     'Order cancelled.', 0, false, true, 'cancelled',
     false, NULL, NULL, NULL),
    (27, 'shop', 'returned', 'Returned', '↩️',
     'Order returned.', 0, false, true, 'returned',
     false, NULL, NULL, NULL);

INSERT INTO shop.workflow_transitions (workflow, from_status, to_status, roles)
VALUES
    ('shop', 'pending', 'confirmed', '{manager}'),
    ('shop', 'pending', 'cancelled', '{manager,customer}'),
    ('shop', 'confirmed', 'processing', '{manager}'),
    ('shop', 'confirmed', 'cancelled', '{manager,customer}'),
    ('shop', 'processing', 'shipped', '{manager}'),
    ('shop', 'processing', 'cancelled', '{manager,customer}'),
    ('shop', 'shipped', 'delivered', '{manager}'),
    ('shop', 'shipped', 'cancelled', '{manager}'),
    ('shop', 'shipped', 'returned', '{manager,customer}');

INSERT INTO shop.workflow_initial_statuses VALUES
    ('shop', '', 'pending', 'pending');

COMMIT;
