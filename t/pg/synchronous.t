# A commit that waits for a synchronous standby: what its end means.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use PG;
use Test::More;
use Time::HiRes qw(sleep);

my $CALL = 1;

my $pg = PG->cluster('main', synchronous_standby_names => 'nobody');
my $local = "host=$PG::dir port=$PG::port user=postgres dbname=postgres";

# what is done here does not wait itself
$ENV{PGOPTIONS} = '-c synchronous_commit=local';
$pg->sql('create table kept (n int)');

# waits until a commit does, and runs that on its server process
sub on_waiting {
    my $function = shift;

    for (1 .. 1000) {
        return if $pg->sql("select $function(pid) from pg_stat_activity
                             where wait_event = 'SyncRep'") eq 't';
        sleep 0.01;
    }

    die "no commit waits\n";
}

sub kept {
    return $pg->sql('select count(*) from kept where n = ' . shift);
}

# the warning comes, whatever the role's settings say

$pg->sql('alter role postgres set client_min_messages = error');

my $n = PG::nginx($local, 'conns=2 timeout=30000');

my $id = $n->send($CALL, 'insert into kept values (1) returning n');
on_waiting('pg_cancel_backend');
is $n->answer($id)->{status}, 'LOST',
   'a wait that is cancelled leaves the outcome unknown';
is kept(1), 1, 'though this server has committed';
like $n->log, qr/\[warn\].*canceling wait for synchronous replication/,
     'the log says why';

is $n->query($CALL, 'select 1')->{status}, 'OK', 'the session goes on';

$id = $n->send($CALL, 'insert into kept values (2) returning n');
on_waiting('pg_terminate_backend');
is $n->answer($id)->{status}, 'LOST', 'so does a session that is ended';
is kept(2), 1, 'though this server has committed';

$n->quit;
$n = PG::nginx($local, 'conns=2 timeout=1000');
is $n->query($CALL, 'insert into kept values (3) returning n')->{status},
   'TIMEOUT', 'the server\'s time limit does not end a wait, but ours';
on_waiting('pg_terminate_backend');
$n->quit;

$n = PG::nginx($local, 'conns=2 timeout=30000');
$id = $n->send($CALL, 'insert into kept values (3) returning n');
on_waiting('pg_backend_pid() <> ');
$pg->sql('alter system set synchronous_standby_names = $$$$');
$pg->sql('select pg_reload_conf()');
is $n->answer($id)->{status}, 'OK',
   'a wait that the operator calls off is none';

$n->quit;
unlike $n->log, qr/\[alert\]/, 'without an alert';

$pg->sql($_) for 'alter system reset synchronous_standby_names',
                 'alter role postgres reset client_min_messages',
                 'drop table kept';

done_testing();
