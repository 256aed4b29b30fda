CREATE OR REPLACE FUNCTION shop.reply(p_status int4, p_body text)
RETURNS api.answer
LANGUAGE sql STABLE
RETURN ROW(p_status, p_body, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL, NULL)::api.answer;

COMMENT ON FUNCTION shop.reply(int4, text) IS
    'An answer without an order.';
