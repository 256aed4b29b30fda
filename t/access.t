# The module among nginx's own: variables, limits, satisfy, subrequests.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $path = '/api/order-status/' . order_id('a');

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the variables, in a log
--- order
log_format order '[$order_cache_status|$order_user|$order_role|$order_id|$order_db_time]';
--- config
    access_log $TEST_NGINX_SERVROOT/logs/order.log order;
    location /api/ { order_api; }
--- play
my $id = order_now('b');
my $buyer = user_id('buyer');

call("GET /api/order-status/$id", as => 'buyer') for 1 .. 2;
call("GET $::path");
call('GET /api/orders/' . order_number('b'), as => 'seller');
call('GET /api/stores');

my @lines;

ok wait_until(sub {
    open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/order.log" or die $!;
    @lines = <$in>;
    return @lines >= 5;
}), 'all are logged';

like $lines[0], qr/^\[MISS\|$buyer\|customer\|$id\|\d\.\d{3}\]$/, 'a miss';
like $lines[1], qr/^\[HIT\|$buyer\|customer\|$id\|-\]$/, 'a hit';
like $lines[2], qr/^\[-\|-\|-\|[^|]+\|-\]$/, 'nobody';
like $lines[3], qr/^\[-\|[^|]+\|manager\|$id\|\d\.\d{3}\]$/, 'a call';
like $lines[4], qr/^\[-\|-\|-\|-\|\d\.\d{3}\]$/, 'nobody needs a token';


=== TEST 2: limit_req by user, before the content
--- order
limit_req_zone $order_user zone=user:1m rate=1r/m;
--- config
    location /api/ {
        limit_req zone=user;
        limit_req_status 429;
        limit_req_log_level info;
        order_api;
    }
--- as eval
[qw(buyer seller buyer seller admin - -)]
--- request eval
[("GET $::path") x 7]
--- error_code eval
[200, 200, 429, 429, 200, 401, 401]


=== TEST 3: satisfy all and any do not let anybody around the token
--- config
    location /api/ {
        satisfy any;
        allow 127.0.0.1;
        deny all;
        order_api;
    }
    location /all/ {
        rewrite ^/all(.*)$ $1 break;
        satisfy all;
        allow 127.0.0.1;
        auth_request /yes;
        order_api;
    }
    location /no/ {
        rewrite ^/no(.*)$ $1 break;
        auth_request /refuse;
        order_api;
    }
    location = /yes { return 204; }
    location = /refuse { return 403; }
--- as eval
[qw(- buyer buyer2 - buyer buyer2 buyer)]
--- request eval
["GET $::path", "GET $::path", "GET $::path", "GET /all$::path",
 "GET /all$::path", "GET /all$::path", "GET /no$::path"]
--- error_code eval
[401, 200, 403, 401, 200, 403, 403]
--- error_log eval
[qr/./]


=== TEST 4: a mirror of a poll is checked as the poll itself
--- config eval
"    location /api/ { order_api; }
    location /public {
        mirror $::path;
        return 200 'public';
    }
"
--- as eval
['-', 'buyer']
--- request eval
[('GET /public') x 2]
--- response_body eval
[('public') x 2]


=== TEST 5: SSI does not show an order to who may not see it
--- config eval
"    location /api/ { order_api; }
    location /page { ssi on; ssi_types text/plain; return 200 '<<!--# include virtual=\"$::path\" -->>'; }
"
--- as eval
['-', 'buyer2', 'buyer']
--- request eval
[('GET /page') x 3]
--- response_body_like eval
['^<(?!.*pending)', '^<(?!.*pending)', '^<\{"order_id".*"status":"pending".*\}>$']


=== TEST 6: auth_request asks for the token, too
--- config eval
"    location /api/ { order_api; }
    location = /index.html {
        root $ENV{TEST_NGINX_SERVROOT}/html;
        auth_request $::path;
    }
"
--- as eval
['-', 'buyer2', 'buyer']
--- request eval
[('GET /index.html') x 3]
--- error_code eval
[401, 403, 200]
