BEGIN;

DELETE FROM shop.workflow_initial_statuses WHERE workflow = 'cart';
DELETE FROM shop.workflow_transitions WHERE workflow = 'cart';
DELETE FROM shop.workflow_statuses WHERE workflow = 'cart';
DELETE FROM shop.workflows WHERE name = 'cart';

DELETE FROM shop.loaded;

COMMIT;
