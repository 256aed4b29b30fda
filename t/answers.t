# Real answers of every operation against /api/openapi.json: what it does not
# tell of may not be there, and what it tells of has to be.  An operation that
# nobody asked here fails.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderApi;
use OrderClient;
use OrderOpenapi;
use OrderStream;
use Test::Nginx::Socket;

our (@asked, %ids);

our $address = '{"name":"John Doe","street":"123 Main St","city":"New York",'
               . '"state":"NY","zipCode":"10001","country":"US"}';
our $item = '"product_id":"' . product_id(31) . '","quantity":1';


# Asks, and keeps the answer, which has to be of that status.
sub good {
    my ($status, $line, $user, %how) = @_;
    my $got = call($line, as => $user, %how);

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    Test::More::is($got->{code}, $status, $line)
        or Test::More::diag($got->{body});
    push @asked, [$line, $got];

    return decoded($got);
}


# One line in the cart of the buyer.
sub cart {
    return good(201, 'POST /api/cart-items', 'buyer', json =>
                '{' . ($_[0] // $item) . ',"size":"L","color":"red"}');
}


# A new order in the store of that workflow; its id.
sub placed {
    my ($product, @statuses) = @_;
    my $got = call('POST /api/place-order', as => 'buyer', json =>
        '{"items":[{"product_id":"' . product_id($product)
        . '","quantity":1,"size":"M"}],"payment_method":"card",'
        . "\"shipping_address\":$address,\"notes\":\"Ring\"}");
    my $id = decoded($got)->{order_id};

    order_set($id, $_) for @statuses;

    return $id;
}


sub paid {
    return '{"paymentResult":{"success":true,"paymentMethod":"escrow",'
           . '"transactionHash":"0xabc","escrowId":"e-1","gasUsed":"0.00042",'
           . '"processingFee":1.5},"checkoutData":{"buyerId":"'
           . user_id('buyer') . '","sellerId":"' . user_id('market')
           . '","listingId":"' . product_id(52) . '","quantity":3,'
           . '"totalAmount":93.37037034,"currency":"USDC",'
           . "\"shippingAddress\":$address,\"shippingMethod\":\"express\","
           . '"notes":"a","specialInstructions":"b",'
           . '"metadata":{"gift":true}}}';
}


# A signed event.
sub event {
    my ($source, $json, %how) = @_;

    return good(200, "POST /api/webhooks/$source", undef, json => $json,
                headers => webhook($source, $json, %how));
}


# Reads a stream up to a message like that, and keeps what came; "sent" is
# what was said to it before.
sub heard {
    my ($line, $stream, $like, @sent) = @_;
    my @events = $stream->until($like);

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    Test::More::like(brief($events[-1]), $like, "$line: $like");
    push @asked, [$line, { %$stream{qw(code headers body)},
                           told => [grep { length }
                                    map { $_->{text} } @events],
                           sent => \@sent }];
}


# Says that to a WebSocket, and hears one like that.
sub said {
    my ($socket, $text, $like) = @_;

    $socket->say($text);
    heard('GET /ws', $socket, $like, $text);
}


# The types of messages that were heard or sent.
sub types {
    my $member = shift;
    my %types = map { ($_ => 1) }
                map { decoded({ body => $_ })->{type} }
                map { @{ $_->[1]{$member} // [] } } @asked;

    return join ' ', sort keys %types;
}


# What the document says against these answers.
sub no_faults {
    my $document = call('GET /api/openapi.json')->{body};

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return Test::More::is(answer_faults($document, @asked), '', shift);
}

no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: signing in, browsing, the cart
--- play
good(200, 'POST /api/auth/login', undef,
     json => '{"email":"buyer@example.com","password":"demo"}');
good(200, 'POST /api/auth/logout', 'buyer');
good(200, 'GET /api/auth/me', $_) for qw(buyer seller driver admin);
good(200, 'GET /api/openapi.json');
good(200, $_) for 'GET /api/stores', 'GET /api/stores?limit=1',
                  'GET /api/products', 'GET /api/products?limit=1',
                  'GET /api/products/' . product_id(31);
good(200, "GET /api/workflows/$_") for qw(delivery cart shop marketplace);

for my $prefix ('', '/api') {
    my $line = good(201, "POST $prefix/cart-items", 'buyer',
                    json => "{$::item}");

    good(201, "POST $prefix/cart-items", 'buyer',
         json => "{$::item,\"size\":\"S\",\"color\":\"blue\"}");
    good(200, "GET $prefix/cart-items", 'buyer');
    good(200, "GET $prefix/cart-items", 'buyer2');
    good(200, "PATCH $prefix/cart-items/$line->{id}", 'buyer',
         json => '{"quantity":2}');
    good(204, "DELETE $prefix/cart-items/$line->{id}", 'buyer');
    good(204, "DELETE $prefix/cart-items/$_->{id}", 'buyer')
        for @{ good(200, "GET $prefix/cart-items", 'buyer') };
}

no_faults('as the document says');


=== TEST 2: placing orders, in all ways
--- play
good(201, 'POST /api/place-order', 'buyer', json =>
     "{\"items\":[{$::item}],\"payment_method\":\"card\"}");

for my $path ('/orders', '/api/orders') {
    good(201, "POST $path", 'buyer', json => "{$::item}");
    good(201, "POST $path", 'buyer', json => "{$::item,\"size\":\"L\","
         . '"color":"red","payment_method":"card","notes":"n",'
         . "\"shipping_address\":$::address}");
    cart();
    cart('"product_id":"' . product_id(51) . '","quantity":2');
    good(201, "POST $path/checkout", 'buyer', json =>
         "{\"payment_method\":\"card\",\"shipping_address\":$::address}");
}

good(201, 'POST /api/orders', 'buyer', json => main::paid(),
     headers => 'Idempotency-Key: answers') for 1, 2;

cart();
good(201, 'POST /api/orders', 'buyer', json => '{"store_id":"' . store_id(3)
     . '","payment_method":"card"}');

no_faults('as the document says');


=== TEST 3: reading orders, in every workflow and of every age
--- play
my %order = (delivery => placed(41, 'preparing'),
             cart => placed(61, 'processing', 'shipped', 'delivered'),
             shop => placed(31, 'cancelled'),
             market => placed(51, 'processing', 'ready_to_ship', 'shipped'));

call("PUT /api/orders/$order{market}/status", as => 'market', json =>
     '{"status":"in_transit","trackingNumber":"1Z","carrier":"UPS",'
     . '"location":"Bern","notes":"on its way","metadata":{"a":[1]},'
     . '"estimatedDelivery":"2027-01-01"}');

# what an order of psql does not have
$order{bare} = sql("INSERT INTO shop.orders (buyer_id, store_id,
                           payment_method, total_amount)
                    VALUES ('" . user_id('buyer') . "', '" . store_id(5)
                   . "', 'fiat', 1) RETURNING id");

for my $id (sort values %order) {
    good(200, "GET /api/order-status/$id", 'buyer');
    good(200, "GET /api/orders/$id", 'buyer');
    good(200, "GET /orders/$id", 'buyer');
    good(200, "GET /api/orders/$id/$_", 'buyer')
        for qw(timeline history tracking);
}

my $buyer = user_id('buyer');

for my $path ('/orders', '/api/orders') {
    good(200, "GET $path", $_) for qw(buyer buyer2 seller driver admin);
    good(200, "GET $path?limit=1", 'buyer');
    good(200, "GET $path/user/$buyer", 'buyer');
    good(200, "GET $path/user/$buyer?limit=1&status=pending", 'admin');
    good(200, "GET $path/user/$buyer/stats", 'buyer');
    good(200, "GET $path/user/" . user_id('buyer2') . '/stats', 'buyer2');
}

good(200, "GET /api/orders/buyer/$buyer", 'buyer');
good(200, "GET /api/orders/buyer/$buyer?limit=1", 'buyer');
good(200, 'GET /api/orders/seller/' . user_id('market'), 'market');

my $next = good(200, "GET /api/orders/buyer/$buyer?limit=2", 'buyer')
    ->{next_cursor};

good(200, "GET /api/orders/buyer/$buyer?limit=2&cursor=$next", 'buyer');
good(200, "GET /api/orders/search?q=$_&limit=2", 'buyer')
    for qw(wireless nothing);
good(200, 'GET /api/user-orders-detailed', 'buyer');
good(200, 'GET /api/user-orders-detailed', 'admin');

my $tag = call("GET /api/orders/$order{shop}", as => 'buyer')
    ->{headers}{etag};

good(304, "GET $_/$order{shop}", 'buyer', headers => "If-None-Match: $tag")
    for '/api/orders', '/orders', '/api/order-status';

no_faults('as the document says');


=== TEST 4: changing orders
--- play
my $id = placed(31);

good(200, "PUT /api/orders/$id", 'seller', json => '{"status":"confirmed",'
     . '"comments":"Thanks","discountAmount":"0.00000001"}');
good(200, "PUT /api/orders/$id/status", 'seller', json =>
     '{"status":"processing"}');
good(200, "PUT /api/orders/$id/status", 'seller', json =>
     '{"status":"shipped","trackingNumber":"1Z"}');

for my $path ('/orders', '/api/orders') {
    my $id = placed(61);

    good(200, "PATCH $path/$id", 'buyer', json =>
         "{\"notes\":\"later\",\"shipping_address\":$::address}");
    good(200, "PATCH $path/$id", 'cart', json => '{"status":"processing"}');
    good(200, "PATCH $path/$id/cancel", 'buyer', json =>
         '{"reason":"too late"}');
    good(204, "DELETE $path/$id", 'buyer');
    good(200, "PATCH $path/" . placed(31) . '/cancel', 'buyer');
}

good(200, "POST /seller/$_", 'seller', json =>
     '{"order_id":"' . placed(31) . '","new_status":"confirmed"}')
    for qw(update-order-status update-status);

my $done = placed(51, qw(processing ready_to_ship shipped delivered));
good(201, "POST /api/orders/$done/dispute", 'buyer',
     json => '{"reason":"broken","description":"all","disputeId":"d"}');

no_faults('as the document says');


=== TEST 5: managers and drivers
--- play
my $id = placed(41);
my $late = sql("INSERT INTO shop.orders (buyer_id, store_id, payment_method,
                                         total_amount)
                VALUES ('" . user_id('buyer') . "', '" . store_id(4)
               . "', 'card', 1) RETURNING id");

good(200, 'GET /api/manager/orders', $_) for qw(manager seller market);
good(200, "PUT /api/manager/orders/$_", 'manager',
     json => '{"status":"preparing"}') for $id, $late;
good(200, 'PUT /api/manager/orders/' . placed(31), 'seller',
     json => '{"status":"confirmed"}');
good(200, 'GET /api/manager/orders?limit=2', 'manager');

my @tasks = @{ good(200, 'GET /api/driver/requests', 'driver') };
my ($one, $two) = map { $_->{id} } @tasks[-2, -1];

good(200, "PUT /api/driver/tasks/$one", 'driver', json =>
     '{"action":"reject"}');
good(200, "PUT /api/driver/tasks/$two", 'driver', json =>
     '{"action":"accept"}');
good(200, "PUT /api/driver/tasks/$two/status", 'driver',
     json => "{\"status\":\"$_\"}") for qw(in_transit delivered);
good(200, 'GET /api/driver/tasks', $_) for qw(driver driver2);

good(200, 'GET /api/manager/orders', 'manager');
no_faults('as the document says');


=== TEST 6: notifications and analytics
--- play
my $told = good(200, 'GET /api/notifications?limit=2', 'seller');

ok @{ $told->{notifications} }, 'there are some';
good(200, "PATCH /api/notifications/$told->{notifications}[0]{id}", 'seller',
     json => '{"read":true}');
good(200, "PATCH /api/notifications/$told->{notifications}[1]{id}", 'seller');
good(200, 'POST /api/notifications/read-all', 'seller');
good(200, 'GET /api/notifications?search=order&unread=false', $_)
    for qw(buyer seller driver admin);

good(200, 'GET /api/analytics/orders', $_) for qw(admin seller cart manager
                                                  market);
good(200, 'GET /api/analytics/orders?from=2020-01-01T00:00:00Z'
     . '&to=2020-02-01T00:00:00Z', 'admin');

no_faults('as the document says');


=== TEST 7: events of providers
--- play
my $id = placed(51, 'processing', 'ready_to_ship');

event('shipping', "{\"orderId\":\"$id\",\"status\":\"picked_up\","
      . '"trackingNumber":"1Z","carrier":"UPS","location":"Bern",'
      . '"estimatedDelivery":"2027-01-01",'
      . '"occurredAt":"2026-01-01T00:00:00Z"}');
event('shipping', "{\"orderId\":\"$id\",\"status\":\"picked_up\"}");
event('escrow', "{\"orderId\":\"$id\",\"type\":\"Nothing\"}", id => 'e');
event('escrow', "{\"orderId\":\"$id\",\"type\":\"Nothing\"}", id => 'e');

my $gone = placed(31, 'cancelled');
my $refund = "{\"orderId\":\"$gone\",\"type\":\"payment.refunded\"}";

event('payment', $refund, id => 'p');
good(204, "DELETE /api/orders/$gone", 'buyer');
event('payment', $refund, id => 'p');

no_faults('as the document says');


=== TEST 8: webhooks out
--- play
my $hooks = '/api/webhook-endpoints';
my $new = good(201, "POST $hooks", 'seller', json => '{"store_id":"'
               . store_id(3) . '","url":"https://hooks.example.com/",'
               . '"events":["order.deleted"],"description":"all"}');
my $id = $new->{endpoint}{id};

good(201, "POST $hooks", 'admin',
     json => '{"url":"https://hooks.example.com/"}');
good(200, "GET $hooks", $_) for qw(seller manager admin);
good(200, "GET $hooks?limit=1", 'admin');
good(200, "GET $hooks/$id", 'seller');
good(200, "PATCH $hooks/$id", 'seller', json => '{"url":"https://x.example",'
     . '"events":["order.created"],"description":"x","active":true}');
good(200, "POST $hooks/$id/secret", 'seller');

my $sent = good(201, "POST $hooks/$id/test", 'seller')->{delivery}{id};

sql("SELECT dispatch.failed(id, attempt, 500, '0.2 s', 'no', NULL, true)
       FROM dispatch.take('{webhook}', 1000, '1 min')");
good(200, "GET $hooks/$id/deliveries", 'seller');
good(200, "GET $hooks/$id/deliveries?state=done", 'seller');
good(200, "POST /api/webhook-deliveries/$sent/retry", 'seller');
sql("SELECT dispatch.done(id, attempt, 204, '0.2 s', NULL)
       FROM dispatch.take('{webhook}', 1000, '1 min')");
good(200, "GET $hooks/$id/deliveries", 'seller');
good(204, "DELETE $hooks/$id", 'seller');

no_faults('as the document says');


=== TEST 9: streams of events
--- play
my ($id, $task) = (placed(31), placed(41));
my %of = map { ($_ => sse('/api/events', as => $_)) }
         qw(buyer seller driver admin);
my $path = "/api/orders/$id/events";
my $one = sse($path, as => 'buyer');

heard("GET $path", $one, qr/^snapshot/);
heard('GET /api/events', $of{$_}, qr/^ready$/) for sort keys %of;

call("PUT /api/orders/$id", as => 'seller', json => '{"status":"confirmed"}');
heard("GET $path", $one, qr/^order_status_update 2 confirmed$/);
heard('GET /api/events', $of{$_}, qr/^order_status_update 2 confirmed$/)
    for qw(buyer seller admin);

order_set($task, 'preparing');
heard('GET /api/events', $of{driver}, qr/^delivery_request \d+ open$/);
order_set($task, 'cancelled');
heard('GET /api/events', $of{driver}, qr/^delivery_request \d+ taken$/);
sql("DELETE FROM shop.orders WHERE id = '$task'");
heard('GET /api/events', $of{buyer}, qr/^order_status_update \d+ cancelled$/)
    for 1, 2;

my $late = placed(31, 'confirmed', 'processing');

sql("UPDATE shop.order_timers SET due_at = now() - interval '1 s'
      WHERE order_id = '$late' AND kind = 'stuck';
     SELECT api.automate()");
heard('GET /api/events', $of{seller}, qr/^notification$/);

order_set($id, 'cancelled');
heard("GET $path", $one, qr/^end final$/);
push @::asked, ["GET $path", sse($path, as => 'buyer', last => $one->{last})];
is $::asked[-1][1]{code}, 204, 'nothing more to come';

# from a ring that there is not, and an epoch that there never was
my $other = placed(31);

heard('GET /api/events', sse('/api/events', as => 'buyer', last => '1.1.1.1'),
      qr/^ready$/);
heard("GET /api/orders/$other/events",
      sse("/api/orders/$other/events", as => 'buyer', last => '99.1.1.1'),
      qr/^(?:reset|snapshot) /);

is types('told'), 'delivery_request end notification order_status_update '
    . 'ready reset snapshot', 'each type was there';
no_faults('as the document says');


=== TEST 10: WebSockets
--- play
my ($id, $other) = (placed(31), placed(31));
my $s3 = ws('/ws', as => 'buyer', protocols => ['order.v1']);
my $s4 = ws('/ws?subscribe=none', as => 'buyer',
            protocols => ['order_update.v1']);
my $token = token('buyer');

heard('GET /ws', $s3, qr/^ready$/);
said($s4, qq({"type":"subscribe","orderId":"$id"}), qr/^snapshot 1 pending$/);

order_set($id, 'confirmed');
heard('GET /ws', $s3, qr/^order_status_update 2 confirmed$/);
heard('GET /ws', $s4, qr/^order_update 2 confirmed$/);
said($s4, qq({"type":"subscribe","orderId":"$id"}),
     qr/^error ALREADY_SUBSCRIBED$/);
said($s4, '{"type":"ping"}', qr/^pong$/);
said($s4, qq({"type":"authenticate","token":"$token"}), qr/^authenticated$/);
said($s4, qq({"type":"unsubscribe","orderId":"$id"}),
     qr/^unsubscribed client$/);

$s4->say('{"type":"nothing"}');
heard('GET /ws', $s4, qr/^error INVALID_MESSAGE$/);

is types('sent'), 'authenticate ping subscribe unsubscribe',
    'each type was sent';
is types('told'), 'authenticated delivery_request end error notification '
    . 'order_status_update order_update pong ready reset snapshot '
    . 'unsubscribed', 'and each was told';
no_faults('as the document says');


=== TEST 11: a wrong message would be noticed
--- play
my $document = call('GET /api/openapi.json')->{body};
my ($line, $answer) = @{ (grep { @{ $_->[1]{told} // [] } } @::asked)[0] };
my ($text) = @{ $answer->{told} };
my $after = sub {
    my $wrong = shift;
    return answer_faults($document, [$line, { %$answer, told => [$wrong] }]);
};

is $after->($text), '', 'a copy';
like $after->($text =~ s/"type":"snapshot"/"type":"x"/r), qr/oneOf/,
    'another type';
like $after->($text =~ s/\}\z/,"more":1}/r), qr/additional.*more/, 'a member more';
like $after->($text =~ s/"order_id":"[^"]*",//r), qr/order_id/, 'one less';
like $after->($text =~ s/"version":1/"version":"1"/r), qr/version.*integer/,
    'another type of a member';


=== TEST 12: problems are as the document says, one of each operation at least
--- play
my $nobody = '00000000-0000-7000-8000-00000000dead';

# these two have nothing that could be wrong
my %fine = map { ($_ => 1) } 'GET /api/openapi.json', 'POST /api/auth/logout';

for my $operation (operations()) {
    my ($method, $path) = @$operation{qw(method path)};

    next if $fine{"$method $path"};

    $path =~ s/\{[^}]*\}/$nobody/g;

    my $line = "$method $path?nonsense=1";
    my $got = call($line, $method eq 'GET' ? () : (json => '{'));

    cmp_ok $got->{code}, '>=', 400, "$line: a problem";
    push @::asked, [$line, $got];
}

my $id = placed(31, 'confirmed', 'processing', 'shipped', 'delivered');

for (["GET /api/orders/$nobody", as => 'buyer'],
     ["GET /api/orders/$id", as => 'buyer2'],
     ["PUT /api/orders/$id/status", as => 'seller', json =>
      '{"status":"pending"}'],
     ["PUT /api/orders/$id/status", as => 'seller', json =>
      '{"status":"confirmed"}', headers => 'If-Match: "1.1.1"'],
     ["PUT /api/orders/$id", as => 'seller', json => '{"discountAmount":1}'],
     ['POST /api/orders', as => 'buyer', json => '{}'],
     ['POST /api/orders', as => 'buyer', json => main::paid() =~
      s/"success":true/"success":false/r],
     ['POST /api/orders', as => 'buyer', json => main::paid() =~
      s/"zipCode":"10001",//r],
     ['POST /api/orders', as => 'buyer', json => "{$::item}" =~
      s/"quantity":1/"quantity":1000000/r],
     ["PUT /api/driver/tasks/$nobody", as => 'driver', json =>
      '{"action":"accept"}'])
{
    my ($line, @how) = @$_;
    my $got = call($line, @how);

    cmp_ok $got->{code}, '>=', 400, "$line: $got->{code}";
    push @::asked, [$line, $got];
}

no_faults('as the document says');


=== TEST 13: every operation was asked, for a good answer and for a problem
--- play
my %names;
my %of = (good => {}, bad => {});

push @{ $names{ $_->{method} } }, [$_->{path}, $_->{path} =~
    s/\{[^}]*\}/[^\/?]+/gr] for operations();

for (@::asked) {
    my ($line, $got) = @$_;
    my ($method, $path) = $line =~ /^(\S+) ([^?]+)/;
    my ($name) = map { $_->[0] } sort { $a->[1] =~ tr/[// <=> $b->[1] =~ tr/[// }
                 grep { $path =~ /^$_->[1]$/ } @{ $names{$method} };

    $of{ $got->{code} < 400 ? 'good' : 'bad' }{"$method $name"}++;
}

my %all = map { ("$_->{method} $_->{path}" => 1) } operations();

is join(', ', grep { !$of{good}{$_} } sort keys %all), '',
    'a good answer of each';
is join(', ', grep { !$of{bad}{$_} } sort keys %all),
    'GET /api/openapi.json, POST /api/auth/logout', 'a problem of each';
