
/*
 * The problems that the module itself tells of.  Those that the database
 * raises are in ngx_http_order_refused.c, by SQLSTATE.
 */


#include <ngx_http_order_reply.h>


const ngx_http_order_problem_t  ngx_http_order_no_route = {
    NGX_HTTP_NOT_FOUND, ngx_string("NO_SUCH_ENDPOINT"),
    ngx_string("Not Found"),
    ngx_string("There is nothing at this path."),
    ngx_string("Check the path"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_bad_method = {
    NGX_HTTP_NOT_ALLOWED, ngx_string("METHOD_NOT_ALLOWED"),
    ngx_string("Method Not Allowed"),
    ngx_string("This path does not have that method."),
    ngx_string("Use a method that Allow names"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_no_token = {
    NGX_HTTP_UNAUTHORIZED, ngx_string("UNAUTHORIZED"),
    ngx_string("Unauthorized"),
    ngx_string("You are not signed in."),
    ngx_string("Sign in"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_bad_token = {
    NGX_HTTP_UNAUTHORIZED, ngx_string("INVALID_TOKEN"),
    ngx_string("Unauthorized"),
    ngx_string("The token is not valid, or not any more."),
    ngx_string("Sign in again"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_bad_signature = {
    NGX_HTTP_UNAUTHORIZED, ngx_string("INVALID_SIGNATURE"),
    ngx_string("Unauthorized"),
    ngx_string("The signature does not hold for this request, or not any"
               " more."),
    ngx_string("Sign the webhook as Standard Webhooks says, with the secret"
               " of this source"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_forbidden = {
    NGX_HTTP_FORBIDDEN, ngx_string("FORBIDDEN"),
    ngx_string("Forbidden"),
    ngx_string("You may not do this."),
    ngx_string("Sign in as somebody who may"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_cross_origin = {
    NGX_HTTP_FORBIDDEN, ngx_string("CROSS_ORIGIN"),
    ngx_string("Forbidden"),
    ngx_string("This must come from a page of the same origin."),
    ngx_string("Send the token in the Authorization header"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_not_found = {
    NGX_HTTP_NOT_FOUND, ngx_string("NOT_FOUND"),
    ngx_string("Not Found"),
    ngx_string("There is no such order."),
    ngx_string("Check the order's id"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_bad_input = {
    NGX_HTTP_BAD_REQUEST, ngx_string("INVALID_INPUT"),
    ngx_string("Bad Request"),
    ngx_string("Some fields are not valid."),
    ngx_string("Correct the fields that \"errors\" names"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_bad_type = {
    NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, ngx_string("UNSUPPORTED_MEDIA_TYPE"),
    ngx_string("Unsupported Media Type"),
    ngx_string("The body must be application/json or"
               " application/x-www-form-urlencoded."),
    ngx_string("Set Content-Type"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_too_large = {
    NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, ngx_string("BODY_TOO_LARGE"),
    ngx_string("Content Too Large"),
    ngx_string("The body is larger than this server takes."),
    ngx_string("Send less"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_version = {
    NGX_HTTP_PRECONDITION_FAILED, ngx_string("VERSION_MISMATCH"),
    ngx_string("Precondition Failed"),
    ngx_string("Somebody changed the order meanwhile."),
    ngx_string("Read the order again and repeat"), 1, 0
};

const ngx_http_order_problem_t  ngx_http_order_upgrade = {
    426, ngx_string("UPGRADE_REQUIRED"),
    ngx_string("Upgrade Required"),
    ngx_string("This path is a WebSocket of version 13, over HTTP/1.1."),
    ngx_string("Open it as a WebSocket"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_handshake = {
    NGX_HTTP_BAD_REQUEST, ngx_string("BAD_HANDSHAKE"),
    ngx_string("Bad Request"),
    ngx_string("This is not a handshake of WebSocket."),
    ngx_string("Open a WebSocket as RFC 6455 says"), 0, 0
};

const ngx_http_order_problem_t  ngx_http_order_queue_full = {
    NGX_HTTP_SERVICE_UNAVAILABLE, ngx_string("OVERLOADED"),
    ngx_string("Service Unavailable"),
    ngx_string("Too many requests wait for the database; nothing was done."),
    ngx_string("Repeat in a moment"), 1, 1
};

const ngx_http_order_problem_t  ngx_http_order_no_room = {
    NGX_HTTP_SERVICE_UNAVAILABLE, ngx_string("TOO_MANY_SUBSCRIBERS"),
    ngx_string("Service Unavailable"),
    ngx_string("There are as many subscribers as this server takes."),
    ngx_string("Poll, or come back later"), 1, 30
};

const ngx_http_order_problem_t  ngx_http_order_too_many = {
    429, ngx_string("TOO_MANY_STREAMS"),
    ngx_string("Too Many Requests"),
    ngx_string("You have as many streams open as you may have."),
    ngx_string("Close some, or poll"), 1, 30
};

const ngx_http_order_problem_t  ngx_http_order_no_database = {
    NGX_HTTP_SERVICE_UNAVAILABLE, ngx_string("DATABASE_UNAVAILABLE"),
    ngx_string("Service Unavailable"),
    ngx_string("The database cannot be reached; nothing was done."),
    ngx_string("Repeat in a moment"), 1, 2
};

const ngx_http_order_problem_t  ngx_http_order_slow_database = {
    NGX_HTTP_SERVICE_UNAVAILABLE, ngx_string("DATABASE_TIMEOUT"),
    ngx_string("Service Unavailable"),
    ngx_string("The database took too long; nothing was changed."),
    ngx_string("Repeat in a moment"), 1, 2
};

const ngx_http_order_problem_t  ngx_http_order_unknown_outcome = {
    NGX_HTTP_SERVICE_UNAVAILABLE, ngx_string("OUTCOME_UNKNOWN"),
    ngx_string("Service Unavailable"),
    ngx_string("The database was lost before it answered: the change may"
               " have been made or not."),
    ngx_string("Look before you repeat; an Idempotency-Key makes repeating"
               " safe"), 0, 2
};

const ngx_http_order_problem_t  ngx_http_order_repeat_outcome = {
    NGX_HTTP_SERVICE_UNAVAILABLE, ngx_string("OUTCOME_UNKNOWN"),
    ngx_string("Service Unavailable"),
    ngx_string("The database was lost before it answered: the change may"
               " have been made or not."),
    ngx_string("Repeat with the same Idempotency-Key: it is done once"), 1, 2
};

const ngx_http_order_problem_t  ngx_http_order_internal = {
    NGX_HTTP_INTERNAL_SERVER_ERROR, ngx_string("INTERNAL_ERROR"),
    ngx_string("Internal Server Error"),
    ngx_string("Something went wrong here."),
    ngx_string("Try again or contact support"), 1, 0
};

/* S4's words for an order that could not be created, whatever the status */

const ngx_http_order_problem_t  ngx_http_order_not_created = {
    NGX_HTTP_INTERNAL_SERVER_ERROR, ngx_string("DATABASE_ERROR"),
    ngx_string("Internal Server Error"),
    ngx_string("Unable to create order. Please contact support."),
    ngx_string("Try again or contact support"), 1, 0
};
