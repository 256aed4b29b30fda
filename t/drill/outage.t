# PostgreSQL is stopped, killed, frozen and unreachable under load, and comes
# back.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use Test::More;

my $away = scaled(5, 60);

# connect_timeout + queue_timeout + timeout, and what a busy machine adds
my $limit = 1000 + 1000 + 2000 + 1000;

my ($forwarder, $port) = forwarder();
my $name = database();
my $password = key_dir() . '/order_api.password';

my $near = node(name => 'near');
my $far = node(name => 'far', conninfo => "host=127.0.0.1 port=$port"
                                          . " dbname=$name user=order_api",
               database => "password_file=$password");
history();

my @orders = do {
    my $buyer = $near->client('buyer');
    map { place($buyer) } 1 .. 20;
};


# Polls, and keeps when each answer came, what it was and how old.
sub poller {
    my $node = shift;
    my $client = $node->client('buyer', timeout => 5);
    my @answers;

    while (!stopped) {
        my $answer = $client->poll($orders[rand @orders]);
        push @answers, [time, $answer->{status} // $answer->{error},
                        $answer->{cache} // '', $answer->{age} // -1];
        sleep 0.002;
    }

    return { $client->result, answers => \@answers };
}


# Places orders, each with a key, and repeats what was not done or is not
# known; at the end until it is known.
sub placer {
    my ($node, $mode) = @_;
    my $client = $node->client('buyer', timeout => 15);
    my (@writes, %placed);
    my $n = 0;

    while (!stopped) {
        my $key = "$mode-$$-" . $n++;

        for ( ;; ) {
            my $start = time;
            my $answer = $client->post('/api/place-order',
                                       place_body(32, 1), $key);
            my $status = $answer->{status} // $answer->{error};
            my ($after) = ($answer->{head} // '') =~ /^Retry-After: (\d+)/mi;

            push @writes, [$start, $status, $answer->{ms}, $after,
                           ($answer->{body} // '') =~ /"code":"(\w+)"/];

            if ($status eq '201') {
                ($placed{$key}) = $answer->{body} =~ /"order_id":"([^"]+)"/;
                last;
            }

            last if $status !~ /^(?:503|409)$/;
            sleep 0.05;
        }

        sleep 0.01;
    }

    return { $client->result, writes => \@writes, placed => \%placed };
}


sub outage {
    my ($mode, $node, $go, $come) = @_;

    spawn('poller', sub { poller($node) }) for 1 .. 2;
    spawn('placer', sub { placer($node, $mode) }) for 1 .. 3;
    sleep 2;

    my $gone = time;
    $go->();
    my $is_gone = time;
    sleep $away;
    my $comes = time;
    $come->();
    my $back = time;
    sleep 6;

    my @results = stop_all();
    my @answers = map { @{ $_->{answers} // [] } } @results;
    my @writes = map { @{ $_->{writes} // [] } } @results;
    my %placed = map { %{ $_->{placed} // {} } } @results;

    my @unanswered = grep { $_->[1] ne '200' } @answers;
    is(scalar @unanswered, 0, "$mode: all of " . @answers . ' polls answered')
        or diag(join ' ',
                map { $_->[1] } @unanswered[0 .. min(9, $#unanswered)]);

    # the feed's last read may be one second and a round trip old
    my @late = grep { $_->[0] > $is_gone + 3.2 && $_->[0] < $comes } @answers;
    is(scalar(grep { $_->[2] ne 'STALE' } @late), 0,
       "$mode: marked stale (" . @late . ')');
    my $last = max(0, map { $_->[3] } @late);
    cmp_ok($last, '>=', $away - 3, "$mode: the age grows, to $last s");

    my @refused = grep { $_->[1] eq '503' } @writes;
    is(scalar(grep { $_->[1] !~ /^(?:201|503|409)$/ } @writes), 0,
       "$mode: writes are done or refused");
    cmp_ok(@refused, '>', 0, "$mode: " . @refused . ' were refused with 503');
    is(scalar(grep { !$_->[3] } @refused), 0, "$mode: with Retry-After");
    cmp_ok(max(0, map { $_->[2] } @refused), '<', $limit,
           "$mode: within the time limits");

    my ($well) = sort { $a <=> $b } map { $_->[0] }
                 grep { $_->[1] eq '201' && $_->[0] > $comes } @writes;
    my ($fresh) = sort { $a <=> $b } map { $_->[0] }
                  grep { $_->[2] eq 'HIT' && $_->[0] > $comes + 0.05 } @answers;
    cmp_ok(($well // 1e12) - $back, '<', 5,
           "$mode: writes go on after the return");
    cmp_ok(($fresh // 1e12) - $back, '<', 5, "$mode: polls are fresh again");
    is(scalar(grep { ($_->[2] ne 'HIT' || $_->[1] ne '200')
                     && $_->[0] > $back + 5 } @answers), 0,
       "$mode: all polls are, 5 s after");
    is(scalar(grep { $_->[1] ne '201' && $_->[0] > $back + 5 } @writes), 0,
       "$mode: all writes are done, 5 s after");

    my $ids = join ',', map { "'$_'" } values %placed;
    is(sql("SELECT count(*) FROM shop.orders WHERE id IN ($ids)"),
       scalar keys %placed, "$mode: no acknowledged order is missing, of "
       . keys %placed);
    is_deeply([map { @{ $_->{faults} // [] } } @results], [],
              "$mode: no answer torn or backwards");

    my %codes;
    $codes{ $_->[4] // '?' }++ for @refused;
    diag(sprintf "%s: %d polls, %d refused in p50 %.0f max %.0f ms (%s);"
         . " after the return: first write %.2f s, first fresh poll %.2f s",
         $mode, scalar @answers, scalar @refused,
         quantile(0.5, map { $_->[2] } @refused),
         max(0, map { $_->[2] } @refused),
         join(' ', map { "$_ $codes{$_}" } sort keys %codes),
         ($well // 0) - $back, ($fresh // 0) - $back);
}


sleep 1;

# they come into the other node's memory
{
    my $client = $far->client('buyer');
    $client->poll($_) for @orders;
}

outage('stopped', $near, sub { pg_stop('fast') }, \&pg_start);
outage('killed', $near, \&pg_kill, \&pg_start);
outage('frozen', $near, \&pg_freeze, \&pg_thaw);
outage('unreachable', $far, sub { kill 'USR1', $forwarder },
       sub { kill 'USR2', $forwarder });

is(sql("SELECT count(*) - count(DISTINCT k.key) FROM shop.idempotency_keys k"),
   0, 'no key twice');
is(sql('SELECT count(*) FROM shop.orders') - @orders,
   sql('SELECT count(*) FROM shop.idempotency_keys'), 'one order a key');

for my $node ($near, $far) {
    my ($rows, @differ) = same_as_database($node);
    is_deeply(\@differ, [], "the cache equals the database: $rows orders");
    is_deeply([$node->alarms], [], 'nothing alarmed');
}

done_testing();
