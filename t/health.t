# Probes: alive is who answers; ready is who has all that it takes.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderMetrics;
use Test::Nginx::Socket;


# What a probe of readiness says, in a line.
sub ready {
    my $got = call('GET /ready', @_);
    my $said = decoded($got);

    return join ' ', $got->{code}, $said->{status},
                map { "no $_" } grep { !$said->{$_} } qw(database feed zone);
}


# Lets nobody in any more, and throws out who is in; or lets them in again.
sub database_open {
    my $open = shift() ? 'true' : 'false';
    my $name = database();

    OrderTest::psql('postgres',
                    "ALTER DATABASE $name WITH ALLOW_CONNECTIONS $open");
    OrderTest::psql('postgres', "SELECT pg_terminate_backend(pid)
                                   FROM pg_stat_activity
                                  WHERE datname = '$name'")
        if $open eq 'false';
}

# Bytes that nginx has not read yet, of all connections to its port.
sub unread {
    my $port = sprintf ':%04X', $ENV{TEST_NGINX_SERVER_PORT};
    my $bytes = 0;

    open my $in, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!\n";

    while (<$in>) {
        my (undef, $local, undef, undef, $queues) = split;
        $bytes += hex((split /:/, $queues)[1]) if $local =~ /$port$/;
    }

    return $bytes;
}


# Processes that go on as if nothing were.
sub working {
    return grep {
        my $title = '';

        if (open my $in, '<', "/proc/$_/cmdline") {
            $title = <$in> // '';
        }

        length $title && $title !~ /is shutting down/;
    } @_;
}

metrics_config();
master_on();
workers(2);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: live and ready, without a token and without a query
--- order
order_feed_timeout 60s;
--- play
my $got = call('GET /live');

is $got->{code}, 200, 'live';
is $got->{body}, '{"status":"live"}', 'says so';
is $got->{headers}{'cache-control'}, 'no-store', 'for now';
is $got->{headers}{'content-type'}, 'application/json', 'as JSON';

ok wait_until(sub { ready() eq '200 ready' }), 'ready';
$got = call('GET /ready');
is $got->{body}, '{"status":"ready","database":true,"feed":true,"zone":true}',
    'says all';
is $got->{headers}{'cache-control'}, 'no-store', 'for now';
ok !defined $got->{headers}{'retry-after'}, 'nothing to wait for';

my $queries = sub { sql("SELECT sum(calls) FROM public.pg_stat_statements s
                           JOIN pg_roles r ON r.oid = s.userid
                           JOIN pg_database d ON d.oid = s.dbid
                          WHERE d.datname = current_database()
                            AND r.rolname = 'order_api'
                            AND s.query NOT LIKE '%feed_read%'
                            AND s.query NOT LIKE '%automate%'
                            AND s.query NOT LIKE '%maintain%'
                            AND s.query NOT LIKE '%order_metrics%'") };

queries('feed_read');

my $before = $queries->();

is_deeply { moved(qr/^(?:polls|requests|tokens)_total|lane="(?:fill|call)"/,
                  sub { call("GET /$_") for ('live', 'ready') x 100 }) },
          {}, 'no query, no token, no request of the API';
is $queries->(), $before, 'the database has seen none';

is call("HEAD /$_")->{code}, 200, "HEAD /$_" for qw(live ready);
is_problem call("POST /$_", body => 'x'), 405, 'METHOD_NOT_ALLOWED',
           "POST /$_" for qw(live ready);


=== TEST 2: an outage of the database: not ready, and by itself ready again
--- play
ok wait_until(sub { ready() eq '200 ready' }), 'ready';
database_open(0);

# either worker may answer

ok wait_until(sub { !grep { ready() !~ /^503 not_ready no database/ } 1 .. 8
                  }), 'not ready: the database';
is call('GET /live')->{code}, 200, 'but live';
ok wait_until(sub { ready() eq '503 not_ready no database no feed' }),
    'the feed is old in the end';

my $got = call('GET /ready');

is $got->{headers}{'retry-after'}, 1, 'Retry-After';
is $got->{headers}{'cache-control'}, 'no-store', 'for now';
is $got->{body},
   '{"status":"not_ready","database":false,"feed":false,"zone":true}', 'why';

database_open(1);
ok wait_until(sub { !grep { ready() ne '200 ready' } 1 .. 8 }, 60),
    'ready again';
--- no_error_log
[emerg]


=== TEST 3: a feed that does not read: not ready
--- order
order_feed_timeout 1500ms;
--- play
ok wait_until(sub { ready() eq '200 ready' }), 'ready';
sql('REVOKE EXECUTE ON FUNCTION api.feed_read(text) FROM order_api');
ok wait_until(sub { ready() eq '503 not_ready no feed' }), 'the feed';
sql('GRANT EXECUTE ON FUNCTION api.feed_read(text) TO order_api');
ok wait_until(sub { ready() eq '200 ready' }), 'ready again';
--- error_log
the change feed cannot read


=== TEST 4: a zone that is not loaded: not ready, though polls are answered
--- cold
--- order
order_feed_timeout 60s;
--- play
ok wait_until(sub { ready() eq '200 ready' }), 'ready';

sql('ALTER FUNCTION api.open_orders() RENAME TO not_now');
reload(sub { s/orders:4m/orders:5m/ or die });
ok wait_until(sub { ready() eq '503 not_ready no zone' }), 'the zone';
is call('GET /api/order-status/' . order_id('a'), as => 'buyer')->{code}, 200,
    'a poll';
sql('ALTER FUNCTION api.not_now() RENAME TO open_orders');
ok wait_until(sub { ready() eq '200 ready' }, 60), 'ready, when it is loaded';
--- no_error_log
[emerg]


=== TEST 5: a worker that finishes is not ready
--- order
order_feed_timeout 60s;
--- play
ok wait_until(sub { ready() eq '200 ready' }), 'ready';

# the workers have requests whose heads are not complete

my @sockets = map { connection() } 1 .. 16;
my %old = map { $_ => 1 } workers_of();

$_->syswrite("GET /ready HTTP/1.1\r\nHost: localhost\r\n") for @sockets;
ok wait_until(sub { unread() == 0 }), 'nginx has read that';
kill 'HUP', OrderClient::master();
ok wait_until(sub { !working(keys %old) }), 'the old workers finish';
ok wait_until(sub { ready() eq '200 ready' }), 'others are ready';

$_->syswrite("Connection: close\r\n\r\n") for @sockets;

my @got = map { finish($_) } @sockets;

is scalar(grep { $_->{code} == 503 } @got), 16, 'not these';
is decoded($got[0])->{status}, 'stopping', 'and say why';
