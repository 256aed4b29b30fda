-- Nobody waits for this: writers add rows, and readers take the sum.

CREATE OR REPLACE FUNCTION shop.fold_tallies() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_owners  uuid[];
BEGIN
    v_owners := ARRAY(SELECT DISTINCT owner
                        FROM (SELECT owner FROM order_tallies
                               WHERE NOT folded
                               LIMIT 10000) t);

    WITH gone AS (
        DELETE FROM order_tallies WHERE owner = ANY (v_owners)
        RETURNING *
    )
    INSERT INTO order_tallies
           (owner, side, status, currency, orders, amount, folded)
    SELECT owner, side, status, currency, sum(orders), sum(amount), true
      FROM gone
     GROUP BY owner, side, status, currency
    HAVING sum(orders) <> 0 OR sum(amount) <> 0;
END
$$;

COMMENT ON FUNCTION shop.fold_tallies() IS
    'Makes one row of the many that a user''s tallies have; one session at a '
    'time.';
