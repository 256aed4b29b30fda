# What the drills share: a PostgreSQL of the drill's own that it may stop and
# kill, nginx instances with the real module, clients over plain sockets, and
# processes that make load.
#
# Short by default; ORDER_FULL=1 runs the whole counts.  With
# TEST_NGINX_NO_CLEAN=1 the logs stay, and the cores of workers that crashed.

package Drill;

use strict;
use warnings;

use Exporter 'import';
use File::Path qw(make_path);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use List::Util qw(max min sum0);
use POSIX ();
use Storable qw(nstore retrieve);
use Test::More;
use Time::HiRes qw(sleep time);

use DBI;

BEGIN {
    # never the database that the suites share
    delete $ENV{ORDER_TEST_DB};
}

use OrderTest qw(conninfo database free_port key_dir product_id sql
                 start_database token user_id);

use DrillClient;

our @EXPORT = qw(
    conninfo database free_port key_dir product_id sql token user_id
    max min sum0 sleep time
    full scaled work dbh history poll_all place place_body same_as_database
    backends backend_pids feed_backends statements
    pg_start pg_stop pg_kill pg_freeze pg_thaw pg_processes
    node spawn stop_all stopped wait_until quantile forwarder run_command
);

my ($work, @nodes, @children, @forwarders, $frozen);
my $me = $$;
our $stopped = 0;


sub full {
    return $ENV{ORDER_FULL} ? 1 : 0;
}


# scaled(SHORT, FULL)
sub scaled {
    return full() ? $_[1] : $_[0];
}


sub work {
    return $work if defined $work;

    $work = start_database() . '/drill';
    run_command('mkdir', '-p', $work);
    chmod 0777, $work;

    return $work;
}


sub run_command {
    system(@_) == 0 or die "@_: failed\n";
}


# Waits until the code is true, and returns the seconds that took; undef if
# it never was.
sub wait_until {
    my ($seconds, $code) = @_;
    my $start = time;

    for ( ;; ) {
        return max(time - $start, 0.0001) if $code->();
        return undef if time - $start > $seconds;
        sleep 0.01;
    }
}


# quantile(0.99, numbers…)
sub quantile {
    my ($q, @numbers) = @_;
    @numbers = sort { $a <=> $b } @numbers;

    return @numbers ? $numbers[min($#numbers, int($q * @numbers))] : 0;
}


# --- the database


sub dbh {
    my $dir = start_database();
    my $name = database();

    return DBI->connect("dbi:Pg:host=$dir;port=5432;dbname=$name", 'postgres',
                        '', { RaiseError => 1, PrintError => 0,
                              AutoCommit => 1, AutoInactiveDestroy => 1 });
}


sub pg_shell {
    my $command = shift;

    run_command('bash', '-euc', ". scripts/common.sh; $command", 'drill',
                start_database(), @_);
}


sub pg_start {
    pg_shell('pg_start "$1" "fsync = off" "full_page_writes = off"');
}


sub pg_stop {
    pg_shell('pg_stop "$1" "$2"', shift // 'fast');
}


# The postmaster and all of its children, the postmaster first; of the drill's
# database, or of that directory's.
sub pg_processes {
    my $dir = shift // start_database();

    open my $in, '<', "$dir/data/postmaster.pid" or return;
    chomp(my $pid = <$in>);

    return ($pid, children($pid));
}


sub pg_kill {
    my $dir = shift // start_database();

    kill 'KILL', pg_processes($dir);
    wait_until(10, sub { !grep { kill 0, $_ } pg_processes($dir) });
    unlink "$dir/data/postmaster.pid";
}


# Again and again, as a child may be born meanwhile.
sub pg_freeze {
    $frozen = shift // start_database();
    for (1 .. 3) {
        kill 'STOP', pg_processes($frozen);
        sleep 0.02;
    }
}


sub pg_thaw {
    kill 'CONT', pg_processes($frozen);
    undef $frozen;
}


# How many sessions the module has; those of its change feeds.
sub backends {
    return sql("SELECT count(*) FROM pg_stat_activity"
               . " WHERE application_name LIKE 'nginx order%'");
}


sub feed_backends {
    return sql("SELECT count(*) FROM pg_stat_activity"
               . " WHERE application_name LIKE 'nginx order%'"
               . " AND query ~ 'feed_read|^listen'");
}


sub backend_pids {
    return split /\n/, sql("SELECT pid FROM pg_stat_activity"
                           . " WHERE application_name LIKE 'nginx order%'"
                           . " AND query ~ '$_[0]'");
}


# Calls that pg_stat_statements counted of statements like this.
sub statements {
    my ($like, $unlike) = @_;

    return sql("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s"
               . " JOIN pg_roles r ON r.oid = s.userid"
               . " WHERE rolname = 'order_api' AND toplevel"
               . " AND query ~* '$like'"
               . (defined $unlike ? " AND query !~* '$unlike'" : ''));
}


# From here on every version of every order is kept, so that an answer can be
# compared with what was true once; and an order that was shipped may be
# confirmed again, so that there is no end of changes.
sub history {
    sql(<<'END');
CREATE TABLE public.drill_history (
    id uuid, version int, status text, number text,
    PRIMARY KEY (id, version));
CREATE FUNCTION public.drill_keep() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.drill_history
    VALUES (NEW.id, NEW.version, NEW.status, NEW.order_number);
    RETURN NULL;
END $$;
CREATE TRIGGER zz_drill AFTER INSERT OR UPDATE ON shop.orders
    FOR EACH ROW EXECUTE FUNCTION public.drill_keep();
INSERT INTO shop.workflow_transitions VALUES
    ('shop', 'shipped', 'confirmed', '{manager}');
UPDATE shop.products SET stock = 100000000;
END
}


# --- nginx


# node(name => …, workers => N, conninfo => …, database => 'timeout=2s …',
#      zone => '8m tokens=1m', http => …, module => FILE, daemon => 1 to run as
#      a service does, so that its binary can be upgraded)
sub node {
    my $node = DrillNode->new(@_);

    push @nodes, $node;

    return $node;
}


sub children {
    my $pid = shift;

    open my $in, '<', "/proc/$pid/task/$pid/children" or return;
    my $line = <$in> // '';

    return split ' ', $line;
}


# --- orders


sub place_body {
    my ($product, $quantity) = @_;
    my $id = product_id($product);

    return qq({"payment_method":"card","items":[{"product_id":"$id",)
           . qq("quantity":$quantity}],"shipping_address":{"name":"John",)
           . qq("street":"Main Street 1","city":"Bern"}});
}


# Places an order, and returns its id.
sub place {
    my ($client, $product) = @_;
    my $answer = $client->post('/api/place-order',
                               place_body($product // 32, 1));

    die "order not placed: ", $answer->{error} // $answer->{body}, "\n"
        if ($answer->{status} // 0) != 201;
    $answer->{body} =~ /"order_id":\s*"([^"]+)"/ or die;

    return $1;
}


# Polls every order until it is a hit, and returns what differs from the
# database.
sub same_as_database {
    my ($node, $where) = @_;
    my $client = $node->client('admin');
    my $rows = dbh()->selectall_arrayref(
        'SELECT id, version, status, order_number FROM shop.orders'
        . ($where ? " WHERE $where" : ''));
    my @differ;

    for my $row (@$rows) {
        my ($id, $version, $status, $number) = @$row;
        my $poll;

        for (1 .. 20) {
            $poll = $client->poll($id);
            last if ($poll->{cache} // '') eq 'HIT';
        }

        push @differ, "$id $version $status: " . join ' ',
            map { $poll->{$_} // '-' } qw(version state number cache error)
            if ($poll->{cache} // '') ne 'HIT'
               || $poll->{version} != $version || $poll->{state} ne $status
               || $poll->{number} ne $number;
    }

    return (scalar @$rows, @differ);
}


# --- processes that make load


sub stopped {
    return $stopped;
}


# Runs the code in a process of its own until stop_all(); what it returns is
# a reference to a hash, and stop_all() returns them all.
sub spawn {
    my ($name, $code) = @_;
    my $file = work() . '/child-' . @children;
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        local $SIG{TERM} = sub { $stopped = 1 };
        srand($$);
        my $result = eval { $code->() } // {};
        $result->{died} = $@ if $@;
        $result->{name} = $name;
        nstore($result, "$file.new");
        rename "$file.new", $file;
        POSIX::_exit(0);
    }

    push @children, { pid => $pid, file => $file, name => $name };

    return $pid;
}


sub stop_all {
    my ($wait) = @_;
    my @results;

    kill 'TERM', map { $_->{pid} } @children if !$wait;

    for my $child (@children) {
        wait_until($wait ? 3600 : 60, sub {
            waitpid($child->{pid}, POSIX::WNOHANG()) == $child->{pid}
        }) // kill 'KILL', $child->{pid};
        my $result = eval { retrieve($child->{file}) }
                     // { died => 'no result', name => $child->{name} };
        diag("$result->{name}: $result->{died}") if $result->{died};
        push @results, $result;
        unlink $child->{file};
    }

    @children = ();

    return @results;
}


# A TCP port before the database's socket: USR1 makes it swallow everything,
# USR2 lets it go on.
sub forwarder {
    my $target = start_database() . '/.s.PGSQL.5432';
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                       Listen => 128, ReuseAddr => 1)
        or die "listen: $!\n";
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        eval { forward($listen, $target) };
        POSIX::_exit(0);
    }

    push @forwarders, $pid;

    return ($pid, $listen->sockport);
}


sub forward {
    my ($listen, $target) = @_;
    my ($hole, %peer) = (0);
    my $select = IO::Select->new($listen);

    local $SIG{USR1} = sub { $hole = 1 };
    local $SIG{USR2} = sub { $hole = 0 };
    local $SIG{PIPE} = 'IGNORE';

    for ( ;; ) {
        if ($hole) {
            sleep 0.02;
            next;
        }

        for my $socket ($select->can_read(0.1)) {
            last if $hole;

            if ($socket == $listen) {
                my $client = $listen->accept or next;
                my $server = IO::Socket::UNIX->new(Peer => $target);
                next if !$server;
                $peer{$client} = $server;
                $peer{$server} = $client;
                $select->add($client, $server);
                next;
            }

            my $other = $peer{$socket} or next;
            my $n = sysread $socket, my $data, 65536;

            if (!$n) {
                $select->remove($socket, $other);
                delete @peer{$socket, $other};
                close $_ for $socket, $other;
                next;
            }

            while (length $data) {
                my $sent = syswrite $other, $data;
                last if !defined $sent;
                substr $data, 0, $sent, '';
            }
        }
    }
}


END {
    if ($$ == $me) {
        my $status = $?;

        kill 'KILL', map { $_->{pid} } @children;
        kill 'KILL', @forwarders;
        waitpid $_, 0 for @forwarders, map { $_->{pid} } @children;
        $_->stop for @nodes;
        eval { pg_thaw() } if $frozen;
        $? = $status;
    }
}


package DrillNode;

use strict;
use warnings;

use Time::HiRes qw(sleep time);


sub new {
    my ($class, %node) = @_;
    my $node = bless { workers => 2, zone => '8m tokens=1m', database => '',
                       http => '', location => '', name => 'node',
                       %node }, $class;

    $node->{dir} = Drill::work() . "/$node->{name}";
    $node->{port} //= Drill::free_port();
    $node->{conninfo} //= Drill::conninfo();
    mkdir $node->{dir};
    chmod 0777, $node->{dir};
    $node->configure;
    $node->start if !$node->{later};

    return $node;
}


# Writes the configuration, with these values changed.
sub configure {
    my ($node, %change) = @_;
    my ($dir, $keys) = ($node->{dir}, Drill::key_dir());

    %$node = (%$node, %change);

    my $module = $node->{module} // $ENV{TEST_NGINX_LOAD_MODULES} // '';
    my $load = $module ? "load_module $module;" : '';
    my $user = $> == 0 ? 'user www-data;' : '';

    my $core = $ENV{TEST_NGINX_NO_CLEAN}
               ? "worker_rlimit_core 1g; working_directory $dir;" : '';

    open my $out, '>', "$dir/nginx.conf" or die "$dir/nginx.conf: $!\n";
    print $out <<"END";
$load
$user
worker_processes $node->{workers};
$core
pid $dir/nginx.pid;
error_log $dir/error.log info;

events {
    worker_connections 4096;
}

http {
    access_log off;
    order_zone orders:$node->{zone};
    order_database "$node->{conninfo}" $node->{database};
    order_jwt_key $keys/hs256.key alg=HS256 kid=demo;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    keepalive_time 1d;
    client_body_temp_path $dir/temp;
    proxy_temp_path $dir/temp;
    fastcgi_temp_path $dir/temp;
    uwsgi_temp_path $dir/temp;
    scgi_temp_path $dir/temp;
    $node->{http}

    server {
        listen 127.0.0.1:$node->{port} backlog=4096;

        location ~ ^/(api|orders|cart-items|seller|ws)(/|\$) {
            order_api;
        }

        location = /pid {
            return 200 \$pid;
        }

        $node->{location}
    }
}
END
    close $out or die "$dir/nginx.conf: $!\n";
}


sub start {
    my $node = shift;
    my $dir = $node->{dir};
    my ($nginx) = grep { -x } map { "$_/nginx" }
                  split(/:/, $ENV{PATH}), '/usr/sbin';
    my $pid = fork // die "fork: $!\n";

    $nginx = $ENV{TEST_NGINX_BINARY}
        if ($ENV{TEST_NGINX_BINARY} // '') =~ m{/};

    if ($pid == 0) {
        open STDOUT, '>', "$dir/output" or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT;
        { exec $nginx, '-e', "$dir/error.log", '-p', $dir, '-c',
            "$dir/nginx.conf", $node->{daemon} ? () : ('-g', 'daemon off;') }
        POSIX::_exit(127);
    }

    waitpid $pid, 0 if $node->{daemon};

    $node->{pid} = $pid;
    Drill::wait_until(10, sub {
        my $client = $node->client;
        $node->{pid} = $node->pid_of('nginx.pid') // 0 if $node->{daemon};
        return defined $client->request('GET', '/pid')->{status};
    }) // die "nginx did not start, see $dir/error.log\n";
}


# The process that the file names.
sub pid_of {
    my ($node, $file) = @_;

    open my $in, '<', "$node->{dir}/$file" or return undef;
    my $pid = <$in> // return undef;
    chomp $pid;

    return $pid;
}


# The workers that are not on their way out, as a reload leaves them.
sub workers {
    my $node = shift;

    return grep { title($_) =~ /worker process$/ }
           Drill::children($node->{pid});
}


sub leaving {
    my $node = shift;

    return grep { title($_) =~ /shutting down/ }
           Drill::children($node->{pid});
}


sub title {
    my $pid = shift;

    open my $in, '<', "/proc/$pid/cmdline" or return '';
    my $title = <$in> // '';
    $title =~ s/\0.*//s;
    $title =~ s/\s+$//;

    return $title;
}


# The worker that has the feed, as it told the log last.
sub holder {
    my $node = shift;
    my @pids = $node->log =~ /\[notice\] (\d+)#\d+: the change feed is this/g;

    return $pids[-1] // 0;
}


# Its log, from where mark() was called last.
sub log {
    my $node = shift;

    open my $in, '<', "$node->{dir}/error.log" or return '';
    seek $in, $node->{mark}, 0 if $node->{mark};
    local $/;

    return <$in> // '';
}


sub mark {
    my $node = shift;

    $node->{mark} = -s "$node->{dir}/error.log";
}


# Lines of the log that should not be there, but those that match.
sub alarms {
    my ($node, $but) = @_;

    return grep { /\[(?:alert|crit|emerg)\]/ && !(defined $but && /$but/) }
           split /\n/, $node->log;
}


sub reload {
    my $node = shift;

    kill 'HUP', $node->{pid};
}


# With the token of that user.
sub client {
    my ($node, $user, %more) = @_;

    return DrillClient->new(port => $node->{port}, %more,
        token => defined $user ? Drill::token($user, 86400) : undef);
}


sub stop {
    my $node = shift;
    my $pid = delete $node->{pid} or return;

    my @workers = Drill::children($pid);
    kill 'CONT', @workers;
    kill 'TERM', $pid;

    for (1 .. 500) {
        return if gone($pid);
        sleep 0.01;
    }

    kill 'KILL', $pid, @workers;
    waitpid $pid, 0;
}


# A daemon is not a child of this process.
sub gone {
    my $pid = shift;

    return waitpid($pid, POSIX::WNOHANG()) == $pid || !kill 0, $pid;
}

1;
