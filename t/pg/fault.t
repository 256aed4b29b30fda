# The database goes away, in all ways, and comes back.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use PG;
use Test::More;
use Time::HiRes qw(time sleep);

my ($FILL, $CALL, $SLOW) = (0, 1, 2);

my $pg = PG->cluster('main');
my $tcp = "host=127.0.0.1 port=$PG::port user=postgres dbname=postgres";

sub count {
    my ($status, @answers) = @_;
    return scalar grep { $_->{status} eq $status } @answers;
}

for my $mode (qw(fast immediate kill)) {
    my $n = PG::nginx($tcp, 'conns=4');
    ok $n->up($pg, 4), "$mode: connected";

    my $id = $n->send($SLOW, 'select pg_sleep(1.5)');
    sleep 0.1;

    if ($mode eq 'kill') {
        my @family = $pg->family;
        kill 'KILL', @family;
        sleep 0.2;
    } else {
        $pg->stop($mode);
    }

    my $a = $n->answer($id, 3);
    like $a->{status}, qr/LOST|REFUSED/,
         "$mode: what ran is answered: $a->{status} $a->{sqlstate}";

    sleep 0.6;
    my $start = time;
    my @got = $n->answers($n->many($CALL, 50, 'select 1'));
    is count('DOWN', @got), 50, "$mode: later ones are told so";
    ok time - $start < PG::limit(0.1), "$mode: at once";

    sleep 2;
    my @lines = $n->log =~ /\[error\].*(?:refused|No such file)/g;
    is scalar @lines, 1, "$mode: the log says it once" or diag $n->log;

    $pg->start;
    my $took = $n->well(PG::limit(5));
    ok $took, "$mode: all is well $took s after its return"
        or diag $n->log;
    $start = time;
    ok $n->up($pg, 4), "$mode: all sessions are back";
    ok time - $start < PG::limit(2), "$mode: soon";
    is scalar @{$n->{twice} || []}, 0, "$mode: nothing is answered twice";
    $n->quit;
    unlike $n->log, qr/\[alert\]|signal 11/, "$mode: no alert";
}


{
    my $n = PG::nginx($tcp, 'conns=4 time=800 hconnect=500');
    ok $n->up($pg, 4), 'frozen: connected';

    $pg->signal('STOP');
    my $start = time;
    my @got = $n->answers($n->many($CALL, 20, 'select 1'),
                          $n->many($FILL, 20, 'select 1'));
    my $took = time - $start;
    ok $took < PG::limit(2.2),
       "frozen: all are answered in their limits ($took s)";
    is count('OK', @got), 0, 'frozen: none with success';
    ok count('TIMEOUT', @got) >= 3, 'frozen: some ran too long';

    # sessions that are still open cost their limit once more

    my @more = map { $n->query($CALL, 'select 1') } 1 .. 4;
    sleep 1;
    $start = time;
    my $a = $n->query($CALL, 'select 1');
    is $a->{status}, 'DOWN', 'frozen: then it is known to be down';
    ok time - $start < PG::limit(0.1), 'frozen: at once';

    $pg->signal('CONT');
    $took = $n->well(PG::limit(5));
    ok $took, "frozen: all is well $took s after its return"
        or diag $n->log;
    ok $n->up($pg, 4), 'frozen: all sessions are back';
    my $began = time;
    $n->quit;
    unlike $n->log, qr/\[alert\]/, 'frozen: no alert';
}


{
    my $n = PG::nginx($tcp, 'conns=4');
    ok $n->up($pg, 4), 'backends killed at random: connected';

    my %sum;
    for my $turn (1 .. 20) {
        my @ids = ($n->many($FILL, 30, 'select 1'),
                   $n->many($CALL, 10, 'select 1'));
        $pg->sql("select pg_terminate_backend(pid) from pg_stat_activity
                  where application_name = 'order test'
                  order by random() limit 2") if $turn % 2;
        $sum{$_->{status}}++ for $n->answers(@ids);
    }
    my $total = 0;
    $total += $_ for values %sum;
    is $total, 800, 'every query is answered: '
       . join ', ', map { "$sum{$_} $_" } sort keys %sum;
    ok !$sum{none}, 'really';
    ok +($sum{OK} || 0) > 500, 'most of them with success';
    ok $n->well(PG::limit(5)), 'and all is well';
    $n->quit('TERM');
    unlike $n->log, qr/\[alert\]|signal 11/, 'without an alert';
}


{
    $pg->stop;
    my $n = PG::nginx($tcp, 'conns=2');
    sleep 0.5;
    is $n->query($CALL, 'select 1')->{status}, 'DOWN',
       'a worker that never found its database says so';
    my $took = $n->quit;
    ok $took < PG::limit(0.5), "and leaves at once ($took s)";
    unlike $n->log, qr/\[alert\]/, 'without an alert';
    $pg->start;
}


{
    $pg->configure(max_connections => 6,
                   superuser_reserved_connections => 0, max_wal_senders => 0,
                   autovacuum => 'off');
    $pg->stop;
    $pg->start;
    my $n = PG::nginx($tcp, 'conns=8');
    sleep 1;
    is $n->query($_, 'select 1')->{status}, 'OK',
       "too few connections are shared by all lanes ($_)" for 0 .. 2;
    my @lines = $n->log =~ /too many/g;
    is scalar @lines, 1, 'the log says it once';
    undef $n;
    $pg->configure;
    $pg->stop;
    $pg->start;
}

# a session is not lost by what happens while it is idle

{
    my $n = PG::nginx($tcp, 'conns=3');
    ok $n->up($pg, 3), 'connected';
    $pg->sql("select pg_terminate_backend(pid) from pg_stat_activity
              where application_name = 'order test'");
    sleep 0.3;
    is $n->query($CALL, 'select 1')->{status}, 'OK',
       'idle sessions that were terminated are replaced unasked';
    like $n->log, qr/terminating connection due to administrator/,
         'the log has the server\'s reason';
}

done_testing();
