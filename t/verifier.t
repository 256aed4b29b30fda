# What one location found of a token is not believed in another.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use Test::Nginx::Socket;

repeat_each(1);
no_shuffle();
plan tests => 6;
run_tests();

__DATA__

=== TEST 1: a variable of the server does not vouch for the location
--- config
    set $who $order_user;

    location /api/ {
        order_jwt_audience somebody-else;
        order_api;
    }
--- as: buyer
--- request
GET /api/user-orders-detailed
--- error_code: 401
--- response_body_like: INVALID_TOKEN


=== TEST 2: nor does the location that a redirect left
--- config
    location /door {
        set $who $order_user;
        rewrite ^ /api/user-orders-detailed last;
    }

    location /api/ {
        order_jwt_audience somebody-else;
        order_api;
    }
--- as: buyer
--- request
GET /door
--- error_code: 401
--- response_body_like: INVALID_TOKEN
