CREATE OR REPLACE FUNCTION shop.is_public_address(p_address inet)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE family(p_address)
       WHEN 4 THEN NOT p_address <<= ANY ('{0.0.0.0/8,10.0.0.0/8,
           100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,
           192.0.0.0/24,192.0.2.0/24,192.88.99.0/24,192.168.0.0/16,
           198.18.0.0/15,198.51.100.0/24,203.0.113.0/24,224.0.0.0/3}'::cidr[])
       ELSE p_address <<= '2000::/3'
            AND NOT p_address <<= ANY ('{2001::/23,2001:db8::/32,2002::/16,
                3fff::/20}'::cidr[])
       END;

COMMENT ON FUNCTION shop.is_public_address(inet) IS
    'Is this an address of the Internet: not private, local, reserved, or '
    'one with another inside (RFC 6890)?';
