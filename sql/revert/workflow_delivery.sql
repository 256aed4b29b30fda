BEGIN;

DELETE FROM shop.workflow_initial_statuses WHERE workflow = 'delivery';
DELETE FROM shop.workflow_transitions WHERE workflow = 'delivery';
DELETE FROM shop.workflow_statuses WHERE workflow = 'delivery';
DELETE FROM shop.workflows WHERE name = 'delivery';

DELETE FROM shop.loaded;

COMMIT;
