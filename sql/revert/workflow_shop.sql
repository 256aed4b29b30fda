BEGIN;

DELETE FROM shop.workflow_initial_statuses WHERE workflow = 'shop';
DELETE FROM shop.workflow_transitions WHERE workflow = 'shop';
DELETE FROM shop.workflow_statuses WHERE workflow = 'shop';
DELETE FROM shop.workflows WHERE name = 'shop';

DELETE FROM shop.loaded;

COMMIT;
