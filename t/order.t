# GET /api/orders/:id

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: an order by id and by number, the same
--- play
my $id = order_id('a', quantity => 2, status => 'confirmed');
my $got = call("GET /api/orders/$id", as => 'buyer');
my $order = decoded($got)->{order};

is $got->{code}, 200, 'found';
is $got->{headers}{'cache-control'}, 'private, no-cache', 'not public';
is $order->{id} // $order->{orderId}, $id, 'its id';
is $order->{status}, 'confirmed', 'its status';
like $got->{body}, qr/"Wireless Headphones"/, 'its items';
like $got->{body}, qr/"totalAmount":200[,}.]/, 'camelCase, as in S4';
is call('GET /api/orders/' . order_number('a'), as => 'buyer')->{body},
    $got->{body}, 'by number';


=== TEST 2: its ETag is the poll's, and 304 when it matches
--- play
my $id = order_id('tag');
my $etag = call("GET /api/orders/$id", as => 'buyer')->{headers}{etag};

like $etag, qr/^"\d+\.1\.\d+"$/, 'an ETag';
is call("GET /api/order-status/$id", as => 'buyer')->{headers}{etag}, $etag,
    'the same';

for ($etag, "W/$etag", "\"a\", $etag", '*') {
    my $got = call("GET /api/orders/$id", as => 'buyer',
                   headers => "If-None-Match: $_");

    is $got->{code}, 304, "304 for $_";
    is $got->{headers}{etag}, $etag, 'with its ETag';
}

order_set($id, 'confirmed');

my $new = call("GET /api/orders/$id", as => 'buyer',
               headers => "If-None-Match: $etag");

is $new->{code}, 200, 'a change is seen';
like $new->{headers}{etag}, qr/^"\d+\.2\.\d+"$/, 'the second version';
is decoded(call("GET /api/order-status/$id", as => 'buyer'))->{version}, 2,
    'and no poll shows less from then on';


=== TEST 3: buyer, seller and admin may see it
--- as eval
[qw(buyer seller admin buyer2 manager driver -)]
--- request eval
[('GET /api/orders/' . order_id('b')) x 7]
--- problem
200
200
200
403 FORBIDDEN somebody else's order
403 FORBIDDEN somebody else's order
403 FORBIDDEN somebody else's order
401 UNAUTHORIZED


=== TEST 4: an order that there is not
--- as: buyer
--- request eval
[map { "GET /api/orders/$_" } '00000000-0000-7000-8000-00000000dead',
 'ORD-2026-999999', 'nonsense']
--- problem
404 NOT_FOUND There is no such order\.
404 NOT_FOUND There is no such order\.
400 INVALID_INPUT "field":"order_id","message":"must be a UUID or an order number"


=== TEST 5: HEAD
--- as: buyer
--- request eval
'HEAD /api/orders/' . order_id('b')
--- response_headers_like
Content-Length: \d{3,}
ETag: ".+"
--- response_body
