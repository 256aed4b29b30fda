-- S4's fifteen statuses and its table of transitions.  The roles are those of
-- the design: the manager from the confirmation to the delivery, the system
-- for payment, escrow and shipping, the customer for disputes, early
-- cancellation and completion, the admin for settling disputes.

BEGIN;

SET LOCAL ROLE order_owner;

INSERT INTO shop.workflows VALUES
    ('marketplace', 'Payment or escrow, shipping, disputes', 8);

INSERT INTO shop.workflow_statuses
    (id, workflow, code, label, emoji, message, step, initial, final, phase,
     opens_delivery, payment_status, poll_after, stuck_after)
VALUES
    (31, 'marketplace', 'payment_pending', 'Payment pending', '⏳',
     'Waiting for payment', 1, true, false, 'payment',
     false, NULL, 10, NULL),
    (32, 'marketplace', 'payment_confirmed', 'Payment confirmed', '💳',
     'Payment confirmed', 1, true, false, 'payment',
     false, 'confirmed', 30, NULL),
    (33, 'marketplace', 'escrow_locked', 'Escrow locked', '🔒',
     'Payment secured in escrow', 1, true, false, 'payment',
     false, 'locked', 30, NULL),
    (34, 'marketplace', 'order_confirmed', 'Order confirmed', '✔️',
     'Order confirmed by seller', 2, true, false, 'open',
     false, NULL, 30, NULL),
    (35, 'marketplace', 'processing', 'Processing', '🔄',
     'Order is being prepared', 3, false, false, 'open',
     false, NULL, 30, '48 hours'),
    (36, 'marketplace', 'ready_to_ship', 'Ready to ship', '🏷️',
     'Order is ready to ship', 4, false, false, 'open',
     false, NULL, 30, NULL),
    (37, 'marketplace', 'shipped', 'Shipped', '📦',
     'Package shipped', 5, false, false, 'shipped',
     false, NULL, 30, NULL),
    (38, 'marketplace', 'in_transit', 'In transit', '🚚',
     'Package in transit', 6, false, false, 'shipped',
     false, NULL, 30, NULL),
    (39, 'marketplace', 'out_for_delivery', 'Out for delivery', '🛵',
     'Package out for delivery', 6, false, false, 'shipped',
     false, NULL, 10, NULL),
    (40, 'marketplace', 'delivered', 'Delivered', '✅',
     'Package delivered', 7, false, false, 'delivered',
     false, NULL, 60, NULL),
    (41, 'marketplace', 'completed', 'Completed', '🎉',
     'Order completed', 8, false, true, 'completed',
     false, NULL, NULL, NULL),
    (42, 'marketplace', 'disputed', 'Disputed', '⚠️',
     'A dispute is being settled', 0, false, false, 'disputed',
     false, NULL, 60, NULL),
    (43, 'marketplace', 'cancelled', 'Cancelled', '❌',
     'Order cancelled', 0, false, true, 'cancelled',
     false, NULL, NULL, NULL),
    (44, 'marketplace', 'refunded', 'Refunded', '💸',
     'Payment refunded', 0, false, true, 'refunded',
     false, 'refunded', NULL, NULL),
    (45, 'marketplace', 'failed', 'Failed', '🚫',
     'Payment failed', 0, false, true, 'failed',
     false, 'failed', NULL, NULL);

INSERT INTO shop.workflow_transitions (workflow, from_status, to_status, roles)
VALUES
    ('marketplace', 'payment_pending', 'payment_confirmed', '{system}'),
    ('marketplace', 'payment_pending', 'escrow_locked', '{system}'),
    ('marketplace', 'payment_pending', 'cancelled', '{manager,customer}'),
    ('marketplace', 'payment_pending', 'failed', '{system}'),
    ('marketplace', 'payment_confirmed', 'order_confirmed', '{manager}'),
    ('marketplace', 'payment_confirmed', 'cancelled', '{manager,customer}'),
    ('marketplace', 'payment_confirmed', 'refunded', '{system}'),
    ('marketplace', 'escrow_locked', 'order_confirmed', '{manager}'),
    ('marketplace', 'escrow_locked', 'disputed', '{customer}'),
    ('marketplace', 'escrow_locked', 'cancelled', '{manager,customer}'),
    ('marketplace', 'order_confirmed', 'processing', '{manager}'),
    ('marketplace', 'order_confirmed', 'cancelled', '{manager,customer}'),
    ('marketplace', 'processing', 'ready_to_ship', '{manager}'),
    ('marketplace', 'processing', 'cancelled', '{manager}'),
    ('marketplace', 'ready_to_ship', 'shipped', '{manager}'),
    ('marketplace', 'ready_to_ship', 'cancelled', '{manager}'),
    ('marketplace', 'shipped', 'in_transit', '{manager}'),
    ('marketplace', 'shipped', 'delivered', '{manager}'),
    ('marketplace', 'in_transit', 'out_for_delivery', '{manager}'),
    ('marketplace', 'in_transit', 'delivered', '{manager}'),
    ('marketplace', 'out_for_delivery', 'delivered', '{manager}'),
    ('marketplace', 'delivered', 'completed', '{customer}'),
    ('marketplace', 'delivered', 'disputed', '{customer}'),
    ('marketplace', 'disputed', 'completed', '{admin}'),
    ('marketplace', 'disputed', 'refunded', '{admin}'),
    ('marketplace', 'disputed', 'cancelled', '{admin}');

INSERT INTO shop.workflow_initial_statuses VALUES
    ('marketplace', 'crypto', 'payment_confirmed', 'payment_pending'),
    ('marketplace', 'fiat', 'payment_confirmed', 'payment_pending'),
    ('marketplace', 'escrow', 'escrow_locked', 'payment_pending'),
    ('marketplace', '', 'order_confirmed', 'order_confirmed');

COMMIT;
