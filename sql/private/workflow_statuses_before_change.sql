-- Orders hold a copy of their status's id, code and finality.

CREATE OR REPLACE FUNCTION shop.workflow_statuses_before_change()
RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE'
       AND (NEW.id, NEW.workflow, NEW.code, NEW.final)
           = (OLD.id, OLD.workflow, OLD.code, OLD.final)
    THEN
        RETURN NEW;
    END IF;

    IF EXISTS (SELECT FROM orders WHERE status_id = OLD.id) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM004',
            MESSAGE = format('There are orders that are %s: it keeps its id, '
                             'workflow, code and finality.', OLD.code);
    END IF;

    RETURN coalesce(NEW, OLD);
END
$$;

COMMENT ON FUNCTION shop.workflow_statuses_before_change() IS
    'Keeps what orders copied from a status as it is; raises OM004.';

CREATE OR REPLACE TRIGGER before_change
    BEFORE UPDATE OR DELETE ON shop.workflow_statuses
    FOR EACH ROW EXECUTE FUNCTION shop.workflow_statuses_before_change();
