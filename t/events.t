# Server-Sent Events: of one order, and of all that concern the caller.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;

our $place = qr/^\d+\.\d+\.[0-9a-f]+\.[0-9a-f]+$/;
our $time = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;


# The stream of one order, its snapshot read.
sub stream_of {
    my ($id, $user, %how) = @_;
    my $stream = sse("/api/orders/$id/events", as => $user // 'buyer', %how);

    $stream->{first} = $stream->next;

    return $stream;
}


# The caller's stream, when it is live.
sub stream_for {
    my ($user, %how) = @_;
    my $stream = sse('/api/events', as => $user, %how);

    $stream->{first} = $stream->next;

    return $stream;
}


# What a change has, apart from its state and notification; "by" is a user.
sub is_change {
    my ($event, $id, $number, %order) = @_;
    my $got = $event->{data}{order};
    my $by = delete $order{by};
    my $false = JSON::PP::false();

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is($event->{event}, 'order_status_update', 'its event');
    is($event->{data}{type}, 'order_status_update', 'its type');
    like($event->{id}, $place, 'its id');
    is($event->{data}{id}, $event->{id}, 'the same in the data');
    like($got->{updatedAt}, $time, 'when');
    is_deeply($got, {
        _id => $id, orderNumber => $number, final => $false,
        deleted => $false, updatedAt => $got->{updatedAt},
        updatedBy => $by ? { _id => user_id($by->[0]), name => $by->[1] }
                         : { _id => 'system', name => 'System' }, %order,
    }, 'the members of the order');
}


sub is_notified {
    my ($event, $message, %data) = @_;
    my $got = $event->{data}{notification};

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is($got, undef, 'no notification') if !defined $message;

    my ($type, $title) = @{ delete $data{as} // ['order_update',
                                                 'Order Status Updated'] };

    like($got->{createdAt}, $time, 'when');
    is_deeply($got, {
        type => $type, title => $title, message => $message,
        priority => 'medium', createdAt => $got->{createdAt}, data => \%data,
    }, 'the notification');
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the stream of an order opens with how long to wait, and how it stands
--- play
my $id = order_live('a');
my $stream = sse("/api/orders/$id/events", as => 'buyer');
my $headers = $stream->{headers};

is $stream->{code}, 200, 'it is there';
is $headers->{'content-type'}, 'text/event-stream', 'the type';
is $headers->{'cache-control'}, 'no-store, no-transform', 'not kept';
is $headers->{'x-accel-buffering'}, 'no', 'not held back by proxies';
is $headers->{'content-length'}, undef, 'without a length';

my $event = $stream->next;
my $poll = call("GET /api/order-status/$id", as => 'buyer')->{body};

like $stream->{retry}, qr/^[1-5]\d{3}$/, 'retry';
is $event->{event}, 'snapshot', 'the snapshot';
like $event->{id}, $::place, 'its id';
is $event->{text}, qq({"type":"snapshot","id":"$event->{id}",)
    . qq("order_id":"$id","state":$poll}), 'with what the poll says';


=== TEST 2: the caller's stream says when it is live
--- play
my $stream = sse('/api/events', as => 'buyer');

is $stream->{code}, 200, 'it is there';
is $stream->{headers}{'content-type'}, 'text/event-stream', 'the type';
is $stream->{headers}{'cache-control'}, 'no-store, no-transform', 'not kept';
is $stream->{headers}{'x-accel-buffering'}, 'no', 'not held back by proxies';

my $event = $stream->next;

like $stream->{retry}, qr/^[1-5]\d{3}$/, 'retry';
like $event->{id}, $::place, 'its id';
is $event->{text}, qq({"type":"ready","id":"$event->{id}"}), 'ready';


=== TEST 3: clients come back at different times
--- play
my %retry = map { (stream_for('buyer')->{retry} => 1) } 1 .. 12;

cmp_ok scalar keys %retry, '>', 6, 'hardly any two at once';
is scalar(grep { $_ < 1000 || $_ > 5000 } keys %retry), 0, 'in 1 to 5 s';


=== TEST 4: a change over the API is one event with the documents' members
--- play
my ($id, $number) = (order_live('api'), order_number('api'));
my %stream = (buyer => stream_of($id), seller => stream_of($id, 'seller'),
              'all of the buyer' => stream_for('buyer'),
              'all of the seller' => stream_for('seller'),
              admin => stream_for('admin'));

is call("PUT /api/orders/$id", as => 'seller',
        json => '{"status":"confirmed"}')->{code}, 200, 'changed';

my $poll = call("GET /api/order-status/$id", as => 'buyer')->{body};
my %data = (orderId => $id, orderNumber => $number, status => 'confirmed',
            oldStatus => 'pending');
my %words = (
    buyer => "Order $number: ✔️ Seller confirmed!",
    seller => "Order $number is now Confirmed",
);

for my $who (sort keys %stream) {
    my $event = $stream{$who}->next;

    diag $who if $event->{event} ne 'order_status_update';
    is_change $event, $id, $number, status => 'confirmed',
        oldStatus => 'pending', version => 2, by => ['seller', 'Alice Store'];
    is_deeply [sort keys %{ $event->{data} }],
        [qw(id), $who eq 'admin' ? () : 'notification',
         qw(order state type)], "$who: the members";
    like $event->{text}, qr/"state":\Q$poll\E[,}]/, 'as the poll has it';
    is_notified $event, $words{ $who =~ s/.* //r }, %data;
}

is sql("SELECT string_agg(message, '/' ORDER BY user_id)
          FROM shop.notifications
         WHERE order_id = '$id' AND type = 'order_update'"),
    "$words{buyer}/$words{seller}", 'the same as those that are stored';


=== TEST 5: a change in psql is the system's
--- play
my ($id, $number) = (order_live('psql'), order_number('psql'));
my $stream = stream_of($id);

order_set($id, 'confirmed');

my $event = $stream->next;

is_change $event, $id, $number, status => 'confirmed', oldStatus => 'pending',
    version => 2;
is_notified $event, "Order $number: ✔️ Seller confirmed!", orderId => $id,
    orderNumber => $number, status => 'confirmed', oldStatus => 'pending';


=== TEST 6: a change of something else is told, and notifies nobody
--- play
my ($id, $number) = (order_live('notes'), order_number('notes'));
my %stream = (buyer => stream_of($id), seller => stream_for('seller'));

touch($id);

for my $who (sort keys %stream) {
    my $event = $stream{$who}->next;

    is_change $event, $id, $number, status => 'pending',
        oldStatus => 'pending', version => 2;
    is_notified $event, undef;
}


=== TEST 7: admins are notified where the store wants it
--- play
my ($id, $number) = (order_live('admins', product => 51),
                     order_number('admins'));
my %stream = (admin => stream_for('admin'), seller => stream_for('market'),
              order => stream_of($id, 'admin'));

is sql("SELECT status FROM shop.orders WHERE id = '$id'"), 'order_confirmed',
    'as it was placed';
order_set($id, 'processing');

for my $who (sort keys %stream) {
    my $event = $stream{$who}->next;

    is $event->{data}{order}{status}, 'processing', "$who: the change";
    is_notified $event, "Order $number is now Processing", orderId => $id,
        orderNumber => $number, status => 'processing',
        oldStatus => 'order_confirmed';
}


=== TEST 8: a new order is told to its buyer and its seller
--- play
my %stream = map { ($_ => stream_for($_)) } qw(buyer seller admin);
my ($id, $number) = (order_id('new'), order_number('new'));
my %data = (orderId => $id, orderNumber => $number, status => 'pending');
my %event = map { ($_ => $stream{$_}->next) } keys %stream;

is_change $_, $id, $number, status => 'pending', oldStatus => undef,
    version => 1, by => ['buyer', 'John Doe'] for values %event;

is_notified $event{buyer}, "Your order $number has been confirmed", %data,
    as => ['order_created', 'Order Confirmed'];
is_notified $event{seller}, "You have a new order $number", %data,
    as => ['new_order', 'New Order Received'];
is_notified $event{admin}, undef;

my $placed = decoded(call('POST /api/place-order', as => 'buyer', json =>
    '{"payment_method":"card","items":[{"product_id":"' . product_id(32)
    . '","quantity":1}]}'));

is_change $stream{seller}->next, @$placed{qw(order_id order_number)},
    status => 'pending', oldStatus => undef, version => 1,
    by => ['buyer', 'John Doe'];


=== TEST 9: every version is one event, in order
--- play
my ($id, $other) = (order_live('many'), order_live('many too'));
my @streams = (stream_of($id), stream_for('buyer'), stream_of($id, 'seller'));

touch($id, 50);
touch($id) for 1 .. 5;
touch($other);
touch($id, 20);

my @versions = map { "order_status_update $_ pending" } 2 .. 76;

is join("\n", map { $streams[0]->told } @versions), join("\n", @versions),
    "the order's stream";
is join("\n", map { $streams[2]->told } @versions), join("\n", @versions),
    'of another user';

my @all = map { $streams[1]->next } 0 .. @versions;

is join("\n", map { brief($_) }
              grep { $_->{data}{order}{_id} eq $id } @all),
    join("\n", @versions), "the caller's stream";
is scalar(grep { $_->{data}{order}{_id} eq $other } @all), 1, 'the other one';


=== TEST 10: ids differ, and tell the version
--- play
my $id = order_live('ids');
my $stream = stream_of($id);

touch($id, 3);

my %ids = map { ($_->{id} => 1) } $stream->{first},
          map { $stream->next } 1 .. 3;

is scalar keys %ids, 4, 'each its own';
is join(' ', sort map { (split /\./)[1] } keys %ids), '1 2 3 4', 'versions';


=== TEST 11: the texts are those of now
--- play
my ($id, $other) = (order_live('label'), order_id('l', status => 'confirmed'));
my $stream = stream_of($id);

sql("UPDATE shop.workflow_statuses SET message = 'Soon \"there\" \\ é'
      WHERE workflow = 'shop' AND code = 'confirmed'");
ok wait_until(sub {
    decoded(call("GET /api/order-status/$other", as => 'buyer'))->{message}
        =~ /^Soon/;
}), 'the poll has it';
order_set($id, 'confirmed');

my $event = $stream->next;

is $event->{data}{state}{message}, "Soon \"there\" \\ é", 'of the state';
like $event->{data}{notification}{message}, qr/: ✔️ Soon "there" \\ é$/,
    'of the notification';

sql("UPDATE shop.workflow_statuses SET message = 'Seller confirmed!'
      WHERE workflow = 'shop' AND code = 'confirmed'");


=== TEST 12: heartbeats
--- order
order_push_heartbeat 1s;
--- play
my $id = order_live('beat');
my ($one, $all) = (stream_of($id), stream_for('buyer'));

touch($id);
is $one->told, 'order_status_update 2 pending', 'a change';

my $last = $one->{last};

ok $one->beats(2, 5), 'comments';
is $one->{last}, $last, 'an order stays where it is';
is $all->told, 'order_status_update 2 pending', 'a change';
ok $all->beats($all->{beats} + 1, 5), 'comments';
like $all->{last}, $::place, 'with the place';

my $again = sse('/api/events', as => 'buyer', last => $all->{last});

is $again->told, 'ready', 'from which it resumes, without a reset';


=== TEST 13: an order number, and an id in upper case
--- play
my ($id, $number) = (order_live('number'), order_number('number'));
my @streams = (stream_of($number), stream_of(uc $id), stream_of($number));

is join(', ', map { brief($_->{first}) } @streams),
    join(', ', ('snapshot 1 pending') x 3), 'found';
is $streams[0]{first}{data}{order_id}, $id, 'it is that order';
touch($id);
is join(', ', map { $_->told } @streams),
    join(', ', ('order_status_update 2 pending') x 3), 'and told of';
is_problem sse("/api/orders/$number/events", as => 'buyer2'),
    403, 'FORBIDDEN', 'it is no way around the owner';
is_problem sse('/api/orders/ORD-2026-999999/events', as => 'buyer'),
    404, 'NOT_FOUND', 'an unknown number';


=== TEST 14: a stream ends with its order
--- play
my $id = order_live('final', status => 'shipped');
my ($one, $all) = (stream_of($id), stream_for('buyer'));

order_set($id, 'delivered');

my ($event, $end) = ($one->next, $one->next);

is brief($event), 'order_status_update 5 delivered', 'the last change';
ok $event->{data}{order}{final}, 'it is final';
is brief($end), 'end final', 'the end';
ok length $end->{data}{message}, 'in words';
is $end->{retry}, undef, 'nothing to come back for';
ok $one->over, 'closed';
ok $one->{chunked_end}, 'as HTTP has it';
is $one->told, 'closed', 'and nothing more';

my $again = sse("/api/orders/$id/events", as => 'buyer',
                last => $event->{id});

is $again->{code}, 204, 'who has seen the end need not come back';

$again = sse("/api/orders/$id/events", as => 'buyer',
             last => $one->{last});
is $again->{code}, 204, 'also with the id of the end';

$again = sse("/api/orders/$id/events", as => 'buyer');
is $again->told(2), 'snapshot 5 delivered, end final', 'who is new';
ok $again->over, 'closed';
is $all->told, 'order_status_update 5 delivered', "the caller's stream";
is $all->before(order_live('after final')), 'order_status_update 1 pending',
    'goes on';


=== TEST 15: a deleted order
--- play
my ($id, $number) = (order_live('deleted'), order_number('deleted'));
my ($one, $all) = (stream_of($id), stream_for('seller'));

sql("DELETE FROM shop.orders WHERE id = '$id'");

for my $stream ($one, $all) {
    my $event = $stream->next;

    is brief($event), 'order_status_update 2 pending', 'is told';
    is_change $event, $id, $number, status => 'pending',
        oldStatus => 'pending', version => 2, deleted => JSON::PP::true();
    ok !exists $event->{data}{state}, 'without a state';
    is_notified $event, undef;
}

is $one->told, 'end deleted', 'the stream of the order ends';
ok $one->over, 'closed';
is $all->before(order_live('after deleted')), 'order_status_update 1 pending',
    "the caller's does not";
is_problem sse("/api/orders/$id/events", as => 'buyer'),
    404, 'NOT_FOUND', 'gone';


=== TEST 16: refusals come before the stream
--- play
my $id = order_live('refused');
my $unknown = '00000000-0000-7000-8000-00000000dead';

for my $path ('/api/events', "/api/orders/$id/events") {
    is_problem sse($path), 401, 'UNAUTHORIZED', "$path: no token";
    is_problem sse($path, token => 'x.y.z'), 401, 'INVALID_TOKEN', 'a bad one';
    is_problem sse($path, token => token('buyer', -3600)),
        401, 'INVALID_TOKEN', 'an old one';
    is_problem sse("$path?token=" . token('buyer')), 401, 'UNAUTHORIZED',
        'never in the URL';
}

is_problem sse("/api/orders/$id/events", as => $_), 403, 'FORBIDDEN', $_
    for qw(buyer2 manager driver);
is_problem sse("/api/orders/$unknown/events", as => 'admin'),
    404, 'NOT_FOUND', 'an unknown order';
is_problem sse('/api/orders/x1/events', as => 'admin'),
    400, 'INVALID_INPUT', 'no order at all';


=== TEST 17: other methods
--- play
my $id = order_live('methods');

for my $method (qw(POST PUT PATCH DELETE)) {
    for my $path ('/api/events', "/api/orders/$id/events") {
        my $got = call("$method $path", as => 'buyer', json => '{}');

        is_problem $got, 405, 'METHOD_NOT_ALLOWED', "$method $path";
    }
}

for my $path ('/api/events', "/api/orders/$id/events") {
    my $got = sse($path, as => 'buyer', method => 'HEAD');

    is $got->{code}, 200, "HEAD $path";
    is $got->{headers}{'content-type'}, 'text/event-stream', 'the headers';
    ok $got->over, 'closed';
    is $got->{text}, '', 'without a body';
}


=== TEST 18: a token that expires ends the stream, and says so
--- order
order_jwt_leeway 0s;
--- play
my $id = order_live('token');

for my $path ('/api/events', "/api/orders/$id/events") {
    my $stream = sse($path, token => token('buyer', 2));

    $stream->next;

    my $end = $stream->next(5);

    is brief($end), 'end token_expired', "$path: the reason";
    ok length $end->{data}{message}, 'in words';
    ok $stream->over(5), 'closed';
    is_problem sse($path, token => token('buyer', -1), last => $end->{id}),
        401, 'INVALID_TOKEN', 'never without one';
}


=== TEST 19: HTTP/1.0 has no chunks, and the end is the end of the connection
--- play
my $id = order_live('old', status => 'shipped');
my $stream = stream_of($id, 'buyer', version => '1.0');

is $stream->{headers}{'transfer-encoding'}, undef, 'no chunks';
is brief($stream->{first}), 'snapshot 4 shipped', 'the snapshot';
touch($id);
is $stream->told, 'order_status_update 5 shipped', 'a change';
order_set($id, 'delivered');
is $stream->told(2), 'order_status_update 6 delivered, end final', 'the end';
ok $stream->over, 'closed';


=== TEST 20: HTTP/2
--- http_config
server {
    listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 http2;
    location / { order_api; }
}
--- play
open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf" or die $!;
my ($port) = join('', <$in>) =~ /listen 127\.0\.0\.1:(\d+) http2/;
my @h2 = (http2 => 1, port => $port);
my $id = order_live('h2', status => 'shipped');
my ($one, $all) = (stream_of($id, 'buyer', @h2), stream_for('buyer', @h2));

like $one->{raw}, qr{^HTTP/2 200}, 'it is HTTP/2';
is $one->{headers}{'content-type'}, 'text/event-stream', 'the type';
is $one->{headers}{'x-accel-buffering'}, 'no', 'the headers';
is brief($one->{first}), 'snapshot 4 shipped', 'the snapshot';
is brief($all->{first}), 'ready', 'ready';

touch($id, 30);
is join("\n", map { $_->told(30) } $one, $all),
    join("\n", (join ', ', map { "order_status_update $_ shipped" } 5 .. 34)
         x 2), 'all changes';

my $last = $one->{last};

touch($id);
is $one->told, 'order_status_update 35 shipped', 'one more';
is sse("/api/orders/$id/events", as => 'buyer', @h2, last => $last)->told,
    'order_status_update 35 shipped', 'resumed';
is_problem sse("/api/orders/$id/events", as => 'buyer2', @h2),
    403, 'FORBIDDEN', 'refused';

order_set($id, 'delivered');
is $one->told(2), 'order_status_update 36 delivered, end final', 'the end';
ok $one->over, 'closed';
is $all->told(2), 'order_status_update 35 shipped, '
    . 'order_status_update 36 delivered', 'the other goes on';


=== TEST 21: HTTP/2: a token that expires; a client that goes away
--- order
order_jwt_leeway 0s;
--- http_config
server {
    listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 http2;
    location / { order_api; }
}
--- play
open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf" or die $!;
my ($port) = join('', <$in>) =~ /listen 127\.0\.0\.1:(\d+) http2/;
my @h2 = (http2 => 1, port => $port);
my $stream = sse('/api/events', @h2, token => token('buyer', 2));
my @others = map { stream_for('buyer', @h2) } 1 .. 5;

is $stream->told(2), 'ready, end token_expired', 'the reason';
ok $stream->over, 'closed';
$_->close for splice @others, 0, 4;
is $others[0]->before(order_live('h2 gone')), 'order_status_update 1 pending',
    'the others are told';


=== TEST 22: add_header and expires of nginx hold for streams
--- config
    location /api/ {
        order_api;
        add_header X-Mine yes;
    }
--- play
my $stream = stream_of(order_live('header'));

is $stream->{headers}{'x-mine'}, 'yes', 'of one order';
is brief($stream->{first}), 'snapshot 1 pending', 'which goes';
$stream = stream_for('buyer');
is $stream->{headers}{'x-mine'}, 'yes', "the caller's";
is brief($stream->{first}), 'ready', 'which goes';


=== TEST 23: gzip does not hold it back
--- config
    location /api/ {
        order_api;
        gzip on;
        gzip_min_length 1;
        gzip_types *;
    }
--- play
my $id = order_live('gzip');
my $stream = stream_of($id, 'buyer', headers => 'Accept-Encoding: gzip');

is $stream->{headers}{'content-encoding'}, undef, 'not compressed';
is brief($stream->{first}), 'snapshot 1 pending', 'the snapshot';
touch($id);
is $stream->told, 'order_status_update 2 pending', 'a change';


=== TEST 24: a client that has nothing more to say is still told
--- play
my $id = order_live('half');
my $stream = stream_of($id);

$stream->put("GET / HTTP/1.1\r\n\r\n");
touch($id);
is $stream->told, 'order_status_update 2 pending', 'bytes do not matter';


=== TEST 25: a connection that has answered polls becomes a stream
--- play
my $id = order_live('kept');
my $on = connection();

for (1 .. 3) {
    is call("GET /api/order-status/$id", as => 'buyer', on => $on)->{code},
        200, 'a poll';
}

my $stream = OrderStream::make('sse', as => 'buyer');

$stream->{socket} = $on;
$stream->put("GET /api/events HTTP/1.1\r\nHost: localhost\r\n"
             . 'Authorization: Bearer ' . token('buyer') . "\r\n\r\n");
is $stream->head->told, 'ready', 'it is one';
touch($id);
is $stream->told, 'order_status_update 2 pending', 'a change';


=== TEST 26: clients that go away leave nothing
--- config
    location /api/ { order_api; }
    location = /nginx { stub_status; }
--- play
my $id = order_live('away');
my @streams = map { (stream_of($id), stream_for('buyer')) } 1 .. 20;
my $stay = stream_of($id);

$_->close for splice @streams, 0, 20;
$_->close('reset') for @streams;
touch($id, 5);
is $stay->told(5), join(', ', map { "order_status_update $_ pending" } 2 .. 6),
    'who stays is told';
ok wait_until(sub {
    call('GET /nginx', as => 'buyer')->{body} =~ /^Active connections: 2 /
}), 'no connection is left';


=== TEST 27: what Accept says does not matter; an unknown argument does
--- play
is sse('/api/events', as => 'buyer', headers => "Accept: $_")->{code}, 200, $_
    for 'text/event-stream', '*/*', 'text/html';

my $got = sse('/api/events?last_event_ids=1', as => 'buyer');

is_problem $got, 400, 'INVALID_INPUT', 'one that is misspelt';
is decoded($got)->{errors}[0]{field}, 'last_event_ids', 'the field';


=== TEST 28: it is the cookie's caller, where there is no header
--- play
my $stream = sse('/api/events', headers => 'Cookie: order_token='
                                           . token('buyer'));

is $stream->told, 'ready', 'the cookie';


=== TEST 29: a worker has room for so many, and a user
--- order
order_push_clients 12;
order_push_user_clients 5;
--- play
my $id = order_live('room');
my @buyer = map { stream_for('buyer') } 1 .. 5;

my $got = sse('/api/events', as => 'buyer');
is $got->{code}, 429, 'the sixth of a user';
ok $got->{headers}{'retry-after'}, 'later, perhaps';

my @others = map { (stream_for('buyer2'), stream_for('seller')) } 1 .. 3;
my $last = stream_for('admin');

$got = sse('/api/events', as => 'driver');
is $got->{code}, 503, 'the thirteenth of all';
ok $got->{headers}{'retry-after'}, 'later, perhaps';

(pop @others)->close;
ok wait_until(sub { stream_for('driver')->{code} == 200 }), 'room again';
touch($id);
is $_->told, 'order_status_update 2 pending', 'all are told' for @buyer;
