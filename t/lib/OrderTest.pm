# What the suites share.  A suite opens with
#
#     use lib 't/lib';
#     use OrderTest;
#     use Test::Nginx::Socket;
#
# Test::Nginx::Socket is the real one where it is installed, else the runner
# in t/lib/runner.  Each file gets a port, a server root and a database of its
# own, so that files run in parallel; what is made here is removed at the end.
#
# Sections that blocks may use beside those of Test::Nginx:
#
#     as           user or users of the requests: buyer, seller, admin, ...,
#                  whose token goes into the headers; "-" for none
#     order        more directives for the server's "http", after the common
#                  ones; "order off" leaves the common ones out
#     problem      what is expected of each request, a line for one: the
#                  status, the problem's code, and an expression that the
#                  body matches behind it; the status alone where all is well
#     play         Perl that makes requests itself, with OrderClient, while
#                  nginx runs; the block's own request is "GET /" then
#     cold         do not wait until the open orders have been loaded
#
# A block without "config" gets the API at its paths.  A block that names
# nothing about it in no_error_log or error_log may log nothing from [error]
# up; that is one test for each request.

package OrderTest;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;

use OrderToken;
use OrderWebhook;

our @EXPORT = qw(token user_id new_user store_id product_id sql database
                 webhook);
our @EXPORT_OK = qw(conninfo free_port http_config key_dir move_database
                    set_http_config shell start_database);

# the demo's users, by the first part of their address; [number, role]
my %users = (
    buyer   => ['01', 'customer'],
    buyer2  => ['02', 'customer'],
    seller  => ['03', 'manager'],
    manager => ['04', 'manager'],
    market  => ['05', 'manager'],
    cart    => ['06', 'manager'],
    driver  => ['07', 'driver'],
    driver2 => ['08', 'driver'],
    admin   => ['09', 'admin'],
);

my ($top, $work, $dir, $started, $database, $http_config);
my $me = $$;


sub free_port {
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
        or die "no free port: $!\n";

    return $socket->sockport;
}


BEGIN {
    # after all others, so that an installed one comes first
    push @INC, dirname(__FILE__) . '/runner';

    $top = abs_path(dirname(__FILE__) . '/../..');
    $work = tempdir('order-test-XXXXXX', TMPDIR => 1);
    chmod 0755, $work;

    # a suite that hangs fails; one that is stopped tidies up
    $SIG{ALRM} = sub { die "the suite took too long\n" };
    $SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
    alarm($ENV{ORDER_TEST_ALARM} || 400);

    $ENV{TEST_NGINX_SERVER_PORT} ||= free_port();
    $ENV{TEST_NGINX_SERVROOT} ||= "$work/servroot";
    $ENV{TEST_NGINX_TIMEOUT} ||= 10;
    $ENV{TEST_NGINX_LOAD_MODULES} //= "$top/build/ngx_http_order_module.so"
        if !$ENV{TEST_NGINX_BINARY};
}


# --- the database


# The directory of the PostgreSQL that the tests use: scripts/test names it,
# or it is started here.
sub start_database {
    return $dir if defined $dir;

    if (defined $ENV{ORDER_TEST_DB}) {
        return $dir = $ENV{ORDER_TEST_DB};
    }

    $dir = "$work/db";
    shell('test_database_start "$1"', $dir);
    $started = 1;

    return $dir;
}


# From here on the database is in the PostgreSQL of that directory; in none:
# it was stopped, and there is nothing to tidy up.
sub move_database {
    $dir = shift;
}


# Runs a function of scripts/common.sh.
sub shell {
    my ($command, @args) = @_;

    system('bash', '-euc', ". '$top/scripts/common.sh'; $command", $0,
           @args) == 0
        or die "$command failed\n";
}


# The name of this file's database: the schema with the demo's data, a copy of
# the template.
sub database {
    return $database if defined $database;

    start_database();
    $database = "test_$$";
    psql('postgres', "CREATE DATABASE $database TEMPLATE shop");

    return $database;
}


sub psql {
    my ($name, $statement) = @_;

    open my $out, '-|', 'psql', '-XAqt', '-v', 'ON_ERROR_STOP=1',
        '-h', $dir, '-U', 'postgres', '-d', $name, '-c', $statement
        or die "psql: $!\n";
    my $text = do { local $/; <$out> };
    close $out or die "psql failed: $statement\n";

    $text =~ s/\n\z// if defined $text;

    return $text;
}


# Runs a statement as the superuser in this file's database; what it answers,
# columns parted by "|".
sub sql {
    return psql(database(), shift);
}


# How the module logs in: over the socket, as who it runs as.
sub conninfo {
    my $name = database();

    return "host=$dir port=5432 dbname=$name user=order_api";
}


# --- users and their tokens


sub user_id {
    my $name = shift;
    my $user = $users{$name} or die "no such user: $name\n";

    return "00000000-0000-7000-8000-0000000001$user->[0]";
}


# A user more, NAME@example.com, of whom nobody knows yet; the id.
sub new_user {
    my ($name, $role) = @_;

    $users{$name} = [sprintf('%02d', 1 + keys %users), $role // 'customer'];
    sql("INSERT INTO shop.users (id, email, first_name, last_name, role)
         VALUES ('" . user_id($name) . "', '$name\@example.com',
                 '\u$name', 'New', '$users{$name}[1]')");

    return user_id($name);
}


sub store_id {
    return '00000000-0000-7000-8000-0000000002' . sprintf '%02d', shift;
}


sub product_id {
    return '00000000-0000-7000-8000-0000000003' . sprintf '%02d', shift;
}


sub key_dir {
    return start_database() . '/keys';
}


# A token for one of the demo's users, an hour unless told otherwise.
sub token {
    my ($name, $seconds) = @_;

    return OrderToken::sign(key_dir() . '/hs256.key', 'demo', user_id($name),
                            $users{$name}[1], $seconds // 3600);
}


# The headers of a webhook from that source, signed by its secret in the
# common directives; see OrderWebhook::headers() for the rest.
sub webhook {
    my ($source, $body, %how) = @_;

    return OrderWebhook::headers(key_dir() . "/$source.webhook", $body, %how);
}


# --- blocks


# The directives that every block has in its "http".
sub http_config {
    return $http_config if defined $http_config;

    my ($keys, $conninfo) = (key_dir(), conninfo());

    return $http_config = <<END;
    order_zone orders:4m tokens=1m;
    order_database "$conninfo" connections=4;
    order_jwt_key $keys/hs256.key alg=HS256 kid=demo;
    order_webhook_secret payment $keys/payment.webhook;
    order_webhook_secret escrow $keys/escrow.webhook;
    order_webhook_secret shipping $keys/shipping.webhook;
END
}


# Others for all blocks of this file.
sub set_http_config {
    $http_config = shift;
}


my $config = <<'END';
    location ~ ^/(api|orders|cart-items|seller|ws)(/|$) {
        order_api;
    }
END


sub prepare {
    my $block = shift;
    my $order = $block->order // '';
    my $http = $block->http_config // '';

    if ($order !~ /^\s*off\s*$/) {
        $block->set_value(http_config => http_config() . $order . $http);
    }

    if (!defined $block->config) {
        $block->set_value(config => $config);
    }

    if (!defined $block->no_error_log && !defined $block->error_log
        && !defined $block->must_die)
    {
        $block->set_value(no_error_log =>
                          qr/\[(?:error|crit|alert|emerg)\]/);
    }

    add_tokens($block, scalar $block->as) if defined $block->as;
    add_problems($block, scalar $block->problem) if defined $block->problem;
    add_play($block, scalar $block->play) if defined $block->play;
}


my @plays;


# A play that dies is a test that fails, and not the end of all.
sub add_play {
    my ($block, $text) = @_;

    push @plays, [$block->name, $text, defined $block->cold];

    $block->set_value(init => "OrderTest::play($#plays)");
    $block->set_value(request => 'GET /') if !defined $block->request;
}


sub play {
    my ($name, $text, $cold) = @{ $plays[shift] };

    OrderClient::wait_for_log('open orders were loaded') if !$cold;

    eval qq{package main; use strict; use warnings;\n#line 1 "$name"\n$text;1}
        or Test::More::fail("$name - $@");
}


sub add_problems {
    my ($block, $text) = @_;
    my (@codes, @types, @bodies);

    for (split /\n/, $text) {
        my ($status, $code, $rest) = /^\s*(\d+)(?:\s+(\S+)(?:\s+(.*?))?)?\s*$/
            or die "bad problem: $_\n";

        push @codes, $status;
        push @types, defined $code ? 'Content-Type: application/problem\+json'
                                   : '';
        push @bodies, !defined $code ? '' :
            sprintf '^%s\{"type":"urn:order:problem:%s","title":"[^"]+",'
                . '"status":%s,"code":"%s","message":"[^"].*",'
                . '"canRetry":(?:true|false),"suggestedAction":"[^"]+".*\}$',
                defined $rest ? "(?=.*$rest)" : '', $code, $status, $code;
    }

    my $all = sub { @_ > 1 ? [@_] : $_[0] };

    $block->set_value(error_code => $all->(@codes));
    $block->set_value(response_headers_like => $all->(@types))
        if !defined $block->response_headers_like;
    $block->set_value(response_body_like => $all->(@bodies))
        if !defined $block->response_body_like;
}


sub add_tokens {
    my ($block, $as) = @_;
    my $headers = $block->more_headers // '';

    my $with = sub {
        my ($text, $user) = @_;

        $user =~ s/^\s+|\s+$//g;
        return $text if $user eq '-';

        $text .= "\n" if length $text && $text !~ /\n\z/;
        return $text . 'Authorization: Bearer ' . token($user) . "\n";
    };

    if (!ref $as && !ref $headers) {
        $block->set_value(more_headers => $with->($headers, $as));
        return;
    }

    my $count = @{ ref $as ? $as : $headers };

    $block->set_value(more_headers => [
        map { $with->(ref $headers ? $headers->[$_] // '' : $headers,
                      ref $as ? $as->[$_] : $as) } 0 .. $count - 1
    ]);
}


require OrderClient;
require Test::Nginx::Socket;

Test::Nginx::Util::add_block_preprocessor(\&prepare);
Test::Nginx::Util::worker_connections(256);
Test::Nginx::Util::no_long_string();


END {
    if ($$ == $me) {
        my $status = $?;

        Test::Nginx::Util::nginx_stop()
            if defined &Test::Nginx::Util::nginx_stop;

        if (defined $database && defined $dir) {
            eval { psql('postgres', "DROP DATABASE $database WITH (FORCE)") };
            warn $@ if $@;
        }

        shell('pg_stop "$1" immediate', $dir) if $started && defined $dir;
        remove_tree($work) if !$ENV{TEST_NGINX_NO_CLEAN};
        $? = $status;
    }
}

1;
