# Counts are those of all workers, whoever is killed, and through a reload;
# gauges are those of the living.

use strict;
use warnings;

use lib 't/lib';
use OrderTest qw(:DEFAULT http_config);
use OrderClient;
use OrderMetrics;
use OrderStream;
use Test::Nginx::Socket;

our $hit = 'polls_total{result="hit"}';
our $sse = 'subscribers{transport="sse"}';


# Polls over so many connections at once; how many were answered.
sub polls {
    my ($id, $times, %how) = @_;
    my @got = call_all(map { ["GET /api/order-status/$id", as => 'buyer',
                              %how] } 1 .. $times);

    return scalar grep { $_->{code} == 200 } @got;
}


sub holder {
    open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/error.log" or die $!;
    my @pids = map { /\[notice\] (\d+)#.*the change feed is this worker's/ }
                   <$in>;

    return $pids[-1];
}


# The counters that went back.
sub gone_back {
    my ($before, $after) = @_;

    return join ' ', grep { ($after->{$_} // 0) < $before->{$_} }
                     grep { /_total|_bucket|_count/ } sort keys %$before;
}

# a machine that is busy makes nothing stale

OrderTest::set_http_config(http_config() . "order_feed_timeout 60s;\n");
metrics_config();
master_on();
workers(3);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: what many workers do is counted once each
--- play
my $id = order_now('a');

polls($id, 30);

my $answered = 0;
my %moved = moved(qr/^polls_total/, sub {
    $answered += polls($id, 40) for 1 .. 10;
});

is $answered, 400, 'all are answered';
is $moved{$::hit} + ($moved{'polls_total{result="miss"}'} // 0), 400,
    'all are counted';
is metric('workers'), 3, 'three workers';
is metric('listener_up'), 1, 'one of them listens';
ok wait_until(sub { metric('db_connections{state="idle"}') == 12 }),
    'the connections of all';
is metric('db_queue_limit'), 3 * 1024, 'and their queues';


=== TEST 2: workers are killed: no count goes back, what they had is gone
--- play
my $id = order_now('b');

polls($id, 1);

my @streams = map { sse('/api/events', as => 'seller') } 1 .. 24;

$_->next for @streams;
is metric($::sse), 24, 'subscribers of all workers';
my %before = metrics();

for my $round (1 .. 3) {
    my ($worker) = grep { $_ != holder() } workers_of();

    kill 'KILL', $worker;
    ok wait_until(sub { workers_of() == 3
                        && !grep { $_ == $worker } workers_of() }),
        "round $round: another takes its place";

    my %after;

    ok wait_until(sub {
        %after = eval { metrics() };
        return ($after{workers} // 0) == 3;
    }), 'three workers';
    is gone_back(\%before, \%after), '', 'no count is less';
    is_deeply { moved(qr/^polls_total/, sub { polls($id, 30) }) },
              { $::hit => 30 }, 'and it goes on';
    %before = metrics();
}

cmp_ok $before{$::sse}, '<', 24, 'their subscribers do not count';
--- no_error_log
[emerg]


=== TEST 3: the holder of the feed is killed: another takes over, and listens
--- play
for my $round (1 .. 3) {
    my %before = metrics();
    my $holder = holder();

    kill 'KILL', $holder;
    ok wait_until(sub {
        my %now = eval { metrics() };
        return ($now{feed_takeovers_total} // 0)
               > $before{feed_takeovers_total}
               && $now{listener_up} == 1 && $now{workers} == 3;
    }), "round $round: taken over";
    isnt holder(), $holder, 'by another';
}
--- no_error_log
[emerg]


=== TEST 4: a reload keeps the counts
--- play
my $id = order_now('d');

polls($id, 1);
polls($id, 59);

my %before = metrics();

reload(sub { s/worker_processes\s+3/worker_processes 2/ or die });

my %after = metrics();

is gone_back(\%before, \%after), '', 'no count is less';
cmp_ok $after{$::hit}, '>=', 59, 'hits of before';
is metric('workers'), 2, 'two workers now';
is_deeply { moved(qr/^polls_total/, sub { polls($id, 20) }) },
          { $::hit => 20 }, 'and it goes on';


=== TEST 5: workers that finish count until they are gone
--- order
order_push_drain 8s;
--- play
my @streams = map { sse('/api/events', as => 'seller') } 1 .. 24;
my %now;

$_->next for @streams;
kill 'HUP', OrderClient::master();

ok wait_until(sub {
    %now = metrics();
    return $now{workers} > 3 && $now{'db_connections{state="idle"}'} == 12
           && $now{'db_connections{state="down"}'} == 0;
}), 'old ones beside the new ones, whose connections count';
cmp_ok $now{$::sse}, '>', 0, 'their subscribers count';
ok wait_until(sub { metric('workers') == 3 }, 60), 'gone';

%now = metrics();
is $now{'push_ends_total{reason="reload"}'}, 24, 'with a good-bye';
is $now{$::sse}, 0, 'and nobody is left';


=== TEST 6: another layout of the zone begins anew
--- play
my $id = order_now('e');

polls($id, 30);
reload(sub { s/orders:4m/orders:5m/ or die });
ok wait_until(sub {
    my %now = metrics();

    return $now{$::hit} == 0 && $now{'zone_bytes{part="orders"}'} == 5 << 20;
}), 'as a new zone does';
is metric('workers'), 3, 'with all workers';


=== TEST 7: instances count for themselves
--- play
my $id = order_now('f');
my $port = second_nginx(server => 'location = /metrics { order_metrics; }');

polls($id, 10, port => $port);

my %there = metrics(port => $port);

is_deeply { moved(qr/^polls_total/, sub { polls($id, 20, port => $port) }) },
          {}, 'nothing moves here';
is metric($::hit, port => $port) + metric('polls_total{result="miss"}',
                                          port => $port), 30, 'but there';


=== TEST 8: what the database said is told by all workers; its age, and its end
--- play
shop_metrics("E'# HELP nginx_order_x It.\\n# TYPE nginx_order_x gauge\\n"
             . "nginx_order_x 5'");
ok wait_until(sub { defined metric('x') }, 30), 'told';

my @got = call_all(map { ['GET /metrics'] } 1 .. 20);

is scalar(grep { $_->{body} =~ /^nginx_order_x 5$/m } @got), 20, 'by all';
is promtool($got[0]{body}), '', 'as a line';

shop_metrics('(1 / 0)::text');

# its end takes a minute of waiting: in the whole run only

if ($ENV{ORDER_FULL}) {
    my $age = 0;

    ok wait_until(sub {
        my %now = metrics();

        $age = $now{shop_metrics_age_seconds};
        return !defined $now{x};
    }, 100), 'it is left out at last';
    cmp_ok $age, '>', 60, 'after a minute';

} else {
    ok wait_for_log('order_metrics: 22012', 60),
        'it could not be asked again';
}

shop_metrics("''");
--- error_log
order_metrics: 22012
