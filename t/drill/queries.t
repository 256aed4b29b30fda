# PostgreSQL sees no query for polls of hot orders.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use Test::More;

my $polls = scaled(20_000, 1_000_000);
my $processes = 4;

my $node = node();
my $client = $node->client('buyer');
my @orders = map { place($client) } 1 .. 200;

$client->poll($_) for @orders, @orders;

sql('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
sleep 1.5;
sql('SELECT pg_stat_statements_reset()');

my $start = time;

for (1 .. $processes) {
    spawn('poller', sub {
        my $client = $node->client('buyer');

        for (1 .. $polls / $processes) {
            my $answer = $client->poll($orders[rand @orders]);
            $client->fault($answer->{error} // $answer->{status})
                if ($answer->{status} // 0) != 200;
        }

        return { $client->result };
    });
}

my @results = stop_all('wait');
my $seconds = time - $start;

is(sum0(map { $_->{polls} } @results), $polls, "$polls polls");
is(sum0(map { $_->{cache}{HIT} // 0 } @results), $polls, 'all hits');
is_deeply([map { @{ $_->{faults} } } @results], [], 'all right');

my $own = 'feed_read|^listen|api\.ring|api\.maintain|api\.automate|'
          . 'api\.statuses';

is(statements('.', $own), 0, 'no statement')
    or diag(sql("SELECT calls, query FROM pg_stat_statements"));
cmp_ok(statements($own), '<=', 3 + 1.5 * $seconds,
       'but what the feed reads, once a second');

diag(sprintf "%d polls in %.1f s; the feed's statements: %d", $polls,
     $seconds, statements($own));

done_testing();
