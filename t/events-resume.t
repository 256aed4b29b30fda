# A client that comes back says where it was, and misses nothing and sees
# nothing twice; or it is told once that the gap cannot be told.

use strict;
use warnings;

use lib 't/lib';
use OrderTest qw(:DEFAULT http_config);
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;

# from one block to the next
our ($order, @places, $all_last);

our $small = http_config();
$small =~ s/tokens=1m/tokens=1m changes=64k/;


# The stream of an order, or the caller's, from an id on.
sub back {
    my ($id, $last, %how) = @_;

    return sse(defined $id ? "/api/orders/$id/events" : '/api/events',
               as => 'buyer', last => $last, %how);
}


# Changes of an order, as brief() has them.
sub changes {
    my ($from, $to, $status) = @_;

    $status //= 'pending';

    return join ', ', map { "order_status_update $_ $status" } $from .. $to;
}


# Reads on to a version: "all" if each one behind FROM was told, in order, or
# "reset" if that was told instead, once, and each one behind it.
sub caught_up {
    my ($stream, $from, $to) = @_;
    my $how = 'all';

    while ($from < $to) {
        my $event = $stream->next;
        my $version = $event->{data}{order}{version}
                      // $event->{data}{state}{version} // 0;

        if ($event->{event} eq 'reset' && $how eq 'all' && $version >= $from)
        {
            $how = 'reset';

        } elsif ($version != $from + 1) {
            return "after $from: " . brief($event);
        }

        $from = $version;
    }

    return $how;
}

no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: an order's stream goes on behind each of its versions
--- play
my $id = order_live('each');
my $stream = back($id);
my @ids = $stream->next->{id};

touch($id, 3);
order_set($id, 'confirmed');
touch($id, 2);
push @ids, map { $stream->next->{id} } 2 .. 7;

my @all = split /, /, changes(2, 4) . ', ' . changes(5, 7, 'confirmed');
my @back = map { back($id, $_) } @ids;

for my $n (0 .. $#back) {
    is $back[$n]->told(6 - $n), join(', ', @all[$n .. 5]),
        'behind version ' . ($n + 1);
}

touch($id);

for my $n (0 .. $#back) {
    is $back[$n]->told, 'order_status_update 8 confirmed',
        'behind version ' . ($n + 1) . ': and nothing else';
}


=== TEST 2: the id is taken from the argument, too
--- play
my $id = order_live('argument');
my $stream = back($id);
my $first = $stream->next->{id};

touch($id, 2);
is sse("/api/orders/$id/events?last_event_id=$first", as => 'buyer')->told(2),
    changes(2, 3), 'of one order';
is back($id, $stream->next->{id})->told, changes(3, 3), 'the header';

my $all = back();
my $ready = $all->next->{id};

touch($id, 2);
is $all->told(2), changes(4, 5), 'they are told';
is sse("/api/events?last_event_id=$ready", as => 'buyer')->told(3),
    changes(4, 5) . ', ready', "the caller's";


=== TEST 3: the caller's stream goes on behind each event, across his orders
--- play
my @orders = map { order_live("all $_") } 1 .. 3;
my $foreign = order_live('all foreign', buyer => 'buyer2');
my $stream = back();
my @ids = $stream->next->{id};
my @briefs;

for my $n (1 .. 4) {
    touch($orders[$n % 3]);
    touch($foreign);
    order_set($orders[0], (qw(confirmed processing shipped))[$n - 1])
        if $n < 4;
}

for (1 .. 7) {
    my $event = $stream->next;

    push @ids, $event->{id};
    push @briefs, $event->{data}{order}{_id} . ' ' . brief($event);
}

is scalar keys %{ { map { ($_ => 1) } @ids } }, 8, 'all ids differ';

for my $n (0 .. $#ids) {
    my $again = back(undef, $ids[$n]);
    my @got = map { ($_->{data}{order}{_id} // '') . ' ' . brief($_) }
              map { $again->next } $n .. @briefs;

    is join("\n", @got), join("\n", @briefs[$n .. $#briefs], ' ready'),
        "behind event $n, and then it is live";
    is $again->before($orders[2]), '', 'nothing else';
    push @briefs, "$orders[2] " . brief($stream->next);
}


=== TEST 4: a client that is cut off again and again misses nothing
--- play
my $id = order_live('again');
my ($last, $all_last) = (back($id)->next->{id}, back()->next->{id});
my ($seen, $all_seen) = (1, 1);
my @faults;

for (1 .. 25) {
    touch($id, 2);

    my ($one, $all) = (back($id, $last), back(undef, $all_last));

    touch($id);

    for (1 .. 2) {
        my $event = $one->next;

        push @faults, brief($event)
            if brief($event) ne changes($seen + 1, $seen + 1);
        ($seen, $last) = ($seen + 1, $event->{id});
    }

    for (1 .. 2) {
        my $event = $all->next;

        next if $event->{event} eq 'ready';
        push @faults, brief($event)
            if brief($event) ne changes($all_seen + 1, $all_seen + 1);
        ($all_seen, $all_last) = ($all_seen + 1, $event->{id});
    }

    $one->close;
    $all->close('reset');
}

is "@faults", '', 'each version once, in order';
is caught_up(back($id, $last), $seen, 76), 'all', 'and to the end';
is back(undef, $all_last)->told(76 - $all_seen + 1),
    changes($all_seen + 1, 76) . ', ready', "the caller's, too";


=== TEST 5: the id of somebody else opens nothing
--- play
my ($mine, $foreign) = (order_live('mine'), order_live('f', buyer => 'buyer2'));
my $stream = back(undef, undef, as => 'buyer2');
my $own = back();
my ($ready) = map { $_->next->{id} } $stream, $own;
my $one = back($foreign, undef, as => 'buyer2')->next->{id};

touch($foreign, 3);
touch($mine);
is $own->told, changes(2, 2), 'a change';
is back(undef, $ready)->told(2), changes(2, 2) . ', ready', 'only mine';
is_problem back($foreign, $one), 403, 'FORBIDDEN', 'not that order';
like back($mine, $one)->told, qr/^(?:snapshot|reset|order_status_update) 2 /,
    'the id of another order';


=== TEST 6: an id that is none, or of another time: the full state
--- play
my $id = order_live('garbage');
my $stream = back($id);
my ($epoch, $version, $generation, $seq) = split /\./, $stream->next->{id};

for my $last ('x', '1', '1.2.3', '1.2.3.4.5', '-1.1.1.1', 'a.b.c.d', '....',
              '99999999999.1.1.1', "1.1.1.1'", '%00',
              join('.', $epoch, 99, $generation, $seq),
              join('.', $epoch + 1, 1, $generation, $seq),
              join('.', $epoch, $version, $generation, 'fffffffffffffff'))
{
    my $again = back($id, $last);

    is $again->{code}, 200, 'answered: ' . substr $last, 0, 30;
    like brief($again->next), qr/^(?:snapshot|reset) 1 pending$/,
        'the full state, or what came behind, which is nothing'
        if $last !~ /fffffff$/;
}

my $all = back(undef, join '.', $epoch, 0, 1, 1);
my $reset = $all->next;

is $reset->{event}, 'reset', "the caller's: another ring";
is ref $reset->{data}{orders}, 'ARRAY', 'with the orders';
is $reset->{data}{more}, JSON::PP::false(), 'all of them';
is $all->told, 'ready', 'and then it is live';

my %polls = map { ($_ => decoded(call("GET /api/order-status/$_", as => 'buyer'))) }
            map { $_->{order_id} } @{ $reset->{data}{orders} };

is_deeply [map { $polls{ $_->{order_id} } } @{ $reset->{data}{orders} }],
    $reset->{data}{orders}, 'each as the poll has it';
is scalar(grep { !$_->{order_id} } values %polls), 0, 'all are his own';
is scalar(keys %polls), sql("SELECT count(*) FROM shop.orders
                              WHERE buyer_id = '" . user_id('buyer') . "'"),
    'none is missing';


=== TEST 7: the ring has gone past: an order comes from the log, the rest is one reset
--- order
off
--- http_config eval: $::small
--- play
my ($id, $busy) = (order_live('past'), order_live('busy'));
my ($one, $all) = (back($id)->next->{id}, back()->next->{id});

my $watch = back($busy);

$watch->next;
touch($id, 5);
touch($busy, 600);

# the ring has got all of it: the poll may be ahead of that
like caught_up($watch, 1, 601), qr/^(?:all|reset)$/, 'all is told';
is back($id, $one)->told(5), changes(2, 6), 'from the log';

my $again = back(undef, $all);

like $again->told, qr/^reset of \d+$/, 'one reset';
is $again->told, 'ready', 'and then it is live';
is $again->before($busy), '', 'nothing else';

my $long = back($busy, join '.', (split /\./, $one)[0], 1,
                                 (split /\./, $one)[2, 3]);
like caught_up($long, 1, 602), qr/^(?:all|reset)$/,
    'more than the log tells at once';
is $long->before($busy), '', 'and it goes on';


=== TEST 8: nginx stops
--- play
$::order = order_live('restart');

my ($one, $all) = (back($::order), back());

@::places = $one->next->{id};
$::all_last = $all->next->{id};
touch($::order, 4);
push @::places, map { $_->{id} } $one->next, $one->next;
is scalar @::places, 3, 'the places';


=== TEST 9: and starts again: an order comes from the log, the rest is one reset
--- play
is back($::order, $::places[0])->told(4), changes(2, 5), 'behind version 1';
is back($::order, $::places[2])->told(2), changes(4, 5), 'behind version 3';

my $all = back(undef, $::all_last);

like $all->told, qr/^reset of \d+$/, 'one reset';
is $all->told, 'ready', 'and then it is live';
is $all->before($::order), '', 'nothing else';

touch($::order);

my $again = back($::order, $::places[2]);

is $again->told(4), changes(4, 7), 'log and ring, without a seam';
is $again->before($::order), '', 'nothing twice';


=== TEST 10: another instance resumes an order from the log
--- play
my $id = order_live('instance');
my $port = second_nginx();
my ($one, $all) = (back($id)->next->{id}, back()->next->{id});

touch($id, 3);
ok wait_until(sub {
    (decoded(call("GET /api/order-status/$id", as => 'buyer', port => $port))
         ->{version} // 0) == 4
}), 'it is there';

my $there = back($id, $one, port => $port);

is $there->told(3), changes(2, 4), 'all of it';
touch($id);

my $event = $there->next;

is brief($event), changes(5, 5), 'live';
is back($id, $event->{id})->told('1', 0.1), 'nothing', 'and back: up to date';
touch($id);
is back($id, $event->{id})->told, changes(6, 6), 'and back: the rest';
like back(undef, $all, port => $port)->told(2), qr/^reset of \d+, ready$/,
    "the caller's: one reset";


=== TEST 11: an order that came to its end meanwhile
--- play
my $id = order_live('ended', status => 'shipped');
my $last = back($id)->next->{id};

touch($id);
order_set($id, 'delivered');
ok wait_until(sub {
    decoded(call("GET /api/order-status/$id", as => 'buyer'))->{final}
}), 'the end is seen';

my $again = back($id, $last);

is $again->told(3), changes(5, 5, 'shipped') . ', '
    . changes(6, 6, 'delivered') . ', end final', 'what was missed, and the end';
ok $again->over, 'closed';


=== TEST 12: an order that was deleted meanwhile
--- play
my $id = order_live('removed');
my $last = back($id)->next->{id};

sql("DELETE FROM shop.orders WHERE id = '$id'");
ok wait_until(sub {
    call("GET /api/order-status/$id", as => 'buyer')->{code} == 404
}), 'gone';
is_problem back($id, $last), 404, 'NOT_FOUND', 'it is gone';
