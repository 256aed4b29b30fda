-- What the lists have in common: the page, its envelope and its cursor.

CREATE OR REPLACE FUNCTION shop.reply_orders(
    p_side text, p_owner uuid, p_status text, p_page int4, p_limit int4,
    p_sort text, p_sort_order text, p_cursor text, p_shape text)
RETURNS api.answer
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_limit  int4 := page_limit(p_limit);
    v_after  uuid := page_cursor(p_cursor);
    v_page   int4;
    v_ids    uuid[];
    v_next   text;
    v_total  int8;
    v_body   json;
BEGIN
    IF p_status IS NOT NULL THEN
        PERFORM check_status(p_status, 'status');
    END IF;

    IF v_after IS NULL THEN
        v_page := least(greatest(coalesce(p_page, 1), 1), 100);
    END IF;

    v_ids := order_page(p_side, p_owner, p_status,
                        coalesce(p_sort, 'createdAt'),
                        coalesce(p_sort_order, 'desc') = 'desc', v_limit,
                        coalesce((v_page - 1) * v_limit, 0), v_after);

    v_next := CASE WHEN cardinality(v_ids) > v_limit THEN v_ids[v_limit] END;

    SELECT coalesce(json_agg(CASE p_shape
                             WHEN 'bare' THEN order_bare_json(o)
                             WHEN 'detailed' THEN order_detailed_json(o)
                             ELSE order_brief_json(o) END
                             ORDER BY l.n), '[]')
      INTO v_body
      FROM unnest(v_ids[:v_limit]) WITH ORDINALITY AS l (id, n),
           LATERAL (SELECT * FROM orders WHERE id = l.id LIMIT 1) o;

    IF p_shape <> 'order' THEN
        RETURN reply(200, v_body::text, v_next);
    END IF;

    v_total := order_total(p_side, p_owner, p_status);

    RETURN reply(200, (
        SELECT row_to_json(b)::text
          FROM (SELECT v_body AS orders,
                       (SELECT row_to_json(x) FROM (
                            SELECT v_page AS page, v_limit AS limit,
                                   v_total AS total,
                                   (v_total + v_limit - 1) / v_limit
                                       AS "totalPages") x) AS pagination,
                       v_next AS next_cursor) b), v_next);
END
$$;

COMMENT ON FUNCTION shop.reply_orders(text, uuid, text, int4, int4, text,
                                      text, text, text) IS
    'The answer of a list of orders, as order_page() has them. Its shape is '
    '"order" (S4: an envelope with pagination and next_cursor), "bare" (S1) '
    'or "detailed" (S2): a bare array, and the next cursor in its column '
    'only. p_page is of 1 to 100 and does not count where there is a '
    'cursor. Raises OM004, OM013.';
