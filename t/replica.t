# order_replica: lists come from a standby, and are never older than what the
# client has seen.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use DBI;
use Drill;
use DrillPair;
use Test::More;

my $rounds = scaled(500, 5000);

alarm 400 + $rounds;

my $pair = DrillPair->new;
my $standby = $pair->standby;
my $node = node(name => 'node', workers => 2,
                conninfo => $pair->conninfo_of($pair->primary),
                http => 'order_replica "' . $pair->conninfo_of($standby)
                        . '" connections=2 wait=200ms;',
                location => 'location = /metrics { order_metrics; }');

my $buyer = $node->client('buyer');
my $seller = $node->client('seller');
my $admin = $node->client('admin');


# How many reads had that result, on all workers.
sub reads {
    my $result = shift;
    my $text = $node->client->request('GET', '/metrics')->{body};

    return $text =~ /^nginx_order_replica_reads_total\{result="$result"} (\d+)/m
           ? $1 : 0;
}


# Runs the code; how many more reads had the results.
sub counted {
    my $code = shift;
    my %before = map { ($_ => reads($_)) } qw(replica behind down);

    $code->();

    return join ' ', map { $_ . ' ' . (reads($_) - $before{$_}) }
                     qw(replica behind down);
}


# The status of an order in the buyer's list.
sub listed {
    my ($client, $id) = @_;
    my $answer = $client->request('GET', '/orders?limit=100');
    my ($status) = ($answer->{body} // '')
                   =~ /\{"id":"\Q$id\E"[^{}]*?"status":"(\w+)"/;

    return $status // $answer->{status} // $answer->{error};
}


# The module's statements that the standby has run.
sub on_standby {
    my $like = shift;

    return $pair->sql("SELECT coalesce(sum(calls), 0)
                         FROM pg_stat_statements s
                         JOIN pg_roles r ON r.oid = s.userid
                        WHERE rolname = 'order_api' AND toplevel
                          AND query ~ '$like'", $standby);
}


my $id = place($buyer);

$pair->sql('CREATE EXTENSION pg_stat_statements');

# the timeline is noted with the automation, every ten seconds

$pair->sql('SELECT api.automate()');
ok(wait_until(30, sub { counted(sub { listed($buyer, $id) }) =~ /replica 1/ }),
   'a list comes from the standby');

my $before = on_standby('list_orders');

is(counted(sub { listed($buyer, $id) for 1 .. 10 }),
   'replica 10 behind 0 down 0', 'all of them do');
is(on_standby('list_orders') - $before, 10, 'the standby has run them');
is(counted(sub { $buyer->poll($id) for 1 .. 10 }),
   'replica 0 behind 0 down 0', 'polls do not');
is($buyer->request('GET', '/orders?cursor=nonsense')->{status}, 400,
   'what the function refuses there is refused');


# --- every route that a standby may answer

my $user = user_id('buyer');
my $shop = user_id('seller');
my %route = (
    buyer => ['/api/stores', '/api/products', '/orders', '/api/orders',
              "/orders/user/$user", "/api/orders/user/$user",
              "/orders/user/$user/stats", "/api/orders/user/$user/stats",
              "/api/orders/buyer/$user", '/api/orders/search?q=shirt',
              '/api/user-orders-detailed', '/api/notifications'],
    seller => ["/api/orders/seller/$shop", '/api/manager/orders',
               '/api/analytics/orders', '/api/webhook-endpoints'],
    driver => ['/api/driver/requests', '/api/driver/tasks'],
);

for my $who (sort keys %route) {
    my $client = $node->client($who);

    for my $path (@{ $route{$who} }) {
        my $answer;
        my $count = counted(sub { $answer = $client->request('GET', $path) });

        is("$answer->{status} $count", '200 replica 1 behind 0 down 0',
           "$path of $who")
            or diag($answer->{body});
    }
}


# --- one that is behind

$pair->sql('SELECT pg_wal_replay_pause()', $standby);
is($seller->move($id, 'confirmed')->{status}, 200, 'a change');
is(counted(sub { is(listed($buyer, $id), 'confirmed', 'is in the list') }),
   'replica 0 behind 1 down 0', 'though the standby is behind');
$pair->sql('SELECT pg_wal_replay_resume()', $standby);
is(counted(sub { is(listed($buyer, $id), 'confirmed', 'and later') }),
   'replica 1 behind 0 down 0', 'from the standby, too');


{
    my $dbh = DBI->connect("dbi:Pg:host=$standby;port=5432;dbname="
                           . database(), 'postgres', '',
                           { RaiseError => 0, PrintError => 0 });

    $dbh->do("SELECT api.replayed('0/0', 99, 0)");
    is($dbh->state, 'OM020',
       'one that went another way is none, however far it is');
}


# --- what was written is read, through whichever worker

my %next = (confirmed => 'processing', processing => 'shipped',
            shipped => 'confirmed');
my $other = $node->client('buyer');
my ($status, @older) = ('confirmed');

$pair->sql("INSERT INTO shop.workflow_transitions VALUES
                ('shop', 'shipped', 'confirmed', '{manager}')");

my $count = counted(sub {
    for my $n (1 .. $rounds) {
        my $moved = $seller->move($id, $next{$status});

        die "not moved: $moved->{body}\n" if $moved->{status} != 200;
        $status = $next{$status};

        my $is = listed($n % 2 ? $buyer : $other, $id);

        push @older, "$n: $is, was $status" if $is ne $status;
    }
});

is_deeply(\@older, [], "$rounds lists after $rounds changes: none is older");

my ($used) = $count =~ /^replica (\d+)/;

cmp_ok($used, '>', $rounds / 2, "most are the standby's: $count");


# --- many at once share the question where the primary is

my $asked = $pair->sql("SELECT sum(calls) FROM pg_stat_statements
                         WHERE query ~ 'from api.position'");

spawn("reader $_", sub {
    my $client = $node->client('buyer');
    my %status;

    $status{ $client->request('GET', '/orders?limit=1')->{status} }++
        for 1 .. 50;

    return { status => \%status };
}) for 1 .. 8;

$count = counted(sub {
    is_deeply([map { $_->{status} } stop_all('wait')], [({ 200 => 50 }) x 8],
              'readers side by side are all answered');
});
cmp_ok($pair->sql("SELECT sum(calls) FROM pg_stat_statements
                    WHERE query ~ 'from api.position'") - $asked, '<=', 400,
       'with one question a turn at most');


# --- one that is gone

pg_kill($standby);
is(counted(sub { is(listed($buyer, $id), $status, 'without a standby') })
   =~ /^replica 0 behind 0 down 1$/, 1, 'the primary answers');
$pair->set($pair->primary);
$pair->follow;
ok(wait_until(60, sub { counted(sub { listed($buyer, $id) }) =~ /replica 1/ }),
   'when it is back it is asked again');


# --- one that is a primary now

$pair->part;
$pair->sql('SELECT pg_promote()', $standby);
$pair->sql("UPDATE shop.orders SET order_notes = 'elsewhere'", $standby);
is($seller->move($id, $next{$status})->{status}, 200, 'a change');
is(counted(sub { is(listed($buyer, $id), $next{$status}, 'is in the list') })
   =~ /^replica 0/, 1, 'a standby that was promoted does not answer');


# --- no primary

pg_kill($pair->primary);
like($buyer->request('GET', '/orders')->{body},
     qr/"code":"DATABASE_UNAVAILABLE"/,
     'where nobody can tell how far the primary is, lists are refused');

is_deeply([$node->alarms], [], 'nothing alarmed');

done_testing();
