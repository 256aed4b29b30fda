-- S0's flow: the manager accepts, a driver delivers.

BEGIN;

SET LOCAL ROLE order_owner;

INSERT INTO shop.workflows VALUES
    ('delivery', 'A store prepares, a driver delivers', 4);

INSERT INTO shop.workflow_statuses
    (id, workflow, code, label, emoji, message, step, initial, final, phase,
     opens_delivery, payment_status, poll_after, stuck_after)
VALUES
    (1, 'delivery', 'pending', 'Pending', '⏳',
     'Waiting for the store...', 1, true, false, 'open',
     false, NULL, 15, NULL),
    (2, 'delivery', 'preparing', 'Preparing', '🍳',
     'Your order is being prepared!', 2, false, false, 'open',
     true, NULL, 15, '2 hours'),
    (3, 'delivery', 'out_for_delivery', 'Out for delivery', '🛵',
     'Order is now out for delivery.', 3, false, false, 'shipped',
     false, NULL, 10, NULL),
    (4, 'delivery', 'delivered', 'Delivered', '✅',
     'Order has been successfully delivered!', 4, false, true, 'delivered',
     false, NULL, NULL, NULL),
    (5, 'delivery', 'cancelled', 'Cancelled', '❌',
     'Order cancelled.', 0, false, true, 'cancelled',
     false, NULL, NULL, NULL);

INSERT INTO shop.workflow_transitions (workflow, from_status, to_status, roles)
VALUES
    ('delivery', 'pending', 'preparing', '{manager}'),
    ('delivery', 'pending', 'cancelled', '{manager,customer}'),
    ('delivery', 'preparing', 'out_for_delivery', '{driver}'),
    ('delivery', 'preparing', 'cancelled', '{manager}'),
    ('delivery', 'out_for_delivery', 'delivered', '{driver}');

INSERT INTO shop.workflow_initial_statuses VALUES
    ('delivery', '', 'pending', 'pending');

COMMIT;
