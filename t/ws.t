# WebSocket: the messages of S3 and S4, and what a client may say.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;

our $place = qr/^\d+\.\d+\.[0-9a-f]+\.[0-9a-f]+$/;


# A WebSocket that is told of all that concerns its user, and is live.
sub all_of {
    my ($user, %how) = @_;
    my $path = '/ws' . (delete $how{query} // '');
    my $socket = ws($path, as => $user, %how);

    $socket->{first} = $socket->next;

    return $socket;
}


# One that is told of nothing yet.
sub none_of {
    my ($user, %how) = @_;

    return ws('/ws?subscribe=none', as => $user, %how);
}


sub subscribe {
    my ($socket, $id, %more) = @_;

    $socket->say({ type => 'subscribe',
                   defined $id ? (orderId => $id) : (), %more });

    return $socket;
}


sub unsubscribe {
    my ($socket, $id) = @_;

    $socket->say({ type => 'unsubscribe',
                   defined $id ? (orderId => $id) : () });

    return $socket;
}


# Nothing is on its way to the client: it asks, and the answer comes next.
sub is_quiet {
    my ($socket, $what) = @_;

    $socket->say({ type => 'ping' });

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is($socket->told, 'pong', $what // 'nothing else');
}

# That a subscription has ended, and why; in words, too, where it is not by
# the client's wish.
sub is_unsubscribed {
    my ($got, $expected, $what) = @_;
    my %got = %$got;

    delete $got{message};

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is_deeply(\%got, $expected, $what);
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the handshake; who asks for no subprotocol gets none; ready comes first
--- play
my $socket = ws('/ws', as => 'buyer');

ok $socket->accepted, 'as RFC 6455 has it';
is $socket->{headers}{'sec-websocket-protocol'}, undef, 'no subprotocol';
is $socket->{headers}{'sec-websocket-extensions'}, undef, 'no extension';

my $event = $socket->next;

is $event->{text}, qq({"type":"ready","id":"$event->{id}"}), 'ready';
like $event->{id}, $::place, 'its id';


=== TEST 2: the subprotocol that is known is taken; the token's is never echoed
--- play
my $token = 'bearer.' . token('buyer');

for (['order.v1', 'order.v1'], ['order_update.v1', 'order_update.v1'],
     ['x', undef, 'buyer'], ['x,order.v1', 'order.v1'],
     ['order_update.v1,order.v1', 'order_update.v1'],
     [$token, undef], ["order.v1,$token", 'order.v1'],
     ["$token,order_update.v1", 'order_update.v1'])
{
    my ($asked, $got) = @$_;
    my $socket = ws('/ws', $asked =~ /bearer/ ? () : (as => 'buyer'),
                    protocols => [split /,/, $asked]);

    (my $name = $asked) =~ s/bearer\.[^,]+/bearer/;
    ok $socket->accepted, "$name: accepted";
    is $socket->{headers}{'sec-websocket-protocol'}, $got, 'the subprotocol';
    is $socket->told, 'ready', 'and it is live';
}


=== TEST 3: S3's message is the same text as over Server-Sent Events
--- play
my ($id, $number) = (order_live('s3'), order_number('s3'));
my %ws = map { ($_ => all_of($_)) } qw(buyer seller admin);
my %sse = map { ($_ => sse('/api/events', as => $_)) } keys %ws;

$_->next for values %sse;

is call("PUT /api/orders/$id", as => 'seller',
        json => '{"status":"confirmed"}')->{code}, 200, 'changed';

for my $user (sort keys %ws) {
    my $event = $ws{$user}->next;

    is $event->{text}, $sse{$user}->next->{text}, "$user: the same";
    is brief($event), 'order_status_update 2 confirmed', 'the change';
}

order_set($id, 'processing');

my $order = $ws{buyer}->next->{data}{order};

is_deeply $order, { _id => $id, orderNumber => $number,
    status => 'processing', oldStatus => 'confirmed',
    updatedBy => { _id => 'system', name => 'System' },
    updatedAt => $order->{updatedAt}, version => 3,
    final => JSON::PP::false(), deleted => JSON::PP::false() }, 'the members';


=== TEST 4: S4's message
--- play
my ($id, $number) = (order_live('s4'), order_number('s4'));
my @sockets = map { all_of($_, protocols => ['order_update.v1']) }
                  qw(buyer seller);
my $other = all_of('buyer');

is call("PUT /api/orders/$id", as => 'seller',
        json => '{"status":"confirmed"}')->{code}, 200, 'changed';

my $s3 = $other->next->{data};

for my $socket (@sockets) {
    my $event = $socket->next;
    my $data = $event->{data};

    is_deeply [sort keys %$data],
        [qw(id notification orderId state type update)], 'the members';
    is $data->{type}, 'order_update', 'the type';
    is $data->{orderId}, $id, 'the order';
    is_deeply $data->{update}, $s3->{order}, 'the update is the order of S3';
    is_deeply $data->{state}, $s3->{state}, 'the state';
    is $data->{id}, $s3->{id}, 'the id';
}

$sockets[0]->say({ type => 'subscribe', orderId => $id });
is $sockets[0]->told, 'snapshot 2 confirmed', 'the rest is as it is there';


=== TEST 5: who subscribes to nothing is told of nothing
--- play
my ($id, $other) = (order_live('none'), order_live('none too'));
my $socket = none_of('buyer');
my $all = all_of('buyer');

touch($id);
is $all->told, 'order_status_update 2 pending', 'a change';
is_quiet $socket;

subscribe($socket, $id);

my $event = $socket->next;
my $poll = call("GET /api/order-status/$id", as => 'buyer')->{body};

is $event->{text}, qq({"type":"snapshot","id":"$event->{id}",)
    . qq("order_id":"$id","state":$poll}), 'the snapshot';
touch($other);
touch($id);
is $socket->told, 'order_status_update 3 pending', 'of that order only';

unsubscribe($socket, $id);
$event = $socket->next;
is_unsubscribed $event->{data}, { type => 'unsubscribed', orderId => $id,
                            reason => 'client' }, 'unsubscribed';
touch($id);
is $all->until(qr/ 4 pending/), 3, 'a change';
is_quiet $socket;

subscribe($socket, $other);
is $socket->told, 'snapshot 2 pending', 'another one';
is $socket->before($other), '', 'and its changes';


=== TEST 6: many orders on one connection, by id and by number
--- play
my @ids = map { order_live("many $_") } 1 .. 8;
my @numbers = map { order_number("many $_") } 1 .. 8;
my $socket = none_of('seller');

subscribe($socket, $_ % 2 ? $ids[$_] : $numbers[$_]) for 0 .. 7;

my %snapshots = map { ($_->{data}{order_id} => brief($_)) }
                map { $socket->next } @ids;

is_deeply \%snapshots, { map { ($_ => 'snapshot 1 pending') } @ids },
    'all snapshots';
touch($_) for @ids;
is_deeply [map { $socket->next->{data}{order}{_id} } @ids], \@ids,
    'all changes';
unsubscribe($socket, $_) for $numbers[0], @ids[1 .. 3];
is $socket->told(4), join(', ', ('unsubscribed client') x 4), 'half of them';
touch($_) for @ids;
is_deeply [map { $socket->next->{data}{order}{_id} } @ids[4 .. 7]],
    [@ids[4 .. 7]], 'the other half';
is_quiet $socket;


=== TEST 7: a change comes once, also to who subscribed twice over
--- play
my ($id, $other) = (order_live('once'), order_live('once too'));
my $socket = all_of('buyer');

subscribe($socket, $id);
is $socket->told, 'snapshot 1 pending', 'the order, too';
touch($id);
is $socket->told, 'order_status_update 2 pending', 'a change';
is $socket->before($other), '', 'once';
touch($id, 20);
is $socket->told(20),
    join(', ', map { "order_status_update $_ pending" } 3 .. 22), 'twenty';
is $socket->before($other), '', 'once';

unsubscribe($socket, $id);
is $socket->told, 'unsubscribed client', 'without the order';
touch($id);
is $socket->told, 'order_status_update 23 pending', 'it concerns him still';
subscribe($socket, $id);
is $socket->told, 'snapshot 23 pending', 'with it';

unsubscribe($socket);

my $event = $socket->next;

is_unsubscribed $event->{data}, { type => 'unsubscribed', reason => 'client' },
    'without the rest';
touch($other);
is $socket->before($id), '', 'only the order';
subscribe($socket);
is $socket->told, 'ready', 'all again';
is $socket->before($other), '', 'all again';
is $socket->before($id), '', 'once';


=== TEST 8: a subscription resumes from a version, and from an id
--- play
my $id = order_live('resume');
my $socket = none_of('buyer');

subscribe($socket, $id);
$socket->next;
touch($id, 4);

my @ids = map { $socket->next->{id} } 1 .. 4;

for my $version (1 .. 5) {
    my $rest = join ', ', map { "order_status_update $_ pending" }
                              $version + 1 .. 5;
    my $by_version = subscribe(none_of('buyer'), $id, version => $version);

    is $by_version->told(5 - $version), $rest, "behind version $version";
    is_quiet $by_version;
    next if $version < 2;

    my $by_id = subscribe(none_of('buyer'), $id, id => $ids[$version - 2]);

    is $by_id->told(5 - $version), $rest, 'and behind its id';
    is_quiet $by_id;
}

my $event = subscribe(none_of('buyer'), $id, version => 99)->next;

like brief($event), qr/^(?:reset|snapshot) 5 pending$/,
    'a version that was never';


=== TEST 9: all that concerns the caller resumes, in the URL and in a message
--- play
my ($id, $other) = (order_live('again'), order_live('again too'));
my $socket = all_of('buyer');

touch($id);
touch($other);
touch($id);

my @ids = ($socket->{first}{id}, map { $socket->next->{id} } 1 .. 3);
my @briefs = map { "order_status_update $_ pending" } 2, 2, 3;

for my $n (0 .. 3) {
    my $rest = join ', ', @briefs[$n .. 2], 'ready';

    is ws("/ws?last_event_id=$ids[$n]", as => 'buyer')->told(4 - $n), $rest,
        "the URL: behind event $n";
    is subscribe(none_of('buyer'), undef, id => $ids[$n])->told(4 - $n),
        $rest, "a message: behind event $n";
}

my ($epoch) = split /\./, $ids[0];

like ws("/ws?last_event_id=$epoch.1.1.1", as => 'buyer')->told(2),
    qr/^reset of \d+, ready$/, 'another ring: a reset';


=== TEST 10: errors are told, and the connection stays
--- play
my ($id, $other) = (order_live('errors'), order_live('e', buyer => 'buyer2'));
my $unknown = '00000000-0000-7000-8000-00000000dead';
my $socket = all_of('buyer');

subscribe($socket, $id);
$socket->next;

for (
    ['x', 'INVALID_MESSAGE'],
    ['', 'INVALID_MESSAGE'],
    ['[]', 'INVALID_MESSAGE'],
    ['null', 'INVALID_MESSAGE'],
    ['{}', 'INVALID_MESSAGE', 'type'],
    ['{"type":1}', 'INVALID_MESSAGE', 'type'],
    ['{"type":"x"}', 'INVALID_MESSAGE', 'type'],
    ['{"type":"subscribe","orderId":1}', 'INVALID_MESSAGE', 'orderId'],
    ['{"type":"subscribe","orderId":""}', 'INVALID_MESSAGE', 'orderId'],
    [qq({"type":"subscribe","orderId":"$id","version":"x"}),
     'INVALID_MESSAGE', 'version'],
    [qq({"type":"subscribe","orderId":"$id","x":1}), 'INVALID_MESSAGE', 'x'],
    [qq({"type":"subscribe","orderId":"$id","version":-1}),
     'INVALID_MESSAGE', 'version'],
    [qq({"type":"subscribe","orderId":"$id","id":7}), 'INVALID_MESSAGE', 'id'],
    ['{"type":"authenticate"}', 'INVALID_MESSAGE', 'token'],
    ['{"type":"subscribe","orderId":"x1"}', 'INVALID_MESSAGE', 'orderId'],
    [qq({"type":"subscribe","orderId":"$unknown"}), 'NOT_FOUND'],
    ['{"type":"subscribe","orderId":"ORD-2026-999999"}', 'NOT_FOUND'],
    [qq({"type":"subscribe","orderId":"$other"}), 'FORBIDDEN'],
    [qq({"type":"subscribe","orderId":"$id"}), 'ALREADY_SUBSCRIBED'],
    ['{"type":"subscribe"}', 'ALREADY_SUBSCRIBED'],
    [qq({"type":"unsubscribe","orderId":"$other"}), 'NOT_SUBSCRIBED'],
    [qq({"type":"unsubscribe","orderId":"$unknown"}), 'NOT_SUBSCRIBED'],
    ['{"type":"authenticate","token":"x.y.z"}', 'INVALID_TOKEN'],
) {
    my ($text, $code, $field) = @$_;

    $socket->say($text);

    my $data = $socket->next->{data};

    is "$data->{type} " . ($data->{code} // ''), "error $code", $text;
    ok length $data->{message}, 'in words';
    is $data->{errors}[0]{field}, $field, 'the field' if defined $field;
    is $data->{orderId}, (decoded({ body => $text })->{orderId}), 'the order'
        if $code =~ /^(?:NOT_FOUND|FORBIDDEN|ALREADY|NOT_SUB)/
           && $text =~ /"orderId":"[0-9a-f]{8}-/;
}

touch($id);
is $socket->told, 'order_status_update 2 pending', 'it goes on';
is_quiet $socket;


=== TEST 11: no more than 128 subscriptions
--- play
my $socket = none_of('buyer');
my $product = product_id(33);
my @ids = split /\n/, sql(
    "SELECT (api.place_order('" . user_id('buyer') . "', 'customer', NULL,
                 NULL, '[{\"product_id\": \"$product\", \"quantity\": 1}]',
                 'card', NULL, NULL)).body::json->>'order_id'
       FROM generate_series(1, 130)");

is scalar @ids, 130, 'orders';
subscribe($socket, $_) for @ids[0 .. 126];

my %got;

$got{ brief($socket->next) }++ for 1 .. 127;
is_deeply \%got, { 'snapshot 1 pending' => 127 }, '127 of them';

for (1 .. 5) {
    subscribe($socket, sprintf '00000000-0000-7000-8000-%012d', $_);
    is $socket->told, 'error NOT_FOUND', 'what is not there takes no place';
}

subscribe($socket, $_) for @ids[127, 128];
is join(', ', sort split /, /, $socket->told(2)),
    'error TOO_MANY, snapshot 1 pending', 'the last, and one too many';
unsubscribe($socket, $ids[0]);
is $socket->told, 'unsubscribed client', 'one less';
subscribe($socket, $ids[129]);
is $socket->told, 'snapshot 1 pending', 'room again';
touch($ids[126]);
is $socket->told, 'order_status_update 2 pending', 'they are told';


=== TEST 12: what is no handshake is refused
--- play
my $key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
my $up = "Upgrade: websocket\nConnection: Upgrade";

for (
    [426, 'a plain GET', 'X: y'],
    [426, 'another version', "$up\n$key\nSec-WebSocket-Version: 8"],
    [400, 'no key', "$up\nSec-WebSocket-Version: 13"],
    [400, 'a bad key',
     "$up\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: abc"],
) {
    my ($code, $what, $lines) = @$_;
    my $got = ws('/ws', as => 'buyer', handshake => $lines);

    is $got->{code}, $code, $what;
    is $got->{headers}{'sec-websocket-version'}, 13, 'the version'
        if $code == 426;
}

is ws('/ws', as => 'buyer', method => 'POST')->{code}, 405, 'POST';
isnt ws('/ws', as => 'buyer', version => '1.0')->{code}, 101, 'HTTP/1.0';


=== TEST 13: what frames may not be
--- play
for (
    [1003, 'binary', sub { $_[0]->put_frame('binary', 'x') }],
    [1009, 'too long', sub { $_[0]->say('x' x 16385) }],
    [1009, 'too long in parts', sub {
        $_[0]->put_frame('text', 'x' x 10000, more => 1);
        $_[0]->put_frame('more', 'x' x 10000);
    }],
    [1009, 'it claims to be', sub {
        $_[0]->put_frame('text', 'x', length => 1 << 40);
    }],
    [1007, 'no UTF-8', sub { $_[0]->say("\"\xff\"") }],
    [1007, 'no UTF-8 in parts', sub {
        $_[0]->put_frame('text', "\"\xc3", more => 1);
        $_[0]->put_frame('more', '"');
    }],
    [1002, 'no mask', sub { $_[0]->put_frame('text', '{}', mask => 0) }],
    [1002, 'reserved bits', sub { $_[0]->put_frame('text', '{}', bits => 4) }],
    [1002, 'an unknown opcode', sub { $_[0]->put_frame(3, '{}') }],
    [1002, 'the rest of nothing', sub { $_[0]->put_frame('more', '{}') }],
    [1002, 'a ping in parts', sub {
        $_[0]->put_frame('ping', '', more => 1)
    }],
    [1002, 'a long ping', sub { $_[0]->put_frame('ping', 'x' x 126) }],
    [1002, 'a close of one byte', sub { $_[0]->put_frame('close', 'x') }],
    [1002, 'a reserved code', sub { $_[0]->put_frame('close', "\x03\xed") }],
    [1007, 'a close in no UTF-8', sub {
        $_[0]->put_frame('close', "\x03\xe8\xff")
    }],
) {
    my ($code, $what, $send) = @$_;
    my $socket = all_of('buyer');

    $send->($socket);
    is $socket->close_code(5), $code, $what;
}


=== TEST 14: what they may be
--- play
my $id = order_live('frames');
my $socket = none_of('buyer');
my $text = qq({"type":"subscribe","orderId":"$id"});

$socket->put_frame('text', substr($text, 0, 5), more => 1);
$socket->put_frame('ping', 'in between');
$socket->put_frame('more', substr($text, 5, 1), more => 1);
$socket->put_frame('more', '', more => 1);
$socket->put_frame('more', substr $text, 6);
is $socket->told, 'snapshot 1 pending', 'a message in parts';
is "@{ $socket->{pongs} }", 'in between', 'with a ping in between';

$socket->say('{"type":"ping"' . ' ' x 16000 . '}');
is $socket->told, 'pong', 'a long one';

my $bytes = '';
{
    no warnings 'redefine';
    local *OrderStream::put = sub { $bytes .= $_[1] };
    $socket->say('{"type":"ping"}') for 1 .. 50;
}
$socket->put($_) for $bytes =~ /(.{1,7})/gs;
is $socket->told(50), join(', ', ('pong') x 50), 'in any pieces';
is $socket->leave(1000), 1000, 'and good-bye';


=== TEST 15: good-bye is answered with the same code
--- play
for my $code (1000, 1001, 3000, 4999) {
    is all_of('buyer')->leave($code), $code, "code $code";
}

my $socket = all_of('buyer');

$socket->put_frame('close', '');
like $socket->close_code, qr/^(?:1000|1005)$/, 'without a code';


=== TEST 16: a subscription ends with its order, the connection does not
--- play
my ($id, $gone) = (order_live('end', status => 'shipped'), order_live('gone'));
my $socket = none_of('buyer');

subscribe($socket, $_) for $id, $gone;
is $socket->told(2), 'snapshot 4 shipped, snapshot 1 pending', 'both';
order_set($id, 'delivered');
is $socket->told, 'order_status_update 5 delivered', 'the last change';
is_unsubscribed $socket->next->{data}, { type => 'unsubscribed', orderId => $id,
                                   reason => 'final' }, 'final';
sql("DELETE FROM shop.orders WHERE id = '$gone'");
is $socket->told, 'order_status_update 2 pending', 'it was deleted';
is_unsubscribed $socket->next->{data}, { type => 'unsubscribed', orderId => $gone,
                                   reason => 'deleted' }, 'deleted';
subscribe($socket, $id);
is $socket->told(2), 'snapshot 5 delivered, unsubscribed final',
    'one that is final';
is_quiet $socket, 'the connection is there';


=== TEST 17: a subscription ends when the caller may not see the order any more
--- play
my $id = order_live('forbidden', product => 41);
my $to = sub {
    sql("UPDATE shop.orders SET driver_id = '" . user_id(shift)
        . "' WHERE id = '$id'");
};

$to->('driver');
ok wait_until(sub {
    call("GET /api/order-status/$id", as => 'driver')->{code} == 200
}), 'the driver may';

my $socket = subscribe(none_of('driver'), $id);

is $socket->told, 'snapshot 2 pending', 'and sees it';
$to->('driver2');
is_unsubscribed $socket->next->{data}, { type => 'unsubscribed', orderId => $id,
                                   reason => 'forbidden' }, 'not any more';
touch($id);
is_quiet $socket;
subscribe($socket, $id);
is $socket->told, 'error FORBIDDEN', 'nor again';


=== TEST 18: what is in the way of a handler of messages: half a frame
--- play
my $id = order_live('half');
my $socket = all_of('buyer');

$socket->put("\x81");
touch($id);
is $socket->told, 'order_status_update 2 pending', 'the others go on';
$socket->close('reset');
is all_of('buyer')->told(1, 0.1), 'nothing', 'and nothing broke';


=== TEST 19: the client's arguments
--- play
is_problem ws("/ws?$_=x", as => 'buyer'), 400, 'INVALID_INPUT', $_
    for qw(subscribe last_event_id);
is ws('/ws?subscribe=all', as => 'buyer')->told(1, 5), 'ready', 'all';


=== TEST 20: too many messages at once
--- play
my $socket = none_of('buyer');
my $bytes = '';

{
    no warnings 'redefine';
    local *OrderStream::put = sub { $bytes .= $_[1] };
    $socket->say('{"type":"ping"}') for 1 .. 2000;
}

$socket->put($bytes);
is $socket->close_code, 1008, 'the code';
