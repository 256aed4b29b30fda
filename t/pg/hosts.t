# Conninfo: what nginx -t says to it; several hosts; names.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use PG;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time sleep);

my ($FILL, $CALL, $SLOW) = (0, 1, 2);

my ($p1, $p2, $p3) = ($PG::port, $PG::port + 1, $PG::port + 2);
my $who = 'user=postgres dbname=postgres';

# nginx -t

sub refused {
    my ($conninfo, $why, $title) = @_;
    like PG::check($conninfo), $why, $title;
}

is PG::check("host=127.0.0.1 $who"), '', 'keywords are taken';
is PG::check("postgresql://postgres\@127.0.0.1:$p1,[::1]:$p1/postgres"), '',
   'a URI is taken';
is PG::check($who), '', 'no host is taken';
refused 'host=a password=hush', qr/order_database.*password_file=/,
        'a password is refused';
unlike PG::check('host=a password=hush'), qr/hush/, 'and not told';
refused 'postgres://u:hush@h/db', qr/password_file=/, 'also in a URI';
unlike PG::check('postgres://u:hush@h/db'), qr/hush/, 'nor there';
refused 'nonsense', qr/invalid connection string in "order_database"/,
        'nonsense is refused';
refused 'host=127.0.0.1 target_session_attrs=writable',
        qr/target_session_attrs "writable".*order_database/,
        'an unknown target is refused';
refused 'host=127.0.0.1 sslmode=verfy-full',
        qr/sslmode value: "verfy-full" in "order_database"/,
        'an unknown value is refused';
refused 'host=127.0.0.1 port=65536', qr/port "65536".*order_database/,
        'a wrong port is refused';
refused 'host=127.0.0.1,127.0.0.2,127.0.0.3 port=1,2',
        qr/differ in number/, 'a wrong number of ports is refused';
refused 'hostaddr=localhost', qr/hostaddr "localhost"/,
        'a name is no address';
refused 'host=no.such.name.invalid', qr/no.such.name.invalid.*order_data/,
        'a name that does not resolve is refused';
refused 'host=127.0.0.1 service=x', qr/service/, 'a service is refused';
is PG::check('host=no.such.name.invalid', 'order_resolver 127.0.0.1;'), '',
   'with a resolver names are not resolved';

# several hosts

my $pg = PG->cluster('main');
my $other = PG->cluster('other', port => $p2);

sub port_of {
    my ($n) = @_;
    my $a = $n->query($CALL, "select current_setting('port')");
    return $a->{status} eq 'OK' ? pack 'H*', $a->{hex} : $a->{status};
}

{
    my $n = PG::nginx("host=127.0.0.1,127.0.0.1 port=$p3,$p1 $who",
                      'conns=3');
    is port_of($n), $p1, 'a dead first host is skipped';
    ok $n->up($pg, 3), 'by all sessions';
    my @lines = $n->log =~ /refused/g;
    is scalar @lines, 1, 'who learn of it from each other';
    $n->quit;
    unlike $n->log, qr/\[alert\]/, 'no alert';
}

{
    # a host that takes connections and says nothing
    my $mute = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1',
                                     LocalPort => $p3, ReuseAddr => 1);
    my $start = time;
    my $n = PG::nginx("host=127.0.0.1,127.0.0.1 port=$p3,$p1 $who",
                      'conns=2 hconnect=400 wait=3000');
    is port_of($n), $p1, 'a mute first host is skipped';
    my $took = time - $start;
    ok $took > 0.35 && $took < 1, "after its time limit ($took s)";
    like $n->log, qr/timed out while connecting.*127\.0\.0\.1/,
         'the log says so';
}

$other->sql('alter system set default_transaction_read_only = on');
$other->stop;
$other->start;

{
    my $n = PG::nginx("host=127.0.0.1,127.0.0.1 port=$p2,$p1 $who"
                      . ' target_session_attrs=read-write', 'conns=2');
    is port_of($n), $p1, 'read-write: a read-only host is skipped';
}

{
    my $n = PG::nginx("host=127.0.0.1,127.0.0.1 port=$p1,$p2 $who"
                      . ' target_session_attrs=read-only', 'conns=2');
    is port_of($n), $p2, 'read-only: a read-write host is skipped';
}

{
    my $n = PG::nginx("host=127.0.0.1,127.0.0.1 port=$p2,$p1 $who"
                      . ' target_session_attrs=prefer-standby', 'conns=2');
    is port_of($n), $p2, 'prefer-standby: without a standby, the first';
}

{
    my $n = PG::nginx("host=127.0.0.1 port=$p2 $who"
                      . ' target_session_attrs=standby', 'conns=2');
    is port_of($n), 'DOWN', 'standby: there is none';
}

# fail-over: what could write cannot any more

$other->sql('alter system reset default_transaction_read_only');
$other->stop;
$other->start;

{
    my $n = PG::nginx("host=127.0.0.1,127.0.0.1 port=$p2,$p1 $who"
                      . ' target_session_attrs=read-write', 'conns=3');
    is port_of($n), $p2, 'fail-over: the first host can write';
    ok $n->up($other, 3), 'all sessions are there';

    my $start = time;
    $other->stop;
    my $took = $n->well(PG::limit(5));
    ok $took, "fail-over: all is well after $took s";
    is port_of($n), $p1, 'on the other host';
    $other->start;
    ok $n->up($pg, 3), 'all sessions stay there';
    $n->quit;
    unlike $n->log, qr/\[alert\]/, 'no alert';
}

# names

{
    my $n = PG::nginx("host=localhost port=$p1 $who", 'conns=2');
    is port_of($n), $p1, 'a name is resolved when nginx reads it';
}

SKIP: {
    eval { require Net::DNS::Nameserver } or skip 'no Net::DNS', 10;

    my $answers = "$PG::dir/dns";
    my $zone = sub {
        open my $fh, '>', $answers or die $!;
        print $fh "@_";
        close $fh;
    };
    $zone->('127.0.0.1');

    my $dns = fork();
    if ($dns == 0) {
        my $server = Net::DNS::Nameserver->new(
            LocalAddr => '127.0.0.1', LocalPort => $p3,
            ReplyHandler => sub {
                my ($name, $class, $type) = @_;
                open my $fh, '<', $answers;
                my @addrs = $type eq 'A' ? split ' ', <$fh> : ();
                return ($name =~ /^db/ ? 'NOERROR' : 'NXDOMAIN',
                        [ map { Net::DNS::RR->new("$name 1 IN A $_") }
                              $name =~ /^db/ ? @addrs : () ], [], []);
            });
        $SIG{TERM} = 'DEFAULT';
        $server->main_loop;
        POSIX::_exit(0);
    }
    sleep 0.3;

    my $main = "order_resolver 127.0.0.1:$p3;";
    my $n = PG::nginx("host=db.test port=$p1 $who", 'conns=3',
                      main => $main);
    ok $n->well(PG::limit(3)), 'a name is resolved while nginx runs';
    ok $n->up($pg, 3), 'for all sessions';
    $n->quit;
    unlike $n->log, qr/\[alert\]|\[error\]/, 'without a complaint';

    $zone->('127.0.0.99 127.0.0.98 127.0.0.1');
    $n = PG::nginx("host=db.test port=$p1 $who", 'conns=2', main => $main);
    ok $n->well(PG::limit(3)), 'each of its addresses is tried';
    $n->quit;

    $n = PG::nginx("host=nobody.test port=$p1 $who", 'conns=2',
                   main => $main);
    sleep 0.3;
    is port_of($n), 'DOWN', 'a name that is not there is no host';
    like $n->log, qr/Host not found while resolving.*nobody\.test/,
         'as the log says';
    $n->quit;
    unlike $n->log, qr/\[alert\]/, 'without an alert';

    kill 'STOP', $dns;
    $n = PG::nginx("host=db.test port=$p1 $who", 'conns=2', main => $main);
    sleep 0.2;
    my $took = $n->quit;
    ok $took < PG::limit(0.5),
       "a worker that resolves leaves at once ($took s)";
    unlike $n->log, qr/\[alert\]/, 'without an alert';

    $n = PG::nginx("host=db.test,127.0.0.1 port=$p1 $who",
                   'conns=2 wait=4000', main => $main);
    ok $n->well(PG::limit(5)),
       'where the resolver is mute the next host serves';
    $n->quit;

    kill 'KILL', $dns;
    waitpid $dns, 0;
}

done_testing();
