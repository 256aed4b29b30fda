# S1: from the cart to orders, one for each line, and what becomes of them.
# Each endpoint is there twice: below /orders, and below /api/orders in S4's
# shape.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $nobody = '00000000-0000-7000-8000-00000000dead';
our $address = '{"name":"John Doe","street":"Main Street 1","city":"Bern",'
               . '"zipCode":"3000","country":"Switzerland"}';


# A product of the store whose workflow is "cart", ordered by "buyer".
sub ordered {
    my (%how) = @_;

    return order_id('cart ' . our $orders++, product => 61, %how);
}


sub patch {
    my ($path, $json, %how) = @_;

    return call("PATCH $path", as => 'cart', json => $json, %how);
}


# Moves an order on as its manager does, up to that status.
sub bring {
    my ($id, @way) = @_;

    patch("/orders/$id", qq({"status":"$_"})) for @way;

    return $id;
}


sub stock {
    return sql("SELECT stock FROM shop.products WHERE id = '"
               . product_id(shift) . "'");
}


sub count_orders {
    return sql('SELECT count(*) FROM shop.orders');
}


# The order in an answer of either shape.
sub order_in {
    my $body = decoded(shift);

    return $body->{order} // $body;
}


# The polls of all workers say that there is no such order.
sub is_gone {
    my ($id, $user, $what) = @_;
    my %codes = map { $_->{code} => 1 }
        call_all(map { ["GET /api/order-status/$id", as => $user] } 1 .. 12);

    is join(' ', keys %codes), '404', $what;
}

master_on();
workers(2);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the Real-World Example, with its figures
--- play
my ($laptop, $mouse) = (product_id(61), product_id(62));
my $john = new_user('john');

# Step 1: add to cart

for (qq({"user_id":"$john","product_id":"$laptop","quantity":1}),
     qq({"user_id":"$john","product_id":"$mouse","quantity":2}))
{
    is call('POST /cart-items', as => 'john', json => $_)->{code}, 201,
        'put into the cart';
}

is scalar @{ decoded(call('GET /cart-items', as => 'john')) }, 2,
    'cart_items has 2 rows';

# Step 2: checkout

my $got = call('POST /orders/checkout', as => 'john',
               json => qq({"user_id":"$john"}));
my ($first, $second) = @{ decoded($got) };

is $got->{code}, 201, 'checked out';
is scalar @{ decoded($got) }, 2, 'an array of 2 orders';
is_deeply [map { [@$_{qw(user_id product_id quantity status)}] } $first,
           $second],
    [[$john, $laptop, 1, 'pending'], [$john, $mouse, 2, 'pending']],
    'laptop x 1, mouse x 2';
is_deeply $first->{user}, { id => $john, email => 'john@example.com',
                            name => 'John New' }, 'with the user';
is $first->{product}{name}, 'Laptop', 'and the product';
like $got->{body}, qr/"total_amount":999\.99[,}].*"total_amount":149\.98[,}]/,
    'the totals';
is call('GET /cart-items', as => 'john')->{body}, '[]',
    'cart_items is empty';
is_seen $_->{id}, 'john', 'pending', 1 for $first, $second;

# Step 3: track orders

is join(' ', sort map { $_->{id} }
             @{ decoded(call("GET /orders/user/$john", as => 'john')) }),
    join(' ', sort $first->{id}, $second->{id}), '2 orders';

for ('', '/api') {
    $got = call("GET $_/orders/user/$john/stats", as => 'john');

    is decoded($got)->{totalOrders}, 2, "$_: totalOrders";
    like $got->{body}, qr/"totalSpent":1149\.97,/, "$_: totalSpent";
    is_deeply decoded($got)->{statusCounts}, { pending => 2 },
        "$_: statusCounts";
}

# Step 4: update status

my $version = 1;

for my $status (qw(processing shipped delivered)) {
    $got = patch("/orders/$first->{id}", qq({"status":"$status"}));
    $version++;

    is $got->{code}, 200, $status;
    is decoded($got)->{status}, $status, 'in the answer';
    is_seen $first->{id}, 'john', $status, $version;
}

is join(' ', map { decoded(call("GET /orders/$_->{id}", as => 'john'))
                   ->{status} } $first, $second), 'delivered pending',
    'the final state';

# and what is cancelled is not spent

call("PATCH /orders/$second->{id}/cancel", as => 'john');
$got = call("GET /orders/user/$john/stats", as => 'john');
like $got->{body}, qr/"totalOrders":2,"totalSpent":999\.99,/, 'less spent';
is_deeply decoded($got)->{statusCounts}, { delivered => 1, cancelled => 1 },
    'counted where they are';


=== TEST 2: each line of the cart becomes an order, of whatever store
--- play
new_user('mary');

my @items = ('61', '62 x 3', '31', '41 x 2');

for (['', sub { $_[0] }, 'user_id', 'total_amount'],
     ['/api', sub { $_[0]{orders} }, 'buyer', 'totalAmount'])
{
    my ($api, $list, $buyer, $total) = @$_;

    fill_cart('mary', @items);

    my $got = call("POST $api/orders/checkout", as => 'mary', json =>
                   '{"payment_method":"card","notes":"Ring twice",'
                   . qq("shipping_address":$::address}));
    my @orders = @{ $list->(decoded($got)) };

    is $got->{code}, 201, "$api: checked out";
    is scalar @orders, 4, "$api: an order for each";
    ok exists $_->{$buyer}, "$api: in its shape" for @orders;
    is join(' ', $got->{body} =~ /"$total":([^,}]+)/g),
        '999.99 224.97 100 19', "$api: each with its total";
    is call("GET $api/cart-items", as => 'mary')->{body}, '[]',
        "$api: the cart is empty";
    is_seen $_->{id}, 'mary', 'pending', 1, "$api: polled" for @orders;
    is sql("SELECT count(*) FROM shop.orders
             WHERE id IN ('" . join("','", map { $_->{id} } @orders) . "')
               AND payment_method = 'card' AND order_notes = 'Ring twice'
               AND shipping_address ->> 'city' = 'Bern'"), 4,
        "$api: with what was said of them";
}

is decoded(call('GET /orders/user/' . user_id('mary') . '/stats',
                as => 'mary'))->{totalOrders}, 8, 'eight in all';


=== TEST 3: checkout is all or nothing
--- play
new_user('anna');
sql("UPDATE shop.products SET stock = 1 WHERE id = '" . product_id(63) . "'");

my ($orders, $stock) = (count_orders(), stock(61));
my $checkout = sub {
    return call('POST /orders/checkout', as => 'anna', json => '{}', @_);
};

my $got = $checkout->();
is_problem $got, 400, 'CART_EMPTY', 'an empty cart';
is decoded($got)->{message}, 'Cart is empty', 'in words';

fill_cart('anna', '61', '63 x 2');
$got = $checkout->();
is_problem $got, 409, 'INSUFFICIENT_INVENTORY', 'one of them is not there';
is decoded($got)->{errors}[0]{product_id}, product_id(63), 'which';

sql("UPDATE shop.products SET status = 'inactive', stock = 9
      WHERE id = '" . product_id(63) . "'");
is_problem $checkout->(), 409, 'LISTING_UNAVAILABLE', 'or not sold any more';
sql("UPDATE shop.products SET status = 'active'
      WHERE id = '" . product_id(63) . "'");

is_problem $checkout->(json => $_->[0]), 400, 'INVALID_INPUT', $_->[1]
    for ['{"user_id":"john-123"}', 'no UUID'],
        ['{"payment_method":""}', 'an empty payment_method'],
        ['{"shipping_address":{"name":"A"}}', 'half an address'],
        ['{"quantity":1}', 'an unknown member'];

my $anna = user_id('anna');

is_problem $checkout->(as => 'buyer2', json => qq({"user_id":"$anna"})),
    403, 'FORBIDDEN', "another's cart";
is_problem $checkout->(as => 'anna', json => qq({"user_id":"$::nobody"})),
    403, 'FORBIDDEN', "nobody's cart";
is_problem $checkout->(as => 'admin', json => qq({"user_id":"$::nobody"})),
    404, 'NOT_FOUND', "nobody's cart, by an admin";
is_problem $checkout->(as => $_), 403, 'FORBIDDEN', $_ for qw(cart driver);
is_problem $checkout->(as => undef), 401, 'UNAUTHORIZED', 'nobody';

is count_orders(), $orders, 'no order';
is stock(61), $stock, 'nothing taken';
is scalar @{ decoded(call('GET /cart-items', as => 'anna')) }, 2,
    'the cart is kept';

my @got = call_all(map { ["POST $_/orders/checkout", as => 'anna',
                          json => '{}'] } ('', '/api') x 3);

is join(' ', sort map { $_->{code} } @got), '201 400 400 400 400 400',
    'many at once: one has the cart';
is count_orders(), $orders + 2, 'each line once';

fill_cart('anna', '61');
$got = $checkout->(as => 'admin', json => qq({"user_id":"$anna"}));
is $got->{code}, 201, 'an admin may, for a user';
is decoded($got)->[0]{user_id}, $anna, 'whose order it is';


=== TEST 4: one product, past the cart
--- play
sql('DELETE FROM shop.cart_items');
fill_cart('buyer', '62');

my $stock = stock(61);
my $json = '{"product_id":"' . product_id(61) . '","quantity":2,"size":"L",'
           . '"color":"grey","payment_method":"card","notes":"Quick",'
           . qq("shipping_address":$::address});

for ('', '/api') {
    my $got = call("POST $_/orders", as => 'buyer', json => $json);
    my $order = order_in($got);

    is $got->{code}, 201, "$_: created";
    like $got->{body}, qr/"total_?[aA]mount":1999\.98,/, "$_: its total";
    is $order->{user_id} // $order->{buyer}{id}, user_id('buyer'),
        "$_: whose it is";
    is join('|', @{ $order->{items}[0] }{qw(quantity size color)}),
        '2|L|grey', "$_: its line";
    is $order->{notes}, 'Quick', "$_: its notes";
    is +($order->{shipping_address} // $order->{shipping}{address})->{city},
        'Bern', "$_: its address";
    is_seen $order->{id}, 'buyer', 'pending', 1, "$_: polled";
}

is stock(61), $stock - 4, 'taken from stock';
is scalar @{ decoded(call('GET /cart-items', as => 'buyer')) }, 1,
    'the cart is left alone';

my $least = order_in(call('POST /orders', as => 'buyer', json =>
    '{"product_id":"' . product_id(62) . '","quantity":1}'));

is $least->{payment_method}, 'unspecified', 'no payment method is one, too';


=== TEST 5: what cannot be ordered leaves nothing behind
--- play
sql("UPDATE shop.products SET stock = 3 WHERE id = '" . product_id(35) . "'");
sql("UPDATE shop.products SET status = 'inactive'
      WHERE id = '" . product_id(34) . "'");

my $orders = count_orders();
my $order = sub {
    my ($product, $more, %how) = @_;
    $more = ',"quantity":1' . ($more // '') if ($more // '') !~ /quantity/;
    return call(($how{to} // 'POST /orders'), as => 'buyer', json =>
                qq({"product_id":"$product"$more}), %how);
};

for my $to ('POST /orders', 'POST /api/orders') {
    my @to = (to => $to);
    my $laptop = product_id(61);
    my $got = $order->(product_id(35), ',"quantity":4', @to);

    is_problem $got, 409, 'INSUFFICIENT_INVENTORY', "$to: too many";
    is_deeply decoded($got)->{errors}, [{ field => 'quantity',
        message => 'only 3 left', product_id => product_id(35) }],
        "$to: how many there are";
    is_problem $order->(product_id(34), '', @to), 409,
        'LISTING_UNAVAILABLE', "$to: not sold";
    $got = $order->($::nobody, '', @to);
    is_problem $got, 404, 'NOT_FOUND', "$to: unknown";
    is decoded($got)->{message}, 'There is no such product.', "$to: what";

    my $other = ',"user_id":"' . user_id('buyer2') . '"';
    is_problem $order->($laptop, $other, @to), 403, 'FORBIDDEN',
        "$to: for somebody else";
    is_problem $order->($laptop, qq(,"user_id":"$::nobody"), @to,
                        as => 'admin'), 404, 'NOT_FOUND', "$to: for nobody";

    for (',"quantity":0', ',"quantity":1000001', ',"quantity":1.5',
         ',"quantity":"x"', ',"quantity":null', ',"size":""',
         ',"user_id":"john"', ',"price":1', ',"notes":7')
    {
        is_problem $order->($laptop, $_, @to), 400, 'INVALID_INPUT',
            "$to: $_";
    }

    is_problem $order->('laptop-456', '', @to), 400, 'INVALID_INPUT',
        "$to: no UUID";
    is_problem $order->($laptop, '', @to, as => $_), 403, 'FORBIDDEN',
        "$to: $_" for qw(cart driver);
    is_problem $order->($laptop, '', @to, as => undef), 401, 'UNAUTHORIZED',
        "$to: nobody";
}

is count_orders(), $orders, 'no order';
sql("UPDATE shop.products SET status = 'active', stock = 500
      WHERE id IN ('" . product_id(34) . "', '" . product_id(35) . "')");

my $got = $order->(product_id(61), ',"user_id":"' . user_id('buyer2') . '"',
                   as => 'admin');
is $got->{code}, 201, 'an admin may, for a user';
is decoded($got)->{user_id}, user_id('buyer2'), 'whose order it is';


=== TEST 6: a list has the orders of its caller, by role
--- play
ordered() for 1 .. 3;
ordered(buyer => 'buyer2');
bring(ordered(), qw(processing));

my %who = (buyer => "buyer_id = '" . user_id('buyer') . "'",
           cart => "seller_id = '" . user_id('cart') . "'",
           driver => "driver_id = '" . user_id('driver') . "'",
           admin => 'true');
my $all = sub {
    my ($where, $order) = @_;
    $order //= 'DESC';
    return sql("SELECT string_agg(id::text, ' '
                                  ORDER BY created_at $order, id $order)
                  FROM shop.orders WHERE $where");
};
my $ids = sub { join ' ', map { map { $_->{id} } @$_ } @_ };

for my $user (sort keys %who) {
    for (['/orders', undef], ['/api/orders', 'orders']) {
        my ($path, $key) = @$_;

        is $ids->(pages("$path?limit=3", $key, as => $user)),
            $all->($who{$user}), "$path: $user";
        is $ids->(pages("$path?limit=2&status=pending&sortOrder=asc", $key,
                        as => $user)),
            $all->("$who{$user} AND status = 'pending'", 'ASC'),
            "$path: $user, pending, the oldest first";
    }
}

my $buyer = user_id('buyer');

for (["/orders/user/$buyer", undef], ["/api/orders/user/$buyer", 'orders']) {
    my ($path, $key) = @$_;

    is $ids->(pages("$path?limit=3", $key, as => $_)), $all->($who{buyer}),
        "$path: $_" for qw(buyer admin);
    is $ids->(pages("$path?status=processing", $key, as => 'buyer')),
        $all->("$who{buyer} AND status = 'processing'"), "$path: processing";
    is_problem call("GET $path", as => $_), 403, 'FORBIDDEN', "$path: $_"
        for qw(buyer2 cart driver);
    is_problem call("GET $path"), 401, 'UNAUTHORIZED', "$path: nobody";
}

for my $path ('/orders', '/api/orders', "/orders/user/$buyer") {
    is_problem call("GET $path?status=nonsense", as => 'buyer'),
        400, 'UNKNOWN_STATUS', "$path: no status";
    is_problem call("GET $path?$_", as => 'buyer'), 400, 'INVALID_INPUT',
        "$path: $_" for qw(limit=0 limit=101 page=0 page=101 cursor=x
                           sortBy=price), "cursor=$::nobody";
}

is_problem call("GET $_"), 401, 'UNAUTHORIZED', "$_: nobody"
    for '/orders', '/api/orders';


=== TEST 7: a page by its number, and how many there are
--- play
new_user('pete');
fill_cart('pete', 61, 62, 63, 31, 32);
call('POST /orders/checkout', as => 'pete', json => '{}');

my $pete = user_id('pete');
my @ids = split ' ', sql("SELECT string_agg(id::text, ' ' ORDER BY id DESC)
                            FROM shop.orders WHERE buyer_id = '$pete'");

for my $path ('/api/orders', "/api/orders/user/$pete") {
    my $got = call("GET $path?page=2&limit=2", as => 'pete');
    my $list = decoded($got);

    is join(' ', map { $_->{id} } @{ $list->{orders} }), "@ids[2, 3]",
        "$path: the second page";
    is_deeply $list->{pagination}, { page => 2, limit => 2, total => 5,
                                     totalPages => 3 }, "$path: of how many";
    is $list->{next_cursor}, $ids[3], "$path: and how to go on";
    like $got->{headers}{link},
        qr{^<\Q$path\E\?cursor=$ids[3]&page=2&limit=2>; rel="next"$},
        "$path: by Link, too";

    my $last = decoded(call("GET $path?page=3&limit=2", as => 'pete'));
    is join(' ', map { $_->{id} } @{ $last->{orders} }), $ids[4],
        "$path: the last page";
    is $last->{next_cursor}, undef, "$path: and no more";
}

is join(' ', map { $_->{id} } @{ decoded(
    call('GET /orders?page=3&limit=2', as => 'pete')) }), $ids[4],
    'a bare array of them';
is decoded(call('GET /api/orders?status=cancelled', as => 'pete'))
    ->{pagination}{total}, 0, 'none of that status';


=== TEST 8: figures of a user are that user's, and an admin's to see
--- play
my $id = new_user('rose');
my $stats = sub {
    return call("GET /orders/user/$id/stats", as => 'rose', @_);
};

is $stats->()->{body} =~ s/\s//gr, '{"totalOrders":0,"totalSpent":0,'
    . '"statusCounts":{},"spentByCurrency":{}}', 'nothing yet';

fill_cart('rose', '61', '52 x 3');
my ($laptop, $coin) = map { $_->{id} }
    @{ decoded(call('POST /orders/checkout', as => 'rose', json =>
                    '{"payment_method":"card"}')) };

is $stats->()->{body} =~ s/\s//gr, '{"totalOrders":2,'
    . '"totalSpent":1093.36037034,"statusCounts":{"order_confirmed":1,'
    . '"pending":1},"spentByCurrency":{"USD":999.99,"USDC":93.37037034}}',
    'in each currency';

call("PUT /api/orders/$laptop", as => 'cart',
     json => '{"discountAmount":0.00000001}');
like $stats->()->{body}, qr/"totalSpent":1093\.36037033,/,
    'what was taken off is not spent';

is $stats->(as => 'admin')->{code}, 200, 'an admin may see them';
is_problem $stats->(as => $_), 403, 'FORBIDDEN', $_
    for qw(buyer cart driver);
is_problem $stats->(as => undef), 401, 'UNAUTHORIZED', 'nobody';
is_problem call("GET $_/orders/user/$::nobody/stats", as => 'admin'),
    404, 'NOT_FOUND', "$_: no such user" for '', '/api';
is_problem call('GET /orders/user/john-123/stats', as => 'rose'),
    400, 'INVALID_INPUT', 'no UUID';


=== TEST 9: one order, in the shape of S1
--- play
my $id = ordered();
my $got = call("GET /orders/$id", as => 'buyer');
my $order = decoded($got);

is $got->{code}, 200, 'there it is';
is $got->{headers}{etag}, call("GET /api/order-status/$id", as => 'buyer')
    ->{headers}{etag}, 'with the tag of the poll';
is $order->{product}{id}, product_id(61), 'with its product';
is $order->{user}{email}, 'buyer@example.com', 'and user';
is call('GET /orders/' . $order->{order_number}, as => 'cart')->{body},
    $got->{body}, 'by number';
is call("GET /orders/$id", as => 'buyer',
        headers => "If-None-Match: $got->{headers}{etag}")->{code}, 304,
    'not modified';
is_problem call("GET /orders/$id", as => $_), 403, 'FORBIDDEN', $_
    for qw(buyer2 seller driver);
is_problem call("GET /orders/$id"), 401, 'UNAUTHORIZED', 'nobody';
is_problem call("GET /orders/$::nobody", as => 'buyer'), 404, 'NOT_FOUND',
    'unknown';
is_problem call('GET /orders/order-1-id', as => 'buyer'),
    400, 'INVALID_INPUT', 'no id';


=== TEST 10: the manager moves an order through its life, nobody else does
--- play
for my $api ('', '/api') {
    my $id = ordered();
    my $version = 1;

    for my $status (qw(processing shipped delivered)) {
        my $set = qq({"status":"$status"});

        my $got = patch("$api/orders/$id", $set, as => 'buyer');
        is_problem $got, 409, 'TRANSITION_NOT_ALLOWED', "$status: no buyer";
        is_deeply decoded($got)->{allowed_transitions}, ['cancelled'],
            'who may only cancel it';
        is_problem patch("$api/orders/$id", $set, as => $_), 403,
            'FORBIDDEN', "$status: not by $_" for qw(buyer2 seller driver);

        $got = patch("$api/orders/$id", $set);
        $version++;

        is $got->{code}, 200, "$api: $status";
        is order_in($got)->{version}, $version, 'the next version';
        like $got->{headers}{etag}, qr/^"\d+\.$version\.\d+"$/, 'its tag';
        is_seen $id, 'buyer', $status, $version;
    }

    my $got = patch("$api/orders/$id", '{"status":"cancelled"}');
    is_problem $got, 409, 'TRANSITION_NOT_ALLOWED', 'it is delivered';
    is_deeply decoded($got)->{allowed_transitions}, [], 'and final';

    $id = ordered();
    $got = patch("$api/orders/$id", '{"status":"shipped"}');
    is_problem $got, 409, 'TRANSITION_NOT_ALLOWED', 'no step is left out';
    is decoded($got)->{current_status}, 'pending', 'where it stands';
    is_problem patch("$api/orders/$id", '{"status":"nonsense"}'),
        400, 'UNKNOWN_STATUS', 'no status';

    $got = patch("$api/orders/$id", '{}');
    is_problem $got, 400, 'INVALID_INPUT', 'nothing to change';
    is_deeply decoded($got)->{errors}, [{ field => 'status',
        message => 'is required' }], 'a status, say';
    is_problem patch("$api/orders/$id", $_), 400, 'INVALID_INPUT', $_
        for '{"status":7}', '{"price":1}', '[]', '{"status":""}';
    is_problem patch("$api/orders/$::nobody", '{"status":"shipped"}'),
        404, 'NOT_FOUND', 'no such order';
    is_problem patch("$api/orders/$id", '{"status":"processing"}',
                     as => undef), 401, 'UNAUTHORIZED', 'nobody';
    is patch("$api/orders/$id", '{"status":"processing"}', as => 'admin')
        ->{code}, 200, 'an admin may';
}


=== TEST 11: notes and address change until the order is shipped
--- play
for my $api ('', '/api') {
    my $id = ordered();
    my $path = "$api/orders/$id";
    my $got = patch($path, qq({"notes":"Ring","shipping_address":$::address}),
                    as => 'buyer');
    my $order = order_in($got);

    is $got->{code}, 200, 'both';
    is $order->{notes}, 'Ring', 'notes';
    is +($order->{shipping_address} // $order->{shipping}{address})->{city},
        'Bern', 'address';
    is_seen $id, 'buyer', 'pending', 2, 'a version, and the same status';

    $got = patch($path, '{"status":"processing","notes":"Fragile"}');
    is_deeply [@{ order_in($got) }{qw(status notes version)}],
        ['processing', 'Fragile', 3], 'status and notes are one change';

    $got = patch($path, qq({"shipping_address":$::address}));
    is_problem $got, 403, 'FORBIDDEN', 'the address is not the manager\'s';
    is patch($path, qq({"shipping_address":$::address}), as => 'admin')
        ->{code}, 200, 'but an admin\'s';
    is_problem patch($path, '{"notes":"x"}', as => $_), 403, 'FORBIDDEN',
        "nor anything $_\'s" for qw(buyer2 seller driver);

    for ('{"notes":""}', '{"notes":"' . 'x' x 2001 . '"}',
         '{"shipping_address":{"name":"A","street":"B"}}',
         '{"shipping_address":"Bern"}')
    {
        is_problem patch($path, $_, as => 'buyer'), 400, 'INVALID_INPUT',
            substr $_, 0, 40;
    }

    is_problem patch($path, '{"status":"delivered","notes":"Lost"}'),
        409, 'TRANSITION_NOT_ALLOWED', 'all of it or nothing';
    is order_in(call("GET $path", as => 'buyer'))->{notes}, 'Fragile',
        'as it was';

    for my $status (qw(shipped delivered)) {
        bring($id, $status);

        for (['buyer', '{"notes":"late"}'], ['cart', '{"notes":"late"}'],
             ['buyer', qq({"shipping_address":$::address})],
             ['admin', '{"notes":"late"}'])
        {
            $got = patch($path, $_->[1], as => $_->[0]);
            is_problem $got, 409, 'ORDER_FINAL', "$status: $_->[0]";
            is decoded($got)->{current_status}, $status, 'where it stands';
        }
    }

    is_problem patch("$api/orders/" . bring(ordered(), 'cancelled'),
                     '{"notes":"late"}', as => 'buyer'),
        409, 'ORDER_FINAL', 'cancelled';
}


=== TEST 12: buyer and manager cancel before it is delivered, once
--- play
for my $api ('', '/api') {
    for (['buyer'], ['buyer', 'processing'],
         ['cart', 'processing', 'shipped'], ['cart'], ['admin'])
    {
        my ($user, @way) = @$_;
        my $id = bring(ordered(quantity => 2), @way);
        my $stock = stock(61);
        my $back = "@way" =~ /shipped/ ? 0 : 2;
        my $name = "$user after @way";
        my $got = call("PATCH $api/orders/$id/cancel", as => $user,
                       json => '{"reason":"Changed my mind"}');

        is $got->{code}, 200, "$name: cancelled";
        is order_in($got)->{status}, 'cancelled', "$name: in the answer";
        like $got->{headers}{etag}, qr/^"/, "$name: its tag";
        is stock(61), $stock + $back, "$name: $back back in stock";
        is_seen $id, 'buyer', 'cancelled', 2 + @way;
        is sql("SELECT change_reason, changed_by
                  FROM shop.order_status_history
                 WHERE order_id = '$id' AND new_status = 'cancelled'"),
            'Changed my mind|' . user_id($user), "$name: and why";

        is_problem call("PATCH $api/orders/$id/cancel", as => $user),
            409, 'TRANSITION_NOT_ALLOWED', "$name: once";
        is stock(61), $stock + $back, "$name: back once";
    }

    my $id = bring(ordered(), qw(processing shipped delivered));
    is_problem call("PATCH $api/orders/$id/cancel", as => $_),
        409, 'TRANSITION_NOT_ALLOWED', "delivered: $_" for qw(buyer admin);

    $id = ordered();
    is_problem call("PATCH $api/orders/$id/cancel", as => $_),
        403, 'FORBIDDEN', "not by $_" for qw(buyer2 seller driver);
    is_problem call("PATCH $api/orders/$id/cancel"), 401, 'UNAUTHORIZED',
        'nobody';
    is_problem call("PATCH $api/orders/$::nobody/cancel", as => 'buyer'),
        404, 'NOT_FOUND', 'no such order';
    is_problem call("PATCH $api/orders/$id/cancel", as => 'buyer',
                    json => $_), 400, 'INVALID_INPUT', substr $_, 0, 30
        for '{"reason":""}', '{"reason":"' . 'x' x 501 . '"}', '{"why":1}';
    is_seen $id, 'buyer', 'pending', 1, 'as it was';
}


=== TEST 13: two who cancel at once put the stock back once
--- play
my $id = ordered(quantity => 5);
my $stock = stock(61);
my @got = call_all(map { ["PATCH /orders/$id/cancel", as => $_] }
                       qw(buyer cart admin) x 3);

is scalar(grep { $_->{code} == 200 } @got), 1, 'one of them';
is scalar(grep { $_->{code} == 409 } @got), 8, 'the others are told';
is stock(61), $stock + 5, 'once';


=== TEST 14: a buyer deletes what is over; an admin anything
--- play
for my $api ('', '/api') {
    my $id = ordered(quantity => 3);
    my $number = sql("SELECT order_number FROM shop.orders
                       WHERE id = '$id'");
    my $delete = sub {
        return call("DELETE $api/orders/$id", as => 'buyer', @_);
    };

    my $got = $delete->();
    is_problem $got, 409, 'ORDER_FINAL', 'it is not over';
    is decoded($got)->{current_status}, 'pending', 'but pending';
    is_problem $delete->(as => $_), 403, 'FORBIDDEN', "not by $_"
        for qw(buyer2 cart seller driver);
    is_problem $delete->(as => undef), 401, 'UNAUTHORIZED', 'nobody';
    is_seen $id, 'buyer', 'pending', 1, 'it is still there';

    bring($id, qw(processing shipped delivered));
    my $last = call("GET /api/orders/$id", as => 'buyer')->{body};
    my $told = sql("SELECT count(*) FROM shop.notifications
                     WHERE order_id = '$id'");
    my $stock = stock(61);

    is_seen $id, 'buyer', 'delivered', 4;
    $got = $delete->();

    is $got->{code}, 204, 'deleted';
    is $got->{body}, '', 'nothing to say';
    is_gone $_, 'buyer', 'the poll knows at once' for $id, $number;
    is_gone $id, 'cart', 'for its manager, too';
    is_problem call("GET $api/orders/$id", as => 'buyer'), 404, 'NOT_FOUND',
        'and every other request';
    is_problem $delete->(), 404, 'NOT_FOUND', 'once';
    is stock(61), $stock, 'what was delivered does not come back';

    is sql("SELECT order_number, buyer_id, deleted_by
              FROM shop.deleted_orders WHERE id = '$id'"),
        join('|', $number, (user_id('buyer')) x 2), 'what is left';
    is sql("SELECT \"order\" FROM shop.deleted_orders WHERE id = '$id'"),
        $last =~ s/^\{"order":(.*)\}$/$1/sr, 'all of it';
    is sql("SELECT count(*) FROM shop.notifications
             WHERE order_id = '$id'"), $told, 'what was told stays';

    my $fresh = ordered(quantity => 3);
    $stock = stock(61);
    is call("DELETE $api/orders/$fresh", as => 'admin')->{code}, 204,
        'an admin';
    is stock(61), $stock + 3, 'what was not shipped comes back';
    is_gone $fresh, 'buyer', 'that one is gone';
    is_problem call("DELETE $api/orders/$::nobody", as => 'buyer'),
        404, 'NOT_FOUND', 'what never was';
}
