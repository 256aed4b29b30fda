CREATE OR REPLACE FUNCTION shop.reply(p_status int4, p_body text,
                                      p_next_cursor text DEFAULT NULL)
RETURNS api.answer
LANGUAGE sql STABLE
RETURN ROW(p_status, p_body, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL, p_next_cursor)::api.answer;

COMMENT ON FUNCTION shop.reply(int4, text, text) IS
    'An answer without an order.';
