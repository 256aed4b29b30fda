# The "API Call Sequence Diagram" of S2, as it stands there.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

plan 'no_plan';
master_on();
workers(2);
run_tests();

__DATA__

=== TEST 1: an order placed, polled and moved on by its seller
--- play
my $headphones = product_id(31);
my ($order, $poll);

# t=0: the customer places the order

is call('POST /cart-items', as => 'buyer',
        json => qq({"product_id": "$headphones", "quantity": 2}))->{code},
    201, 'something is in the cart';

my $placed = call('POST /api/place-order', as => 'buyer',
                  json => '{"payment_method": "card", "shipping_address":
                      {"name": "John", "street": "Main Street 1",
                       "city": "Bern"}}');

is $placed->{code}, 201, 'the order is placed';
$order = decoded($placed);
ok $order->{success}, 'success';
like $order->{order_id}, qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    'order_id';
like $order->{order_number}, qr/^ORD-\d{4}-\d{6,}$/, 'order_number';

is call('GET /cart-items', as => 'buyer')->{body}, '[]', 'the cart is empty';
is sql("SELECT count(*) FROM shop.order_items
         WHERE order_id = '$order->{order_id}'"), 1, 'an order item';
is sql("SELECT count(*) FROM shop.shipments
         WHERE order_id = '$order->{order_id}'"), 1, 'a shipment';

my $look = sub {
    my ($what, @texts) = @_;

    $poll = call("GET /api/order-status/$order->{order_id}", as => 'buyer');
    is $poll->{code}, 200, "$what: answered";
    like $poll->{body}, qr/\Q$_\E/, "$what: $_" for @texts;
};

my $move = sub {
    my ($to, $path) = @_;
    my $moved = call("POST $path", as => 'seller',
                     form => "order_id=$order->{order_id}&new_status=$to");

    is $moved->{code}, 200, "the seller moves it to $to";
    ok decoded($moved)->{success}, 'success';
};

# t=1: the page loads

$look->('t=1', '"status":"pending"', '⏳', 'Waiting for seller...',
        '"progress_step":1');

# t=5: the seller updates, t=31: the page polls

$move->('confirmed', '/seller/update-order-status');
$look->('t=31', '"status":"confirmed"', '✔️', 'Seller confirmed!',
        '"progress_step":2');
is $poll->{headers}{'x-order-cache'}, 'HIT', 't=31: from shared memory';

# t=61: the same

my $etag = $poll->{headers}{etag};
my $body = $poll->{body};

$look->('t=61', '"status":"confirmed"');
is $poll->{body}, $body, 't=61: no change';
is call("GET /api/order-status/$order->{order_id}", as => 'buyer',
        headers => "If-None-Match: $etag")->{code},
    304, 't=61: not modified';

# t=90: the seller updates again, t=121: the page polls

$move->('processing', '/seller/update-status');
$look->('t=121', '"status":"processing"', '🔄', 'Order being prepared...',
        '"progress_step":3');

# and on to the end

$move->('shipped', '/seller/update-order-status');
$look->('shipped', '📦', '"progress_step":4');
$move->('delivered', '/seller/update-order-status');
$look->('delivered', '✅', '"progress_step":5', '"final":true',
        '"poll_after":null');

like call('GET /api/user-orders-detailed', as => 'buyer')->{body},
    qr/"id":"$order->{order_id}".*?"status":"delivered"/, 'it is in the list';
