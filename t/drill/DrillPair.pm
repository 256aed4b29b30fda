# A PostgreSQL primary and its streaming standby, which take turns.  Each has
# a directory of its own, with its data and its socket; the sockets stand for
# the machines in the module's connection string.
#
# What Patroni would do is done here by hand, and when the drill says so:
# promoting, setting synchronous_standby_names, rebuilding the one that was
# left behind.

package DrillPair;

use strict;
use warnings;

use Time::HiRes qw(sleep time);

use Drill qw(database pg_kill wait_until);
use OrderTest qw(move_database shell);

my @pairs;
my $me = $$;


# synchronous => 0 or 1
sub new {
    my ($class, %how) = @_;
    my $primary = OrderTest::start_database();
    my $pair = bless { primary => $primary, standby => "$primary/standby",
                       database => database(), synchronous => 1, %how },
                     $class;

    push @pairs, $pair;

    shell('pg_stop "$1"; mkdir "$2"; ! is_root || chown postgres: "$2"
           ln -s "$1/keys" "$2/keys"', $primary, $pair->{standby});
    $pair->start($primary);
    $pair->copy;
    $pair->follow;

    return $pair;
}


sub primary {
    my $pair = shift;

    return $pair->{primary};
}


sub standby {
    my $pair = shift;

    return $pair->{standby};
}


# What nginx is told: both hosts.
sub conninfo {
    my $pair = shift;

    return 'host=' . join(',', sort @$pair{qw(primary standby)})
           . " port=5432 dbname=$pair->{database} user=order_api"
           . ' target_session_attrs=read-write';
}


# Of one of them only.
sub conninfo_of {
    my ($pair, $dir) = @_;

    return "host=$dir port=5432 dbname=$pair->{database} user=order_api";
}


sub settings {
    my ($pair, $dir, %how) = @_;
    my $from = $how{from} // '';
    my $names = $how{names} // '';

    return ('fsync = off', 'wal_log_hints = on', 'wal_keep_size = 2GB',
            'autovacuum_naptime = 5s', 'wal_receiver_status_interval = 1s',
            'wal_retrieve_retry_interval = 100ms',
            "cluster_name = '" . ($dir =~ /standby$/ ? 'b' : 'a') . "'",
            "synchronous_standby_names = '$names'",
            $from ? "primary_conninfo = 'host=$from user=postgres'" : ());
}


sub start {
    my ($pair, $dir, %how) = @_;

    shell('pg_start "$@"', $dir, $pair->settings($dir, %how));
}


# New settings for one that runs.
sub set {
    my ($pair, $dir, %how) = @_;

    shell('pg_settings "$@"
           pg_as_owner "$(pg_bin)/pg_ctl" -D "$1/data" reload > /dev/null',
          $dir, $pair->settings($dir, %how));
}


# In one of them, the primary unless told otherwise, outside of all waiting
# for a standby.
sub sql {
    my ($pair, $statement, $dir) = @_;
    local $ENV{PGOPTIONS} = '-c synchronous_commit=local';

    open my $out, '-|', 'psql', '-XAqt', '-v', 'ON_ERROR_STOP=1', '-h',
        $dir // $pair->{primary}, '-U', 'postgres', '-d', $pair->{database},
        '-c', $statement or die "psql: $!\n";
    chomp(my @lines = <$out>);
    close $out or die "psql failed: $statement\n";

    return wantarray ? @lines : join "\n", @lines;
}


# A new standby out of the primary.
sub copy {
    my $pair = shift;

    shell('pg_as_owner rm -rf "$2/data"
           pg_as_owner "$(pg_bin)/pg_basebackup" -h "$1" -U postgres \
               -D "$2/data" -X stream -c fast --no-sync',
          @$pair{qw(primary standby)});
}


# Starts the standby and waits until it streams, and until commits wait for
# it where the pair is synchronous.
sub follow {
    my $pair = shift;
    my ($primary, $standby) = @$pair{qw(primary standby)};

    shell('pg_as_owner touch "$1/data/standby.signal"', $standby);
    $pair->start($standby, from => $primary);
    $pair->set($primary, names => '*') if $pair->{synchronous};

    my $state = $pair->{synchronous} ? 'sync' : 'async';

    wait_until(60, sub {
        $pair->sql("SELECT count(*) FROM pg_stat_replication
                     WHERE state = 'streaming' AND sync_state = '$state'")
    }) // die "the standby does not stream\n";
}


# The primary is gone from one moment to the next.
sub lose {
    my $pair = shift;

    pg_kill($pair->{primary});
}


# The standby becomes the primary; commits wait for nobody, as there is no
# other.  Returns when it had done so.
sub promote {
    my $pair = shift;

    @$pair{qw(primary standby)} = @$pair{qw(standby primary)};
    shell('pg_as_owner "$(pg_bin)/pg_ctl" -D "$1/data" -w promote > /dev/null',
          $pair->{primary});
    move_database($pair->{primary});

    return time;
}


# The one that was left behind becomes a standby of the other: what it has
# and the other has not is undone.
sub rebuild {
    my $pair = shift;
    my ($primary, $standby) = @$pair{qw(primary standby)};

    pg_kill($standby);
    $pair->sql('CHECKPOINT');
    eval {
        shell('pg_as_owner "$(pg_bin)/pg_rewind" --no-sync \
                   --target-pgdata "$2/data" --source-server \
                   "host=$1 user=postgres dbname=postgres" \
                   > "$1/rewind.log" 2>&1', $primary, $standby);
        1;
    } or $pair->copy;
    $pair->follow;
}


# The standby hears nothing more of the primary.
sub part {
    my $pair = shift;

    $pair->set($pair->{primary});
    $pair->set($pair->{standby});
    wait_until(30, sub {
        !$pair->sql('SELECT count(*) FROM pg_stat_replication')
    }) // die "the standby does not let go\n";
}


sub timeline {
    my ($pair, $dir) = @_;

    return $pair->sql('SELECT shop.epoch()', $dir);
}


END {
    if ($$ == $me) {
        my $status = $?;

        for my $pair (@pairs) {
            eval { pg_kill($_) } for @$pair{qw(primary standby)};
        }

        move_database(undef) if @pairs;

        $? = $status;
    }
}

1;
