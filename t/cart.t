use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $laptop = product_id(61);
our $mouse = product_id(62);


# A line in a cart, put there by the API; its id.
sub line_of {
    my ($user, $product) = @_;

    return decoded(call('POST /cart-items', as => $user, json =>
        qq({"product_id":"$product","quantity":1})))->{id};
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: put in, looked at, changed and taken out
--- play
sql('DELETE FROM shop.cart_items');

for my $api ('', '/api') {
    my $put = call("POST $api/cart-items", as => 'buyer', json =>
                   qq({"product_id":"$::laptop","quantity":2}));
    my $line = decoded($put);

    is $put->{code}, 201, "$api: put in";
    is $line->{quantity}, 2, "$api: two of them";

    my $list = decoded(call("GET $api/cart-items", as => 'buyer'));
    is_deeply [map { $_->{id} } @$list], [$line->{id}], "$api: in the list";

    my $patch = call("PATCH $api/cart-items/$line->{id}", as => 'buyer',
                     json => '{"quantity":3}');
    is $patch->{code}, 200, "$api: changed";
    is decoded($patch)->{quantity}, 3, "$api: three of them";

    my $delete = call("DELETE $api/cart-items/$line->{id}", as => 'buyer');
    is $delete->{code}, 204, "$api: taken out";
    is $delete->{body}, '', "$api: nothing to say";
    is call("GET $api/cart-items", as => 'buyer')->{body}, '[]',
        "$api: empty";
    is_problem call("DELETE $api/cart-items/$line->{id}", as => 'buyer'),
        404, 'NOT_FOUND', "$api: once is enough";
}


=== TEST 2: the same option adds to its line, another is another line
--- play
sql('DELETE FROM shop.cart_items');

for ('"size":"L","color":"red"', '"size":"L","color":"red"',
     '"size":"M","color":"red"', '"size":null')
{
    is call('POST /cart-items', as => 'buyer2', json =>
            qq({"product_id":"$::laptop","quantity":1,$_}))->{code}, 201, $_;
}

is join(' ', sort map { ($_->{size} // '-') . $_->{quantity} }
             @{ decoded(call('GET /cart-items', as => 'buyer2')) }),
    '-1 L2 M1', 'three lines';


=== TEST 3: what cannot be bought cannot be put in
--- as: buyer
--- request eval
sql("UPDATE shop.products SET status = 'inactive' WHERE id = '"
    . product_id(63) . "'");
["POST /cart-items\n" . '{"product_id":"' . product_id(99) . '","quantity":1}',
 "POST /cart-items\n" . '{"product_id":"' . product_id(63) . '","quantity":1}']
--- problem
404 NOT_FOUND There is no such product\.
409 LISTING_UNAVAILABLE


=== TEST 4: a line adds up to a million at most
--- play
sql('DELETE FROM shop.cart_items');
call('POST /cart-items', as => 'buyer', json =>
     qq({"product_id":"$::laptop","quantity":1000000}));
is_problem call('POST /cart-items', as => 'buyer', json =>
                qq({"product_id":"$::laptop","quantity":1})),
    400, 'INVALID_INPUT', 'one more';


=== TEST 5: somebody else's line is theirs
--- play
my $line = line_of('buyer2', $::laptop);

is_problem call("PATCH /cart-items/$line", as => 'buyer',
                json => '{"quantity":3}'), 403, 'FORBIDDEN', 'to change';
is_problem call("DELETE /cart-items/$line", as => 'buyer'),
    403, 'FORBIDDEN', 'to take out';
is call("PATCH /cart-items/$line", as => 'admin',
        json => '{"quantity":3}')->{code}, 200, 'but for admin';
is call("DELETE /cart-items/$line", as => 'admin')->{code}, 204, 'and again';


=== TEST 6: the user is who the token says
--- as eval
['buyer', 'buyer', 'admin', 'admin']
--- request eval
[map { "POST /cart-items\n" . '{"product_id":"' . $::mouse
       . '","quantity":1,"user_id":"' . $_ . '"}' }
 user_id('buyer2'), user_id('buyer'), user_id('buyer2'),
 '00000000-0000-7000-8000-00000000dead']
--- problem
403 FORBIDDEN
201
201
404 NOT_FOUND There is no such user\.


=== TEST 7: a cart is for customers
--- as eval
['-', 'seller', 'driver']
--- request eval
[('GET /cart-items') x 3]
--- problem
401 UNAUTHORIZED
403 FORBIDDEN
403 FORBIDDEN


=== TEST 8: an Idempotency-Key puts it in once
--- play
sql('DELETE FROM shop.cart_items');

my @how = (as => 'buyer', headers => 'Idempotency-Key: cart-1',
           json => qq({"product_id":"$::laptop","quantity":1}));
my ($first, $again) = map { call('POST /cart-items', @how) } 1 .. 2;

is $first->{code}, 201, 'put in';
ok !exists $first->{headers}{'idempotent-replayed'}, 'done';
is $again->{code}, 201, 'answered again';
is $again->{headers}{'idempotent-replayed'}, 'true', 'replayed';
is $again->{body}, $first->{body}, 'byte for byte';
is decoded(call('GET /cart-items', as => 'buyer'))->[0]{quantity}, 1, 'once';
