CREATE OR REPLACE FUNCTION api.get_user_stats(
    p_user uuid, p_role text, p_user_id uuid)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM check_owner(p_user, p_role, p_user_id);

    IF NOT EXISTS (SELECT FROM users WHERE id = p_user_id) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such user.';
    END IF;

    RETURN NEXT (
        WITH tally AS (
            SELECT status, currency, sum(orders) AS orders,
                   sum(amount) AS amount
              FROM order_tallies
             WHERE owner = p_user_id AND side = 'buyer'
             GROUP BY status, currency
        ), spent AS (
            SELECT currency, sum(amount) AS amount
              FROM tally
             WHERE orders > 0
               AND status NOT IN (SELECT code FROM workflow_statuses
                                   WHERE phase IN ('cancelled', 'refunded',
                                                   'failed'))
             GROUP BY currency
        )
        SELECT reply(200, row_to_json(b)::text)
          FROM (SELECT (SELECT coalesce(sum(orders), 0) FROM tally)
                           AS "totalOrders",
                       (SELECT shop.amount(coalesce(sum(s.amount), 0))
                          FROM spent s) AS "totalSpent",
                       (SELECT coalesce(json_object_agg(c.status, c.orders
                                                        ORDER BY c.status),
                                        '{}')
                          FROM (SELECT status, sum(orders) AS orders
                                  FROM tally
                                 GROUP BY status) c
                         WHERE c.orders > 0) AS "statusCounts",
                       (SELECT coalesce(json_object_agg(
                                            s.currency,
                                            shop.amount(s.amount)
                                            ORDER BY s.currency), '{}')
                          FROM spent s) AS "spentByCurrency") b);
END
$$;

COMMENT ON FUNCTION api.get_user_stats(uuid, text, uuid) IS
    'How many orders a user bought, in all and in each status, and what they '
    'came to: their final totals, without those of orders that are '
    'cancelled, refunded or failed; totalSpent adds up all currencies. From '
    'the tallies: no order is read. Source: S1, '
    'GET /orders/user/:userId/stats. Errors: OM001 no such user, OM002 '
    'another user''s.';
