package PG;

# A private PostgreSQL and an nginx with ngx_order_pg_test_module, for t/pg.
#
# Environment: ORDER_PG_NGINX, the nginx to run; ORDER_PG_DIR, where to work;
# ORDER_PG_PORT, the first of three ports.

use strict;
use warnings;

use File::Path qw(make_path);
use IO::Select;
use IO::Socket::UNIX;
use POSIX qw(:sys_wait_h);
use Scalar::Util qw(weaken);
use Time::HiRes qw(time sleep);

our $dir = $ENV{ORDER_PG_DIR} || '/tmp/order-pg-test';
our $port = $ENV{ORDER_PG_PORT} || 55433;
our $nginx = $ENV{ORDER_PG_NGINX} or die "ORDER_PG_NGINX is not set";

my ($bin) = `pg_config --bindir` =~ /(\S+)/;
my @as = $> == 0 ? qw(setpriv --reuid=postgres --regid=postgres --clear-groups)
                 : ();
my @clusters;
my @workers;

$SIG{PIPE} = 'IGNORE';
$SIG{TERM} = $SIG{INT} = sub { exit 1 };

sub quietly {
    my @command = @_;
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        open STDOUT, '>>', "$dir/commands.log";
        open STDERR, '>&', \*STDOUT;
        open STDIN, '<', '/dev/null';
        exec @command or POSIX::_exit(127);
    }
    local $?;
    waitpid $pid, 0;
    return $? >> 8;
}

# a time limit, in seconds: longer where others keep the machine busy

sub limit {
    my ($seconds) = @_;
    my $load = 0;
    if (open my $fh, '<', '/proc/loadavg') {
        ($load) = split ' ', <$fh>;
    }
    return $seconds * (1 + $load / 4);
}

# a cluster: PG->cluster(name, setting => value ...)

sub cluster {
    my ($class, $name, %set) = @_;
    my $self = bless { name => $name, dir => "$dir/$name",
                       port => delete $set{port} || $port }, $class;

    make_path($dir);
    chmod 0777, $dir;

    if (!-d $self->{dir}) {
        my $rc = quietly(@as, "$bin/initdb", '-N', '-U', 'postgres', '-A',
                         'trust', '--no-locale', '-E', 'UTF8', '-D',
                         $self->{dir});
        die "initdb failed, see $dir/commands.log" if $rc;
    }

    $self->stop('immediate');        # of a test that was killed
    $self->configure(%set);
    $self->start;
    push @clusters, $self;
    return $self;
}

sub configure {
    my ($self, %set) = @_;
    my %all = (listen_addresses => '127.0.0.1', port => $self->{port},
               unix_socket_directories => $dir, fsync => 'off',
               max_connections => 60, log_min_messages => 'fatal', %set);
    open my $fh, '>', "$self->{dir}/postgresql.conf" or die $!;
    print $fh "$_ = '$all{$_}'\n" for sort keys %all;
    close $fh;
}

sub start {
    my $self = shift;
    quietly(@as, "$bin/pg_ctl", '-D', $self->{dir}, '-w', '-t', '30', '-l',
            "$self->{dir}/log", 'start') == 0 or die "no start";
}

sub stop {
    my ($self, $mode) = @_;
    quietly(@as, "$bin/pg_ctl", '-D', $self->{dir}, '-w', '-t', '30', '-m',
            $mode || 'fast', 'stop');
}

sub pid {
    my $self = shift;
    open my $fh, '<', "$self->{dir}/postmaster.pid" or return;
    my $pid = <$fh>;
    chomp $pid;
    return $pid;
}

sub family {
    my $self = shift;
    my $pid = $self->pid or return;
    my @children = split ' ', `ps -o pid= --ppid $pid`;
    return ($pid, @children);
}

sub signal {
    my ($self, $signal) = @_;
    kill $signal, $self->family;
}

sub sql {
    my ($self, $sql, $user) = @_;
    my @command = ('psql', '-h', $dir, '-p', $self->{port}, '-U',
                   $user || 'postgres', '-d', 'postgres', '-XAtq', '-c',
                   $sql);
    open my $fh, '-|', @command or die $!;
    my $answer = do { local $/; <$fh> } // '';
    close $fh;
    $answer =~ s/\n\z//;
    return $answer;
}

# an nginx: PG::nginx(conninfo, parameters, main => lines)

sub nginx {
    my ($conninfo, $params, %more) = @_;
    my $self = bless { dir => "$dir/run", answers => {}, events => [],
                       buffer => '' }, 'PG::Nginx';

    make_path("$self->{dir}/logs");
    unlink "$self->{dir}/logs/error.log", "$dir/control";

    $self->{listen} = IO::Socket::UNIX->new(Local => "$dir/control",
                                            Listen => 5) or die $!;
    chmod 0777, "$dir/control";

    open my $fh, '>', "$self->{dir}/nginx.conf" or die $!;
    print $fh qq{
daemon off;
worker_processes 1;
error_log logs/error.log @{[ $more{level} || 'info' ]};
pid logs/nginx.pid;
@{[ $more{main} || '' ]}
order_control $dir/control;
order_database "$conninfo" $params;
events { worker_connections 256; @{[ $ENV{ORDER_PG_EVENTS} || '' ]} }
};
    close $fh;

    my $pid = fork() // die $!;
    if ($pid == 0) {
        open STDERR, '>>', "$dir/commands.log";
        exec $nginx, '-p', $self->{dir}, '-c', "$self->{dir}/nginx.conf"
            or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    $self->{control} = $self->accept;
    push @workers, $self;
    weaken $workers[-1];
    return $self;
}

# nginx -t with such an order_database: its complaint, or ''

sub check {
    my ($conninfo, $main) = @_;
    make_path("$dir/check/logs");
    open my $fh, '>', "$dir/check/nginx.conf" or die $!;
    $conninfo =~ s/"/\\"/g;
    print $fh ($main // '') . qq{
order_database "$conninfo";
events { }
};
    close $fh;
    my $said = `$nginx -t -p $dir/check -c $dir/check/nginx.conf 2>&1`;
    my ($emerg) = $said =~ /\[emerg\] (.*?)(?: in \S+nginx.conf:\d+)?$/m;
    return $? == 0 ? '' : $emerg // $said;
}

package PG::Nginx;

use strict;
use warnings;
use Time::HiRes qw(time sleep);

sub accept {
    my $self = shift;
    IO::Select->new($self->{listen})->can_read(10) or die "no worker";
    return $self->{listen}->accept;
}

sub say {
    my ($self, @fields) = @_;
    s/\n\s*/ /g for @fields;
    syswrite $self->{control}, join("\t", @fields) . "\n";
}

sub read {
    my ($self, $limit) = @_;
    IO::Select->new($self->{control})->can_read($limit) or return;
    my $n = sysread $self->{control}, $self->{buffer}, 65536,
                    length $self->{buffer};
    if (!$n) {
        $self->{gone} = 1;
        return;
    }
    while ($self->{buffer} =~ s/^(.*)\n//) {
        my @f = split /\t/, $1, -1;
        $self->{inside}++ if $f[0] eq 'INSIDE' || $f[0] eq 'closed';
        if ($f[0] eq 'answer' || ($f[0] eq 'INSIDE' && @f > 4)) {
            my %answer;
            @answer{qw(kind id status sqlstate elapsed rows columns len crc
                       hex srows bytes message)} = @f;
            $answer{order} = ++$self->{order};
            $answer{at} = time;
            push @{$self->{twice}}, $f[1] if $self->{answers}{$f[1]};
            $self->{answers}{$f[1]} = \%answer;
        } elsif ($f[0] eq 'usage') {
            $self->{usage} = { cpu => $f[1], pid => $f[2] };
        } else {
            push @{$self->{events}}, join ' ', @f;
        }
    }
    return 1;
}

sub wait_for {
    my ($self, $limit, $what) = @_;
    my $end = time + $limit;
    until ($what->()) {
        my $left = $end - time;
        die "the worker is gone" if $self->{gone} && !$self->{leaving};
        return 0 if $left <= 0 || $self->{gone};
        $self->read($left);
    }
    return 1;
}

my $next_id = 0;

sub id { return $next_id++ % 8000 }

# one query; its answer, or one whose status is "none" after "limit" seconds

sub query {
    my ($self, $lane, $sql, @params) = @_;
    return $self->answer($self->send($lane, $sql, @params));
}

sub send {
    my ($self, $lane, $sql, @params) = @_;
    my $id = id();
    delete $self->{answers}{$id};
    $self->say('query', $id, $lane, $sql, @params);
    return $id;
}

sub many {
    my ($self, $lane, $count, $sql, @params) = @_;
    my @ids = map { id() } 1 .. $count;
    delete @{$self->{answers}}{@ids};
    $self->say('many', $ids[0], $lane, $count, $sql, @params);
    return @ids;
}

sub answer {
    my ($self, $id, $limit) = @_;
    $self->wait_for($limit || 10, sub { $self->{answers}{$id} });
    return delete $self->{answers}{$id} || { status => 'none' };
}

sub answers { my ($self, @ids) = @_; return map { $self->answer($_) } @ids }

sub event {
    my ($self, $event, $limit) = @_;
    return $self->wait_for($limit || 5, sub {
        for my $i (0 .. $#{$self->{events}}) {
            if ($self->{events}[$i] eq $event) {
                splice @{$self->{events}}, 0, $i + 1;
                return 1;
            }
        }
        return 0;
    });
}

sub usage {
    my $self = shift;
    delete $self->{usage};
    $self->say('usage');
    $self->wait_for(10, sub { $self->{usage} });
    return $self->{usage};
}

sub log {
    my $self = shift;
    open my $fh, '<', "$self->{dir}/logs/error.log" or return '';
    local $/;
    return scalar <$fh>;
}

# asks until the answer is OK; the seconds it took, or 0

sub well {
    my ($self, $limit, $lane) = @_;
    my $start = time;
    my %seen;
    while (time - $start < $limit) {
        my $status = $self->query($lane // 1, 'select 1')->{status};
        return time - $start || 0.001 if $status eq 'OK';
        $seen{$status}++;
        sleep 0.02;
    }
    print "# ", join(', ', map { "$seen{$_} $_" } sort keys %seen), "\n";
    return 0;
}

# until n sessions of the pool are connected, as PostgreSQL sees it

sub up {
    my ($self, $pg, $n) = @_;
    for (1 .. 100) {
        my $seen = $pg->sql("select count(*) from pg_stat_activity
                             where application_name = 'order test'");
        return 1 if $seen eq $n;
        sleep 0.05;
    }
    print "# $n sessions are expected, there are ",
          $pg->sql("select string_agg(concat_ws(' ', application_name, state,
                           backend_start), ', ') from pg_stat_activity
                    where usename is not null"), "\n";
    return 0;
}

# ends nginx with a signal; seconds it took

sub quit {
    my ($self, $signal) = @_;
    my $start = time;
    $self->{leaving} = 1;
    kill $signal || 'QUIT', $self->{pid};
    for (1 .. 200) {
        my $done = waitpid $self->{pid}, POSIX::WNOHANG();
        if ($done) {
            delete $self->{pid};
            return time - $start;
        }
        $self->read(0.05) unless $self->{gone};
        sleep 0.02 if $self->{gone};
    }
    return 99;
}

sub DESTROY {
    my $self = shift;
    local ($?, $@, $!);
    if ($self->{pid}) {
        # the master first, or it would start another worker
        kill 'KILL', $self->{pid},
             split(' ', `ps -o pid= --ppid $self->{pid}`);
        waitpid $self->{pid}, 0;
    }
}

package PG;

END {
    local $?;
    undef $_ for @workers;
    $_->signal('CONT'), $_->stop('immediate') for @clusters;
}

1;
