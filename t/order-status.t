# PUT /api/orders/:orderId/status, disputes, and where what was said shows:
# detail, timeline, history and tracking.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderApi;
use OrderClient;
use Test::Nginx::Socket;

our $number = '1Z999AA1234567890';

# the shortest way of an escrow order to a status of the marketplace
my @way = qw(escrow_locked order_confirmed processing ready_to_ship shipped
             in_transit out_for_delivery delivered completed);


# A new order of the marketplace, paid into escrow, in a status; its id.
sub market {
    my $status = shift;
    my $id = sql("INSERT INTO shop.orders (buyer_id, store_id, payment_method,
                                           total_amount)
                  VALUES ('" . user_id('buyer') . "', '" . store_id(5)
                 . "', 'escrow', 79.99) RETURNING id");

    for (@way[1 .. $#way]) {
        last if state_of($id) eq $status || $status eq 'disputed'
                && state_of($id) eq 'delivered';
        order_set($id, $_);
    }

    order_set($id, 'disputed') if $status eq 'disputed';

    return $id;
}


sub state_of {
    return sql("SELECT status FROM shop.orders WHERE id = '$_[0]'");
}


sub version {
    return sql("SELECT version FROM shop.orders WHERE id = '$_[0]'");
}


# put(ID, USER, MEMBERS ...): members of the body, as JSON.
sub put {
    my ($id, $user, %members) = @_;
    my $headers = delete $members{headers};
    my $json = '{' . join(',', map { qq("$_":) . JSON::PP->new->allow_nonref
                                     ->encode($members{$_}) }
                               sort keys %members) . '}';

    return call("PUT /api/orders/$id/status", as => $user, json => $json,
                headers => $headers);
}


sub dispute {
    my ($id, $user, %how) = @_;

    return call("POST /api/orders/$id/dispute", as => $user, json =>
        '{"reason":"not as described","description":"It is blue",'
        . '"disputeId":"D-1"}', %how);
}


# A part of an order: timeline, history, tracking, or all of it.
sub part {
    my ($id, $part, $user) = @_;
    my $path = "/api/orders/$id" . ($part eq 'order' ? '' : "/$part");

    return decoded(call("GET $path", as => $user // 'buyer'))->{$part};
}


sub fields {
    return join ' ', map { $_->{field} } @{ decoded(shift)->{errors} // [] };
}

master_on();
workers(2);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: S4's sample request gets S4's answer
--- play
my $id = market('ready_to_ship');
my $got = put($id, 'market', status => 'shipped', trackingNumber => $::number,
              notes => 'Package shipped via UPS',
              estimatedDelivery => '2027-02-15');
my $answer = decoded($got);
my $order = $answer->{order};

is $got->{code}, 200, 'changed';
is_deeply [sort keys %$answer], [qw(order success)], 'its members';
ok $answer->{success}, 'success';
is_deeply [sort keys %$order],
    [qw(estimatedDelivery id orderNumber status statusUpdatedAt
        trackingNumber version)], 'the order\'s members';
is $order->{id}, $id, 'id';
is $order->{status}, 'shipped', 'status';
like $order->{statusUpdatedAt}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/,
    'statusUpdatedAt';
is $order->{trackingNumber}, $::number, 'trackingNumber';
is $order->{estimatedDelivery}, '2027-02-15', 'estimatedDelivery';
is $order->{version}, version($id), 'version';
is $got->{headers}{etag},
    call("GET /api/orders/$id", as => 'market')->{headers}{etag}, 'its ETag';


=== TEST 2: what was said shows in the detail, the timeline, the history and the tracking
--- play
my $id = market('ready_to_ship');
my %said = (trackingNumber => $::number, carrier => 'UPS',
            location => 'Newark, NJ', estimatedDelivery => '2027-02-15');

is put($id, 'market', status => 'shipped', notes => 'Package shipped via UPS',
       metadata => { weight => 2.5 }, %said)->{code}, 200, 'said';

my $shipping = part($id, 'order')->{shipping};

is $shipping->{$_}, $said{$_}, "detail: $_"
    for qw(trackingNumber carrier estimatedDelivery);

my $step = part($id, 'order')->{timeline}[-1];

is_deeply [@$step{qw(status description trackingNumber)}],
    ['shipped', 'Package shipped via UPS', $::number], 'detail: timeline';

$step = part($id, 'timeline')->[-1];
is_deeply [@$step{qw(status description source)}],
    ['shipped', 'Package shipped via UPS', 'seller'], 'timeline';
is_deeply $step->{metadata}, { %said, weight => 2.5 }, 'timeline: metadata';
is_deeply [map { $_->{status} } @{ part($id, 'timeline') }],
    [qw(escrow_locked order_confirmed processing ready_to_ship shipped)],
    'timeline: all of it';

my $change = part($id, 'history')->[-1];
is_deeply [@$change{qw(previousStatus newStatus notes source)}],
    ['ready_to_ship', 'shipped', 'Package shipped via UPS', 'seller'],
    'history';
is_deeply $change->{changedBy}, { id => user_id('market'),
    name => 'Carol Market' }, 'history: who';
is_deeply $change->{metadata}, { %said, weight => 2.5 }, 'history: metadata';
is part($id, 'history')->[0]{previousStatus}, undef, 'history: the first';
is part($id, 'history')->[1]{changedBy}, undef, 'history: a writer in psql';

my $tracking = part($id, 'tracking');
is $tracking->{orderId}, $id, 'tracking: orderId';
is $tracking->{status}, 'shipped', 'tracking: status';
is $tracking->{trackingUrl}, "/orders/$id", 'tracking: trackingUrl';
is $tracking->{$_}, $said{$_}, "tracking: $_"
    for qw(trackingNumber carrier estimatedDelivery);

my $event = $tracking->{events}[-1];
is_deeply [@$event{qw(type source location)}],
    ['status_change', 'seller', 'Newark, NJ'], 'tracking: the last event';
is_deeply $event->{data}, { status => 'shipped', oldStatus =>
    'ready_to_ship' }, 'tracking: its data';

is_deeply [map { $_->{id} } grep { $_->{trackingNumber} }
               @{ decoded(call('GET /api/orders/search?q=' . $::number,
                               as => 'buyer'))->{orders} }],
    [sort { $b cmp $a } split /\n/, sql("SELECT id FROM shop.orders
        WHERE tracking_number = '$::number'")], 'found by its number';
is decoded(call("GET /api/orders/$id", as => 'buyer'))->{order}{version},
    version($id), 'one version further';


=== TEST 3: every poll after the answer shows it, on every worker
--- play
my $id = order_now('polls', product => 51);
my $version = 1;

for my $to (qw(processing ready_to_ship shipped in_transit out_for_delivery
               delivered))
{
    is put($id, 'market', status => $to)->{code}, 200, $to;
    is_seen($id, 'buyer', $to, ++$version);
}

is put($id, 'buyer', status => 'completed')->{code}, 200, 'completed';
is_seen($id, 'market', 'completed', ++$version);

my $order = part($id, 'order');

ok $order->{final}, 'it is final';
ok $order->{completedAt}, 'completedAt';
ok $order->{shipping}{actualDeliveryDate}, 'actualDeliveryDate';


=== TEST 4: news of the parcel alone are no change of status
--- play
my $id = market('shipped');
my $before = version($id);
my $count = @{ part($id, 'history') };
my $got = put($id, 'market', status => 'shipped', trackingNumber => 'T-2',
              carrier => 'DHL', location => 'Bonn', notes => 'sorted');

is $got->{code}, 200, 'taken';
is decoded($got)->{order}{version}, $before + 1, 'a new version';
is_seen($id, 'buyer', 'shipped', $before + 1);
is scalar @{ part($id, 'history') }, $count, 'the history is the same';

my $tracking = part($id, 'tracking');

is "$tracking->{trackingNumber} $tracking->{carrier}", 'T-2 DHL', 'it shows';
is $tracking->{events}[-1]{type}, 'shipment_update', 'an event';
is $tracking->{events}[-1]{location}, 'Bonn', 'its location';
is_deeply $tracking->{events}[-1]{data}, { status => 'shipped',
    notes => 'sorted', trackingNumber => 'T-2', carrier => 'DHL',
    location => 'Bonn' }, 'its data';

is_problem put($id, 'market', status => 'shipped'),
    409, 'TRANSITION_NOT_ALLOWED', 'but nothing at all is refused';

my $done = market('completed');
is_problem put($done, 'market', status => 'completed', carrier => 'DHL'),
    409, 'TRANSITION_NOT_ALLOWED', 'and a final order has no news';


=== TEST 5: who may move an order on
--- play
my $id = market('order_confirmed');

for my $user (qw(buyer2 seller manager driver)) {
    is_problem put($id, $user, status => 'processing'), 403, 'FORBIDDEN',
        $user;
}

is_problem call("PUT /api/orders/$id/status",
                json => '{"status":"processing"}'),
    401, 'UNAUTHORIZED', 'nobody';

my $got = put($id, 'buyer', status => 'processing');

is_problem $got, 409, 'TRANSITION_NOT_ALLOWED', 'not its buyer';
is_deeply decoded($got)->{allowed_transitions}, ['cancelled'],
    'who may only cancel it';
is put($id, 'market', status => 'processing')->{code}, 200, 'its seller';
is put($id, 'admin', status => 'ready_to_ship')->{code}, 200, 'an admin';

my $other = market('escrow_locked');

is put($other, undef, status => 'order_confirmed',
       headers => bearer('system'))->{code}, 200, 'the system';
is part($other, 'history')->[-1]{source}, 'system', 'as itself';
is put($id, 'market', status => 'shipped')->{code}, 200, 'its seller';
is_problem put($id, 'market', status => 'completed'),
    409, 'TRANSITION_NOT_ALLOWED', 'one step after the other';
is put($id, 'market', status => 'delivered')->{code}, 200, 'as in the table';
is_problem put($id, 'market', status => 'completed'),
    409, 'TRANSITION_NOT_ALLOWED', 'the seller does not complete it';
is put($id, 'buyer', status => 'completed')->{code}, 200, 'the buyer does';
is_problem put($id, 'admin', status => 'disputed'),
    409, 'TRANSITION_NOT_ALLOWED', 'and that is the end';


=== TEST 6: only the seller says how an order is shipped
--- play
my $id = market('delivered');
my $before = version($id);

for (['trackingNumber', 'X'], ['carrier', 'X'], ['location', 'X'],
     ['estimatedDelivery', '2027-01-01'], ['metadata', {}])
{
    my ($member, $value) = @$_;

    is_problem put($id, 'buyer', status => 'completed', $member => $value),
        403, 'FORBIDDEN', "the buyer: $member";
}

is version($id), $before, 'nothing was changed';
is put($id, 'buyer', status => 'completed', notes => 'All is well')->{code},
    200, 'but may say something';
is part($id, 'timeline')->[-1]{description}, 'All is well', 'that shows';


=== TEST 7: an order in a dispute is settled by an admin
--- play
for my $to (qw(refunded completed cancelled)) {
    my $id = market('delivered');
    my $got = dispute($id, 'buyer');
    my $answer = decoded($got);

    is $got->{code}, 201, "$to: disputed";
    is_deeply [sort keys %{ $answer->{order} }],
        [qw(id orderNumber status statusUpdatedAt version)], "$to: members";
    is $answer->{order}{status}, 'disputed', "$to: its status";
    is_seen($id, 'buyer', 'disputed', version($id));

    for my $user (qw(market buyer)) {
        is_problem put($id, $user, status => $to),
            409, 'TRANSITION_NOT_ALLOWED', "$to: not by $user";
    }

    is put($id, 'admin', status => $to, notes => 'We looked at it')->{code},
        200, "$to: by the admin";
    is_seen($id, 'buyer', $to, version($id));

    my $change = part($id, 'history')->[-1];

    is $change->{changedBy}{name}, 'Grace Admin', "$to: who";
    is $change->{notes}, 'We looked at it', "$to: why";
}

my $id = market('escrow_locked');
is dispute($id, 'buyer')->{code}, 201, 'also before it is sent';


=== TEST 8: a dispute keeps its reason, and is told to both
--- play
my $id = market('delivered');

dispute($id, 'buyer');

my $change = part($id, 'history')->[-1];

is_deeply [@$change{qw(previousStatus newStatus reason notes source)}],
    ['delivered', 'disputed', 'not as described', 'It is blue', 'buyer'],
    'in the history';
is_deeply $change->{metadata}, { disputeId => 'D-1' }, 'with its id';
is sql("SELECT count(*) FROM shop.notifications
         WHERE order_id = '$id' AND data ->> 'status' = 'disputed'
           AND user_id IN ('" . user_id('buyer') . "', '"
       . user_id('market') . "', '" . user_id('admin') . "')"), 3,
    'buyer, seller and, where the store wants it, admins know';


=== TEST 9: who may not dispute, and when
--- play
my $id = market('delivered');

is_problem dispute($id, $_), 403, 'FORBIDDEN', $_
    for qw(buyer2 market seller driver admin);
is_problem call("POST /api/orders/$id/dispute", json => '{"reason":"x"}'),
    401, 'UNAUTHORIZED', 'nobody';
is_problem dispute('00000000-0000-7000-8000-00000000dead', 'buyer'),
    404, 'NOT_FOUND', 'no such order';

for my $status (qw(order_confirmed shipped completed disputed)) {
    my $got = dispute(market($status), 'buyer');

    is_problem $got, 409, 'TRANSITION_NOT_ALLOWED', $status;
    is decoded($got)->{current_status}, $status, "$status: where it is";
}

is_problem dispute(order_id('plain', status => 'shipped'), 'buyer'),
    409, 'TRANSITION_NOT_ALLOWED', 'a workflow without disputes';

for (['{}', 'reason'], ['{"reason":""}', 'reason'],
     ['{"reason":"' . 'x' x 101 . '"}', 'reason'],
     ['{"reason":"x","description":1,"more":2}', 'more description'])
{
    my ($json, $fields) = @$_;
    my $got = dispute($id, 'buyer', json => $json);

    is_problem $got, 400, 'INVALID_INPUT', $json;
    is fields($got), $fields, "$json: which";
}

is state_of($id), 'delivered', 'nothing was changed';


=== TEST 10: a dispute that is sent twice is one
--- play
my $id = market('delivered');
my @how = (headers => 'Idempotency-Key: dispute');
my ($first, $again) = map { dispute($id, 'buyer', @how) } 1, 2;

is $first->{code}, 201, 'the first';
is $again->{body}, $first->{body}, 'the same answer';
is $again->{headers}{'idempotent-replayed'}, 'true', 'marked';
is_problem dispute(market('delivered'), 'buyer', @how),
    422, 'IDEMPOTENCY_KEY_REUSED', 'another order';
is_problem dispute($id, 'buyer'), 409, 'TRANSITION_NOT_ALLOWED',
    'without the key';


=== TEST 11: what was shipped may be returned, by the buyer or the seller
--- play
for my $user (qw(buyer seller)) {
    my $stock = sql("SELECT stock FROM shop.products
                      WHERE id = '" . product_id(32) . "'");
    my $id = order_id("return-$user", product => 32, status => 'shipped');

    is put($id, $user, status => 'returned', notes => 'too small')->{code},
        200, $user;
    is_seen($id, 'buyer', 'returned', 5);
    is part($id, 'timeline')->[-1]{description}, 'too small', 'why';
    is sql("SELECT stock FROM shop.products WHERE id = '" . product_id(32)
           . "'"), $stock - 1, 'what returns is not in stock by itself';
}

is_problem put(order_id('early', status => 'processing'), 'buyer',
               status => 'returned'),
    409, 'TRANSITION_NOT_ALLOWED', 'not before it was sent';
is_problem put(order_id('done', status => 'delivered'), 'buyer',
               status => 'returned'),
    409, 'TRANSITION_NOT_ALLOWED', 'nor when it is final';


=== TEST 12: If-Match lets a change through only where nobody was faster
--- play
my $id = market('order_confirmed');
my $etag = call("GET /api/orders/$id", as => 'market')->{headers}{etag};

is put($id, 'market', status => 'processing',
       headers => "If-Match: $etag")->{code}, 200, 'the present one';

my $got = put($id, 'market', status => 'ready_to_ship',
              headers => "If-Match: $etag");

is_problem $got, 412, 'VERSION_MISMATCH', 'an old one';
is decoded($got)->{version}, version($id), 'which it is now';
is state_of($id), 'processing', 'nothing was changed';


=== TEST 13: what is wrong is named, all of it
--- play
my $id = market('ready_to_ship');
my $before = version($id);
my $got = put($id, 'market', trackingNumber => '', carrier => 'x' x 51,
              notes => 7, estimatedDelivery => '2027-02-30',
              location => 'x' x 256, metadata => 'x', tracking => 'T');

is_problem $got, 400, 'INVALID_INPUT', 'refused';
is_deeply [sort split ' ', fields($got)],
    [qw(carrier estimatedDelivery location metadata notes status tracking
        trackingNumber)], 'which';

is_problem put($id, 'market', status => 'nonsense'),
    400, 'UNKNOWN_STATUS', 'a status of no workflow';
is_problem put($id, 'market', status => 'returned'),
    409, 'TRANSITION_NOT_ALLOWED', 'one of another workflow';
is_problem put('00000000-0000-7000-8000-00000000dead', 'market',
               status => 'shipped'),
    404, 'NOT_FOUND', 'no such order';
is version($id), $before, 'nothing was changed';
is put(sql("SELECT order_number FROM shop.orders WHERE id = '$id'"),
       'market', status => 'shipped')->{code}, 200, 'by number';


=== TEST 14: who may read what happened to an order
--- as eval
[(qw(buyer market admin), qw(buyer2 seller manager driver), '-') x 3]
--- request eval
my $id = main::market('shipped');
[map { ("GET /api/orders/$id/$_") x 8 } qw(timeline history tracking)]
--- problem eval
CORE::join "\n", ((200) x 3, ('403 FORBIDDEN') x 4, '401 UNAUTHORIZED') x 3


=== TEST 15: of an order that there is not nothing is read
--- as: buyer
--- request eval
[map { ("GET /api/orders/00000000-0000-7000-8000-00000000dead/$_",
        "GET /api/orders/x/$_") } qw(timeline history tracking)]
--- problem
404 NOT_FOUND
400 INVALID_INPUT order_id
404 NOT_FOUND
400 INVALID_INPUT order_id
404 NOT_FOUND
400 INVALID_INPUT order_id
