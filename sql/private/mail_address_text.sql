-- An address is whatever the shop's checkout wrote; these are the members
-- that are known (S2, S4), as on an envelope.

CREATE OR REPLACE FUNCTION shop.mail_address_text(p_address jsonb)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT string_agg(wrapped(l.line, '  '), '' ORDER BY l.n)
              FROM (VALUES
                       (1, p_address ->> 'name'),
                       (2, p_address ->> 'street'),
                       (3, concat_ws(' ', p_address ->> 'zipCode',
                                     p_address ->> 'city',
                                     p_address ->> 'state')),
                       (4, p_address ->> 'country')
                   ) AS l (n, line)
             WHERE plain(l.line) <> '');
END
$$;

COMMENT ON FUNCTION shop.mail_address_text(jsonb) IS
    'A shipping address as lines; NULL: it has none.';
