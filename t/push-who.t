# Who is told what: buyer, seller, driver and admins; as it is now.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;


# The callers' streams, live, by their names.
sub streams_for {
    return map {
        my $stream = sse('/api/events', as => $_);

        $stream->next;
        $_ => $stream;
    } @_;
}


sub stream_of {
    my ($id, $user) = @_;
    my $stream = sse("/api/orders/$id/events", as => $user);

    $stream->next;

    return $stream;
}


sub drive {
    my ($id, $user) = @_;
    my $driver = defined $user ? "'" . user_id($user) . "'" : 'NULL';

    sql("UPDATE shop.orders SET driver_id = $driver WHERE id = '$id'");
}


# Store 03 gets another manager, and so all of its orders another seller.
sub manage {
    sql("UPDATE shop.stores SET manager_id = '" . user_id(shift)
        . "' WHERE id = '" . store_id(3) . "'");
}


# Does the poll answer the user so by now?
sub answers {
    my ($id, $user, $code) = @_;

    return wait_until(sub {
        call("GET /api/order-status/$id", as => $user)->{code} == $code
    });
}


# The task of an order that waits for a driver.
sub task_of {
    return sql("SELECT id FROM shop.deliveries WHERE order_id = '$_[0]'");
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a change goes to its buyer, its seller and the admins, and to nobody else
--- play
my $id = order_live('a');
my %fence = (buyer2 => order_live('f buyer2', buyer => 'buyer2'),
             manager => order_live('f manager', product => 41),
             market => order_live('f market', product => 51),
             driver => order_live('f driver', product => 42),
             driver2 => order_live('f driver2', product => 42));

drive($fence{$_}, $_) for qw(driver driver2);
ok answers($fence{$_}, $_, 200), $_ for qw(driver driver2);

my %streams = streams_for(qw(buyer seller admin), keys %fence);

touch($id, 2);
order_set($id, 'confirmed');

my $all = 'order_status_update 2 pending, order_status_update 3 pending, '
          . 'order_status_update 4 confirmed';

is $streams{$_}->told(3), $all, $_ for qw(buyer seller admin);
# the drivers' fences are of the manager's store

is $streams{$_}->before($fence{$_}), '', "not $_"
    for qw(manager market buyer2 driver driver2);


=== TEST 2: a token of the system sees all, as the poll has it
--- play
my $id = order_live('system');
my $token = OrderToken::sign(OrderTest::key_dir() . '/hs256.key', 'demo',
                             user_id('admin'), 'system', 60);
my $stream = sse('/api/events', token => $token);

is $stream->told, 'ready', 'it may';
touch($id);
is $stream->told, 'order_status_update 2 pending', 'it is told';


=== TEST 3: a driver is told of an order from when it is the driver's
--- play
my $id = order_live('driver', product => 41);
my $fence = order_live('driver fence', product => 42);

drive($fence, 'driver');
ok answers($fence, 'driver', 200), 'of one';

my %streams = streams_for(qw(driver driver2));
my $driver = $streams{driver};

touch($id);
is $driver->before($fence), '', 'not yet';

drive($id, 'driver');

my $event = $driver->next;

is brief($event), 'order_status_update 3 pending', 'from that change on';
is $event->{data}{order}{_id}, $id, 'it is that order';
touch($id);
is $driver->told, 'order_status_update 4 pending', 'and the next';
ok !exists $event->{data}{notification}, 'but not notified';

drive($id, 'driver2');
is $streams{driver2}->told, 'order_status_update 5 pending',
    'another one has it';
touch($id, 2);
like $driver->before($fence), qr/^(?:order_status_update 5 pending)?$/,
    'the first is not told any more';
is $streams{driver2}->told(2), 'order_status_update 6 pending, '
    . 'order_status_update 7 pending', 'the other is';

drive($id);
touch($id, 2);
drive($fence, 'driver2');
like $streams{driver2}->before($fence),
    qr/^(?:order_status_update 8 pending, )?order_status_update \d+ pending$/,
    'nobody has it';


=== TEST 4: a driver's stream of an order ends when it is somebody else's
--- play
my $id = order_live('driver order', product => 41);

is_problem sse("/api/orders/$id/events", as => 'driver'),
    403, 'FORBIDDEN', 'not yet';
drive($id, 'driver');
ok answers($id, 'driver', 200), 'now it is his';

my $stream = stream_of($id, 'driver');

touch($id);
is $stream->told, 'order_status_update 3 pending', 'a change';
drive($id, 'driver2');
is $stream->told, 'end forbidden', 'the end, without that change';
ok $stream->over, 'closed';
is_problem sse("/api/orders/$id/events", as => 'driver'),
    403, 'FORBIDDEN', 'it is not his any more';
is_problem sse("/api/orders/$id/events", as => 'driver',
               last => $stream->{last}), 403, 'FORBIDDEN', 'nor resumed';


=== TEST 5: another manager of the store
--- play
my $id = order_live('store');
my %streams = streams_for(qw(buyer seller manager admin));
my $one = stream_of($id, 'seller');
my $fence = order_live('store fence', product => 41);

is $streams{$_}->told, 'order_status_update 1 pending', "the fence: $_"
    for qw(buyer manager admin);

touch($id);
is $one->told, 'order_status_update 2 pending', 'the seller';
is $streams{seller}->told, 'order_status_update 2 pending', 'his stream';
is $streams{manager}->before($fence), '', 'not the other';

manage('manager');
is $one->told, 'end forbidden', 'not the seller any more';
ok answers($id, 'manager', 200), 'the other one is';
touch($id);

my @got = grep { ($_->{data}{order}{_id} // '') eq $id }
          $streams{manager}->until(qr/_update 4 pending/);

is join(', ', map { brief($_) } @got), 'order_status_update 3 pending, '
    . 'order_status_update 4 pending', 'and is told from then on';

manage('seller');
ok answers($id, 'seller', 200), 'and back';
touch($id);
@got = grep { ($_->{data}{order}{_id} // '') eq $id }
       $streams{seller}->until(qr/_update 6 pending/);
unlike join(', ', map { brief($_) } @got), qr/ 4 pending/,
    'what was between was never told';


=== TEST 6: an order of one store is never told to another's seller
--- play
my @mine = map { order_live("mine $_", product => 51) } 1 .. 3;
my @foreign = map { order_live("foreign $_") } 1 .. 3;
my $stream = { streams_for('market') }->{market};
my $socket = ws('/ws', as => 'market');
my %mine = map { ($_ => 1) } @mine;

is $socket->told, 'ready', 'live';

for my $n (0 .. 2) {
    touch($_, 3) for @foreign, $mine[$n];
    order_set($foreign[$n], 'confirmed');
}

order_id('foreign new');

my $fence = touch($mine[0]);

for my $client ($stream, $socket) {
    my @got = map { $client->next } 1 .. 9;

    is scalar(grep { !$mine{ $_->{data}{order}{_id} // '' } } @got), 0,
        'his own only';
    is $client->told, "order_status_update $fence order_confirmed",
        'nothing else';
}


=== TEST 7: drivers are told of deliveries that nobody has, and that somebody has them
--- play
my ($id, $number) = (order_live('delivery', product => 41),
                     order_number('delivery'));
my %streams = streams_for(qw(driver driver2 buyer manager seller));
my $socket = ws('/ws', as => 'driver');

is $socket->told, 'ready', 'live';
touch($id);
order_set($id, 'preparing');

for my $client (@streams{qw(driver driver2)}, $socket) {
    my $event = $client->next;
    my $data = $event->{data};

    is $event->{event}, 'delivery_request', 'a request';
    is_deeply $data, { type => 'delivery_request', id => $event->{id},
        order => { _id => $id, orderNumber => $number, version => 3,
                   updatedAt => $data->{order}{updatedAt} },
        open => JSON::PP::true() }, 'its members';
}

touch($id);
is call('PUT /api/driver/tasks/' . task_of($id), as => 'driver',
        json => '{"action":"accept"}')->{code}, 200, 'the driver takes it';

is join(', ', sort split /, /, $streams{driver}->told(2)),
    'delivery_request 5 taken, order_status_update 5 out_for_delivery',
    'it is his, and taken';
is $streams{driver2}->told, 'delivery_request 5 taken', 'the others';
is $streams{buyer}->told(4), 'order_status_update 2 pending, '
    . 'order_status_update 3 preparing, order_status_update 4 preparing, '
    . 'order_status_update 5 out_for_delivery', 'the buyer: the order';
is $streams{manager}->told(4), 'order_status_update 2 pending, '
    . 'order_status_update 3 preparing, order_status_update 4 preparing, '
    . 'order_status_update 5 out_for_delivery', 'the manager, too';
is $streams{seller}->before(order_live('delivery fence')),
    'order_status_update 1 pending', 'another seller: nothing';


=== TEST 8: a delivery that is called off is not open any more
--- play
my $id = order_live('called off', product => 41);
my $stream = { streams_for('driver') }->{driver};

order_set($id, 'preparing');
is $stream->told, 'delivery_request 2 open', 'open';
order_set($id, 'cancelled');
is $stream->told, 'delivery_request 3 taken', 'and not';


=== TEST 9: a driver who rejects a task, and the words of what a driver drives
--- play
my $id = order_live('drives', product => 41);

order_set($id, 'preparing');
ok wait_until(sub { task_of($id) }), 'a task';

my %streams = streams_for(qw(driver driver2));

is call('PUT /api/driver/tasks/' . task_of($id), as => 'driver2',
        json => '{"action":"reject"}')->{code}, 200, 'one does not want it';
is call('PUT /api/driver/tasks/' . task_of($id), as => 'driver',
        json => '{"action":"accept"}')->{code}, 200, 'the other takes it';
is $streams{driver2}->told, 'delivery_request 3 taken', 'taken';

is join(', ', sort split /, /, $streams{driver}->told(2)),
    'delivery_request 3 taken, order_status_update 3 out_for_delivery',
    'his own';
is call('PUT /api/driver/tasks/' . task_of($id) . '/status', as => 'driver',
        json => '{"status":"delivered"}')->{code}, 200, 'delivered';

my $event = $streams{driver}->next;

is brief($event), 'order_status_update 4 delivered', 'its end';
is_deeply $event->{data}{order}{updatedBy},
    { _id => user_id('driver'), name => 'Erin Driver' }, 'who did it';
ok !exists $event->{data}{notification}, 'no notification';


=== TEST 10: who buys from the own store is told once, and as the buyer
--- play
my $id = order_live('own', buyer => 'seller');
my ($stream, $one) = ({ streams_for('seller') }->{seller},
                      stream_of($id, 'seller'));

order_set($id, 'confirmed');
touch($id);

for my $client ($stream, $one) {
    my $event = $client->next;

    is brief($event), 'order_status_update 2 confirmed', 'the change';
    like $event->{data}{notification}{message}, qr/: ✔️ Seller confirmed!$/,
        "the buyer's words";
    is $client->told, 'order_status_update 3 confirmed', 'once';
}


=== TEST 11: a caller's stream holds what began and ended in between, in order
--- play
my $stream = { streams_for('buyer') }->{buyer};
my @ids = map { order_id("between $_") } 1 .. 5;

for my $id (@ids) {
    order_set($id, $_) for qw(confirmed processing shipped delivered);
}

my %told;

push @{ $told{ $_->{data}{order}{_id} // '' } }, brief($_)
    for map { $stream->next } 1 .. 25;

is join(', ', @{ $told{$_} // [] }), join(', ', map {
    "order_status_update $_" } '1 pending', '2 confirmed', '3 processing',
    '4 shipped', '5 delivered'), 'one order' for @ids;
