-- Which lines are wrong, when it is known that some are.  All of one kind are
-- told at once.  Line 0 is an item that came by itself, not in a list.

CREATE OR REPLACE FUNCTION shop.refuse_lines(p_lines shop.order_line[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_code     text;
    v_message  text;
    v_errors   json;
BEGIN
    WITH wrong AS (
        SELECT l.line, l.product_id,
               CASE WHEN l.product_id IS NULL OR l.quantity IS NULL
                         OR l.quantity NOT BETWEEN 1 AND 1000000
                    THEN 'OM004'
                    WHEN l.active IS NOT TRUE
                    THEN 'OM008'
                    WHEN sum(l.quantity) OVER (PARTITION BY l.product_id)
                         > l.stock
                    THEN 'OM007'
               END AS code,
               l.stock
          FROM unnest(p_lines) l
    )
    SELECT w.code,
           json_agg(json_build_object(
               'field', CASE WHEN w.line > 0
                             THEN 'items[' || w.line - 1 || '].'
                             ELSE '' END
                        || CASE w.code WHEN 'OM008' THEN 'product_id'
                                       ELSE 'quantity' END,
               'message', CASE w.code
                          WHEN 'OM004' THEN 'must name a product and a '
                                            'quantity of 1 to 1000000'
                          WHEN 'OM008' THEN 'is no longer available'
                          ELSE 'only ' || w.stock || ' left' END,
               'product_id', w.product_id) ORDER BY w.line)
      INTO v_code, v_errors
      FROM wrong w
     WHERE w.code IS NOT NULL
     GROUP BY w.code
     ORDER BY array_position(ARRAY['OM004', 'OM008', 'OM007'], w.code)
     LIMIT 1;

    v_message := CASE v_code
                 WHEN 'OM004' THEN 'Some items are not valid.'
                 WHEN 'OM008' THEN 'This item is no longer available.'
                 WHEN 'OM007' THEN 'There is not enough in stock.' END;

    IF v_code IS NULL THEN
        RETURN;
    END IF;

    RAISE EXCEPTION USING
        ERRCODE = v_code,
        MESSAGE = v_message,
        DETAIL = json_build_object('errors', v_errors);
END
$$;

COMMENT ON FUNCTION shop.refuse_lines(shop.order_line[]) IS
    'Raises OM004, OM008 or OM007 if a line is wrong.';
