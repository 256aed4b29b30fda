-- Orders that are in a status when its rule changes keep to the new rule.

CREATE OR REPLACE FUNCTION shop.workflow_rules_after_change()
RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_kind  text := TG_ARGV[0];
    v_code  text := TG_ARGV[1];
    v_rule  jsonb;
BEGIN
    FOREACH v_rule IN ARRAY ARRAY[to_jsonb(OLD), to_jsonb(NEW)] LOOP
        PERFORM set_timers(array_agg(id ORDER BY id), v_kind)
           FROM orders
          WHERE workflow = v_rule ->> 'workflow'
            AND status = v_rule ->> v_code
            AND NOT final;
    END LOOP;

    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shop.workflow_rules_after_change() IS
    'Starts the timers of orders anew when their status has got another '
    '"after" or "stuck_after".';

CREATE OR REPLACE TRIGGER after_rule_insert
    AFTER INSERT ON shop.workflow_transitions
    FOR EACH ROW WHEN (NEW.after IS NOT NULL)
    EXECUTE FUNCTION shop.workflow_rules_after_change('advance',
                                                      'from_status');

CREATE OR REPLACE TRIGGER after_rule_delete
    AFTER DELETE ON shop.workflow_transitions
    FOR EACH ROW WHEN (OLD.after IS NOT NULL)
    EXECUTE FUNCTION shop.workflow_rules_after_change('advance',
                                                      'from_status');

CREATE OR REPLACE TRIGGER after_rule_update
    AFTER UPDATE ON shop.workflow_transitions
    FOR EACH ROW WHEN ((OLD.workflow, OLD.from_status, OLD.after)
                       IS DISTINCT FROM
                       (NEW.workflow, NEW.from_status, NEW.after))
    EXECUTE FUNCTION shop.workflow_rules_after_change('advance',
                                                      'from_status');

CREATE OR REPLACE TRIGGER after_rule_update
    AFTER UPDATE ON shop.workflow_statuses
    FOR EACH ROW WHEN (OLD.stuck_after IS DISTINCT FROM NEW.stuck_after)
    EXECUTE FUNCTION shop.workflow_rules_after_change('stuck', 'code');
