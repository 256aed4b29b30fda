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

use List::Util qw(min);
use Time::HiRes qw(time);


# Streams on all workers, which know the order as it is now.
sub spread {
    my ($id, %how) = @_;
    my @streams;

    for (1 .. 20) {
        push @streams, sse("/api/orders/$id/events", as => 'buyer', %how),
                       sse('/api/events', as => 'buyer', %how),
                       ws('/ws', as => 'buyer', %how);
        last if @streams >= 30 && ($how{port} || fewest_clients() >= 5);
    }

    level($id, \@streams);

    return @streams;
}


# How many clients the worker has that has the fewest.
sub fewest_clients {
    my $port = sprintf ':%04X', $ENV{TEST_NGINX_SERVER_PORT};
    my %count = map { $_ => 0 } workers_of();

    open my $in, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!\n";

    my %ours = map { ("socket:[$_->[9]]" => 1) }
               grep { $_->[1] =~ /$port$/ && $_->[3] eq '01' }
               map { [split] } <$in>;

    for my $pid (keys %count) {
        opendir my $dir, "/proc/$pid/fd" or next;
        $count{$pid} = grep { $ours{readlink "/proc/$pid/fd/$_" // ''} }
                       readdir $dir;
    }

    return (sort { $a <=> $b } values %count)[0] // 0;
}


# Changes the order, and reads what the streams are told until all of them are
# told this: its version.
sub level {
    my ($id, $streams) = @_;
    my $version = touch($id);

    $_->until(qr/^order_status_update $version /) for @$streams;

    return $version;
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
my $version = level($id, \@streams);

is scalar(workers_of()), 3, 'three workers';
cmp_ok fewest_clients(), '>=', 5, 'all have some';

order_set($id, 'confirmed');
all_told('order_status_update ' . ++$version . ' confirmed', \@streams,
         'psql');

for my $status (qw(processing shipped)) {
    is call("PUT /api/orders/$id", as => 'seller',
            json => qq({"status":"$status"}))->{code}, 200, 'the API';
    all_told('order_status_update ' . ++$version . " $status", \@streams,
             $status);
}

touch($id, 40);
all_told('order_status_update ' . ++$version . ' shipped', \@streams)
    for 1 .. 40;

# nobody waits for the next look of a worker by itself, which takes a second

my @took;

for (1 .. 10) {
    my $start = time;

    touch($id);
    all_told('order_status_update ' . ++$version . ' shipped', \@streams);
    push @took, time - $start;
}

cmp_ok min(@took), '<', 0.5, "soon: @took";


=== TEST 2: and of a second instance, whichever changes
--- play
my $id = order_now('instances');
my $port = second_nginx();
my @streams = (spread($id), spread($id, port => $port));
my $version = level($id, \@streams);

order_set($id, 'confirmed');
all_told('order_status_update ' . ++$version . ' confirmed', \@streams,
         'psql');
is call("PUT /api/orders/$id", as => 'seller', port => $port,
        json => '{"status":"processing"}')->{code}, 200, 'there';
all_told('order_status_update ' . ++$version . ' processing', \@streams,
         'seen on both');
is call("PUT /api/orders/$id", as => 'seller',
        json => '{"status":"shipped"}')->{code}, 200, 'here';
all_told('order_status_update ' . ++$version . ' shipped', \@streams,
         'seen on both');


=== TEST 3: a subscriber resumes on any worker
--- play
my $id = order_now('resume');
my @streams = spread($id);
my $version = level($id, \@streams);
my ($one, $all) = map { $_->{last} } @streams[0, 1];

# what all workers have told

touch($id, 3);
$_->until(qr/^order_status_update @{[$version + 3]} /) for @streams;

my @one = map { sse("/api/orders/$id/events", as => 'buyer', last => $one) }
              1 .. 12;
my @all = map { sse('/api/events', as => 'buyer', last => $all) } 1 .. 12;

all_told("order_status_update $_ pending", [@one, @all])
    for $version + 1 .. $version + 3;
all_told('ready', \@all);
$version = touch($id);
all_told("order_status_update $version pending", [@one, @all]);


=== TEST 4: the worker that reads the feed is killed: nobody on the others misses a change
--- play
my $id = order_now('kill');
my @took;

for my $round (1 .. 3) {
    my @streams = spread($id);
    my $version = level($id, \@streams);
    my $holder = holder();

    ok $holder, "round $round: one has the feed";

    touch($id, 2);
    kill 'KILL', $holder;

    my $start = time;

    touch($id, 2);

    # those of the killed one are gone, and may have been told all or nothing

    my (@left, @lost);

    for my $stream (@streams) {
        my @told = map { $stream->next } 1 .. 4;

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

    push @took, time - $start;
    cmp_ok scalar @left, '>', 0, 'the others stay: ' . @left;

    # its sockets close when it is gone, after the others may have been told

    wait_until(sub {
        my @workers = workers_of();
        return @workers == 3 && !grep { $_ == $holder } @workers;
    });
    push @lost, grep { $_->over(0) } @left;
    cmp_ok scalar @lost, '>', 0, 'its own are cut off: ' . @lost;
}

cmp_ok min(@took), '<', 2, "another worker takes over soon: @took";
is call("GET /api/order-status/$id", as => 'buyer')->{code}, 200, 'it runs';
--- no_error_log
[emerg]


=== TEST 5: any worker is killed: its subscribers resume without a loss
--- play
my $id = order_now('any');
my @urls = ("/api/orders/$id/events", '/api/events');
my @clients = map { { url => $urls[$_ % 2] } } 1 .. 24;

$_->{stream} = sse($_->{url}, as => 'buyer') for @clients;

my $faults = 0;
my $version = level($id, [map { $_->{stream} } @clients]);

@$_{qw(version last)} = ($version, $_->{stream}{last}) for @clients;

for my $round (1 .. 6) {
    my @workers = workers_of();

    kill 'KILL', $workers[$round % @workers] if @workers;
    $version += 3;
    touch($id, 3);

    for my $client (@clients) {
        while ($client->{version} < $version) {
            my $event = $client->{stream}->next;
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
my $version = level($id, \@streams);

for (1 .. 3) {
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database()
            AND application_name LIKE 'nginx order%'");
    touch($id, 2);
    all_told('order_status_update ' . ++$version . ' pending', \@streams)
        for 1 .. 2;
}
--- no_error_log
[emerg]


=== TEST 7: who comes back to a worker that is behind the others keeps his place
--- play
my $id = order_now('place');
my $quick = sse('/api/events', as => 'buyer');
my @twice;

$quick->next;

for (1 .. 60) {
    touch($id);

    my $last = $quick->next->{id};
    my @back = map { sse('/api/events', as => 'buyer', last => $last) } 1 .. 4;
    my @again = map { sse('/api/events', as => 'buyer',
                          last => $_->next->{id}) } @back;

    push @twice, grep { $_ ne 'ready' } map { $_->told } @again;
}

is_deeply \@twice, [], 'nothing is told again';
