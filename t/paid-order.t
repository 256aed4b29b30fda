# POST /api/orders with paymentResult and checkoutData: S4's order from a
# payment.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our @not_created = ('Unable to create order. Please contact support.', 1,
                    'Try again or contact support');
our %address = (name => 'John Doe', street => '123 Main St',
                city => 'New York', state => 'NY', zipCode => '10001',
                country => 'US');

# the listing of S4's sample: 100 USDC, in the store of the marketplace
sql("INSERT INTO shop.products (id, store_id, name, description, price, stock)
     VALUES ('" . product_id(54) . "', '" . store_id(5) . "',
             'Wireless Headphones', 'Over-ear', 100, 1000)");


# A JSON object of members that are JSON already; one that is undef is left
# out.
sub object {
    my %members = @_;

    return '{' . join(',', map { qq("$_":$members{$_}) }
                           grep { defined $members{$_} } sort keys %members)
           . '}';
}


sub text {
    return '"' . shift() . '"';
}


sub address {
    my %with = (%address, @_);

    return object(map { $_ => defined $with{$_} ? text($with{$_}) : undef }
                      keys %with);
}


# S4's sample request, with other members: of paymentResult in "result", of
# checkoutData in "data".
sub sample {
    my %how = @_;

    return object(
        paymentResult => object(success => 'true',
            paymentMethod => text('escrow'),
            transactionHash => text('0xabc123'),
            escrowId => text('escrow_456'), %{ $how{result} // {} }),
        checkoutData => object(buyerId => text(user_id('buyer')),
            sellerId => text(user_id('market')),
            listingId => text(product_id(54)), quantity => 2,
            totalAmount => 200, currency => text('USDC'),
            shippingAddress => address(), %{ $how{data} // {} }));
}


sub pay {
    my %how = @_;

    return call('POST /api/orders', as => $how{as} // 'buyer',
                headers => $how{headers}, json => $how{json} // sample(%how));
}


sub by_method {
    my ($method, %how) = @_;

    return pay(%how, result => { paymentMethod => text($method),
                                 %{ $how{result} // {} } });
}


# message, canRetry and suggestedAction of a problem
sub words {
    my $problem = decoded(shift);

    return [$problem->{message}, $problem->{canRetry} ? 1 : 0,
            $problem->{suggestedAction}];
}


sub fields {
    return join ' ', map { $_->{field} } @{ decoded(shift)->{errors} // [] };
}


# all that an order leaves in the database
sub traces {
    return sql('SELECT (SELECT count(*) FROM shop.orders),
                       (SELECT count(*) FROM shop.order_items),
                       (SELECT count(*) FROM shop.order_status_history),
                       (SELECT count(*) FROM shop.order_tracking_events),
                       (SELECT count(*) FROM shop.notifications),
                       (SELECT count(*) FROM shop.idempotency_keys),
                       (SELECT sum(stock) FROM shop.products)');
}


sub trust {
    sql('UPDATE shop.settings SET trust_payment = ' . shift);
}


sub detail {
    my $got = call("GET /api/orders/$_[0]", as => $_[1] // 'buyer');

    return wantarray ? ($got, decoded($got)->{order}) : decoded($got)->{order};
}


# Sends a signed event, as the provider would.
sub event {
    my ($source, %members) = @_;
    my $body = object(map { $_ => text($members{$_}) } keys %members);

    return call("POST /api/webhooks/$source", json => $body,
                headers => webhook($source, $body));
}


# Lets nobody in any more, and throws out who is in; or lets them in again.
sub database_open {
    my $open = shift() ? 'true' : 'false';
    my $name = database();

    OrderTest::psql('postgres',
                    "ALTER DATABASE $name WITH ALLOW_CONNECTIONS $open");
    OrderTest::psql('postgres', "SELECT pg_terminate_backend(pid)
                                   FROM pg_stat_activity
                                  WHERE datname = '$name'")
        if $open eq 'false';
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: S4's sample request gets S4's answer
--- play
my $before = sql("SELECT stock FROM shop.products WHERE id = '"
                 . product_id(54) . "'");
my $got = pay();
my $answer = decoded($got);
my $order = $answer->{order};

is $got->{code}, 201, 'created';
is $got->{headers}{'content-type'}, 'application/json', 'JSON';
is_deeply [sort keys %$answer], [qw(order success)], 'its members';
ok $answer->{success}, 'success';
is_deeply [sort keys %$order],
    [qw(createdAt currency estimatedDelivery id orderNumber paymentStatus
        status totalAmount trackingUrl version)], 'the order\'s members';
like $order->{orderNumber}, qr/^ORD-\d{4}-\d{6,}$/, 'orderNumber';
is $order->{status}, 'escrow_locked', 'status';
is $order->{paymentStatus}, 'locked', 'paymentStatus';
like $got->{body}, qr/"totalAmount":200[,}]/, 'totalAmount';
is $order->{currency}, 'USDC', 'currency';
is $order->{trackingUrl}, "/orders/$order->{id}", 'trackingUrl';
is $order->{estimatedDelivery},
    sql("SELECT (created_at AT TIME ZONE 'UTC')::date + 14 FROM shop.orders
          WHERE id = '$order->{id}'"), 'estimatedDelivery';
is $order->{version}, 1, 'version';
is sql("SELECT stock FROM shop.products WHERE id = '" . product_id(54) . "'"),
    $before - 2, 'taken from stock';

my $detail = detail($order->{id});

is_deeply $detail->{payment}, { method => 'escrow', status => 'locked',
    transactionHash => '0xabc123', escrowId => 'escrow_456' }, 'its payment';
is_deeply $detail->{shipping}{address}, \%::address, 'its address';
is_deeply [map { "$_->{productName} $_->{quantity} x $_->{unitPrice}" }
               @{ $detail->{items} }], ['Wireless Headphones 2 x 100'],
    'its items';
is_deeply [map { "$_->{status}: $_->{description}" }
               @{ $detail->{timeline} }],
    ['escrow_locked: Payment secured in escrow'], 'its timeline';
is sql("SELECT string_agg(type, ' ' ORDER BY type) FROM shop.notifications
         WHERE order_id = '$order->{id}'
           AND user_id IN ('" . user_id('buyer') . "', '" . user_id('market')
       . "')"), 'new_order order_created', 'buyer and seller were told';


=== TEST 2: the first status is that of the payment method
--- play
for (['crypto', 'payment_confirmed', 'confirmed'],
     ['fiat', 'payment_confirmed', 'confirmed'],
     ['escrow', 'escrow_locked', 'locked'],
     ['cash', 'order_confirmed', 'confirmed'])
{
    my ($method, $status, $payment) = @$_;
    my $order = decoded(by_method($method))->{order};

    is "$order->{status} $order->{paymentStatus}", "$status $payment",
        $method;
    is decoded(call("GET /api/order-status/$order->{id}", as => 'buyer'))
        ->{status}, $status, "$method: the poll";
}

my $order = decoded(by_method('fiat', data => {
    sellerId => text(user_id('seller')), listingId => text(product_id(31)),
    currency => text('USD') }))->{order};

is "$order->{status} $order->{paymentStatus}", 'pending paid',
    'a workflow without such statuses';


=== TEST 3: where a customer's word does not count, the webhook moves it on
--- play
trust('false');

my %event = (
    crypto => ['payment', 'payment.confirmed', 'payment_confirmed',
               'confirmed'],
    fiat => ['payment', 'payment.confirmed', 'payment_confirmed',
             'confirmed'],
    escrow => ['escrow', 'EscrowCreated', 'escrow_locked', 'locked'],
);

for my $method (sort keys %event) {
    my ($source, $type, $status, $payment) = @{ $event{$method} };
    my $order = decoded(by_method($method))->{order};

    is "$order->{status} $order->{paymentStatus}",
        'payment_pending pending', "$method: not proven";
    is event($source, type => $type, orderId => $order->{id})->{code}, 200,
        "$method: proven";

    my $detail = detail($order->{id});

    is "$detail->{status} $detail->{payment}{status}", "$status $payment",
        "$method: moved on";
}

my $order = decoded(by_method('cash'))->{order};

is "$order->{status} $order->{paymentStatus}", 'order_confirmed pending',
    'a method without a first status of its own';

event('payment', type => 'payment.confirmed', orderId => $order->{id});

my $detail = detail($order->{id});

is "$detail->{status} $detail->{payment}{status}",
    'order_confirmed confirmed', 'only its payment changes';

$order = decoded(by_method('fiat'))->{order};
event('payment', type => 'payment.failed', orderId => $order->{id});
is detail($order->{id})->{status}, 'failed', 'a payment that failed';

trust('true');


=== TEST 4: what each method tells of the payment is linked, to the last place
--- play
my $of = sub {
    my ($method, %result) = @_;
    my $id = decoded(by_method($method, result => {
        transactionHash => undef, escrowId => undef, %result }))->{order}{id};

    return [detail($id)];
};

my ($raw, $order) = @{ $of->('crypto', transactionHash => text('0x' . 'f' x 64),
                             gasUsed => '0.00042001') };

is $order->{payment}{transactionHash}, '0x' . 'f' x 64, 'transactionHash';
like $raw->{body}, qr/"gasUsed":0\.00042001[,}]/, 'gasUsed';
like sql("SELECT event_data FROM shop.order_tracking_events
           WHERE order_id = '$order->{id}'
             AND event_type = 'payment_update'"),
    qr/"gasUsed": 0\.00042001/, 'a tracking event';

($raw, $order) = @{ $of->('fiat', paymentIntentId => text('pi_123'),
                          processingFee => text('1234567.12345678')) };

is $order->{payment}{paymentIntentId}, 'pi_123', 'paymentIntentId';
like $raw->{body}, qr/"processingFee":1234567\.12345678[,}]/, 'processingFee';

($raw, $order) = @{ $of->('escrow', transactionHash => text('0xabc'),
                          escrowId => text('e' x 255), gasUsed => 21000) };

is $order->{payment}{escrowId}, 'e' x 255, 'escrowId';
like $raw->{body}, qr/"gasUsed":21000[,}]/, 'gasUsed';

my $timeline = decoded(call("GET /api/orders/$order->{id}/timeline",
                            as => 'buyer'))->{timeline};

is $timeline->[0]{metadata}{transactionHash}, '0xabc', 'in the timeline';


=== TEST 5: several items, and all else that S4's schema names, are kept
--- play
my $got = pay(data => {
    listingId => undef, quantity => undef,
    items => '[{"listingId":"' . product_id(52) . '","quantity":2,'
             . '"size":"L","color":"gold"},'
             . '{"listingId":"' . product_id(51) . '","quantity":1},'
             . '{"listingId":"' . product_id(54) . '","quantity":1}]',
    totalAmount => '242.23691356', shippingMethod => text('express'),
    notes => text('ring twice'), specialInstructions => text('no bell'),
    metadata => '{"gift":true}' });

is $got->{code}, 201, 'created';
like $got->{body}, qr/"totalAmount":242\.23691356,/, 'the total';

my $order = detail(decoded($got)->{order}{id});

is_deeply [map { "$_->{productName} x $_->{quantity}" }
               @{ $order->{items} }],
    ["Collector's Coin x 2", 'Hardware Wallet x 1',
     'Wireless Headphones x 1'], 'the items';
is "$order->{items}[0]{size} $order->{items}[0]{color}", 'L gold',
    'size and color';
is $order->{shipping}{method}, 'express', 'shippingMethod';
is $order->{notes}, 'ring twice', 'notes';
is $order->{specialInstructions}, 'no bell', 'specialInstructions';
is_deeply $order->{metadata}, { gift => JSON::PP::true }, 'metadata';

$got = pay(data => { quantity => undef, totalAmount => 100 });
is detail(decoded($got)->{order}{id})->{items}[0]{quantity}, 1,
    'one, where no quantity is told';


=== TEST 6: PAYMENT_NOT_CONFIRMED
--- play
my $before = traces();
my $got = pay(result => { success => 'false' }, headers =>
              'Idempotency-Key: not-confirmed');

is_problem $got, 402, 'PAYMENT_NOT_CONFIRMED', 'it did not succeed';
like $got->{raw}, qr/^HTTP\/1\.1 402 Payment Required\r\n/, 'status line';
is_deeply words($got), ['Payment not confirmed. Please try again.', 1,
    'Verify payment status and retry'], 'S4\'s words';
is traces(), $before, 'nothing is left';
is pay(headers => 'Idempotency-Key: not-confirmed', result =>
       { success => 'true' })->{code}, 201, 'the key was not used up';


=== TEST 7: LISTING_UNAVAILABLE
--- play
sql("UPDATE shop.products SET status = 'inactive'
      WHERE id = '" . product_id(53) . "'");

my $before = traces();

for ([53, 'not sold any more'], [99, 'not there']) {
    my ($no, $what) = @$_;
    my $got = pay(data => { listingId => text(product_id($no)) });

    is_problem $got, 409, 'LISTING_UNAVAILABLE', $what;
    is_deeply words($got), ['This item is no longer available.', 0,
        'Browse similar items'], "$what: S4's words";
    is fields($got), 'checkoutData.listingId', "$what: which";
}

my $got = pay(data => { listingId => undef, quantity => undef, items =>
    '[{"listingId":"' . product_id(54) . '","quantity":1},'
    . '{"listingId":"' . product_id(53) . '","quantity":1}]' });

is_problem $got, 409, 'LISTING_UNAVAILABLE', 'one of two';
is fields($got), 'checkoutData.items[1].listingId', 'which';
is traces(), $before, 'nothing is left';

sql("UPDATE shop.products SET status = 'active'
      WHERE id = '" . product_id(53) . "'");


=== TEST 8: INSUFFICIENT_INVENTORY
--- play
sql("UPDATE shop.products SET stock = 3 WHERE id = '" . product_id(53) . "'");

my $before = traces();
my $got = pay(data => { listingId => text(product_id(53)), quantity => 4,
                        totalAmount => 4800 },
              headers => 'Idempotency-Key: inventory');

is_problem $got, 409, 'INSUFFICIENT_INVENTORY', 'one too many';
is_deeply words($got), \@::not_created, 'S4\'s words';
is_deeply decoded($got)->{errors}, [{ field => 'checkoutData.quantity',
    message => 'only 3 left', product_id => product_id(53) }],
    'which, and how many there are';
is traces(), $before, 'nothing is left';

is pay(data => { listingId => text(product_id(53)), quantity => 3,
                 totalAmount => 3600 },
       headers => 'Idempotency-Key: inventory')->{code}, 201,
    'all of them, with the same key';
is sql("SELECT stock FROM shop.products WHERE id = '" . product_id(53) . "'"),
    0, 'none is left';


=== TEST 9: INVALID_SHIPPING_ADDRESS, where nothing but the address is wrong
--- play
my $before = traces();

for (['no address', undef, 'checkoutData.shippingAddress'],
     ['null', 'null', 'checkoutData.shippingAddress'],
     ['a text', text('Main St'), 'checkoutData.shippingAddress'],
     ['no zipCode', address(zipCode => undef),
      'checkoutData.shippingAddress.zipCode'],
     ['no country', address(country => undef),
      'checkoutData.shippingAddress.country'],
     ['no name, no city', address(name => undef, city => ''),
      'checkoutData.shippingAddress.name checkoutData.shippingAddress.city'],
     ['a long street', address(street => 'x' x 201),
      'checkoutData.shippingAddress.street'],
     ['a member more', address(planet => 'Earth'),
      'checkoutData.shippingAddress.planet'])
{
    my ($what, $address, $fields) = @$_;
    my $got = pay(data => { shippingAddress => $address });

    is_problem $got, 400, 'INVALID_SHIPPING_ADDRESS', $what;
    is_deeply words($got), \@::not_created, "$what: S4's words";
    is fields($got), $fields, "$what: which";
}

my $got = pay(data => { shippingAddress => address(zipCode => undef),
                        quantity => 0, currency => undef });

is_problem $got, 400, 'INVALID_INPUT', 'not alone';
is_deeply [sort split ' ', fields($got)],
    [qw(checkoutData.currency checkoutData.quantity
        checkoutData.shippingAddress.zipCode)], 'all that is wrong';
is traces(), $before, 'nothing is left';
is pay(data => { shippingAddress => address(state => undef) })->{code}, 201,
    'a country without states';


=== TEST 10: DATABASE_ERROR: a statement that takes too long changes nothing
--- order: off
--- http_config eval
my $http = OrderTest::http_config();
$http =~ s/connections=4/connections=4 timeout=500ms/ or die;
$http
--- play
my $before = traces();
my $lock = hold("SELECT FROM shop.products WHERE id = '"
                . product_id(54) . "' FOR UPDATE");
my $got = pay(headers => 'Idempotency-Key: locked');

is_problem $got, 503, 'DATABASE_ERROR', 'it takes too long';
is_deeply words($got), \@::not_created, 'S4\'s words';
cmp_ok $got->{headers}{'retry-after'}, '>=', 1, 'Retry-After';
unlike $got->{body}, qr/timeout|SELECT|shop\./, 'nothing of the inside';
is traces(), $before, 'nothing is left';

release($lock);

is pay(headers => 'Idempotency-Key: locked')->{code}, 201,
    'the same request, later';
--- error_log
create_paid_order: 57014


=== TEST 11: DATABASE_ERROR: a database that cannot be reached
--- order: off
--- http_config eval
my $http = OrderTest::http_config();
$http =~ s/connections=4/connections=4 connect_timeout=300ms queue_timeout=300ms/ or die;
$http
--- play
my $before = traces();

database_open(0);

# a session that was thrown out may be found only when it is used

my $got;

ok wait_until(sub {
    $got = pay(headers => 'Idempotency-Key: stopped');
    return words($got)->[0] eq $::not_created[0];
}), 'S4\'s words';
is_problem $got, 503, 'DATABASE_ERROR', 'nobody is let in';
is_deeply words($got), \@::not_created, 'and what to do';
cmp_ok $got->{headers}{'retry-after'}, '>=', 1, 'Retry-After';
is_problem call('POST /api/orders', as => 'buyer', json =>
                qq({"product_id":"${\product_id(31)}","quantity":1})),
    503, 'DATABASE_UNAVAILABLE', 'the other bodies have a code of their own';

database_open(1);
is traces(), $before, 'nothing is left';
ok wait_until(sub { pay(headers => 'Idempotency-Key: stopped')->{code}
                        == 201 }), 'the same request, later';
is sql("SELECT count(*) FROM shop.idempotency_keys WHERE key = 'stopped'"),
    1, 'done once';
--- error_log
database


=== TEST 12: DATABASE_ERROR: a session that is ended in the middle
--- play
my $before = traces();
my $name = database();

sql("CREATE FUNCTION public.lose() RETURNS trigger LANGUAGE plpgsql AS
     'BEGIN PERFORM pg_sleep(30); RETURN NEW; END';
     CREATE TRIGGER lose BEFORE INSERT ON shop.orders
     FOR EACH ROW EXECUTE FUNCTION public.lose()");

my $lost = sub {
    my $on = start('POST /api/orders', as => 'buyer', json => sample(), @_);

    wait_until(sub { sql("SELECT count(pg_terminate_backend(pid))
        FROM pg_stat_activity WHERE datname = '$name'
         AND usename = 'order_api' AND state = 'active'
         AND query LIKE '%create_paid_order%'") });

    return finish($on);
};

for my $key (undef, 'Idempotency-Key: lost') {
    my $got = $lost->(headers => $key);
    my $what = defined $key ? 'with a key' : 'without a key';

    is_problem $got, 503, 'DATABASE_ERROR', $what;
    is_deeply words($got), \@::not_created, "$what: S4's words";
}

sql('DROP TRIGGER lose ON shop.orders');
is traces(), $before, 'nothing is left';
is pay(headers => 'Idempotency-Key: lost')->{code}, 201,
    'repeated with the key';
--- error_log
create_paid_order


=== TEST 13: a total, currency or seller that is not ours is refused, all at once
--- play
my $before = traces();

for (['totalAmount', '199.99', 'must be 200'],
     ['totalAmount', '200.00000001', 'must be 200'],
     ['currency', text('USD'), 'must be USDC'],
     ['currency', text('usdc'), 'must be USDC'],
     ['sellerId', text(user_id('seller')), 'must be the seller of the listing'],
     ['sellerId', text(store_id(5)), 'must be the seller of the listing'])
{
    my ($member, $value, $message) = @$_;
    my $got = pay(data => { $member => $value });

    is_problem $got, 400, 'INVALID_INPUT', "$member $value";
    is_deeply decoded($got)->{errors},
        [{ field => "checkoutData.$member", message => $message }],
        "$member $value: why";
}

my $got = pay(data => { totalAmount => 1, currency => text('EUR'),
                        sellerId => text(user_id('buyer')) });

is_deeply [sort split ' ', fields($got)], [qw(checkoutData.currency
    checkoutData.sellerId checkoutData.totalAmount)], 'all three';
is traces(), $before, 'nothing is left';
is pay(data => { totalAmount => text('200.00') })->{code}, 201,
    'the same amount, written otherwise';


=== TEST 14: nobody orders for somebody else, but an admin
--- play
my $before = traces();
my $got = pay(as => 'buyer2');

is_problem $got, 403, 'FORBIDDEN', 'another customer';
is_problem pay(as => 'buyer2', result => { success => 'false' }),
    403, 'FORBIDDEN', 'and is told nothing else';
is traces(), $before, 'nothing is left';

$got = pay(as => 'admin');
is $got->{code}, 201, 'an admin';
is detail(decoded($got)->{order}{id})->{buyer}{id}, user_id('buyer'),
    'for the buyer';
is_problem pay(as => 'admin', data => { buyerId =>
                text('00000000-0000-7000-8000-00000000dead') }),
    404, 'NOT_FOUND', 'for nobody';


=== TEST 15: who may not order
--- as eval
[qw(market seller driver -)]
--- request eval
[("POST /api/orders\n" . main::sample()) x 4]
--- problem
403 FORBIDDEN
403 FORBIDDEN
403 FORBIDDEN
401 UNAUTHORIZED


=== TEST 16: a body is one of three
--- play
my $before = traces();
my $all = 'checkoutData product_id store_id';
my $product = '"product_id":"' . product_id(31) . '","quantity":1';
my $store = '"store_id":"' . store_id(3) . '","payment_method":"card"';
my $paid = substr sample(), 1, -1;

for (['{}', $all], ['{"quantity":1}', $all],
     ["{$product,$store}", 'product_id store_id'],
     ["{$paid,$product}", 'checkoutData product_id'],
     ["{$paid,$store}", 'checkoutData store_id'],
     ["{$paid,$product,$store}", $all])
{
    my ($json, $fields) = @$_;
    my $got = pay(json => $json);

    is_problem $got, 400, 'INVALID_INPUT', $fields;
    is_deeply [sort split ' ', fields($got)], [split ' ', $fields],
        "$fields: which";
}

is_problem pay(json => '[]'), 400, 'INVALID_INPUT', 'a list';
is_problem pay(json => ''), 400, 'INVALID_INPUT', 'no body';
is fields(pay(json => object(checkoutData => '{}'))) =~ s/ .*//r,
    'paymentResult', 'half of it';
is traces(), $before, 'nothing is left';


=== TEST 17: a listing or items, not both, of one store
--- play
my $before = traces();
my $item = sub {
    return '[' . join(',', map {
        '{"listingId":"' . product_id($_) . '","quantity":1}' } @_) . ']';
};

is fields(pay(data => { items => $item->(54) })), 'checkoutData.listingId',
    'both';
is fields(pay(data => { listingId => undef })), 'checkoutData.listingId',
    'none';
is_problem pay(data => { listingId => undef, items => $item->(54, 31) }),
    400, 'SEVERAL_STORES', 'of two stores';
is fields(pay(data => { listingId => undef, items => '[]' })),
    'checkoutData.items', 'no items';
is fields(pay(data => { listingId => undef, items => '[{"quantity":0}]' })),
    'checkoutData.items[0].listingId checkoutData.items[0].quantity',
    'an item without a listing';
is traces(), $before, 'nothing is left';


=== TEST 18: amounts of nine digits and eight places are exact all the way
--- play
sql("INSERT INTO shop.products (id, store_id, name, price, stock)
     VALUES ('" . product_id(55) . "', '" . store_id(5) . "', 'Painting',
             123456789.12345678, 1000000)");

my $total = '370370367.37037034';

for my $amount ($total, text($total), "${total}0", '3.7037036737037034e8') {
    my $got = pay(data => { listingId => text(product_id(55)), quantity => 3,
                            totalAmount => $amount });

    is $got->{code}, 201, "$amount: the same";
    like $got->{body}, qr/"totalAmount":\Q$total\E[,}]/, "$amount: answered";

    my ($raw, $order) = detail(decoded($got)->{order}{id});

    is sql("SELECT total_amount || ' ' || unit_price || ' ' || final_total
              FROM shop.orders WHERE id = '$order->{id}'"),
        "$total 123456789.12345678 $total", "$amount: kept";
    like $raw->{body}, qr/"$_/, $_ for "totalPrice\":$total",
        'unitPrice":123456789.12345678';
}

for my $amount ('370370367.37037035', '370370367.3703703',
                '370370367.370370341')
{
    my $got = pay(data => { listingId => text(product_id(55)), quantity => 3,
                            totalAmount => $amount });

    is_problem $got, 400, 'INVALID_INPUT', "$amount is another";
    is fields($got), 'checkoutData.totalAmount', "$amount: which";
}


=== TEST 19: what was sold stays as it was when the product changes
--- play
my $id = decoded(pay())->{order}{id};
my ($before) = detail($id);

sql("UPDATE shop.products SET name = 'Broken Headphones', price = 1,
            description = 'As seen', status = 'inactive'
      WHERE id = '" . product_id(54) . "'");

is +(detail($id))[0]->{body}, $before->{body}, 'the order is the same';
is sql("SELECT product_snapshot ->> 'name' || ' '
               || trim_scale((product_snapshot ->> 'price')::numeric)
               || ' ' || product_name || ' ' || product_description
          FROM shop.order_items WHERE order_id = '$id'"),
    'Wireless Headphones 100 Wireless Headphones Over-ear', 'the snapshot';

sql("UPDATE shop.products SET name = 'Wireless Headphones', price = 100,
            description = 'Over-ear', status = 'active'
      WHERE id = '" . product_id(54) . "'");


=== TEST 20: a retried request gets the first answer again
--- play
my $orders = sql('SELECT count(*) FROM shop.orders');
my @how = (headers => 'Idempotency-Key: paid');
my ($first, @again) = map { pay(@how) } 1 .. 3;

is $first->{code}, 201, 'created';

for (@again) {
    is $_->{code}, 201, 'the same status';
    is $_->{body}, $first->{body}, 'the same bytes';
    is $_->{headers}{'idempotent-replayed'}, 'true', 'marked';
}

is_problem pay(@how, data => { notes => text('other') }),
    422, 'IDEMPOTENCY_KEY_REUSED', 'the key with another order';
is sql('SELECT count(*) FROM shop.orders'), $orders + 1, 'one order';


=== TEST 21: fields have bounds, and all that are wrong are named
--- play
my $got = pay(result => { success => text('yes'), paymentMethod => text(''),
                          transactionHash => text('x' x 67), gasUsed => -1,
                          processingFee => text('a'), tip => 1 },
              data => { buyerId => text('me'), sellerId => 'null',
                        quantity => 0, totalAmount => -1,
                        currency => text('x' x 11), notes => text('') });

is_problem $got, 400, 'INVALID_INPUT', 'refused';
is_deeply [sort split ' ', fields($got)],
    [qw(checkoutData.buyerId checkoutData.currency checkoutData.notes
        checkoutData.quantity checkoutData.sellerId checkoutData.totalAmount
        paymentResult.gasUsed paymentResult.paymentMethod
        paymentResult.processingFee paymentResult.success
        paymentResult.tip paymentResult.transactionHash)], 'all of them';
