CREATE OR REPLACE FUNCTION shop.may(p_role text, p_roles text[])
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_role = 'system' OR p_role = 'admin' OR p_role = ANY (p_roles);

COMMENT ON FUNCTION shop.may(text, text[]) IS
    'May this role take a transition that names these roles.';
