# What is counted, and how it is told: each thing is done, and exactly its
# series move.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderMetrics;
use OrderStream;
use Test::Nginx::Socket;

our $base = '/api/order-status/';


sub poll {
    my ($id, %how) = @_;

    return call("GET $base$id", as => 'buyer', %how);
}


sub etag {
    return "If-None-Match: $_[0]{headers}{etag}\n";
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

metrics_config();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a scrape is what Prometheus reads, and says what it is
--- play
my $got = call('GET /metrics');

is $got->{code}, 200, 'without a token';
is $got->{headers}{'content-type'},
   'text/plain; version=0.0.4; charset=utf-8', 'the type';
is promtool($got->{body}), '', 'promtool has nothing to say';

my %seen = series($got->{body});

is $seen{'info{version="1.0.0"}'}, 1, 'the version';
is $seen{workers}, 1, 'one worker';
is $seen{feed_up}, 1, 'the feed';
is $seen{listener_up}, 1, 'and its listener';
cmp_ok $seen{feed_lag_seconds}, '<', 2.5, 'it is fresh';
is $seen{'zone_bytes{part="orders"}'}, 4 * 1024 * 1024, 'orders';
is $seen{'zone_bytes{part="tokens"}'}, 1024 * 1024, 'tokens';
is $seen{db_queue_limit}, 1024, 'the queue';
is $seen{'db_connections{state="idle"}'}
   + $seen{'db_connections{state="busy"}'}, 4, 'connections';

my $head = call('HEAD /metrics');

is $head->{code}, 200, 'HEAD';
cmp_ok $head->{headers}{'content-length'}, '>', 1000, 'tells how long it is';
is $head->{body}, '', 'and nothing else';

$got = call('POST /metrics', body => 'x');
is_problem $got, 405, 'METHOD_NOT_ALLOWED', 'POST';
is $got->{headers}{allow}, 'GET, HEAD', 'what may be asked';
is_deeply { moved(qr/^(?:polls|requests|tokens)_/, sub { call('GET /metrics')
          }) }, {}, 'a scrape is no request of the API';
