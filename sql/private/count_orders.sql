CREATE OR REPLACE FUNCTION shop.count_orders() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM FROM metric_mark WHERE one FOR UPDATE;

    -- what nobody can have written yet is of another cluster

    DELETE FROM change_log
     WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())
       AND xid <> pg_current_xact_id();

    DELETE FROM metric_totals WHERE family = 'orders';

    WITH counted AS (
        INSERT INTO metric_totals (family, labels, total)
        SELECT 'orders', format('workflow="%s",status="%s"', workflow, status),
               count(*)
          FROM orders
         GROUP BY workflow, status
    )
    UPDATE metric_mark SET snapshot = pg_current_snapshot();
END
$$;

COMMENT ON FUNCTION shop.count_orders() IS
    'Counts the orders by status anew, after something that the change log '
    'does not know: a dump was restored, or orders were written while '
    'triggers were off. Reads all of them; the counters go on from where they '
    'are. To be called in a transaction of its own.';
