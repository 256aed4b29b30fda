# What a suite does itself, beside what Test::Nginx does for it: orders made
# in the database, requests whose answers decide the next ones, many requests
# at once, a second nginx.  Goes with OrderTest.

package OrderClient;

use strict;
use warnings;

use Exporter 'import';
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use IPC::Open2 qw(open2);
use JSON::PP ();
use POSIX qw(WNOHANG);
use Test::More ();
use Time::HiRes qw(sleep time);

use OrderTest;

our @EXPORT = qw(call call_all connection decoded fill_cart finish hold
                 is_problem is_seen order_id order_number order_now order_set
                 pages queries release reload second_nginx start wait_for_log
                 wait_until workers_of);

# the filter "eval" runs there

{
    package Test::Base::Filter;

    OrderTest->import;
    OrderClient->import;
}

my (%orders, @instances, $counting);
my $me = $$;


# --- the database


# order_id(NAME, buyer => 'buyer', product => 31, quantity => 1, status => S):
# the id of the file's order of that name, which is placed when it is first
# asked for; the status in "shop" is reached by the shortest way.
sub order_id     { return order(@_)->[0] }
sub order_number { return order(@_)->[1] }

my %way = (
    pending => [], confirmed => ['confirmed'],
    processing => ['confirmed', 'processing'],
    shipped => ['confirmed', 'processing', 'shipped'],
    delivered => ['confirmed', 'processing', 'shipped', 'delivered'],
    cancelled => ['cancelled'],
    returned => ['confirmed', 'processing', 'shipped', 'returned'],
);


sub order {
    my ($name, %how) = @_;

    return $orders{$name} if $orders{$name};

    my $user = user_id($how{buyer} // 'buyer');
    my $product = product_id($how{product} // 31);
    my $quantity = $how{quantity} // 1;

    my $order = [split /\|/, sql(
        "SELECT body::json->>'order_id', body::json->>'order_number'
           FROM api.place_order('$user', 'customer', NULL, NULL,
                    '[{\"product_id\": \"$product\",
                       \"quantity\": $quantity}]', 'card', NULL, NULL)")];

    order_set($order->[0], $_) for @{ $way{$how{status} // 'pending'} };

    return $orders{$name} = $order;
}


# Places an order now, when nginx runs, and sees to it that the change feed
# has passed it: its first poll is a miss, the next ones are hits.
sub order_now {
    my $id = order_id(@_);
    my $read = queries('feed_read');

    sql('SELECT api.ring()');
    wait_until(sub { queries('feed_read') > $read + 1 })
        or die "the change feed does not read\n";

    return $id;
}


# A change that somebody makes in psql.
sub order_set {
    my ($id, $status) = @_;

    sql("UPDATE shop.orders SET status = '$status' WHERE id = '$id'");
}


# Somebody in psql who runs a statement and does not end the transaction: it
# keeps its locks until release().
sub hold {
    my $statement = shift;
    my $pid = open2(my $out, my $in, 'psql', '-XAqt', '-v', 'ON_ERROR_STOP=1',
                    '-h', OrderTest::start_database(), '-U', 'postgres',
                    '-d', database())
        or die "psql: $!\n";

    $in->autoflush(1);
    print $in "BEGIN; $statement; \\echo held\n";

    while (my $line = <$out>) {
        return [$pid, $in, $out] if $line eq "held\n";
    }

    die "psql failed: $statement\n";
}


sub release {
    my ($pid, $in, $out) = @{ $_[0] };

    print $in "ROLLBACK;\n";
    close $in;
    1 while <$out>;
    waitpid $pid, 0;
}


# How often the module has called a function of the database.
sub queries {
    my $function = shift;

    sql('SET client_min_messages = warning;
         CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public')
        if !$counting++;

    return sql("SELECT coalesce(sum(calls), 0)
                  FROM public.pg_stat_statements s
                  JOIN pg_database d ON d.oid = s.dbid
                  JOIN pg_roles r ON r.oid = s.userid
                 WHERE d.datname = current_database()
                   AND r.rolname = 'order_api'
                   AND s.query LIKE '%api.$function(%'");
}


# Waits for a line of nginx's log.
sub wait_for_log {
    my ($pattern, $seconds) = @_;

    return wait_until(sub {
        open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/error.log"
            or return 0;
        return scalar grep { /$pattern/ } <$in>;
    }, $seconds);
}


# --- requests


# call('GET /path', as => USER, headers => LINES, json => TEXT, form => TEXT,
# body => BYTES, on => CONNECTION, port => PORT): the answer, as code,
# headers (by lower-case name), raw and body.
sub call {
    my ($line, %how) = @_;
    my $socket = $how{on} // connection($how{port});

    put($socket, text($line, %how));

    return answer($socket, $line =~ /^HEAD /);
}


# Many requests at once, each [LINE, HOW ...] on its own connection; the
# answers in the same order.
sub call_all {
    my @sockets = map { my (undef, %how) = @$_; connection($how{port}) } @_;

    put($sockets[$_], text(@{ $_[$_] })) for 0 .. $#_;

    return map { answer($_) } @sockets;
}


# A request that is not waited for, and its answer.
sub start {
    my ($line, %how) = @_;
    my $socket = connection($how{port});

    put($socket, text($line, %how));

    return $socket;
}


sub finish { return answer(shift) }


# A list from its first page to its last, by Link: the pages.  KEY is the
# member that has the elements; a bare array has none.
sub pages {
    my ($path, $key, %how) = @_;
    my @pages;

    while (defined $path) {
        my $got = call("GET $path", %how);
        my $list = decoded($got);

        push @pages, defined $key ? $list->{$key} : $list;
        ($path) = ($got->{headers}{link} // '') =~ /^<(\S+)>; rel="next"$/;
        die "a list without an end\n" if @pages > 200;
    }

    return @pages;
}


# fill_cart(USER, '31', '32 x 2' ...): puts products into a cart.
sub fill_cart {
    my ($user, @items) = @_;

    for (@items) {
        my ($product, $quantity) = split / x /;
        my $got = call('POST /cart-items', as => $user, json =>
            '{"product_id":"' . product_id($product) . '","quantity":'
            . ($quantity // 1) . '}');

        die "not put into the cart: $got->{body}\n" if $got->{code} != 201;
    }
}


sub connection {
    my $port = shift // $ENV{TEST_NGINX_SERVER_PORT};

    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port,
                                 Timeout => 10)
        // die "cannot connect to $port: $!\n";
}


sub text {
    my ($line, %how) = @_;
    my @headers = ('Host: localhost');
    my $body = $how{json} // $how{form} // $how{body};

    push @headers, 'Connection: close' if !$how{on};
    push @headers, 'Authorization: Bearer ' . token($how{as}) if $how{as};
    push @headers, split /\n/, $how{headers} if defined $how{headers};
    push @headers, 'Content-Type: application/json' if defined $how{json};
    push @headers, 'Content-Type: application/x-www-form-urlencoded'
        if defined $how{form};
    push @headers, 'Content-Length: ' . length $body if defined $body;

    return join("\r\n", "$line HTTP/1.1", @headers) . "\r\n\r\n"
           . ($body // '');
}


sub put {
    my ($socket, $text) = @_;

    local $SIG{PIPE} = 'IGNORE';

    while (length $text) {
        my $n = syswrite $socket, $text or return;
        substr $text, 0, $n, '';
    }
}


# Reads one answer, no byte more.
sub answer {
    my ($socket, $head) = @_;
    my %answer = (code => 0, raw => '', headers => {}, body => '');

    $answer{raw} .= get($socket, 1) // return \%answer
        until $answer{raw} =~ /\r\n\r\n\z/;

    ($answer{code}) = $answer{raw} =~ m{^HTTP/1\.1 (\d+) };

    while ($answer{raw} =~ /^([^:\r\n]+):[ \t]*([^\r\n]*)\r\n/mg) {
        push @{ $answer{headers}{lc $1} }, $2;
    }

    $_ = join ', ', @$_ for values %{ $answer{headers} };

    my $length = $answer{headers}{'content-length'};

    $answer{body} = get($socket, $length) // ''
        if $length && !$head && $answer{code} != 304;

    return \%answer;
}


sub get {
    my ($socket, $length) = @_;
    my $text = '';

    while (length $text < $length) {
        IO::Select->new($socket)->can_read($ENV{TEST_NGINX_TIMEOUT})
            or return undef;
        sysread $socket, $text, $length - length $text, length $text
            or return undef;
    }

    return $text;
}


sub decoded {
    my $answer = shift;

    return eval { JSON::PP->new->decode($answer->{body}) } // {};
}


# A refusal: its status and its code, in the form that all have.
sub is_problem {
    my ($answer, $status, $code, $what) = @_;
    my $got = decoded($answer);

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return Test::More::is(
        join(' ', $answer->{code}, $answer->{headers}{'content-type'} // '',
             $got->{status} // '', $got->{code} // ''),
        "$status application/problem+json $status $code", $what);
}


# Every worker's poll shows this status and version: there are more polls at
# once than workers.
sub is_seen {
    my ($id, $user, $status, $version, $what) = @_;
    my @got = call_all(map { ["GET /api/order-status/$id", as => $user] }
                           1 .. 12);
    my %seen = map { ($_ => 1) } map {
        join ' ', $_->{code}, map { $_ // '-' }
                              @{ decoded($_) }{qw(status version)}
    } @got;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return Test::More::is(join(', ', sort keys %seen),
                          "200 $status $version",
                          $what // "all polls: $status");
}


# --- conditions, processes


# Tries until it is true; false when that takes too long.
sub wait_until {
    my ($condition, $seconds) = @_;
    my $end = time + ($seconds // 10);

    until ($condition->()) {
        return 0 if time > $end;
        sleep 0.02;
    }

    return 1;
}


sub master {
    my $root = shift // $ENV{TEST_NGINX_SERVROOT};

    open my $in, '<', "$root/logs/nginx.pid" or die "no nginx.pid: $!\n";
    chomp(my $pid = <$in>);

    return $pid;
}


sub workers_of {
    my $pid = shift // master();

    open my $in, '<', "/proc/$pid/task/$pid/children" or return;

    return split ' ', <$in> // '';
}


# Changes the configuration of the running nginx, as an editor would, and
# makes it read it; returns when all its workers are new ones.
sub reload {
    my $change = shift;
    my $path = "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf";

    open my $in, '<', $path or die "$path: $!\n";
    local $_ = do { local $/; <$in> };
    $change->();
    open my $out, '>', $path or die "$path: $!\n";
    print $out $_;
    close $out or die "$path: $!\n";

    my %old = map { $_ => 1 } workers_of();

    kill 'HUP', master();

    wait_until(sub {
        my @now = workers_of();
        return @now && !grep { $old{$_} } @now;
    }) or die "the old workers do not leave\n";
}


# A second nginx on the same database; the port it listens on.  "http" are
# directives for its "http" besides the common ones, "server" for its server.
sub second_nginx {
    my %how = @_;
    my $port = OrderTest::free_port();
    my $root = tempdir('order-nginx-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $module = $ENV{TEST_NGINX_LOAD_MODULES}
                 ? "load_module $ENV{TEST_NGINX_LOAD_MODULES};" : '';
    my $workers = $how{workers} // 2;
    my $http = $how{http} // '';
    my $server = $how{server} // '';

    chmod 0755, $root;
    make_path("$root/logs");

    my $temp = join "\n", map { "${_}_temp_path $root/${_}_temp;" }
                          qw(client_body proxy fastcgi uwsgi scgi);

    open my $out, '>', "$root/nginx.conf" or die $!;
    print $out $module, <<END, OrderTest::http_config(), <<END;
daemon off;
worker_processes $workers;
pid $root/logs/nginx.pid;
error_log $root/logs/error.log info;
events { }
http {
    access_log off;
    $temp
END
    $http
    server {
        listen 127.0.0.1:$port;
        location / { order_api; }
        $server
    }
}
END
    close $out;

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        exec $ENV{TEST_NGINX_BINARY} || 'nginx', '-e',
            "$root/logs/error.log", '-p', $root, '-c', "$root/nginx.conf"
            or POSIX::_exit(127);
    }

    push @instances, $pid;

    wait_until(sub { -s "$root/logs/nginx.pid" }) or die "no second nginx\n";

    return $port;
}


END {
    if ($$ == $me) {
        my $status = $?;

        for my $pid (@instances) {
            kill 'TERM', $pid;
            wait_until(sub { waitpid($pid, WNOHANG) == $pid }, 5)
                or kill 'KILL', $pid;
        }

        $? = $status;
    }
}

1;
