-- Inlined where it stands in FROM, and two subqueries there: so a reader of
-- the change log looks them up by primary keys, whatever the planner takes
-- the log's rows for.

CREATE OR REPLACE FUNCTION shop.whose_change(p_actor uuid, p_order uuid)
RETURNS TABLE (actor_name text, notify_admins bool)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT (SELECT shop.user_name(u.first_name, u.last_name)
              FROM shop.users u
             WHERE u.id = p_actor),
           coalesce((SELECT st.notify_admins
                       FROM shop.orders o
                       JOIN shop.stores st ON st.id = o.store_id
                      WHERE o.id = p_order), false);
END;

COMMENT ON FUNCTION shop.whose_change(uuid, uuid) IS
    'One row: the name of the user who changed an order, NULL for the system '
    'and for nobody we know; and whether the order''s store notifies admins, '
    'false where the order is gone (S3).';
