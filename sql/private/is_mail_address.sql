-- What every mail server takes; quoted and non-ASCII local parts it may not.

CREATE OR REPLACE FUNCTION shop.is_mail_address(p_address text)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN length(p_address) <= 254
       AND p_address ~ ('^[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]+'
                        '(\.[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]+)*'
                        '@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*'
                        '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$')
       AND length(split_part(p_address, '@', 1)) <= 64;

COMMENT ON FUNCTION shop.is_mail_address(text) IS
    'Can a mail be sent to this?';
