# PostgreSQL crashes, and gives transaction ids a second time that a reader of
# the change log has seen finished: changes under them are told all the same.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use OrderStream;
use Test::More;

$ENV{TEST_NGINX_TIMEOUT} = 30;

my $node = node(workers => 2);
my $client = $node->client('buyer');
my $id = place($client);


# Ends so many transactions that have an id and leave nothing behind.
sub use_up {
    my $dbh = dbh();
    my $last;

    for (1 .. shift) {
        $dbh->begin_work;
        $last = $dbh->selectrow_array('SELECT pg_current_xact_id()');
        $dbh->rollback;
    }

    return $last;
}


# Those of PostgreSQL that write the log of others to the disk.
sub writers {
    return split /\n/, sql("SELECT pid FROM pg_stat_activity WHERE backend_type
        IN ('walwriter', 'background writer', 'checkpointer')");
}


# When the feed was read last.
sub read_at {
    return sql("SELECT max(query_start) FROM pg_stat_activity
                 WHERE application_name LIKE 'nginx order%'
                   AND query ~ 'feed_read'");
}


END { kill 'CONT', pg_processes() }

my $again = 0;

for (1 .. 3) {
    my $stream = sse('/api/events', token => token('buyer'),
                     port => $node->{port});

    $stream->until(qr/^ready/);
    my $version = touch($id);
    $stream->until(qr/^order_status_update $version /);

    kill 'STOP', writers();

    my $used = use_up(200);

    for (1 .. 2) {
        my $read = read_at();

        sql('NOTIFY order_changes');
        wait_until(10, sub { read_at() ne $read }) // die "nobody reads\n";
    }

    my @workers = $node->workers;

    kill 'STOP', @workers;
    pg_kill();
    pg_start();
    touch($id);

    # where somebody else wrote to the disk meanwhile it is a new one

    $again++ if $used >= sql("SELECT max(xid) FROM shop.change_log");

    use_up(400);
    kill 'CONT', @workers;

    is(brief($stream->next),
       'order_status_update ' . ($version + 1) . ' pending',
       'a change after the crash is told');
    ok(wait_until(10, sub {
           ($client->poll($id)->{version} // 0) == $version + 1;
       }), 'and a poll sees it');
}

cmp_ok($again, '>', 0, 'with ids that were given before the crash');
is_deeply([$node->alarms], [], 'nothing alarmed');

done_testing();
