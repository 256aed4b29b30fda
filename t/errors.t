use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;

our $poll = 'GET /api/order-status/' . order_id('a');

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a path that there is not
--- request eval
[map { "GET $_" } qw(/api /api/ /api/nothing /api/order /api/order-status
    /api/order-status/ /api/order-status/a/b /api/products/ /api//stores/x
    /api/stores/ /cart-items/a/b /ws/ /ws/x /api/events/ /api/events/x
    /api/orders/x/events/ /api/orders/x/events/y)]
--- problem
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT
404 NO_SUCH_ENDPOINT


=== TEST 2: a method that a path does not have
--- request eval
["POST /api/stores\n{}", 'DELETE /api/order-status/x', 'PUT /cart-items',
 'OPTIONS /cart-items', 'GET /cart-items/x', 'GET /api/place-order',
 'HEAD /api/auth/login', 'GET /seller/update-status', "POST /ws\n{}",
 'DELETE /api/events', 'OPTIONS /api/orders/x/events']
--- error_code eval
[(405) x 11]
--- response_headers eval
my $type = "Content-Type: application/problem+json\n";
[map { "${type}Allow: $_" } 'GET, HEAD', 'GET, HEAD', 'GET, HEAD, POST',
 'GET, HEAD, POST', 'PATCH, DELETE', 'POST', 'POST', 'POST',
 ('GET, HEAD') x 3]
--- response_body_like eval
['"code":"METHOD_NOT_ALLOWED"', ('"status":405') x 5, '^$',
 ('"status":405') x 4]


=== TEST 3: a problem has all the members that the documents name
--- play
my $got = call('GET /api/nothing');
my $problem = decoded($got);

is $got->{headers}{'content-type'}, 'application/problem+json', 'the type';
is_deeply [sort keys %$problem],
    [qw(canRetry code message status suggestedAction title type)], 'members';
is $problem->{type}, 'urn:order:problem:NO_SUCH_ENDPOINT', 'type';
is $problem->{title}, 'Not Found', 'title';
is $problem->{status}, 404, 'status';
ok !$problem->{canRetry} && ref $problem->{canRetry}, 'canRetry';


=== TEST 4: a connection goes on after an error, whatever was sent along
--- play
my $on = connection();

is_problem call('POST /api/nothing', on => $on, json => 'x' x 5000),
    404, 'NO_SUCH_ENDPOINT', 'no endpoint';
is_problem call('POST /cart-items', on => $on, json => 'x' x 5000),
    401, 'UNAUTHORIZED', 'no token';
is_problem call('PUT /cart-items', on => $on, as => 'buyer',
                json => 'x' x 5000), 405, 'METHOD_NOT_ALLOWED', 'no method';
is_problem call('POST /cart-items', on => $on, as => 'seller',
                json => 'x' x 5000), 403, 'FORBIDDEN', 'no right';
is_problem call('POST /cart-items', on => $on, as => 'buyer',
                json => 'x' x 5000), 400, 'INVALID_INPUT', 'no JSON';
is_problem call('POST /cart-items', on => $on, as => 'buyer', body => 'x',
                headers => 'Content-Type: text/plain'),
    415, 'UNSUPPORTED_MEDIA_TYPE', 'no type';
is call($::poll, on => $on, as => 'buyer')->{code}, 200, 'and a good one';


=== TEST 5: pipelined requests are answered in turn
--- as: buyer
--- pipelined_requests eval
[$::poll, 'GET /api/nothing', "POST /cart-items\n{}", 'GET /api/stores',
 $::poll, 'GET /cart-items']
--- error_code eval
[200, 404, 400, 200, 200, 200]
--- response_body_like eval
['"status":"pending"', 'NO_SUCH_ENDPOINT', 'INVALID_INPUT', '"stores":',
 '"status":"pending"', '^\[']


=== TEST 6: a body that comes in pieces
--- raw_request eval
my $body = '{"email":"buyer@example.com","password":"demo"}';
["POST /api/auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
 . 'Content-Length: ' . length($body) . "\r\n\r\n" . substr($body, 0, 1),
 substr($body, 1, 20), substr($body, 21)]
--- raw_request_middle_delay: 0.05
--- response_body_like: "token":


=== TEST 7: a client that leaves before its answer does no harm
--- play
for my $line ($::poll, 'GET /api/user-orders-detailed', 'GET /cart-items') {
    my @sockets = map { connection() } 1 .. 20;

    OrderClient::put($_, OrderClient::text($line, as => 'buyer'))
        for @sockets;
    close $_ for @sockets;
}

is call($::poll, as => 'buyer')->{code}, 200, 'all is well';


=== TEST 8: a client that leaves in the middle of its body
--- raw_request eval
"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
--- shutdown: 1
--- ignore_response


=== TEST 9: errors are the operator's where order_intercept_errors says so
--- config
    location /api/ {
        order_intercept_errors on;
        error_page 401 404 =404 /own.html;
        order_api;
    }
    location = /own.html { return 200 "own"; }
    location /cart-items {
        error_page 401 /own.html;
        order_api;
    }
--- request eval
[$::poll, 'GET /api/nothing', 'PUT /api/stores', 'GET /cart-items']
--- error_code eval
[404, 404, 405, 401]
--- response_body_like eval
['^own$', '^own$', '"code":"METHOD_NOT_ALLOWED"', '"code":"UNAUTHORIZED"']


=== TEST 10: HTTP/1.0
--- as: buyer
--- request eval
"$::poll HTTP/1.0"
--- response_body_like: "status":"pending"
