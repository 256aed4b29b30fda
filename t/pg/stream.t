# Sessions outside the pool: notifications, streams, their own life.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use PG;
use Test::More;
use Time::HiRes qw(time sleep);

my $CALL = 1;

my $pg = PG->cluster('main');
my $local = "host=$PG::dir port=$PG::port user=postgres dbname=postgres";

my $n = PG::nginx($local, 'conns=2');

sub ask {
    my ($sid, $sql, @params) = @_;
    my $id = PG::Nginx::id();
    $n->say('squery', $sid, $id, $sql, @params);
    return $n->answer($id);
}

sub stream {
    my ($sid, $sql, $timeout) = @_;
    my $id = PG::Nginx::id();
    $n->say('stream', $sid, $id, $timeout || 20000, $sql);
    return $n->answer($id, 30);
}

$n->say('open', 0);
ok $n->event('event 0 READY'), 'a session tells that it is ready';
is ask(0, 'select 1')->{status}, 'OK', 'answers a query';
is ask(0, 'select current_setting($1)', 't:statement_timeout')->{hex}, '30',
   'knows no time limit';
is ask(0, 'listen doorbell')->{status}, 'OK', 'listens';

$pg->sql('notify doorbell');
ok $n->event('event 0 NOTIFY'), 'tells of a notification while idle';

my $id = PG::Nginx::id();
$n->say('squery', 0, $id, 'select pg_sleep(0.3)');
$pg->sql('notify doorbell');
is $n->answer($id)->{status}, 'OK', 'a query is not disturbed by one';
ok $n->event('event 0 NOTIFY'), 'which is told, too';

my @ids;
for (1 .. 20) {
    push @ids, PG::Nginx::id();
    $n->say('squery', 0, $ids[-1], 'select $1::int', "t:$_");
}
is join(' ', map { hex $_->{hex} } $n->answers(@ids)), "@{[ 1 .. 20 ]}",
   'queries are answered in their order';

# streams

my $a = stream(0, 'select g, null, repeat($$x$$, 10)
                   from generate_series(1, 5000) g');
is "$a->{status} $a->{srows} $a->{bytes}", 'OK 5000 70000',
   'a stream of a select tells each row';
is ask(0, 'select 2')->{hex}, '00000002', 'and the session goes on';

$a = stream(0, 'copy (select g, null::text, repeat($$x$$, 10)
                      from generate_series(1, 5000) g)
                to stdout (format binary)');
is "$a->{status} $a->{srows} $a->{bytes}", 'OK 5000 70000',
   'a stream of a COPY tells each row';

$a = stream(0, 'copy (select 1 where false) to stdout (format binary)');
is "$a->{status} $a->{srows}", 'OK 0', 'also when there is none';

$a = stream(0, 'copy (select 1) to stdout');
is $a->{status}, 'LOST', 'a COPY that is not binary breaks the session';
ok $n->event('event 0 READY'), 'which comes back';

$a = stream(0, 'select 10 / (3000 - g) from generate_series(1, 4000) g');
is "$a->{status} $a->{sqlstate} $a->{srows}", 'REFUSED 22012 2999',
   'an error in the middle of a stream is told at the end';

$a = stream(0, 'copy (select 10 / (3000 - g)
                      from generate_series(1, 4000) g)
                to stdout (format binary)');
is "$a->{status} $a->{sqlstate} $a->{srows}", 'REFUSED 22012 2999',
   'also of a COPY';

$a = stream(0, 'copy (select repeat($$x$$, 300000)
                      from generate_series(1, 20) g)
                to stdout (format binary)');
is "$a->{status} $a->{bytes}", 'OK 6000000', 'long rows arrive';

my $before = $n->usage->{cpu};
my $start = time;
$id = PG::Nginx::id();
$n->say('stream', 0, $id, 30000,
        'copy (select gen_random_uuid(), gen_random_uuid(),
                      gen_random_uuid(), 1, g, now(), 3, $$ORD-2026-1$$
               from generate_series(1, 1000000) g)
         to stdout (format binary)');
sleep 0.3;
my $worst = 0;
while (!$n->{answers}{$id} && time - $start < 30) {
    my $asked = time;
    $n->query($CALL, 'select 1');
    $worst = time - $asked if time - $asked > $worst;
    sleep 0.01;
}
$a = $n->answer($id);
my $cpu = $n->usage->{cpu} - $before;
is "$a->{status} $a->{srows}", 'OK 1000000', 'a million rows arrive';
cmp_ok $cpu, '<', $ENV{SANITIZE} ? 5000 : 1000,
       "in $cpu ms of the worker's time";
ok $worst < PG::limit(0.3), "while other queries go on (at worst $worst s)";

$before = $n->usage->{cpu};
$a = stream(0, 'select g, g from generate_series(1, 1000000) g');
$cpu = $n->usage->{cpu} - $before;
is "$a->{status} $a->{srows}", 'OK 1000000',
   "a million rows of a select, in $cpu ms of the worker's time";

$a = stream(0, 'select pg_sleep(3)', 500);
is $a->{status}, 'TIMEOUT', 'a stream has its own time limit';
ok $n->event('event 0 DOWN'), 'which costs the connection';
ok $n->event('event 0 READY'), 'that comes back';

# cancelled, closed

$id = PG::Nginx::id();
$n->say('stream', 0, $id, 20000, 'select g from generate_series(1, 3e5) g');
$n->say('cancel', $id);
is ask(0, 'select 3')->{hex}, '00000003',
   'behind a cancelled stream the session goes on';

for my $sql ('select g from generate_series(1, 10000) g',
             'copy (select g from generate_series(1, 10000) g)
              to stdout (format binary)')
{
    $n->say('open', 1);
    ok $n->event('event 1 READY'), 'another session';
    $id = PG::Nginx::id();
    $n->say('closing', 1, $id, $sql);
    ok $n->event("closed $id") || $n->{inside}, 'closed in its first row';
    $n->{inside} = 0;
    is $n->query($CALL, 'select 1')->{status}, 'OK', 'harms nobody';
    is $n->answer($id, 0.1)->{status}, 'none', 'its query is forgotten';
}

for (1 .. 30) {
    $n->say('open', 2);
    sleep 0.003 * ($_ % 5);
    $n->say('close', 2);
}
is $n->query($CALL, 'select 1')->{status}, 'OK',
   'sessions may be closed at any moment';
sleep 1;
is $pg->sql("select count(*) from pg_stat_activity
             where application_name = 'order test session'
                   and query not like '%pg_sleep%'"), 1,
   'and are gone then';

# the connection is lost

$id = PG::Nginx::id();
$n->say('squery', 0, $id, 'select pg_sleep(1)');
my $behind = PG::Nginx::id();
$n->say('squery', 0, $behind, 'select 1');
sleep 0.1;
$pg->sql("select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'order test session'");
is $n->answer($id)->{status}, 'REFUSED', 'what ran was terminated';
is $n->answer($behind)->{status}, 'DOWN', 'what waited was not sent';
ok $n->event('event 0 DOWN'), 'the loss is told';
ok $n->event('event 0 READY'), 'and the return';

$pg->stop;
ok $n->event('event 0 DOWN'), 'a stopped database is down';
is ask(0, 'select 1')->{status}, 'DOWN', 'as a query is told';
$pg->start;
$start = time;
ok $n->event('event 0 READY'), 'and up again';
ok time - $start < PG::limit(3), 'soon';

is scalar(grep { /INSIDE/ } @{$n->{events}}), 0,
   'no event was told from inside a call';

my $took = $n->quit;
ok $took < PG::limit(0.5), "the worker leaves ($took s)";
unlike $n->log, qr/\[alert\]|signal 11/, 'without an alert';

done_testing();
