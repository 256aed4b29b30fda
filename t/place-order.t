use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;


# The body of an order of products, "31" or "31 x 2", and more members.
sub order_of {
    my ($items, $more) = @_;

    return '{"items":[' . join(',', map {
            my ($no, $quantity) = split / x /;
            '{"product_id":"' . product_id($no) . '","quantity":'
                . ($quantity // 1) . '}'
        } @$items) . '],"payment_method":"card"' . ($more // '') . '}';
}


sub place {
    my ($json, %how) = @_;

    return call('POST /api/place-order', as => 'buyer', json => $json, %how);
}


sub orders {
    return sql('SELECT count(*) FROM shop.orders');
}


sub stock {
    return sql("SELECT stock FROM shop.products WHERE id = '"
               . product_id(shift) . "'");
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the answer tells the order, and the order is whole
--- play
my $before = stock(31);
my $got = place(order_of(['31 x 2', 33], ',"notes":"Ring","shipping_address":'
    . '{"name":"John","street":"Main Street 1","city":"Bern",'
    . '"zipCode":"3000","country":"Switzerland"}'));
my $order = decoded($got);

is $got->{code}, 201, 'placed';
is $got->{headers}{'content-type'}, 'application/json', 'JSON';
is $order->{status}, 'pending', 'the first status';
like $got->{body}, qr/"total_amount":219\.95[,}]/, 'the total, exactly';
is $order->{payment_method}, 'card', 'payment_method';
is $order->{version}, 1, 'the first version';
is stock(31), $before - 2, 'taken from stock';
is sql("SELECT string_agg(product_name || quantity, ',' ORDER BY line)
          FROM shop.order_items WHERE order_id = '$order->{order_id}'"),
    'Wireless Headphones2,T-Shirt1', 'the items';
is sql("SELECT count(*) FROM shop.notifications
         WHERE order_id = '$order->{order_id}'"), 2, 'buyer and seller know';


=== TEST 2: the first poll of a new order finds it
--- play
for (1 .. 5) {
    my $order = decoded(place(order_of([31])));

    is call("GET /api/order-status/$order->{$_}", as => 'buyer')->{code},
        200, $_ for qw(order_id order_number);
}


=== TEST 3: without items it is the cart that is ordered, and emptied
--- play
for (32, 34) {
    call('POST /cart-items', as => 'buyer', json =>
         '{"product_id":"' . product_id($_) . '","quantity":2}');
}

my $got = place('{"payment_method":"card"}');

is $got->{code}, 201, 'placed';
like $got->{body}, qr/"total_amount":170\.8\d?[,}]/, 'all of it';
is call('GET /cart-items', as => 'buyer')->{body}, '[]', 'the cart is empty';
is_problem place('{"payment_method":"card"}'), 400, 'CART_EMPTY',
    'there is nothing to order twice';


=== TEST 4: every refusal has its code, and leaves nothing behind
--- play
sql("UPDATE shop.products SET stock = 5 WHERE id = '" . product_id(36) . "'");

my ($orders, $stock) = (orders(), stock(36));

sql("UPDATE shop.products SET status = 'inactive' WHERE id = '"
    . product_id(35) . "'");

is_problem place(order_of([36, 41])), 400, 'SEVERAL_STORES', 'two stores';
is_problem place(order_of([36, 35])), 409, 'LISTING_UNAVAILABLE', 'not sold';
is_problem place(order_of([36, 99])), 409, 'LISTING_UNAVAILABLE', 'unknown';

my $got = place(order_of([31, '36 x 6']));

is_problem $got, 409, 'INSUFFICIENT_INVENTORY', 'too many';
is_deeply decoded($got)->{errors}, [{ field => 'items[1].quantity',
    message => 'only 5 left', product_id => product_id(36) }],
    'which, and how many there are';
is_problem place(order_of(['36 x 3', '36 x 3'])),
    409, 'INSUFFICIENT_INVENTORY', 'too many on two lines';
is_problem place('{"items":[],"payment_method":"card"}'),
    400, 'INVALID_INPUT', 'no items';
is_problem place('{"payment_method":"card"}', as => 'seller'),
    403, 'FORBIDDEN', 'not a customer';
is_problem call('POST /api/place-order', json => order_of([36])),
    401, 'UNAUTHORIZED', 'nobody';

is orders(), $orders, 'no order';
is stock(36), $stock, 'nothing taken';


=== TEST 5: a retried request gets the first answer again, byte for byte
--- play
my $orders = orders();
my @how = (headers => 'Idempotency-Key: retry');
my ($first, @again) = map { place(order_of([31]), @how) } 1 .. 4;

is $first->{code}, 201, 'placed';
ok !exists $first->{headers}{'idempotent-replayed'}, 'not replayed';

for (@again) {
    is $_->{code}, 201, 'the same status';
    is $_->{body}, $first->{body}, 'the same bytes';
    is $_->{headers}{'idempotent-replayed'}, 'true', 'marked';
}

is orders(), $orders + 1, 'one order';

is_problem place(order_of([32]), @how), 422, 'IDEMPOTENCY_KEY_REUSED',
    'the key with another order';
like place(order_of([32]), @how)->{raw},
    qr/^HTTP\/1\.1 422 Unprocessable Content\r\n/, 'the status line';
is place(order_of([31]), as => 'buyer2', @how)->{code}, 201,
    'the same key of somebody else is another key';
is orders(), $orders + 2, 'that is all';


=== TEST 6: what was refused may be repeated with the same key
--- play
my @how = (headers => 'Idempotency-Key: refused');

sql("UPDATE shop.products SET stock = 0 WHERE id = '" . product_id(34) . "'");
is_problem place(order_of([34]), @how), 409, 'INSUFFICIENT_INVENTORY', 'none';
sql("UPDATE shop.products SET stock = 9 WHERE id = '" . product_id(34) . "'");
is place(order_of([34]), @how)->{code}, 201, 'now there is';


=== TEST 7: the same key many times at once makes one order
--- play
my $orders = orders();
my @got = call_all(map { ['POST /api/place-order', as => 'buyer',
    headers => 'Idempotency-Key: at-once', json => order_of([31])] } 1 .. 20);
my @placed = grep { $_->{code} == 201 } @got;
my @others = grep { $_->{code} != 201 } @got;

is orders(), $orders + 1, 'one order';
ok @placed >= 1, 'somebody has it';
is scalar(grep { $_->{body} ne $placed[0]{body} } @placed), 0,
    'all the same';
is scalar(grep { !$_->{headers}{'idempotent-replayed'} } @placed), 1,
    'one is the first';

for (@others) {
    is_problem $_, 409, 'IDEMPOTENCY_IN_PROGRESS', 'still running';
    is $_->{headers}{'retry-after'}, 1, 'come back in a second';
}


=== TEST 8: the last of the stock is sold once
--- play
sql("UPDATE shop.products SET stock = 3 WHERE id = '" . product_id(36) . "'");

my @got = call_all(map { ['POST /api/place-order', as => 'buyer',
                          json => order_of([36])] } 1 .. 12);

is scalar(grep { $_->{code} == 201 } @got), 3, 'three are placed';
is scalar(grep { (decoded($_)->{code} // '') eq 'INSUFFICIENT_INVENTORY' }
               grep { $_->{code} == 409 } @got), 9, 'nine are refused';
is stock(36), 0, 'nothing is left';


=== TEST 9: every workflow begins as its document says
--- play
for ([41, 'pending'], [61, 'pending']) {
    is decoded(place(order_of([$_->[0]])))->{status}, $_->[1],
        "$_->[0] $_->[1]";
}

is decoded(place('{"items":[{"product_id":"' . product_id(51)
                 . '","quantity":1}],"payment_method":"unheard of"}'))
    ->{status}, 'order_confirmed', 'an unknown payment method';


=== TEST 10: an Idempotency-Key has bounds
--- as: buyer
--- request eval
"POST /api/place-order\n" . main::order_of([31])
--- more_headers eval
'Idempotency-Key: ' . 'x' x 256
--- problem
400 INVALID_INPUT "field":"Idempotency-Key"
