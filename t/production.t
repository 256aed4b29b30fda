# conf/production.conf, as it stands: only names, addresses, ports and paths
# are others.  Each of its claims is tried on a running nginx.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderStream;
use Test::More;

use File::Find qw(find);
use File::Path qw(make_path remove_tree);
use IPC::Open3 qw(open3);
use POSIX ();

my $me = $$;
my $root = File::Temp::tempdir('order-production-XXXXXX', TMPDIR => 1,
                               CLEANUP => 1);
my $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $module = $ENV{TEST_NGINX_LOAD_MODULES} // '';
my $keys = OrderTest::key_dir();
my $name = 'shop.example.com';
my ($tls, $plain, $inner) = map { OrderTest::free_port() } 1 .. 3;
my $nginx;

files();
write_file('nginx.conf', configuration());

my @nginx = ($binary, '-e', "$root/logs/error.log", '-p', $root,
             '-c', "$root/nginx.conf");


# --- its surroundings


sub write_file {
    my ($path, $text) = @_;

    open my $out, '>', "$root/$path" or die "$root/$path: $!\n";
    print $out $text;
    close $out or die "$root/$path: $!\n";
}


sub read_file {
    my $path = shift;

    open my $in, '<', $path or die "$path: $!\n";
    local $/;

    return scalar <$in>;
}


# What the configuration refers to.
sub files {
    make_path(map { "$root/$_" }
              qw(keys logs modules-enabled acme/.well-known/acme-challenge));
    chmod 0755, $root;

    run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:P-256', '-nodes', '-days', 2, '-subj', "/CN=$name",
        '-addext', "subjectAltName=DNS:$name", '-keyout',
        "$root/keys/shop.key", '-out', "$root/keys/shop.crt");

    for ([es256 => '2026-11'], ['es256.pub' => '2026-08']) {
        write_file("keys/$_->[1].pem", read_file("$keys/$_->[0].pem"));
    }

    for (qw(payment.webhook shipping.webhook order_api.password)) {
        write_file("keys/$_", read_file("$keys/$_"));
    }

    write_file('keys/db-ca.pem', read_file("$root/keys/shop.crt"));
    write_file('modules-enabled/50-mod-http-order.conf',
               $module ? "load_module $module;\n" : '');
    write_file('acme/.well-known/acme-challenge/proof', 'is ours');
}


# The file, put in another place.
sub configuration {
    local $_ = read_file('conf/production.conf');
    my ($host) = OrderTest::conninfo() =~ /^(host=.*) user=/ or die;
    my $conf = Cwd::abs_path('conf');
    my $temp = join ' ', map { "${_}_temp_path $root/${_}_temp;" }
                         qw(client_body proxy fastcgi uwsgi scgi);

    s{\[::\]:(443|80)}{127.0.0.4:$1}g;
    s{listen (127\.0\.0\.4:)?443 }{'listen ' . ($1 // '') . "$tls "}ge;
    s{listen (127\.0\.0\.4:)?80 }{'listen ' . ($1 // '') . "$plain "}ge;
    s{listen 127\.0\.0\.1:9145}{listen 127.0.0.1:$inner};
    s{10\.0\.0\.0/28}{127.0.0.2/32};
    s{host=db1,db2 dbname=shop}{$host};
    s{/etc/nginx}{$root}g;
    s{/var/log/nginx}{$root/logs}g;
    s{/run/nginx\.pid}{$root/nginx.pid};
    s{/var/www}{$root};
    s{/usr/share/libnginx-mod-http-order}{$conf}g;
    s|^http \{\n|http {\n    $temp\n|m;
    s|^user www-data;\n||m if $> != 0;

    return $_;
}


# --- requests


# What a command prints; its exit status in $?.
sub run {
    my $pid = open3(my $in, my $out, undef, @_);

    close $in;
    my $text = do { local $/; <$out> };
    waitpid $pid, 0;

    return $text;
}


# As a browser asks for https://shop.example.com; "from" is its address.
sub ask {
    my ($url, %how) = @_;

    $url = "https://$name$url" if $url =~ m{^/};

    my $text = run('curl', '-sS', '-i', '-m', 60, '--cacert',
                   "$root/keys/shop.crt", '--interface',
                   $how{from} // '127.0.0.1',
                   map({ ('--connect-to', $_) } "$name:443:127.0.0.1:$tls",
                       "$name:80:127.0.0.1:$plain"),
                   $how{as} ? ('-H', "Authorization: Bearer $how{as}") : (),
                   @{ $how{curl} // [] }, $url);
    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my %headers;

    push @{ $headers{lc $1} }, $2
        while $head =~ /^([^:\r\n]+):[ ]?([^\r\n]*)/mg;
    my ($version, $code) = $head =~ m{^HTTP/(\S+) (\d+)};

    return { code => $code // 0, version => $version, body => $body // '',
             headers => { map { $_ => join ', ', @{ $headers{$_} } }
                          keys %headers }, said => $text };
}


# So many requests at once; what can be read is the status and Retry-After of
# each, and later its body is in many/.
sub start_many {
    my ($path, $times, %how) = @_;

    open my $out, '-|', 'curl', '--no-progress-meter', '-m', 120, '-Z',
        '--cacert', "$root/keys/shop.crt",
        '--interface', $how{from} // '127.0.0.1',
        '--connect-to', "$name:443:127.0.0.1:$tls",
        $how{as} ? ('-H', "Authorization: Bearer $how{as}") : (),
        @{ $how{curl} // [] }, '-w', '%{http_code} %header{retry-after}\n',
        '-o', "$root/many/#1", "https://$name$path#[1-$times]"
        or die "curl: $!\n";

    return $out;
}


# How many of hundreds were taken and refused, how many of these were told when
# to come back, and one of their bodies.
sub many {
    my ($path, %how) = @_;
    my ($taken, $refused, $later) = (0, 0, 0);

    remove_tree("$root/many");
    mkdir "$root/many";

    my $out = start_many($path, 400, %how);

    while (<$out>) {
        $taken++ if /^[24](?!29)/;
        $refused++ if /^429/;
        $later++ if /^429 1$/;
    }

    my ($body) = grep { /"status":429/ }
                 map { read_file($_) } glob "$root/many/*";

    return { taken => $taken, refused => $refused, later => $later,
             body => $body // '' };
}


sub sign_in {
    my $user = shift;
    my $got = ask('/api/auth/login', curl => ['--json',
        qq({"email":"$user\@example.com","password":"demo"}), @_]);

    return (decoded($got)->{token}, $got);
}


# A TLS client of its own mind; what it saw.
sub handshake {
    return run('openssl', 's_client', '-connect', "127.0.0.1:$tls", @_);
}


# --- the tests


# what is only read leaks, and that is no matter
my ($dump, $said) = do {
    local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
    map { run(@nginx, $_) } '-T', '-t';
};

is $?, 0, 'the configuration is good' or diag $said;
unlike $said, qr/\[(?:warn|error|alert|crit)\]/, 'nginx has no objection';

start_nginx();

sub start_nginx {
    $nginx = fork // die "fork: $!\n";

    if ($nginx == 0) {
        exec @nginx, '-g', "daemon off; error_log $root/logs/info.log info;"
            or POSIX::_exit(127);
    }

    wait_until(sub { logged(qr/open orders were loaded/) }, 60)
        or die "nginx does not start\n" . read_file("$root/logs/error.log");
}


sub logged {
    my ($pattern, $file) = @_;
    my $path = "$root/logs/" . ($file // 'error.log');

    return -e $path && read_file($path) =~ $pattern;
}


my $slow = connection($plain);

print $slow "GET / HTTP/1.1\r\nHost: $name\r\n";


# TLS

like handshake('-tls1_1', '-servername', $name, '-cipher',
               'DEFAULT@SECLEVEL=0'),
    qr/alert protocol version/, 'TLS 1.1 is refused';
like handshake('-tls1_2', '-servername', $name), qr/Protocol *: TLSv1\.2/,
    'TLS 1.2 is not';
like handshake('-tls1_3', '-servername', $name), qr/TLSv1\.3, Cipher is TLS_/,
    'nor is TLS 1.3';
like handshake('-tls1_2', '-servername', $name, '-cipher', 'AES128-SHA'),
    qr/alert handshake failure/, 'a cipher without forward secrecy is';
unlike handshake('-tls1_2', '-servername', $name),
    qr/TLS session ticket:/, 'no tickets';

run('openssl', 's_client', '-connect', "127.0.0.1:$tls", '-servername', $name,
    '-tls1_2', '-sess_out', "$root/session");
like handshake('-tls1_2', '-servername', $name, '-sess_in', "$root/session"),
    qr/^Reused, TLSv1\.2/m, 'a session is found again';

like handshake('-servername', 'other.example.com'),
    qr/alert number 112|unrecognized name/, 'another name has no certificate';
is ask('/', curl => ['-H', 'Host: other.example.com'])->{code}, 421,
    'and no answer';


# the main job, over HTTP/2

my ($buyer, $login) = sign_in('buyer');

is $login->{code}, 200, 'signed in';
like $login->{headers}{'set-cookie'}, qr/; HttpOnly; .*; Secure$/,
    'the cookie is for TLS only';

my ($other) = sign_in('buyer2');
my $order = decoded(ask('/api/place-order', as => $buyer, curl => [
    '--json', '{"payment_method":"card","items":[{"product_id":"'
              . product_id(31) . '","quantity":1}]}']))->{order_id};
my $poll = "/api/order-status/$order";
my $got;

wait_until(sub {
    $got = ask($poll, as => $buyer, curl => ['--http2']);
    return ($got->{headers}{'x-order-cache'} // '') eq 'HIT';
});
is "$got->{version} $got->{code} " . $got->{headers}{'x-order-cache'},
    '2 200 HIT', 'a poll over HTTP/2, from shared memory';
is decoded($got)->{order_id}, $order, 'tells of the order';
is $got->{headers}{server}, 'nginx', 'no version of nginx';
is ask($poll, as => $other)->{code}, 403, 'to nobody else';

my $page = ask('/my-orders');

is $page->{code}, 200, 'a page';
like $page->{headers}{'content-security-policy'}, qr/default-src 'none'/,
    'with its policy';
is $page->{headers}{'strict-transport-security'}, 'max-age=31536000', 'HSTS';
is ask('/none')->{headers}{'strict-transport-security'}, 'max-age=31536000',
    'also where there is nothing';


# plain HTTP

$got = ask("http://$name/my-orders?a=b");

is "$got->{code} $got->{headers}{location}",
    "308 https://$name/my-orders?a=b", 'plain HTTP is sent to TLS';
is ask("http://$name/", curl => ['-H', 'Host: evil.example'])
    ->{headers}{location}, "https://$name/", 'by our name';
is ask("http://$name/.well-known/acme-challenge/proof")->{body}, 'is ours',
    'but for what certificate authorities ask';


# metrics and health

my $inside = "http://127.0.0.1:$inner";

like ask("$inside/metrics")->{body}, qr/^nginx_order_polls_total\{/m, 'metrics';
is ask("$inside/live")->{code}, 200, 'nginx lives';
is ask("$inside/ready")->{code}, 200, 'and is ready';
is ask("$inside/metrics", from => '127.0.0.3')->{code}, 403,
    'for this machine only';
is ask($_)->{code}, 404, "no $_ on the server for all"
    for qw(/metrics /live /ready);


# push

my @how = (port => $tls, tls => 1, server => $name, token => $buyer);
my $stream = sse("/api/orders/$order/events", @how);
my $socket = ws('/ws', @how);

is $stream->{code}, 200, 'a stream';
is $socket->{code}, 101, 'a WebSocket';
$_->next for $stream, $socket;
order_set($order, 'confirmed');

for ([$stream, 'stream'], [$socket, 'WebSocket']) {
    like join(' ', map { $_->{text} }
                   $_->[0]->until(qr/confirmed/)), qr/"confirmed"/,
        "the $_->[1] tells of a change";
}

$_->close for $stream, $socket;


# who asks

ask('/?balanced', from => '127.0.0.2',
    curl => ['-H', 'X-Forwarded-For: 203.0.113.7, 198.51.100.9']);
ask('/?forged', curl => ['-H', 'X-Forwarded-For: 203.0.113.8']);

ok wait_until(sub { logged(qr{^\S+ .*/\?forged}m, 'order.log') }),
    'the log is written';
ok logged(qr{^198\.51\.100\.9 .*/\?balanced}m, 'order.log'),
    'a balancer is believed whom it speaks for';
ok logged(qr{^127\.0\.0\.1 .*/\?forged}m, 'order.log'), 'others are not';


# limits

# "other" may not see the order, and is told so as often as he may ask
my $count = many($poll, as => $buyer);

cmp_ok $count->{taken}, '>=', 40, 'a user may open a page';
cmp_ok $count->{refused}, '>', 0, 'one who asks too often gets 429';
is $count->{later}, $count->{refused}, 'is told when to come back';
is decoded($count)->{code}, 'TOO_MANY_REQUESTS', 'as all problems are told';
is ask($poll, as => $other)->{code}, 403,
    'another user of the same address is not limited';
is ask('/api/stores')->{code}, 200, 'nor are those who are nobody yet';

$count = many('/api/stores');
cmp_ok $count->{taken}, '>=', 40, 'strangers may look around';
cmp_ok $count->{refused}, '>', 0, 'not too often from one address';
is ask('/api/stores', from => '127.0.0.3')->{code}, 200,
    'which is none of the next one';
is ask($poll, as => $other)->{code}, 403, 'nor of the users behind it';

my ($seller) = sign_in('seller');
my $tag = ask($poll, as => $seller)->{headers}{etag};
my $limited = sub {
    logged(qr/limiting connections by zone "user_open"/, 'info.log');
};
my @waits;

for (1 .. 60) {
    push @waits, start_many("$poll?wait=60", 10, as => $seller,
                            curl => ['-H', "If-None-Match: $tag"]);
    last if wait_until($limited, 0.7);
}

order_set($order, 'processing');
is scalar(grep { /^200/ } map { my $out = $_; <$out> } @waits), 64,
    'a user may have so many polls that wait';

$count = many('/api/auth/login');
cmp_ok $count->{refused}, '>', 300, 'login is for fewer';

$count = many('/api/webhooks/payment', from => '127.0.0.3');
is $count->{refused}, 0, 'webhooks for more';


# what clients may cost

for (['--http1.1', 400], ['--http2', 0]) {
    my ($how, $code) = @$_;

    is ask('/', curl => [$how, '-H', 'X-Large: ' . 'x' x 20_000])->{code},
        $code, "a header that is too large, $how";
}

is ask('/api/place-order', as => $buyer, curl => ['--http1.1', '--json',
       '{"notes":"' . 'x' x 40_000 . '"}'])->{code}, 413, 'such a body';

my $rest = '';

1 while IO::Select->new($slow)->can_read(60) && sysread $slow, $rest, 512;
is $rest, '', 'who is slow at asking is cut off';

# a machine may give nobody that many files
my @errors = grep { !/setrlimit\(RLIMIT_NOFILE|too large body|by rule/ }
             read_file("$root/logs/error.log")
             =~ /^.*\[(?:error|crit|alert|emerg)\].*$/mg;

is "@errors", '', 'the log has no error';


# nothing in conf/ that no test loads

my %loaded = map { $_ => 1 }
             $dump =~ m{^# configuration file \S*/conf/(\S+):$}mg;
my $tests = join '', map { read_file($_) } glob('t/*.t t/*/run scripts/run'),
                                           'scripts/common.sh';

find({ no_chdir => 1, wanted => sub {
    return if !-f || m{^conf/(?:pages|debian)/};

    my ($file) = m{^conf/(.*)};

    ok $loaded{$file} || $tests =~ m{conf/\Q$file\E\b}, "$_ is used by a test";
} }, 'conf');

done_testing();


END {
    if ($$ == $me && $nginx) {
        my $status = $?;

        kill 'TERM', $nginx;
        waitpid $nginx, 0;
        $? = $status;
    }
}
