# Amounts are exact to the last decimal place of numeric(18,8): from the
# request to the database to the answer.  They are compared as text, here too.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $coin = product_id(52);

# as it is asked for, as it is answered
our @amounts = (
    ['0.00000001', '0.00000001'], ['12345678.12345678', '12345678.12345678'],
    ['9999999999.99999999', '9999999999.99999999'], ['0.1', '0.1'],
    ['100', '100'], ['1000000', '1000000'], ['0.30000000', '0.3'],
    ['0.000000010', '0.00000001'], ['1e-8', '0.00000001'],
    ['1.50E+3', '1500'], ['0', '0'], ['-0.0', '0'], ['1e9', '1000000000'],
    ['9007199254.74099301', '9007199254.74099301'],
);


# What a coin, or another product, costs; there are many of it.
sub price {
    my ($price, $product) = @_;

    sql("UPDATE shop.products SET price = $price, stock = 100000000
          WHERE id = '" . ($product // $coin) . "'");
}


# A customer who has nothing yet.
sub customer {
    my $name = 'rich' . our $customers++;

    new_user($name);

    return $name;
}


# S4's body, for a number of coins at that total.
sub paid {
    my ($user, $total, $more, $quantity) = @_;

    $quantity //= 1;

    return '{"paymentResult":{"success":true,"paymentMethod":"fiat"'
           . ($more // '') . '},"checkoutData":{"buyerId":"' . user_id($user)
           . '","sellerId":"' . user_id('market') . '","listingId":"' . $coin
           . "\",\"quantity\":$quantity,\"totalAmount\":$total,"
           . '"currency":"USDC","shippingAddress":{"name":"John Doe",'
           . '"street":"Main Street 1","city":"Bern","zipCode":"3000",'
           . '"country":"Switzerland"}}}';
}


sub pay {
    my $user = shift;

    return call('POST /api/orders', as => $user, json => paid($user, @_));
}


# What stands behind these names in an answer, each kind of text once.
sub said {
    my ($got, @names) = @_;
    my $names = join '|', @names;
    my %texts = map { $_ => 1 } $got->{body} =~ /"(?:$names)":([^,}\]]+)/g;

    return join ' ', sort keys %texts;
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a price is the same in the product, the cart, the order and all lists
--- play
for ('0.00000001', '12345678.12345678', '9999999999.99999999', '0.1', '100',
     '1000000', '9007199254.74099301', '0')
{
    price($_);

    my $user = customer();
    my $id = user_id($user);

    is said(call("GET /api/products/$::coin"), 'price'), $_, "$_: product";
    fill_cart($user, 52);
    is said(call('GET /cart-items', as => $user), 'price'), $_, "$_: cart";

    my $got = call('POST /api/place-order', as => $user,
                   json => '{"payment_method":"card"}');
    my $order = decoded($got)->{order_id};

    is said($got, 'total_amount'), $_, "$_: placed";
    is sql("SELECT o.total_amount, o.final_total, o.unit_price, i.unit_price,
                   i.total_price, i.product_snapshot ->> 'price'
              FROM shop.orders o
              JOIN shop.order_items i ON i.order_id = o.id
             WHERE o.id = '$order'"),
        join('|', (sql("SELECT $_\::numeric(18,8)")) x 6), "$_: stored";
    is said(call("GET /api/orders/$order", as => $user), 'totalAmount',
            'finalTotal', 'unitPrice', 'totalPrice'), $_, "$_: the order";
    is said(call("GET /orders/$order", as => $user), 'total_amount',
            'final_total', 'unit_price', 'total_price', 'price'), $_,
        "$_: in S1's shape";

    my $in = sub {
        my ($path, $key, $as) = @_;
        my $body = call("GET $path", as => $as)->{body};
        my ($one) = grep { /\Q$order\E/ } split /(?="id":"[^"]+","order_?[nN])/,
                                                $body;
        return said({ body => $one // '' }, $key);
    };

    is $in->('/orders', 'total_amount', $user), $_, "$_: own orders";
    is $in->("/api/orders/buyer/$id", 'totalAmount', $user), $_,
        "$_: a buyer's";
    is $in->('/api/orders/seller/' . user_id('market'), 'totalAmount',
             'market'), $_, "$_: a seller's";
    is $in->('/api/manager/orders', 'total_amount', 'market'), $_,
        "$_: a manager's";
    is said(call("GET /orders/user/$id/stats", as => $user), 'totalSpent',
            'USDC'), $_, "$_: spent";
}


=== TEST 2: totals are exact, whatever they are made of
--- play
price('12345678.12345678', product_id(51));
price('0.00000001', product_id(52));
price('0.1', product_id(53));

my $user = customer();

for ([['51 x 7', '52 x 3'], '86419746.86419749'],
     [['53 x 3'], '0.3'], [['53', '52'], '0.10000001'],
     [['52 x 1000000'], '0.01'], [['51 x 810'], '9999999279.9999918'],
     [['51 x 3', '53 x 3', '52 x 3'], '37037034.67037037'])
{
    my ($items, $total) = @$_;

    fill_cart($user, @$items);
    is said(call('POST /api/place-order', as => $user,
                 json => '{"payment_method":"card"}'), 'total_amount'),
        $total, join ' and ', @$items;
}

my $spent = sql("SELECT trim_scale(sum(final_total)) FROM shop.orders
                  WHERE buyer_id = '" . user_id($user) . "'");

is said(call('GET /orders/user/' . user_id($user) . '/stats', as => $user),
        'totalSpent', 'USDC'), $spent, 'and so is what was spent';

$user = customer();

for (1 .. 3) {
    fill_cart($user, 53);
    call('POST /orders/checkout', as => $user, json => '{}');
}

is said(call('GET /orders/user/' . user_id($user) . '/stats', as => $user),
        'totalSpent'), '0.3', 'three times 0.1';


=== TEST 3: fees are numbers or strings, and the same in any form
--- play
price('31.12345678');

for (@::amounts) {
    my ($asked, $told) = @$_;

    for my $fee ($asked, qq("$asked")) {
        my $got = pay('buyer', '31.12345678',
                      qq(,"gasUsed":$fee,"processingFee":$fee));
        my $id = decoded($got)->{order}{id};

        is $got->{code}, 201, "$fee: paid";
        is sql("SELECT gas_fees, processing_fees FROM shop.orders
                 WHERE id = '$id'"),
            join('|', (sql("SELECT $told\::numeric(18,8)")) x 2),
            "$fee: stored";
        is said(call("GET /api/orders/$id", as => 'buyer'), 'gasUsed',
                'processingFee'), $told, "$fee: answered";
    }
}


=== TEST 4: the total that is asked for must be ours, to the last place
--- play
for (['31.12345678', '31.12345678', '31.12345679', '31.12345677', 1],
     ['12345678.12345678', '24691356.24691356', '24691356.24691357',
      '24691356.24691355', 2],
     ['9999999999.99999999', '9999999999.99999999', '9999999999.99999998',
      '9999999999', 1],
     ['0.00000001', '0.00000003', '0.00000002', '0', 3],
     ['100', '200', '200.00000001', '199.99999999', 2])
{
    my ($price, $total, @wrong) = @$_;
    my $quantity = pop @wrong;

    price($price);

    for (map { ($_, qq("$_")) } @wrong) {
        my $got = pay('buyer', $_, '', $quantity);

        is_problem $got, 400, 'INVALID_INPUT', "$total is not $_";
        is_deeply decoded($got)->{errors}, [{ message => "must be $total",
            field => 'checkoutData.totalAmount' }], "$_: what it is";
    }

    for ($total, qq("$total")) {
        my $got = pay('buyer', $_, '', $quantity);

        is $got->{code}, 201, "$total is $_";
        is said($got, 'totalAmount'), $total, "$_: answered";
    }
}

price('100');
is pay('buyer', $_, '', 2)->{code}, 201, "200 is $_"
    for '200.00000000', '"200.0"', '2e2', '"2E+2"', '0.2e3', '20000e-2',
        '200.000000000000';


=== TEST 5: what has no place in numeric(18,8) is refused
--- play
my $before = sql('SELECT count(*) FROM shop.orders');

for ('0.000000001', '1e-9', '10000000000', '1e10', '12345678901',
     '31.123456781', '-0.00000001', '-1', '1e400', '1e-400')
{
    for my $amount ($_, qq("$_")) {
        my $got = pay('buyer', $amount,
                      qq(,"gasUsed":$amount,"processingFee":$amount));

        is_problem $got, 400, 'INVALID_INPUT', "$amount: refused";
        is join(' ', sort map { $_->{field} } @{ decoded($got)->{errors} }),
            'checkoutData.totalAmount paymentResult.gasUsed '
            . 'paymentResult.processingFee', "$amount: all three";
    }
}

is_problem pay('buyer', $_), 400, 'INVALID_INPUT', "$_: no number"
    for qw("" "x" "0x10" "NaN" "Infinity" "1_000" "+1" ".5" "5." "01" true [] {}
           null), '"1,5"', '" 1"';

is sql('SELECT count(*) FROM shop.orders'), $before, 'nothing was made';


=== TEST 6: an order that is larger is refused, whole
--- play
my $before = sql('SELECT count(*) FROM shop.orders');
my $user = customer();

for (['9999999999.99999999', 2], ['10000000', 1000], ['5000000000', 2]) {
    my ($price, $quantity) = @$_;

    price($price);

    my $item = qq("product_id":"$::coin","quantity":$quantity);

    is_problem call('POST /api/place-order', as => $user, json =>
                    qq({"payment_method":"card","items":[{$item}]})),
        400, 'INVALID_INPUT', "$price x $quantity";
    is_problem call("POST $_/orders", as => $user, json => "{$item}"),
        400, 'INVALID_INPUT', "$price x $quantity: $_/orders" for '', '/api';
}

is sql('SELECT count(*) FROM shop.orders'), $before, 'nothing was made';
is sql("SELECT stock FROM shop.products WHERE id = '$::coin'"), 100000000,
    'nothing was taken';


=== TEST 7: fees that a provider tells are as exact
--- play
price('31.12345678');
sql('UPDATE shop.settings SET trust_payment = false');

for (@::amounts) {
    my ($asked, $told) = @$_;

    for my $fee ($asked, qq("$asked")) {
        my $got = pay('buyer', '31.12345678');
        my $id = decoded($got)->{order}{id};
        my $event = qq({"type":"payment.confirmed","orderId":"$id",)
                    . qq("gasUsed":$fee,"processingFee":$fee});

        $got = call('POST /api/webhooks/payment', json => $event,
                    headers => webhook('payment', $event));

        is $got->{code}, 200, "$fee: received";
        is said(call("GET /api/orders/$id", as => 'buyer'), 'gasUsed',
                'processingFee'), $told, "$fee: answered";
    }
}

sql('UPDATE shop.settings SET trust_payment = true');


=== TEST 8: bounds of a search are as exact
--- play
price('31.12345678');

my $user = customer();
pay($user, '31.12345678');

for (['minAmount=31.12345678', 1], ['minAmount=31.12345679', 0],
     ['maxAmount=31.12345678', 1], ['maxAmount=31.12345677', 0],
     ['minAmount=31.12345678&maxAmount=31.12345678', 1],
     ['minAmount=3112345678e-8', 1], ['maxAmount=9999999999.99999999', 1])
{
    my ($bounds, $count) = @$_;
    my $got = call("GET /api/orders/search?q=coin&$bounds", as => $user);

    is $got->{code}, 200, "$bounds: found";
    is scalar @{ decoded($got)->{orders} }, $count, $bounds;
}
