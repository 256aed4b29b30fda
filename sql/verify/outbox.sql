BEGIN;

SELECT 1 / count(*) FROM pg_roles
 WHERE rolname = 'order_dispatch' AND rolcanlogin;
SELECT 1 / count(*) FROM pg_namespace WHERE nspname = 'dispatch';

SELECT mail, mail_from, mail_from_name, base_url, mail_statuses, mail_sellers,
       webhook_http, webhook_private, webhook_limit, webhook_patience,
       keep_done, keep_failed
  FROM shop.outbox_settings;
SELECT id, store_id, url, events, description, active, disabled, deleted,
       secret, old_secret, old_until, failures, failing_since, rest_until,
       created_by, created_at, updated_at
  FROM shop.webhook_endpoints
 WHERE false;
SELECT order_id, store_id, old_status FROM shop.outbox_changes WHERE false;
SELECT id, kind, event, order_id, endpoint_id, mail_to, mail_to_name, subject,
       body, state, due_at, leased, attempt, spent, created_at, finished_at,
       lane
  FROM shop.outbox
 WHERE false;
SELECT outbox_id, attempt, good, code, took, note, ended_at
  FROM shop.outbox_attempts
 WHERE false;
SELECT kind, result, n FROM shop.outbox_counts WHERE false;

ROLLBACK;
