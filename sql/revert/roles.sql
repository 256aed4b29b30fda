-- Other databases of the cluster may use the roles: they stay.

BEGIN;
COMMIT;
