# A mixed load for long: memory, descriptors and connections stay flat.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use Test::More;

my $seconds = $ENV{DRILL_SECONDS} // scaled(20, 1800);

my $node = node(workers => 2, http => 'access_log off;');
history();

my $buyer = $node->client('buyer');
my @orders = map { place($buyer) } 1 .. 50;


sub check {
    my ($client, $answer, @statuses) = @_;
    my $status = $answer->{status} // $answer->{error};

    $client->fault("$status " . ($answer->{body} // ''))
        if !grep { $_ eq $status } @statuses;
}


# Each client comes and goes, as browsers do.
sub polls {
    my %cache;
    my @faults;

    while (!stopped) {
        my $client = $node->client('buyer');

        for (1 .. 1 + rand 50) {
            my $id = rand() < 0.02
                     ? sprintf('00000002-0000-7000-8000-%012x', rand 1e9)
                     : $orders[rand @orders];

            check($client, $client->poll($id), 200, 404);
        }

        $client->request('GET', '/api/order-status/' . 'x' x int rand 200);
        push @faults, @{ $client->{faults} };
        $cache{$_} += $client->{cache}{$_} for keys %{ $client->{cache} };
        $client->close;
        sleep 0.01;
    }

    return { faults => [@faults[0 .. min(9, $#faults)]], cache => \%cache };
}


sub writes {
    my $client = $node->client('buyer');
    my $seller = $node->client('seller');
    my $n = 0;

    while (!stopped) {
        my $answer = $client->post('/api/place-order', place_body(32, 1),
                                   "soak-$$-" . $n++);
        check($client, $answer, 201);
        my ($id) = ($answer->{body} // '') =~ /"order_id":"([^"]+)"/;

        for my $status (qw(confirmed processing shipped delivered)) {
            check($client, $seller->move($id, $status), 200);
            check($client, $client->poll($id), 200);
        }

        check($client, $seller->move($id, 'pending'), 409);
        check($client, $client->post('/api/place-order', '{"items":[}'), 400);
        check($client, $client->request('GET', "/api/orders/$id"), 200);
        check($client, $client->request('GET', '/api/products'), 200);
        sleep 0.02;
    }

    return { $client->result, orders => $n };
}


sub lists {
    my $client = $node->client('buyer');

    while (!stopped) {
        check($client, $client->request('GET',
              '/api/user-orders-detailed?limit=10'), 200);
        sleep 0.1;
    }

    return { $client->result };
}


# Resident memory of its own in KB, and descriptors, of each worker.
sub sample {
    my %sample;

    for my $pid ($node->workers) {
        open my $in, '<', "/proc/$pid/status" or next;
        my ($rss) = join('', <$in>) =~ /^RssAnon:\s+(\d+)/m;
        my @fds = glob "/proc/$pid/fd/*";
        $sample{$pid} = [$rss, scalar @fds];
    }

    return (\%sample, backends());
}


my @workers = sort $node->workers;

spawn('polls', \&polls) for 1 .. 3;
spawn('writes', \&writes) for 1 .. 2;
spawn('lists', \&lists);

sleep min(60, $seconds / 3);
my ($before, $sessions) = sample();

sleep $seconds * 2 / 3;
my ($after, $sessions_after) = sample();
my @results = stop_all();

is_deeply([map { @{ $_->{faults} // [] } } @results], [],
          'every request is answered as it should be');
is_deeply([sort $node->workers], \@workers, 'the workers are the same');

for my $pid (@workers) {
    my ($rss, $fds) = @{ $before->{$pid} };
    my ($rss_after, $fds_after) = @{ $after->{$pid} };

    SKIP: {
        skip 'the sanitizer keeps what was freed', 1 if $ENV{ASAN_OPTIONS};

        cmp_ok($rss_after, '<', $rss * 1.25 + 2048,
               "memory of a worker stays: $rss, $rss_after KB");
    }

    cmp_ok($fds_after, '<=', $fds + 10,
           "descriptors of a worker stay: $fds, $fds_after");
}

cmp_ok($sessions_after, '<=', 2 * 4 + 1,
       "connections stay: $sessions, $sessions_after");
is_deeply([$node->alarms], [], 'nothing alarmed');

my ($rows, @differ) = same_as_database($node,
    'id IN (SELECT id FROM shop.orders ORDER BY id DESC LIMIT 200)');
is_deeply(\@differ, [], 'the cache equals the database');

my %cache;
for my $result (@results) {
    $cache{$_} += $result->{cache}{$_} for keys %{ $result->{cache} // {} };
}

diag("$seconds s: ", sum0(map { $_->{orders} // 0 } @results), ' orders; ',
     join ', ', map { "$_ $cache{$_}" } sort keys %cache);

done_testing();
