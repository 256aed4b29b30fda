# Subscribers of every worker and every instance are told of what any worker,
# any instance or psql changes; also when the worker dies that reads the
# changes for the others.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;

use Time::HiRes qw(time);


# Streams on all workers: there are many more than workers.
sub spread {
    my ($id, %how) = @_;
    my @streams = ((map { sse("/api/orders/$id/events", as => 'buyer', %how) }
                        1 .. 10),
                   (map { sse('/api/events', as => 'buyer', %how) } 1 .. 10),
                   (map { ws('/ws', as => 'buyer', %how) } 1 .. 10));

    $_->next for @streams;

    return @streams;
}


# How many connections each worker has.
sub workers_reached {
    my %seen;

    for my $pid (workers_of()) {
        opendir my $dir, "/proc/$pid/fd" or next;
        $seen{$pid} = grep { (readlink "/proc/$pid/fd/$_" // '')
                                 =~ /^socket/ } readdir $dir;
    }

    return %seen;
}


# All streams told this next, and no other thing.
sub all_told {
    my ($what, $streams, $note) = @_;
    my %told;

    $told{ $_->told }++ for @$streams;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is_deeply(\%told, { $what => scalar @$streams }, $note // $what);
}


sub holder {
    open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/error.log" or die $!;
    my @pids = map { /\[notice\] (\d+)#.*the change feed is this worker's/ }
                   <$in>;

    return $pids[-1];
}

master_on();
workers(3);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a change in psql and over the API reaches the subscribers of all workers
--- play
my $id = order_now('workers');
my @streams = spread($id);
my %reached = workers_reached();

is scalar keys %reached, 3, 'three workers';
cmp_ok((sort { $a <=> $b } values %reached)[0], '>', 5, 'all have some');

order_set($id, 'confirmed');
all_told('order_status_update 2 confirmed', \@streams, 'psql');

for my $status (qw(processing shipped)) {
    is call("PUT /api/orders/$id", as => 'seller',
            json => qq({"status":"$status"}))->{code}, 200, 'the API';
    all_told('order_status_update ' . ($status eq 'shipped' ? 4 : 3)
             . " $status", \@streams, $status);
}

touch($id, 40);
all_told("order_status_update $_ shipped", \@streams) for 5 .. 44;

# nobody waits for the next look of a worker by itself, which takes a second

my $start = time;

for my $version (45 .. 54) {
    touch($id);
    all_told("order_status_update $version shipped", \@streams);
}

cmp_ok time - $start, '<', 5, 'ten changes, soon';


=== TEST 2: and of a second instance, whichever changes
--- play
my $id = order_now('instances');
my $port = second_nginx();
my @streams = (spread($id), spread($id, port => $port));

order_set($id, 'confirmed');
all_told('order_status_update 2 confirmed', \@streams, 'psql');
is call("PUT /api/orders/$id", as => 'seller', port => $port,
        json => '{"status":"processing"}')->{code}, 200, 'there';
all_told('order_status_update 3 processing', \@streams, 'seen on both');
is call("PUT /api/orders/$id", as => 'seller',
        json => '{"status":"shipped"}')->{code}, 200, 'here';
all_told('order_status_update 4 shipped', \@streams, 'seen on both');


=== TEST 3: a subscriber resumes on any worker
--- play
my $id = order_now('resume');
my ($one, $all) = (spread($id))[0, 10];
my %last = (one => "$one->{last}", all => "$all->{last}");

touch($id, 3);

my @one = map { sse("/api/orders/$id/events", as => 'buyer',
                    last => $last{one}) } 1 .. 12;
my @all = map { sse('/api/events', as => 'buyer', last => $last{all}) }
              1 .. 12;

all_told("order_status_update $_ pending", [@one, @all]) for 2 .. 4;
all_told('ready', \@all);
touch($id);
all_told('order_status_update 5 pending', [@one, @all]);


=== TEST 4: the worker that reads the feed is killed: nobody on the others misses a change
--- play
my $id = order_now('kill');
my @streams = spread($id);
my $version = 1;

for my $round (1 .. 3) {
    my $holder = holder();

    ok $holder, "round $round: one has the feed";

    touch($id, 2);
    kill 'KILL', $holder;

    my $start = time;

    touch($id, 2);

    # those of the killed one are gone, and may have been told all or nothing

    my (@left, @lost);

    for my $stream (@streams) {
        my @told = map { $stream->next(5) } 1 .. 4;

        if (grep { $_->{event} eq 'closed' } @told) {
            push @lost, $stream;
            next;
        }

        push @left, $stream;
        is join(', ', map { brief($_) } @told),
            join(', ', map { 'order_status_update ' . ($version + $_)
                             . ' pending' } 1 .. 4),
            'all, in order' if brief($told[3]) ne
                'order_status_update ' . ($version + 4) . ' pending';
    }

    my $took = time - $start;

    cmp_ok scalar @left, '>', 0, 'the others stay: ' . @left;
    cmp_ok scalar @lost, '>', 0, 'its own are cut off: ' . @lost;
    cmp_ok $took, '<', 1.5, "and are told of all within 1.5 s: $took";
    $version += 4;

    @streams = spread($id);
    wait_until(sub { workers_of() == 3 });
}

is call("GET /api/order-status/$id", as => 'buyer')->{code}, 200, 'it runs';
--- no_error_log
[emerg]


=== TEST 5: any worker is killed: its subscribers resume without a loss
--- play
my $id = order_now('any');
my @urls = ("/api/orders/$id/events", '/api/events');
my @clients = map { { url => $urls[$_ % 2], version => 1, last => undef } }
                  1 .. 24;

$_->{stream} = sse($_->{url}, as => 'buyer') for @clients;
$_->{last} = $_->{stream}->next->{id} for @clients;

my ($faults, $version) = (0, 1);

for my $round (1 .. 6) {
    my @workers = workers_of();

    kill 'KILL', $workers[$round % @workers] if @workers;
    $version += 3;
    touch($id, 3);

    for my $client (@clients) {
        while ($client->{version} < $version) {
            my $event = $client->{stream}->next(5);
            my $told = $event->{data}{order}{version};

            if ($event->{event} eq 'closed') {
                wait_until(sub {
                    $client->{stream} = eval {
                        sse($client->{url}, as => 'buyer',
                            last => $client->{last});
                    };
                    return $client->{stream} && $client->{stream}{code};
                });
                next;
            }

            $client->{last} = $event->{id};
            next if $event->{event} eq 'ready';

            if (defined $told && $told == $client->{version} + 1) {
                $client->{version}++;

            } else {
                $faults++;
                diag("$client->{url} behind $client->{version}: "
                     . brief($event));
                $client->{version} = $version;
            }
        }
    }

    wait_until(sub { workers_of() == 3 });
}

is $faults, 0, 'each version once, in order';
--- no_error_log
[emerg]


=== TEST 6: the session of the feed is ended: nobody misses a change
--- play
my $id = order_now('session');
my @streams = spread($id);

for my $n (1 .. 3) {
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database()
            AND application_name LIKE 'nginx order%'");
    touch($id, 2);
    all_told("order_status_update $_ pending", \@streams)
        for 2 * $n, 2 * $n + 1;
}
--- no_error_log
[emerg]
