# Behind PgBouncer with transaction pooling.  It passes no notifications on,
# so the feed reads unasked, once a second.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use Test::More;

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" }
                  qw(/usr/sbin /usr/bin /usr/local/bin);

plan skip_all => 'PgBouncer is not installed' if !$pgbouncer;

my $dir = work() . '/pooler';
my $port = free_port();
my $name = database();
my $socket = OrderTest::start_database();

mkdir $dir;
chmod 0777, $dir;

write_file("$dir/users", qq("order_api" ""\n));
write_file("$dir/pgbouncer.ini", <<"END");
[databases]
$name = host=$socket port=5432 user=order_api

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = trust
auth_file = $dir/users
pool_mode = transaction
default_pool_size = 4
ignore_startup_parameters = options
logfile = $dir/log
pidfile = $dir/pid
END

# it refuses to run as root
my @as = $> == 0 ? qw(runuser -u postgres --) : ();
my $pooler = fork // die "fork: $!\n";

if ($pooler == 0) {
    open STDOUT, '>', "$dir/output";
    open STDERR, '>&', \*STDOUT;
    { exec @as, $pgbouncer, "$dir/pgbouncer.ini" }
    POSIX::_exit(127);
}

ok(wait_until(10, sub {
    IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
}), 'PgBouncer runs');

my $node = node(conninfo => "host=127.0.0.1 port=$port dbname=$name"
                            . ' user=order_api',
                database => 'prepare=off');
my $buyer = $node->client('buyer');
my $seller = $node->client('seller');

ok(wait_until(5, sub { $node->log =~ /orders were loaded in/ }),
   'open orders are loaded');

my (@faults, @orders);

spawn('placer', sub {
    my $client = $node->client('buyer');

    for (1 .. 50) {
        my $id = place($client);
        my $answer = $client->poll($id);
        $client->fault($answer->{status}) if $answer->{status} != 200;
    }

    return { $client->result };
}) for 1 .. 4;

my @results = stop_all('wait');
is_deeply([map { @{ $_->{faults} // ['none'] } } @results], [],
          'orders are placed and polled');
is(sql('SELECT count(*) FROM shop.orders'), 200, 'and are in the database');

my $id = place($buyer);

for my $status (qw(confirmed processing shipped)) {
    is($seller->move($id, $status)->{status}, 200, "$status");
    is($buyer->poll($id)->{state}, $status, 'and the poll says so');
}

is($buyer->poll($id)->{cache}, 'HIT', 'from memory');

my @latency;

for (1 .. 5) {
    my $version = sql("UPDATE shop.orders SET order_notes = '$_'"
                      . " WHERE id = '$id' RETURNING version");
    push @latency, wait_until(5, sub {
        $buyer->poll($id)->{version} >= $version
    }) // 5;
    sleep 0.3;
}

cmp_ok(max(@latency), '<', 2, 'a change in psql arrives');
diag(sprintf "commit in psql -> poll: p50 %.2f max %.2f s",
     quantile(0.5, @latency), max(@latency));

# labels, which the feed asks for again

sql("UPDATE shop.workflow_statuses SET label = 'On its way'"
    . " WHERE workflow = 'shop' AND code = 'shipped'");
ok(wait_until(3, sub { $buyer->poll($id)->{body} =~ /On its way/ }),
   'so does a changed label');

my ($rows, @differ) = same_as_database($node);
is_deeply(\@differ, [], 'the cache equals the database');
is_deeply([$node->alarms], [], 'nothing alarmed');
is_deeply([$buyer->{faults}, $seller->{faults}], [[], []],
          'nothing torn, nothing backwards');

my @errors = grep { /\[error\]/ } split /\n/, $node->log;
is(scalar @errors, 0, 'no errors in the log') or diag("@errors[0 .. 0]");

kill 'TERM', $pooler;
$node->stop;

done_testing();


sub write_file {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out;
}


END {
    if ($pooler) {
        my $status = $?;

        kill 'INT', $pooler;
        waitpid $pooler, 0;
        $? = $status;
    }
}
