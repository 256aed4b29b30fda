# Events of the payment provider, the escrow contract and the carrier, from
# the signed request to the poll.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $dir = File::Temp::tempdir(CLEANUP => 1);
our @sources = qw(payment escrow shipping);

chmod 0755, $dir;

our @way = qw(order_confirmed processing ready_to_ship shipped in_transit
              out_for_delivery delivered completed);


# A new order of the marketplace in a status; its id.  Its payment waits for
# its proof in "payment_pending" only.
sub market {
    my ($status, $method) = @_;
    my $trust = $status eq 'payment_pending' ? 'false' : 'true';
    my $id = sql("UPDATE shop.settings SET trust_payment = $trust;
                  INSERT INTO shop.orders (buyer_id, store_id, payment_method,
                                           total_amount)
                  VALUES ('" . user_id('buyer') . "', '" . store_id(5) . "',
                          '" . ($method // 'escrow') . "', 79.99)
                  RETURNING id");

    for (@way) {
        last if state_of($id) eq $status || $status eq 'payment_pending'
                || $status eq 'cancelled';
        order_set($id, $_);
    }

    order_set($id, 'cancelled') if $status eq 'cancelled';

    return $id;
}


sub state_of {
    return sql("SELECT status FROM shop.orders WHERE id = '$_[0]'");
}


sub version {
    return sql("SELECT version FROM shop.orders WHERE id = '$_[0]'");
}


# What an event left: the order's version, and whether the event is known.
sub traces {
    my $id = shift;

    return sql("SELECT version, payment_status,
                       (SELECT count(*) FROM shop.webhook_events),
                       (SELECT count(*) FROM shop.order_tracking_events
                         WHERE order_id = o.id)
                  FROM shop.orders o WHERE id = '$id'");
}


sub json {
    return JSON::PP->new->canonical->encode({ @_ });
}


# event(SOURCE, ID, members of the body ...): sends it, signed, as a new event.
sub event {
    my ($source, $id, %members) = @_;

    return send_event($source, json(orderId => $id, %members));
}


# send_event(SOURCE, BODY, what OrderWebhook::headers() takes ...)
sub send_event {
    my ($source, $body, %how) = @_;

    return call("POST /api/webhooks/$source", json => $body,
                headers => webhook($source, $body, %how));
}


sub outcome {
    return decoded(shift)->{outcome};
}


# The last tracking event of an order.
sub tracked {
    return decoded(call("GET /api/orders/$_[0]/tracking", as => 'buyer'))
        ->{tracking}{events}[-1];
}


sub history {
    return decoded(call("GET /api/orders/$_[0]/history", as => 'buyer'))
        ->{history};
}


# A file with secrets that were just made; they begin with the first.
sub secrets {
    my ($name, @letters) = @_;

    open my $out, '>', "$dir/$name" or die $!;
    print $out 'whsec_' . $_ x 40 . "\n" for @letters;
    close $out;

    return "$dir/$name";
}

master_on();
workers(2);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: payment.confirmed moves an order on, and every worker's poll shows it
--- play
my $id = market('payment_pending', 'fiat');
my $got = event('payment', $id, type => 'payment.confirmed',
                paymentIntentId => 'pi_42', processingFee => '2.34567891',
                occurredAt => '2026-11-01T10:00:00+01:00');
my $answer = decoded($got);

is $got->{code}, 200, 'taken';
is_deeply $answer, { received => JSON::PP::true, outcome => 'applied',
    order => { id => $id, orderNumber => $answer->{order}{orderNumber},
               status => 'payment_confirmed', version => 2 } }, 'the answer';
is_seen($id, 'buyer', 'payment_confirmed', 2);

$got = call("GET /api/orders/$id", as => 'buyer');
is decoded($got)->{order}{payment}{status}, 'confirmed', 'payment.status';
is decoded($got)->{order}{payment}{paymentIntentId}, 'pi_42', 'the intent';
like $got->{body}, qr/"processingFee":2\.34567891[,}]/, 'the fee, exactly';

is sql("SELECT event_type || ' ' || event_source || ' '
               || (occurred_at AT TIME ZONE 'UTC')
          FROM shop.order_tracking_events WHERE order_id = '$id'
           AND event_type = 'payment_update'"),
    'payment_update payment_processor 2026-11-01 09:00:00',
    'a tracking event, of when it occurred';
is history($id)->[-1]{source}, 'payment_processor', 'the source';
is history($id)->[-1]{reason}, 'payment.confirmed', 'the reason';
is history($id)->[-1]{changedBy}, undef, 'nobody in person';


=== TEST 2: the payment events, each where it leads
--- play
for (['payment_pending', 'payment.failed', 'failed', 'failed'],
     ['payment_confirmed', 'payment.refunded', 'refunded', 'refunded'],
     ['processing', 'payment.refunded', 'processing', 'refunded'],
     ['cancelled', 'payment.refunded', 'cancelled', 'refunded'])
{
    my ($from, $type, $to, $payment) = @$_;
    my $id = market($from, 'fiat');
    my $got = event('payment', $id, type => $type, reason => 'card expired');

    is outcome($got), 'applied', "$from: $type";
    is_seen($id, 'buyer', $to, version($id));
    is sql("SELECT payment_status FROM shop.orders WHERE id = '$id'"),
        $payment, "$from: $type: the payment";
    is history($id)->[-1]{reason}, 'card expired', "$from: $type: why"
        if $from ne $to;
}

my $id = order_id('plain');

is outcome(event('payment', $id, type => 'payment.confirmed')), 'applied',
    'a workflow without such statuses';
is sql("SELECT payment_status || ' ' || status FROM shop.orders
         WHERE id = '$id'"), 'paid pending', 'only its payment changes';


=== TEST 3: the escrow contract's events, from the lock to the release
--- play
my $id = market('payment_pending');
my $got = event('escrow', $id, type => 'EscrowCreated', escrowId => 'e-1',
                transactionHash => '0xaa', gasUsed => '0.00000001');

is outcome($got), 'applied', 'EscrowCreated';
is_seen($id, 'buyer', 'escrow_locked', 2);

my $payment = call("GET /api/orders/$id", as => 'buyer');
is_deeply [@{ decoded($payment)->{order}{payment} }
               {qw(status escrowId transactionHash)}],
    ['locked', 'e-1', '0xaa'], 'the payment is linked';
like $payment->{body}, qr/"gasUsed":0\.00000001[,}]/, 'gasUsed, exactly';

order_set($id, $_) for @::way[0 .. 6];
is outcome(event('escrow', $id, type => 'EscrowReleased',
                 transactionHash => '0xbb')), 'applied', 'EscrowReleased';
is_seen($id, 'buyer', 'completed', version($id));
is history($id)->[-1]{metadata}{releaseTransactionHash}, '0xbb',
    'releaseTransactionHash';
is decoded(call("GET /api/orders/$id", as => 'buyer'))->{order}{payment}
    {status}, 'released', 'the payment is released';

$id = market('delivered');
is outcome(event('escrow', $id, type => 'DisputeCreated',
                 disputeId => 'D-9')), 'applied', 'DisputeCreated';
is_seen($id, 'buyer', 'disputed', version($id));
is history($id)->[-1]{metadata}{disputeId}, 'D-9', 'disputeId';


=== TEST 4: the carrier's events, from the door to the door
--- play
my $id = market('ready_to_ship');
my $version = version($id);

for (['picked_up', 'shipped'], ['in_transit', 'in_transit'],
     ['out_for_delivery', 'out_for_delivery'], ['delivered', 'delivered'])
{
    my ($scan, $status) = @$_;
    my $got = event('shipping', $id, status => $scan, carrier => 'UPS',
                    trackingNumber => '1Z', location => "at $scan",
                    estimatedDelivery => '2027-02-15');

    is $got->{code}, 200, $scan;
    is_seen($id, 'buyer', $status, ++$version);

    my $event = tracked($id);

    is_deeply [@$event{qw(type source location)}],
        ['shipment_update', 'shipping_provider', "at $scan"],
        "$scan: a tracking event";
}

my $tracking = decoded(call("GET /api/orders/$id/tracking", as => 'buyer'))
    ->{tracking};

is "$tracking->{carrier} $tracking->{trackingNumber} "
    . $tracking->{estimatedDelivery}, 'UPS 1Z 2027-02-15', 'where it is';
ok $tracking->{actualDeliveryDate}, 'actualDeliveryDate';


=== TEST 5: scans that were lost are made up for, one transition after the other
--- play
my $id = market('ready_to_ship');

is outcome(event('shipping', $id, status => 'out_for_delivery')), 'applied',
    'two are missing';
is join(' ', map { $_->{newStatus} } @{ history($id) }[-3 .. -1]),
    'shipped in_transit out_for_delivery', 'each of them';
is history($id)->[-2]{reason}, 'implied by out_for_delivery', 'said so';
is_seen($id, 'buyer', 'out_for_delivery', version($id));


=== TEST 6: what comes too late is taken, kept and changes nothing
--- play
my $id = market('out_for_delivery');
my $version = version($id);

for (['shipping', status => 'picked_up'], ['shipping', status => 'in_transit'],
     ['payment', type => 'payment.confirmed'],
     ['payment', type => 'payment.failed'],
     ['escrow', type => 'EscrowCreated'])
{
    my ($source, %members) = @$_;
    my ($what) = values %members;
    my $got = event($source, $id, %members);

    is $got->{code}, 200, "$what: taken";
    is outcome($got), 'late', "$what: late";
    is tracked($id)->{data}{outcome}, 'late', "$what: kept";
}

is version($id), $version, 'never backwards';
is_seen($id, 'buyer', 'out_for_delivery', $version);

$id = market('completed');
is outcome(event('shipping', $id, status => 'delivered')), 'late',
    'an order that is final';
is sql("SELECT outcome FROM shop.webhook_events WHERE order_id = '$id'"),
    'late', 'in the table';


=== TEST 7: what comes too early is to be repeated, and then it is done
--- play
my $id = market('processing');
my $before = traces($id);
my $body = json(orderId => $id, status => 'picked_up');

for (1, 2) {
    my $got = send_event('shipping', $body, id => 'early-1');

    is_problem $got, 409, 'TOO_EARLY', 'too early';
    is $got->{headers}{'retry-after'}, 60, 'Retry-After';
    ok decoded($got)->{canRetry}, 'canRetry';
    is decoded($got)->{current_status}, 'processing', 'where it is';
}

is traces($id), $before, 'nothing is left';
order_set($id, 'ready_to_ship');
is outcome(send_event('shipping', $body, id => 'early-1')), 'applied',
    'the same event, later';
is state_of($id), 'shipped', 'done';


=== TEST 8: the same event is done once, and counted
--- play
my $id = market('shipped');
my $body = json(orderId => $id, status => 'in_transit');
my $version = version($id) + 1;

is outcome(send_event('shipping', $body, id => 'twice')), 'applied', 'first';

for my $n (1 .. 3) {
    my $got = send_event('shipping', $body, id => 'twice');

    is $got->{code}, 200, "again $n: taken";
    is outcome($got), 'duplicate', "again $n: known";
    is decoded($got)->{order}{version}, $version, "again $n: as it is";
    is sql("SELECT repeats FROM shop.webhook_events
             WHERE event_id = 'twice' AND source = 'shipping'"), $n,
        "again $n: counted";
}

order_set($id, 'out_for_delivery');
is outcome(send_event('shipping', json(orderId => $id, status => 'delivered'),
                      id => 'twice')), 'duplicate',
    'the id counts, whatever it says then';
is state_of($id), 'out_for_delivery', 'nothing was changed';
is outcome(send_event('payment', json(orderId => $id, type =>
                      'payment.refunded'), id => 'twice')), 'applied',
    'the same id of another source is another event';


=== TEST 9: the same event ten times at once is done once
--- play
my $id = market('shipped');
my $version = version($id);
my $body = json(orderId => $id, status => 'in_transit', location => 'Basel');
my $headers = webhook('shipping', $body, id => 'at-once');
my @got = call_all(map { ['POST /api/webhooks/shipping', json => $body,
                          headers => $headers] } 1 .. 10);

is scalar(grep { $_->{code} == 200 } @got), 10, 'all are taken';
is scalar(grep { outcome($_) eq 'applied' } @got), 1, 'one is done';
is scalar(grep { outcome($_) eq 'duplicate' } @got), 9, 'nine are known';
is version($id), $version + 1, 'one change';
is sql("SELECT repeats FROM shop.webhook_events
         WHERE event_id = 'at-once'"), 9, 'counted';
is sql("SELECT count(*) FROM shop.order_tracking_events
         WHERE order_id = '$id' AND location = 'Basel'
           AND event_type = 'shipment_update'"), 1, 'kept once';


=== TEST 10: different events at once leave the order where the last leads
--- play
my $id = market('ready_to_ship');
my @got = call_all(map {
    my $body = json(orderId => $id, status => $_);
    ['POST /api/webhooks/shipping', json => $body,
     headers => webhook('shipping', $body)]
} qw(picked_up in_transit out_for_delivery delivered) x 3);

is scalar(grep { $_->{code} == 200 } @got), 12, 'all are taken';
is state_of($id), 'delivered', 'delivered';
is_seen($id, 'buyer', 'delivered', version($id));
is join(' ', map { $_->{newStatus} } @{ history($id) }) =~
    s/.*ready_to_ship //r =~ s/in_transit |out_for_delivery //gr,
    'shipped delivered', 'and never backwards';


=== TEST 11: what means nothing here is taken and changes nothing
--- play
my $id = market('shipped');
my $version = version($id);

for (['payment', type => 'payment.blessed'], ['escrow', type => 'Other'],
     ['escrow', type => 'escrowcreated'], ['shipping', status => 'lost'],
     ['shipping', status => 'returned'], ['payment', type => 'EscrowCreated'])
{
    my ($source, %members) = @$_;
    my ($what) = values %members;
    my $got = event($source, $id, %members);

    is $got->{code}, 200, "$source $what: taken";
    is outcome($got), 'ignored', "$source $what: ignored";
    is tracked($id)->{data}{type}, $what, "$source $what: kept";
}

is version($id), $version, 'nothing was changed';
is outcome(event('shipping', order_id('s2', status => 'shipped'),
                 status => 'in_transit')), 'ignored',
    'a status that the workflow does not have';


=== TEST 12: what is not an event of ours is refused
--- play
my $id = market('shipped');
my $before = traces($id);
my $nobody = '00000000-0000-7000-8000-00000000dead';

for my $source (@::sources) {
    my $type = $source eq 'shipping' ? 'status' : 'type';

    is_problem event($source, $nobody, $type => 'x'), 404, 'NOT_FOUND',
        "$source: no such order";
    is_problem event($source, 'ORD-2020-000000', $type => 'x'),
        404, 'NOT_FOUND', "$source: no such number";

    my $got = event($source, undef, $type => '', planet => 'Earth');

    is_problem $got, 400, 'INVALID_INPUT', "$source: fields";
    is join(' ', sort map { $_->{field} } @{ decoded($got)->{errors} }),
        CORE::join(' ', sort 'orderId', 'planet', $type), "$source: which";
    is_problem send_event($source, '{"orderId":'), 400, 'INVALID_INPUT',
        "$source: no JSON";
    is_problem send_event($source, '[]'), 400, 'INVALID_INPUT',
        "$source: a list";
}

is_problem event('shipping', $id, status => 'delivered',
                 occurredAt => 'today', estimatedDelivery => '2027-13-01'),
    400, 'INVALID_INPUT', 'dates';
is_problem event('payment', $id, type => 'payment.refunded', gasUsed => -1),
    400, 'INVALID_INPUT', 'amounts';
is traces($id), $before, 'nothing is left';


=== TEST 13: a signature that does not hold changes nothing
--- order
order_webhook_tolerance 30s;
--- play
my $id = market('shipped');
my $before = traces($id);
my $body = json(orderId => $id, status => 'delivered');
my $try = sub {
    my ($what, $sent, $headers) = @_;
    my $got = call('POST /api/webhooks/shipping', json => $sent,
                   headers => $headers);

    is_problem $got, 401, 'INVALID_SIGNATURE', $what;
};

$try->('another source\'s secret', $body, webhook('payment', $body));
$try->("no webhook-$_", $body, webhook('shipping', $body, $_ => undef))
    for qw(id timestamp signature);
$try->('a minute old', $body,
       webhook('shipping', $body, timestamp => time - 60));
$try->('a minute ahead', $body,
       webhook('shipping', $body, timestamp => time + 60));
$try->('a byte more', "$body ", webhook('shipping', $body));
$try->('a byte less', substr($body, 0, -1), webhook('shipping', $body));
$try->('another byte', $body =~ s/delivered/deliverEd/r,
       webhook('shipping', $body));
$try->('another id', $body, webhook('shipping', $body, id => 'a')
       =~ s/webhook-id: a/webhook-id: b/r);
$try->('no headers', $body, '');

is traces($id), $before, 'nothing is left';
is_seen($id, 'buyer', 'shipped', version($id));
is outcome(send_event('shipping', $body, timestamp => time - 20)), 'applied',
    'a good one';


=== TEST 14: while secrets rotate, the old and the new one sign
--- order: off
--- http_config eval
my $http = OrderTest::http_config();
my $file = main::secrets('both', 'N', 'O');
$http =~ s/(secret shipping) [^;]+/$1 $file/ or die;
$http
--- play
my $id = market('ready_to_ship');

for (['N', 'picked_up'], ['O', 'in_transit'], ['N', 'delivered']) {
    my ($letter, $status) = @$_;
    my $body = json(orderId => $id, status => $status);

    is outcome(call('POST /api/webhooks/shipping', json => $body, headers =>
        OrderWebhook::headers(secrets("one$letter", $letter), $body))),
        'applied', "$letter: $status";
}

my $body = json(orderId => $id, status => 'delivered');

is_problem call('POST /api/webhooks/shipping', json => $body, headers =>
    OrderWebhook::headers(secrets('none', 'X'), $body)),
    401, 'INVALID_SIGNATURE', 'no other';


=== TEST 15: without a secret there is no endpoint
--- order: off
--- http_config eval
OrderTest::http_config() =~ s/order_webhook_secret [^;]+;//gr
--- play
my $id = market('shipped');

is_problem event($_, $id, type => 'x'), 404, 'NO_SUCH_ENDPOINT', $_
    for @::sources;
is state_of($id), 'shipped', 'nothing was changed';


=== TEST 16: of an event nothing is written to the log
--- play
my $id = market('processing');
my @sent;

for (['shipping', '{"status":"picked_up","orderId":"%s","location":"swordfish"}'],
     ['shipping', '{"status":"lost","orderId":"%s","location":"swordfish"}'],
     ['payment', '{"type":"swordfish","orderId":"%s","planet":1}'],
     ['payment', '{"type":"payment.refunded","orderId":"%s","reason":"swordfish"}'],
     ['escrow', '{"type":"swordfish","orderId":"%s'])
{
    my ($source, $body) = @$_;
    $body = sprintf $body, $id;

    push @sent, webhook($source, $body);
    call("POST /api/webhooks/$source", json => $body, headers => $sent[-1]);
    call("POST /api/webhooks/$source", json => "$body ",
         headers => $sent[-1]);
}

open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/error.log" or die $!;
my @lines = grep { !/http header: / } <$in>;

is scalar(grep { /swordfish/ } @lines), 0, 'nothing of a body';
is scalar(grep { /whsec_/ } @lines), 0, 'nothing of a secret';

for (@sent) {
    my ($signature) = /v1,(\S+)/;
    is scalar(grep { /\Q$signature\E/ } @lines), 0, 'nothing of a signature';
}


=== TEST 17: an event that comes again when its order is gone was done
--- play
my $id = market('cancelled');
my $body = json(orderId => $id, type => 'payment.refunded');

is outcome(send_event('payment', $body, id => 'gone')), 'applied', 'done';
is call("DELETE /api/orders/$id", as => 'buyer')->{code}, 204, 'deleted';

my $got = send_event('payment', $body, id => 'gone');

is $got->{code}, 200, 'taken';
is_deeply decoded($got), { received => JSON::PP::true,
    outcome => 'duplicate', order => undef }, 'known, without its order';
is sql("SELECT repeats FROM shop.webhook_events WHERE event_id = 'gone'"),
    1, 'counted';
is_problem send_event('payment', $body), 404, 'NOT_FOUND', 'another event';


=== TEST 18: no token opens it, and none is needed
--- play
my $id = market('shipped');
my $body = json(orderId => $id, status => 'in_transit');

is_problem call('POST /api/webhooks/shipping', as => 'admin',
                json => $body), 401, 'INVALID_SIGNATURE', 'an admin';
is outcome(call('POST /api/webhooks/shipping', as => 'buyer', json => $body,
                headers => webhook('shipping', $body))), 'applied',
    'a signature, whoever else one is';
is history($id)->[-1]{source}, 'shipping_provider', 'the carrier it was';
