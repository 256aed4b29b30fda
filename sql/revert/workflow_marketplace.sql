BEGIN;

DELETE FROM shop.workflow_initial_statuses WHERE workflow = 'marketplace';
DELETE FROM shop.workflow_transitions WHERE workflow = 'marketplace';
DELETE FROM shop.workflow_statuses WHERE workflow = 'marketplace';
DELETE FROM shop.workflows WHERE name = 'marketplace';

DELETE FROM shop.loaded;

COMMIT;
