-- Planned anew with each call, as order_page() is: p_unread decides on the
-- index.

CREATE OR REPLACE FUNCTION api.list_notifications(
    p_user uuid, p_role text, p_search text, p_unread boolean, p_limit int4,
    p_cursor text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
SET plan_cache_mode = force_custom_plan
SET seq_page_cost = 0
SET random_page_cost = 0
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET jit = off
AS $$
DECLARE
    c_looks   CONSTANT int4 := 5000;
    v_limit   int4 := page_limit(p_limit);
    v_before  uuid := coalesce(page_cursor(p_cursor),
                               'ffffffff-ffff-ffff-ffff-ffffffffffff');
    v_unread  boolean := coalesce(p_unread, false);
    v_search  text := lower(p_search);
    v_mark    notification_marks;
    v_after   uuid;
    v_ids     uuid[];
    v_next    uuid;
BEGIN
    SELECT * INTO v_mark FROM notification_marks WHERE user_id = p_user;

    v_after := coalesce(v_mark.read_until,
                        '00000000-0000-0000-0000-000000000000');

    v_ids := ARRAY(
        SELECT n.id
          FROM (SELECT id, title, message
                  FROM notifications
                 WHERE user_id = p_user AND id < v_before
                   AND (NOT v_unread OR read_at IS NULL AND id > v_after)
                 ORDER BY id DESC
                 LIMIT CASE WHEN v_search IS NOT NULL THEN c_looks END) n
         WHERE v_search IS NULL
            OR strpos(lower(n.title), v_search) > 0
            OR strpos(lower(n.message), v_search) > 0
         ORDER BY n.id DESC
         LIMIT v_limit + 1);

    IF cardinality(v_ids) > v_limit THEN
        v_next := v_ids[v_limit];

    ELSIF v_search IS NOT NULL THEN
        v_next := (SELECT id
                     FROM notifications
                    WHERE user_id = p_user AND id < v_before
                      AND (NOT v_unread OR read_at IS NULL AND id > v_after)
                    ORDER BY id DESC
                    LIMIT 1 OFFSET c_looks - 1);
    END IF;

    RETURN NEXT (
        SELECT reply(200, row_to_json(b)::text, b.next_cursor::text)
          FROM (SELECT (SELECT coalesce(json_agg(notification_json(n, v_mark)
                                                 ORDER BY l.k), '[]')
                          FROM unnest(v_ids[:v_limit]) WITH ORDINALITY
                                   AS l (id, k),
                               LATERAL (SELECT * FROM notifications
                                         WHERE id = l.id LIMIT 1) n)
                           AS notifications,
                       (SELECT count(*)
                          FROM (SELECT FROM notifications
                                 WHERE user_id = p_user
                                   AND read_at IS NULL AND id > v_after
                                 ORDER BY id DESC
                                 LIMIT 1000) u) AS "unreadCount",
                       v_next AS next_cursor) b);
END
$$;

COMMENT ON FUNCTION api.list_notifications(uuid, text, text, boolean, int4,
                                           text) IS
    'The caller''s notifications, the newest first, with how many are not '
    'read (1000 stands for more): all, only those that are not read, those '
    'whose title or message contains p_search in upper or lower case. A '
    'search looks at 5000 of them a call: a page of it may be short, or '
    'empty, and still have a next_cursor. Source: S3, Notification History. '
    'Errors: OM004 cursor.';
