# The notification that no change of an order brings: it is stuck.  nginx looks
# every ten seconds, the first time ten seconds after it has started.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderOpenapi;
use OrderStream;
use Test::Nginx::Socket;

our $patience = 25;


sub as_admin {
    return OrderToken::sign(OrderTest::key_dir() . '/hs256.key', 'demo',
                            user_id(shift), 'admin', 600);
}


# A label that needs escaping, which the polls have by now.
sub label {
    my ($id, $label) = @_;

    sql("UPDATE shop.workflow_statuses SET label = '$label'
          WHERE workflow = 'shop' AND code = 'processing'");

    return wait_until(sub {
        index(call("GET /api/order-status/$id", as => 'buyer')->{body},
              'Proc\"essing') >= 0
    });
}

workers(2);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: that an order is stuck is told to its seller as it was stored, once, and to nobody else
--- play
my $id = order_live('stuck', status => 'processing');
my $fence = order_live('fence', product => 41);

ok label($id, "Proc\"essing \\ \x{c3}\x{a9} \x{f0}\x{9f}\x{93}\x{a6}"),
    'a label';

my %streams = (
    (map { ($_ => sse('/api/events', as => $_)) }
         qw(seller buyer manager driver admin)),
    'the seller as an admin' => sse('/api/events',
                                    token => as_admin('seller')),
    'order.v1' => ws('/ws', as => 'seller', protocols => ['order.v1']),
    'order_update.v1' => ws('/ws', as => 'seller',
                            protocols => ['order_update.v1']),
);
my %of_order = (
    (map { ("the order's, $_" => sse("/api/orders/$id/events", as => $_)) }
         qw(seller buyer)),
    "the order's, WebSocket" => ws('/ws?subscribe=none', as => 'seller'),
);

is $streams{$_}->told, 'ready', $_ for sort keys %streams;
$of_order{"the order's, WebSocket"}
    ->say(qq({"type":"subscribe","orderId":"$id"}));
is $of_order{$_}->told, 'snapshot 3 processing', $_ for sort keys %of_order;

# told of the notification also to who watches the order there
my $both = $streams{'order.v1'};

$both->say(qq({"type":"subscribe","orderId":"$id"}));
is $both->told, 'snapshot 3 processing', 'an order and all';

my $before = $streams{seller}{last};

sql("UPDATE shop.order_timers SET due_at = now() - interval '1 s'
      WHERE kind = 'stuck' AND order_id = '$id'");

my @sellers = ('seller', 'the seller as an admin', 'order.v1',
               'order_update.v1');
my %event = map { ($_ => $streams{$_}->next($::patience)) } @sellers;

order_set($id, 'shipped');

for (@sellers) {
    is $event{$_}{event}, 'notification', "$_: told";
    is $streams{$_}->told, $_ eq 'order_update.v1'
        ? 'order_update 4 shipped' : 'order_status_update 4 shipped',
        "$_: once";
}

is $streams{$_}->told, 'order_status_update 4 shipped', "not $_"
    for qw(buyer admin);
is $streams{$_}->before($fence), '', "not $_" for qw(manager);
is $of_order{$_}->told, 'order_status_update 4 shipped', "not $_"
    for sort keys %of_order;

my ($stored, @more) = grep { $_->{type} eq 'order_stuck' } @{
    decoded(call('GET /api/notifications', as => 'seller'))->{notifications}
};

is @more, 0, 'one is stored';
is $stored->{orderId}, $id, 'of that order';

for (@sellers) {
    my $data = $event{$_}{data};

    is_deeply $data, {
        type => 'notification', id => $event{$_}{id}, notification => {
            map { ($_ => $stored->{$_}) } qw(type title message priority
                                             createdAt data),
        },
    }, "$_: as it was stored";
}

my $since = sql("SELECT to_char(created_at AT TIME ZONE 'UTC',
                                'YYYY-MM-DD HH24:MI') || ' UTC'
                   FROM shop.order_status_history
                  WHERE order_id = '$id' AND new_status = 'processing'");

is $event{seller}{data}{notification}{message},
    "Order $stored->{data}{orderNumber} is Proc\"essing \\ \xc3\xa9 "
    . "\xf0\x9f\x93\xa6 since $since", 'a message with that label';
is $event{seller}{text}, $event{$_}{text}, "$_: the same text"
    for @sellers[1 .. $#sellers];

my $seller = sse('/api/events', as => 'seller', last => $before);
my $event = $seller->next;

is $event->{text}, $event{seller}{text}, 'who comes back is told the same';
is $seller->told(2), 'order_status_update 4 shipped, ready', 'once';
is sse('/api/events', as => 'buyer', last => $before)->told(3),
    'order_status_update 4 shipped, order_status_update 2 pending, ready',
    'and the buyer is not';
is sse('/api/events', as => 'seller', last => $event->{id})->told(2),
    'order_status_update 4 shipped, ready', 'nor who has heard it';

my $document = call('GET /api/openapi.json')->{body};

is answer_faults($document, map {
    [$_->[0], { code => $_->[2], told => [$event->{text}], body => '',
                headers => { 'content-type' => $_->[3] } }]
} ['GET /api/events', $event, 200, 'text/event-stream'],
  ['GET /ws', $event, 101, undef]), '', 'as the document says';
