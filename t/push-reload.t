# A reload asks the subscribers to come back, spread over time; they resume
# and miss nothing.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;

use Time::HiRes qw(time);

our @left;


sub clients {
    my ($id, $times) = @_;
    my @clients = map {
        (sse("/api/orders/$id/events", as => 'buyer'),
         sse('/api/events', as => 'buyer'), ws('/ws', as => 'buyer'))
    } 1 .. $times // 1;

    $_->{place} = $_->next->{id} for @clients;

    return @clients;
}


# Asks nginx to reload, and does not wait.
sub renew {
    my %old = map { ($_ => 1) } workers_of();

    kill 'HUP', OrderClient::master();

    return sub { !grep { $old{$_} } workers_of() };
}


# Reads until the good-bye, and keeps the place and version to resume from.
sub read_to_end {
    my $client = shift;

    for ( ;; ) {
        my $event = $client->next;

        $client->{place} = $event->{id} if defined $event->{id};
        push @{ $client->{versions} }, $event->{data}{order}{version}
            if $event->{data}{order};

        $client->{good_bye} = $event if $event->{event} eq 'end';
        last if $event->{event} =~ /^(?:closed|nothing)$/;
    }

    $client->{at} = $client->{closed} // time;
}

master_on();
workers(2);
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: they are told why, and when to come back
--- order
order_push_drain 1s;
--- play
my $id = order_now('told');
my @clients = clients($id, 4);
my $gone = renew();

for my $client (@clients) {
    read_to_end($client);

    if ($client->{kind} eq 'ws') {
        is $client->{closing}, 1012, 'WebSocket: the code';
        is $client->{why}, 'reload', 'the reason';
        next;
    }

    is brief($client->{good_bye} // { event => 'none', data => {} }),
        'end reload', 'Server-Sent Events: the reason';
    like $client->{good_bye}{retry}, qr/^\d+$/, 'when to come back';
    ok length $client->{good_bye}{data}{message}, 'in words';
    ok $client->{chunked_end}, 'as HTTP has it';
}

ok wait_until($gone, 3), 'and the old workers leave';


=== TEST 2: not all at once
--- order
order_push_drain 2s;
--- play
my $id = order_now('spread');
my @clients = clients($id, 20);
my $start = time;
my $gone = renew();

my $left = @clients;

while ($left && time - $start < 8) {
    for my $client (@clients) {
        $client->pump(0) if !$client->{closed};
        $client->{at} //= time if $client->{closed};
    }

    $left = grep { !$_->{closed} } @clients;
    select undef, undef, undef, 0.01;
}

my @at = sort { $a <=> $b } map { ($_->{at} // 1e12) - $start } @clients;

is $left, 0, 'all are closed';
cmp_ok $at[-1], '<', 4, "within the time: $at[-1]";
cmp_ok $at[45] - $at[15], '>', 0.4, "spread: $at[0] $at[15] $at[45] $at[-1]";
ok wait_until($gone, 3), 'and the old workers leave';


=== TEST 3: they resume, and each version comes once, in order
--- order
order_push_drain 1s;
--- play
my $id = order_now('resume');
my @clients = clients($id, 5);
my $version = 1;

for my $round (1 .. 3) {
    $version = touch($id, 3);

    my $gone = renew();

    # old workers and new ones tell at the same time

    $version = touch($id, 2) for 1 .. 5;

    for my $client (@clients) {
        my $old = $client;

        read_to_end($old);

        my @how = (as => 'buyer');

        $client = $old->{kind} eq 'ws'
                  ? ws("/ws?last_event_id=$old->{place}", @how)
                  : sse($old->{path}, @how, last => $old->{place});
        $client->{versions} = $old->{versions};
        $client->{place} = $old->{place};
    }

    $version = touch($id, 2);

    for my $client (@clients) {
        while (($client->{versions}[-1] // 0) < $version) {
            my $event = $client->next(5);

            last if $event->{event} =~ /^(?:closed|nothing)$/;
            $client->{place} = $event->{id};
            push @{ $client->{versions} }, $event->{data}{order}{version}
                if $event->{data}{order};
        }
    }

    ok wait_until($gone, 5), "round $round: the old workers leave";
}

is join(' ', @{ $_->{versions} }), join(' ', 2 .. $version), 'all versions'
    for @clients;


=== TEST 4: until they are told they are served
--- order
order_push_drain 3s;
--- play
my $id = order_now('served');
my @clients = clients($id, 8);
my $gone = renew();

ok wait_until(sub { workers_of() > 2 }, 3), 'old workers and new ones';
touch($id);

my @told = map { $_->told } @clients;
my $told = grep { $_ eq 'order_status_update 2 pending' } @told;

cmp_ok $told, '>', 12, "most are told: $told of 24";
$_->close for @clients;
ok wait_until($gone, 5), 'the old workers leave when nobody is left';


=== TEST 5: worker_shutdown_timeout is the limit
--- main_config
worker_shutdown_timeout 1s;
--- order
order_push_drain 1m;
--- play
my $id = order_now('limit');
my @clients = clients($id, 5);
my $start = time;
my $gone = renew();

read_to_end($_) for @clients;
cmp_ok time - $start, '<', 3, 'all are closed in time';
is scalar(grep { $_->{kind} eq 'ws' ? ($_->{closing} // 0) != 1012
                                    : !$_->{good_bye} } @clients), 0,
    'and told why';
ok wait_until($gone, 3), 'the old workers leave';


=== TEST 6: HTTP/2 streams are asked, too
--- order
order_push_drain 1s;
--- http_config
server {
    listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 http2;
    location / { order_api; }
}
--- play
open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf" or die $!;
my ($port) = join('', <$in>) =~ /listen 127\.0\.0\.1:(\d+) http2/;
my $id = order_now('h2');
my @h2 = (as => 'buyer', http2 => 1, port => $port);
my @streams = map { (sse("/api/orders/$id/events", @h2),
                     sse('/api/events', @h2)) } 1 .. 3;

$_->next for @streams;

my $gone = renew();

is $_->told, 'end reload', 'the reason' for @streams;
ok $_->over, 'closed' for @streams;
ok wait_until($gone, 5), 'the old workers leave';


=== TEST 7: nginx stops
--- order
order_push_drain 1s;
--- play
@::left = clients(order_now('quit'), 3);
ok @::left, 'with subscribers';


=== TEST 8: and they were told
--- play
for my $client (splice @::left) {
    read_to_end($client);

    is $client->{kind} eq 'ws' ? "end $client->{why}"
                               : brief($client->{good_bye}),
        'end reload', 'why';
}
