# Statements and their answers, lanes, limits, cancelling.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use PG;
use Test::More;
use Time::HiRes qw(time sleep);

my ($FILL, $CALL, $SLOW) = (0, 1, 2);

my $pg = PG->cluster('main');
my $local = "host=$PG::dir port=$PG::port user=postgres dbname=postgres";

sub int4 { return unpack 'N', pack 'H*', $_[0] }
sub text { return pack 'H*', $_[0] }


{
    my $n = PG::nginx($local, 'conns=4');
    my $a = $n->query($CALL, 'select $1::int4 + 1', 't:41');
    is "$a->{status} " . int4($a->{hex}), 'OK 42',
       'a text parameter goes out, a binary value comes back';

    $a = $n->query($CALL, 'select $1::int4', 'b:00000007');
    is int4($a->{hex}), 7, 'a binary parameter is taken';

    $a = $n->query($CALL, 'select $1::text', 'n:');
    is "$a->{rows} $a->{hex}", '1 null', 'NULL goes out and comes back';

    $a = $n->query($CALL, 'select 1 where false');
    is "$a->{status} $a->{rows} $a->{columns}", 'OK 0 1', 'no rows are OK';

    $a = $n->query($CALL, 'select 1/$1::int', 't:0');
    is "$a->{status} $a->{sqlstate} $a->{message}",
       'REFUSED 22012 division by zero', 'an error has its SQLSTATE';

    $a = $n->query($CALL, 'select no_such_function()');
    is "$a->{status} $a->{sqlstate}", 'REFUSED 42883',
       'a statement that cannot be prepared is refused';
    $pg->sql('create function no_such_function() returns int
              language sql as $$ select 5 $$');
    $a = $n->query($CALL, 'select no_such_function()');
    is $a->{status}, 'OK', 'and prepared once it can be';
    $pg->sql('drop function no_such_function()');

    $a = $n->query($CALL, 'select current_setting($1)',
                   't:order_module.rings');
    is text($a->{hex}), 'on', 'the module\'s setting is on';
    $a = $n->query($CALL, 'select current_setting($1)',
                   't:statement_timeout');
    is text($a->{hex}), '1800ms',
       'the server\'s time limit is a little below ours';
    $a = $n->query($CALL, 'select current_setting($1)',
                   't:application_name');
    is text($a->{hex}), 'order test', 'application_name is as given';

    ok $n->up($pg, 4), 'all sessions of the pool are connected';

    # a failed commit is no success

    $pg->sql('drop table if exists child, parent;
              create table parent (id int primary key);
              create table child (id int references parent
                                  deferrable initially deferred)');
    $a = $n->query($CALL, 'insert into child values (1) returning id');
    is "$a->{status} $a->{sqlstate}", 'REFUSED 23503',
       'an error at commit refuses a query whose rows have come';
    $a = $n->query($CALL, 'select count(*)::int from child');
    is int4($a->{hex}), 0, 'and the session goes on';

    # order and independence of pipelined queries

    my @ids = map { $n->send($FILL, 'select $1::int4', "t:$_") } 1 .. 100;
    my @got = map { int4($_->{hex}) } $n->answers(@ids);
    is "@got", "@{[ 1 .. 100 ]}", 'a hundred pipelined queries are answered';

    @ids = map { $n->send($FILL, 'select 100 / $1::int4', 't:' . $_ % 3) }
               0 .. 29;
    @got = map { $_->{status} } $n->answers(@ids);
    is join(' ', @got), join(' ', map { $_ % 3 ? 'OK' : 'REFUSED' } 0 .. 29),
       'an error in the pipeline concerns its own query only';

    # sizes

    my @bad;
    my @sizes = (0, 1, 8000 .. 8210, 16300 .. 16400, 65400 .. 65560);
    for my $chunk (1 .. @sizes) {
        my $size = $sizes[$chunk - 1];
        my $a = $n->query($CALL, 'select repeat($1, $2)', 't:x',
                          "t:$size");
        push @bad, $size if $a->{status} ne 'OK' || $a->{len} != $size;
        last if @bad > 3;
    }
    is "@bad", '', 'answers of all sizes arrive';

    $a = $n->query($CALL, 'select length($1)', 't:' . 'y' x 200_000);
    is int4($a->{hex}), 200_000, 'a long parameter goes out';

    $a = $n->query($CALL, 'select repeat($1, 20000000)', 't:z');
    is $a->{len}, 20_000_000, 'a long answer comes back';

    # lanes

    my $start = time;
    my $slow = $n->send($SLOW, 'select pg_sleep(0.5)');
    my $slow2 = $n->send($SLOW, 'select pg_sleep(0.5)');
    my $fill = $n->query($FILL, 'select 1');
    my $call = $n->query($CALL, 'select 1');
    ok time - $start < PG::limit(0.4) && $fill->{status} eq 'OK'
       && $call->{status} eq 'OK',
       'slow queries hold up neither fills nor calls';
    is $n->answer($slow)->{status}, 'OK', 'the slow one is answered';
    is $n->answer($slow2)->{status}, 'OK', 'and the one behind it';
    ok time - $start > 0.9, 'one after the other';

    $start = time;
    @ids = $n->many($CALL, 3, 'select pg_sleep(0.3)');
    $n->answers(@ids);
    ok time - $start < PG::limit(0.55), 'calls borrow an idle slow session';

    # time limits

    $a = $n->query($CALL, 'select pg_sleep(5)');
    is "$a->{status} $a->{sqlstate}", 'REFUSED 57014',
       'the server ends a statement that runs too long';
    ok $a->{elapsed} >= 1700 && $a->{elapsed} < 2000, 'in time';

    my $pid = $n->query($SLOW, 'select pg_backend_pid()');
    $n->query($SLOW, 'set statement_timeout = 0');
    $a = $n->query($SLOW, 'select pg_sleep(5)');
    is $a->{status}, 'TIMEOUT', 'or else the client does';
    ok $a->{elapsed} >= 1950 && $a->{elapsed} < 2300, 'in its time';
    my $after = $n->query($SLOW, 'select pg_backend_pid()');
    isnt $after->{hex}, $pid->{hex}, 'and has another session then';

    # the fate of sessions

    $pid = int4($n->query($CALL, 'select pg_backend_pid()')->{hex});
    my $id = $n->send($CALL, 'select pg_sleep(1)');
    sleep 0.1;
    $pg->sql("select pg_terminate_backend(pid) from pg_stat_activity
              where query like '%pg_sleep(1)%' and pid <> pg_backend_pid()");
    $a = $n->answer($id);
    is "$a->{status} $a->{sqlstate}", 'REFUSED 57P01',
       'a terminated statement is answered as the server did';
    ok $n->up($pg, 4), 'and the session comes back';

    $id = $n->send($CALL, 'select pg_sleep(1.01)');
    sleep 0.1;
    my $victim = $pg->sql("select pid from pg_stat_activity
        where query like '%pg_sleep(1.01)%' and pid <> pg_backend_pid()");
    kill 'KILL', $victim;
    $a = $n->answer($id);
    is $a->{status}, 'LOST', 'a killed backend leaves the outcome unknown';
    ok $n->well(PG::limit(5)), 'after the server\'s recovery all is well';
    ok $n->up($pg, 4), 'and all sessions are back';

    $n->query($FILL, 'select 77::int');
    $n->query($FILL, 'deallocate all');
    $a = $n->query($FILL, 'select 77::int');
    is "$a->{status} " . int4($a->{hex}), 'OK 77',
       'a statement that was deallocated is prepared again';
    @ids = $n->many($FILL, 10, 'select 78::int');
    $n->answers(@ids);
    $n->query($FILL, 'deallocate all');
    @ids = $n->many($FILL, 10, 'select 78::int');
    is scalar(grep { $_->{status} eq 'OK' } $n->answers(@ids)), 10,
       'also for queries that follow in the pipeline';

    $a = $n->query($CALL,
        "select set_config('default_transaction_read_only', 'on', false)");
    $a = $n->query($CALL, 'create table nothing ()') for 1 .. 2;
    $n->many($CALL, 3, 'create table nothing ()');
    ok $n->up($pg, 4), 'sessions that can only read are replaced';

    is $n->{inside} || 0, 0, 'no handler was called from inside a call';
    is scalar @{$n->{twice} || []}, 0, 'no handler was called twice';

    # leaving

    $id = $n->send($SLOW, 'select pg_sleep(1)');
    sleep 0.1;
    my $took = $n->quit;
    is $n->answer($id, 1)->{status}, 'OK',
       'a worker that is to quit waits for the answer';
    ok $took < PG::limit(1.5), "and leaves then ($took s)";
    unlike $n->log, qr/\[alert\]|\[emerg\]|open socket/, 'without an alert';
}


{
    my $n = PG::nginx($local, 'conns=4');
    ok $n->up($pg, 4), 'connected';
    my $slow = $n->send($SLOW, 'select pg_sleep(1)');
    sleep 0.1;
    kill 'QUIT', $n->{pid};
    sleep 0.3;
    is $pg->sql("select count(*) from pg_stat_activity
                 where application_name = 'order test'"), 1,
       'a worker that exits closes what is idle';
    is $n->query($_, 'select 1')->{status}, 'OK',
       "and connects again for those who still ask ($_)" for 0 .. 1;
    is $n->answer($slow)->{status}, 'OK', 'what ran is answered';
    my $took = $n->quit;
    ok $took < PG::limit(0.5), "then it leaves ($took s)";
    unlike $n->log, qr/\[alert\]|\[emerg\]|\[error\]/, 'in silence';
}


{
    my $n = PG::nginx($local, 'conns=4');
    ok $n->up($pg, 4), 'connected';
    my $took = $n->quit;
    ok $took < PG::limit(0.5), "an idle worker leaves at once ($took s)";
    unlike $n->log, qr/\[alert\]|\[emerg\]|\[error\]/, 'in silence';
}


{
    my $n = PG::nginx($local, 'conns=1 queue=20 wait=300');
    ok $n->up($pg, 1), 'a pool of one';

    $n->query($_ % 3, 'select 1 as once') for 1 .. 6;
    my $seen = $n->query($CALL, 'select 1 from pg_prepared_statements
                                 where statement = $1',
                         't:select 1 as once');
    is $seen->{rows}, 1, 'a statement is prepared once in a session';

    my @ids = ($n->send($SLOW, 'select pg_sleep(0.2)'),
               $n->send($FILL, 'select 1'), $n->send($CALL, 'select 2'),
               $n->send($FILL, 'select 3'));
    my @got = $n->answers(@ids);
    is join(' ', map { $_->{status} } @got), 'OK OK OK OK',
       'serves all lanes';
    is scalar(grep { $_->{order} < $got[0]{order} } @got), 0,
       'and a slow one has the session for itself';

    my $slow = $n->send($CALL, 'select pg_sleep(0.6)');
    @ids = $n->many($CALL, 25, 'select 1');
    @got = $n->answers(@ids);
    is scalar(grep { $_->{status} eq 'BUSY' } @got), 5,
       'a full queue refuses at once';
    my @waited = grep { $_->{status} eq 'WAITED' } @got;
    is scalar @waited, 20, 'the others wait as long as they may';
    is $n->answer($slow)->{status}, 'OK', 'the first is answered';
    my @lines = $n->log =~ /the queue is full/g;
    is scalar @lines, 1, 'the log says it once';

    # cancelling

    $slow = $n->send($CALL, 'select pg_sleep(0.2)');
    my $queued = $n->send($CALL, 'create table cancelled ()');
    $n->say('cancel', $queued);
    is $n->answer($slow)->{status}, 'OK', 'a query';
    is $n->query($CALL, "select to_regclass('cancelled')")->{hex}, 'null',
       'is not sent when it is cancelled in the queue';
    is $n->answer($queued, 0.1)->{status}, 'none', 'nor answered';

    my $running = $n->send($CALL,
        'select pg_sleep(0.2), repeat($1, 100000)', 't:x');
    sleep 0.05;
    $n->say('cancel', $running);
    is $n->query($CALL, 'select 1')->{status}, 'OK',
       'one that is cancelled while it runs holds the session until then';
    is $n->answer($running, 0.1)->{status}, 'none', 'and is not answered';

    my $twice = $n->send($CALL, 'select 1/0');
    $n->say('cancel', $twice);
    is $n->query($CALL, 'select 1')->{status}, 'OK', 'also one that fails';

    # a worker that exits, and a query that comes then

    my $took = $n->quit;
    ok $took < PG::limit(1), 'the worker leaves';
    unlike $n->log, qr/\[alert\]/, 'without an alert';
}


{
    my $n = PG::nginx($local, 'conns=2');
    ok $n->up($pg, 2), 'a pool of two';
    my $slow = $n->send($SLOW, 'select pg_sleep(0.4)');
    my $start = time;
    is $n->query($FILL, 'select 1')->{status}, 'OK', 'fills go on';
    ok time - $start < PG::limit(0.2), 'beside a slow query';
    is $n->answer($slow)->{status}, 'OK', 'that is answered, too';
    $n->quit('TERM');
    unlike $n->log, qr/\[alert\]/, 'terminated without an alert';
}


{
    my $n = PG::nginx("$local options='-c statement_timeout=700'",
                      'conns=2 prepare=0');
    is $n->query($FILL, 'select 1')->{status}, 'OK', 'without prepare';
    $n->query($FILL, 'select 1') for 1 .. 5;
    my $a = $n->query($FILL, 'select count(*)::int
                              from pg_prepared_statements');
    is int4($a->{hex}), 0, 'nothing is prepared';
    $a = $n->query($CALL, 'select current_setting($1, true)',
                   't:order_module.rings');
    is $a->{hex}, 'null', 'and no options are sent';
    $a = $n->query($CALL, 'select current_setting($1)',
                   't:statement_timeout');
    is text($a->{hex}), '700ms', 'but the operator\'s own';
}

{
    my $n = PG::nginx("$local options='-c work_mem=5MB'", 'conns=2');
    my $a = $n->query($CALL, 'select current_setting($1) ||
                              current_setting($2)',
                      't:work_mem', 't:order_module.rings');
    is text($a->{hex}), '5MBon', 'options of the conninfo are merged';
}

done_testing();
