-- The module's role may execute the functions of the API, the dispatcher's
-- those of dispatch, and neither anything else.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA api, dispatch FROM PUBLIC;
REVOKE ALL ON SCHEMA api, dispatch, shop FROM PUBLIC;

COMMENT ON SCHEMA dispatch IS
    'The functions that the dispatcher of mail and webhooks calls, and '
    'nobody else may.';

COMMENT ON SCHEMA api IS
$$The functions that the order module calls, and nobody else may.

A refusal is an exception with one of these SQLSTATEs. Its message is a
sentence for the client, its detail a JSON object of further members, or
nothing. Writers with psql see the same ones.

OM001 404  not found
OM002 403  not the caller's
OM003 409  transition not allowed: current_status, allowed_transitions
OM004 400  invalid input: errors [{field, message}]
OM005 400  nothing to order
OM006 400  items of several stores
OM007 409  not enough in stock: errors [{field, message, product_id}]
OM008 409  not sold any more: errors [{field, message, product_id}]
OM009 412  another version than If-Match: version, current_status
OM010 422  Idempotency-Key was used for another request
OM011 409  the first request with this Idempotency-Key is still running
OM012 401  wrong credentials
OM013 400  a status that is in no workflow: errors [{field, message}]
OM014 402  the payment is not confirmed
OM015 409  a task that somebody has taken
OM016 409  not any more, or not yet: the order is final, shipped, or open
OM017 409  an event that comes before its time
OM018 409  a store has as many webhook endpoints as it may
OM019 409  a webhook endpoint that is not active
OM020 -    a standby is behind: the primary is asked instead$$;

GRANT USAGE ON SCHEMA api TO order_api;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO order_api;
GRANT USAGE ON SCHEMA dispatch TO order_dispatch;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA dispatch TO order_dispatch;

RESET ROLE;

REVOKE CREATE, TEMPORARY ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO order_api, order_dispatch;

SET LOCAL ROLE order_owner;
