# What a customer reads before there is a cart: open to anyone.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the products, and the next page by Link
--- play
my ($path, @seen) = '/api/products?limit=4';

while (defined $path) {
    my $got = call("GET $path");

    is $got->{code}, 200, $path;
    is $got->{headers}{'content-type'}, 'application/json', 'JSON';
    push @seen, map { $_->{id} } @{ decoded($got)->{products} };

    my $cursor = decoded($got)->{next_cursor};
    my $link = $got->{headers}{link};

    is defined $link, defined $cursor, 'Link and next_cursor agree';
    ($path) = ($link // '') =~ /^<(\S+)>; rel="next"$/;
    like $path, qr/\bcursor=\Q$cursor\E\b.*limit=4/, 'the path' if $path;
}

is scalar @seen, 15, 'all of them';
is_deeply \@seen, [sort @seen], 'the oldest first, none twice';


=== TEST 2: of one store
--- request eval
'GET /api/products?store=' . store_id(4)
--- response_body_like eval
'^\{"products":\[\{"id":"' . product_id(41) . '".*"name":"Margherita".*\],"next_cursor":null\}$'
--- response_headers
!Link


=== TEST 3: one product, with its price as it stands in the database
--- request eval
'GET /api/products/' . product_id(52)
--- response_body_like: "price":31\.12345678[,}]


=== TEST 4: which there is not
--- request eval
['GET /api/products/' . product_id(99), 'GET /api/products/x']
--- problem
404 NOT_FOUND There is no such product\.
400 INVALID_INPUT "field":"id","message":"must be a UUID"


=== TEST 5: the stores
--- request
GET /api/stores
--- response_body_like eval
'^\{"stores":\[\{"id":"' . store_id(3) . '","name":"Alice\'s Electronics","workflow":"shop","rating":4\.8'


=== TEST 6: a page of stores
--- request
GET /api/stores?limit=1
--- response_headers_like eval
'Link: </api/stores\?cursor=' . store_id(3) . '&limit=1>; rel="next"'


=== TEST 7: a page that cannot be
--- request eval
['GET /api/stores?limit=0', 'GET /api/products?limit=101&cursor=x&store=1',
 'GET /api/stores?limit=1&limit=2', 'GET /api/stores?page=1',
 'GET /api/stores?cursor=nonsense']
--- problem
400 INVALID_INPUT "field":"limit","message":"must be at least 1"
400 INVALID_INPUT "field":"limit".*"field":"store"|"field":"store".*"field":"limit"
400 INVALID_INPUT "field":"limit","message":"is given more than once"
400 INVALID_INPUT "field":"page","message":"is not known"
400 INVALID_INPUT cursor


=== TEST 8: each document's workflow
--- request eval
[map { "GET /api/workflows/$_" } qw(shop delivery cart marketplace)]
--- response_body_like eval
['"name":"shop",.*"progress_total":5.*"code":"pending","label":"Pending","emoji":"⏳","message":"Waiting for seller\.\.\.".*"code":"confirmed".*"✔️".*"Seller confirmed!".*"processing".*"🔄".*"shipped".*"📦".*"delivered".*"✅".*"cancelled".*"❌".*"returned".*"↩️"',
 '"name":"delivery".*"out_for_delivery"', '"name":"cart".*"shipped"',
 '"name":"marketplace".*"disputed"']


=== TEST 9: and no other
--- request eval
['GET /api/workflows/nothing', 'GET /api/workflows/' . 'x' x 31]
--- problem
404 NOT_FOUND There is no such workflow\.
400 INVALID_INPUT "field":"name"


=== TEST 10: nobody is asked for a token, and a wrong one does not matter
--- request
GET /api/stores
--- more_headers
Authorization: Bearer x
--- response_body_like: ^\{"stores":


=== TEST 11: there is nothing to change here
--- request eval
[(map { "$_ /api/products" } qw(POST PUT DELETE)), 'PATCH /api/stores',
 'DELETE /api/products/' . product_id(31), 'PUT /api/workflows/shop']
--- problem
405 METHOD_NOT_ALLOWED
405 METHOD_NOT_ALLOWED
405 METHOD_NOT_ALLOWED
405 METHOD_NOT_ALLOWED
405 METHOD_NOT_ALLOWED
405 METHOD_NOT_ALLOWED


=== TEST 12: what is not sold is in no list
--- play
my $lamp = product_id(34);

sql("UPDATE shop.products SET status = 'inactive' WHERE id = '$lamp'");

my @ids = map { map { $_->{id} } @$_ }
    pages('/api/products?limit=100', 'products');

ok !(grep { $_ eq $lamp } @ids), 'not in the list';
ok +(grep { $_ eq product_id(33) } @ids), 'as the others are';

sql("UPDATE shop.stores SET status = 'inactive'
      WHERE id = '" . store_id(3) . "'");

unlike call('GET /api/stores')->{body}, qr/@{[ store_id(3) ]}/,
    'nor a store that does not sell';

sql("UPDATE shop.stores SET status = 'active'");
sql("UPDATE shop.products SET status = 'active'");
