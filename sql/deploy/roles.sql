-- The roles may exist already: they belong to the cluster, not to the
-- database.  order_api gets its password from the operator.

BEGIN;

DO $$
BEGIN
    IF to_regrole('order_owner') IS NULL THEN
        CREATE ROLE order_owner NOLOGIN;
    END IF;

    IF to_regrole('order_api') IS NULL THEN
        CREATE ROLE order_api LOGIN;
    END IF;
END
$$;

COMMIT;
