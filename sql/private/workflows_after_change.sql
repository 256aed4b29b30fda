CREATE OR REPLACE FUNCTION shop.workflows_after_change() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    UPDATE revision SET revision = revision + 1;
    PERFORM ring();
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shop.workflows_after_change() IS
    'Raises the revision with every change of a workflow.';

CREATE OR REPLACE TRIGGER after_change
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shop.workflows
    FOR EACH STATEMENT EXECUTE FUNCTION shop.workflows_after_change();

CREATE OR REPLACE TRIGGER after_change
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shop.workflow_statuses
    FOR EACH STATEMENT EXECUTE FUNCTION shop.workflows_after_change();

CREATE OR REPLACE TRIGGER after_change
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shop.workflow_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION shop.workflows_after_change();

CREATE OR REPLACE TRIGGER after_change
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON shop.workflow_initial_statuses
    FOR EACH STATEMENT EXECUTE FUNCTION shop.workflows_after_change();
