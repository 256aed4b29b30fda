# The token in the cookie that login sets.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $cookie = 'Cookie: a=b; order_token=' . token('buyer') . '; c=d';
our $post = "POST /cart-items\n" . '{"product_id":"' . product_id(31)
            . '","quantity":1}';
our $poll = 'GET /api/order-status/' . order_id('a');

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: it is as good as the header, to read
--- request eval
[$::poll, 'GET /cart-items', $::poll]
--- more_headers eval
[$::cookie, "$::cookie\nOrigin: http://evil.example",
 "$::cookie\nSec-Fetch-Site: cross-site"]
--- response_body_like eval
['"status":"pending"', '^\[', '"status":"pending"']


=== TEST 2: a change must come from the same origin
--- request eval
[($::post) x 8]
--- more_headers eval
[map { "$::cookie\nContent-Type: application/json\n$_" }
 '', 'Origin: http://evil.example', 'Origin: null',
 'Origin: http://localhost.evil.example', 'Origin: http://localhos',
 'Origin: localhost', "Origin: http://localhost\nSec-Fetch-Site: cross-site",
 "Origin: http://localhost\nSec-Fetch-Site: same-site"]
--- problem
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN


=== TEST 3: which Origin or Sec-Fetch-Site shows
--- request eval
[($::post) x 3]
--- more_headers eval
[map { "$::cookie\nContent-Type: application/json\n$_" }
 'Origin: http://localhost', 'Origin: https://LOCALHOST',
 "Sec-Fetch-Site: same-origin"]
--- error_code eval
[201, 201, 201]


=== TEST 4: every change, whatever its method
--- request eval
my $id = '00000000-0000-7000-8000-000000000000';
["PATCH /cart-items/$id\n{\"quantity\":1}", "DELETE /cart-items/$id",
 "POST /api/place-order\n{\"payment_method\":\"card\"}",
 "POST /seller/update-order-status\n{}"]
--- more_headers eval
[($::cookie) x 4]
--- problem
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN


=== TEST 5: the header wins over the cookie, also when it is wrong
--- request eval
[$::poll, $::poll, $::post]
--- more_headers eval
["$::cookie\nAuthorization: Bearer x",
 "Cookie: order_token=x\nAuthorization: Bearer " . token('buyer'),
 "$::cookie\nAuthorization: Bearer " . token('buyer')]
--- problem
401 INVALID_TOKEN
200
201


=== TEST 6: a wrong or empty cookie is not a right one
--- request eval
[($::poll) x 3]
--- more_headers eval
['Cookie: order_token=x', 'Cookie: order_token=',
 'Cookie: xorder_token=' . token('buyer')]
--- problem
401 INVALID_TOKEN
401 UNAUTHORIZED
401 UNAUTHORIZED


=== TEST 7: a token in the URL is none
--- request eval
["$::poll?access_token=" . token('buyer'),
 "$::poll?token=" . token('buyer')]
--- problem
401 UNAUTHORIZED
401 UNAUTHORIZED
