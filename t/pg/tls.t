# TLS to the database: certificates, sizes, nothing left in OpenSSL's queue.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use PG;
use Test::More;
use Time::HiRes qw(time sleep);

my ($FILL, $CALL, $SLOW) = (0, 1, 2);

my $pg = PG->cluster('main');
my $tls = "$PG::dir/tls";
my $who = "port=$PG::port user=postgres dbname=postgres";

sub run { PG::quietly(@_) == 0 or die "@_" }

sub ca {
    my ($name) = @_;
    run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj),
        "/CN=$name", '-keyout', "$tls/$name.key", '-out', "$tls/$name.crt");
}

mkdir $tls;
ca('ca');
ca('stranger');
run(qw(openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout),
    "$tls/server.key", '-out', "$tls/server.csr");
run(qw(openssl x509 -req -days 30 -CAcreateserial -in), "$tls/server.csr",
    '-CA', "$tls/ca.crt", '-CAkey', "$tls/ca.key", '-out',
    "$tls/server.crt");

for (qw(server.key server.crt)) {
    run('cp', "$tls/$_", "$pg->{dir}/$_");
    chown((stat $pg->{dir})[4, 5], "$pg->{dir}/$_");
    chmod 0600, "$pg->{dir}/$_";
}

$pg->configure(ssl => 'on');
$pg->stop;
$pg->start;

{
    my $n = PG::nginx("host=localhost hostaddr=127.0.0.1 $who "
                      . "sslmode=verify-full sslrootcert=$tls/ca.crt",
                      'conns=3');
    my $a = $n->query($CALL, 'select version from pg_stat_ssl
                              where pid = pg_backend_pid()');
    is "$a->{status} " . pack('H*', $a->{hex}), 'OK TLSv1.3',
       'verify-full: the right certificate is taken';

    my @bad;
    for my $size (1 .. 40, 8100 .. 8220, 16300 .. 16420, 32700 .. 32800,
                  65400 .. 65600, 81700 .. 82000, 98200 .. 98400)
    {
        my $a = $n->query($CALL, 'select repeat($1, $2)', 't:x', "t:$size");
        push @bad, $size if $a->{status} ne 'OK' || $a->{len} != $size;
        last if @bad > 3;
    }
    is "@bad", '', 'answers of all sizes arrive';

    my @ids = map { $n->send($FILL, 'select repeat($1, $2)', 't:x',
                             't:' . (4000 + $_ * 37)) } 1 .. 200;
    @bad = grep { $_->{status} ne 'OK' } $n->answers(@ids);
    is scalar @bad, 0, 'also through the pipeline';

    is $n->query($CALL, 'select repeat($1, 10000000)', 't:x')->{len}, 1e7,
       'and long ones';
    is hex $n->query($CALL, 'select length($1)', 't:' . 'y' x 200_000)
             ->{hex}, 200_000, 'a long parameter goes out';

    $n->say('open', 0);
    $n->event('event 0 READY');
    my $id = PG::Nginx::id();
    $n->say('stream', 0, $id, 20000,
            'copy (select g, repeat($$x$$, g % 300)
                   from generate_series(1, 100000) g)
             to stdout (format binary)');
    my $s = $n->answer($id);
    is "$s->{status} $s->{srows}", 'OK 100000', 'a stream arrives';

    $pg->sql("select pg_terminate_backend(pid) from pg_stat_activity
              where application_name = 'order test'");
    sleep 0.2;
    is $n->query($CALL, 'select 1')->{status}, 'OK',
       'lost sessions come back';

    my $took = $n->quit;
    ok $took < PG::limit(0.5), "an idle worker leaves at once ($took s)";
    unlike $n->log, qr/\[alert\]|\[crit\]|ignoring stale/, 'no alert';
}

for ([ "host=localhost hostaddr=127.0.0.1 $who sslmode=verify-full
        sslrootcert=$tls/stranger.crt", qr/certificate verify failed/,
       'a certificate of a strange authority' ],
     [ "host=127.0.0.1 $who sslmode=verify-full sslrootcert=$tls/ca.crt",
       qr/does not match host name/, 'a certificate of another name' ],
     [ "host=127.0.0.1 $who sslmode=verify-full sslrootcert=$tls/none.crt",
       qr/root certificate file .* does not exist/, 'no authority' ])
{
    my ($conninfo, $why, $title) = @$_;
    $conninfo =~ s/\n\s*/ /;
    my $n = PG::nginx($conninfo, 'conns=2');
    sleep 0.5;
    is $n->query($CALL, 'select 1')->{status}, 'DOWN', "$title is refused";
    like $n->log, $why, 'the log says why';
    $n->quit;
    unlike $n->log, qr/\[alert\]|\[crit\]|ignoring stale/, 'no alert';
}

{
    my $n = PG::nginx("host=127.0.0.1 $who", 'conns=2');
    my $a = $n->query($CALL, 'select ssl from pg_stat_ssl
                              where pid = pg_backend_pid()');
    is $a->{hex}, '01', 'TLS is preferred where it is offered';
    $pg->configure(ssl => 'off');
    $pg->stop;
    $pg->start;
    ok $n->well(PG::limit(5)), 'and done without where it is not';
}

# scram

{
    $pg->sql("set password_encryption = 'scram-sha-256';
              drop role if exists scram; create role scram login
              password 'quiet-please'");
    open my $in, '<', "$pg->{dir}/pg_hba.conf" or die $!;
    my $hba = do { local $/; <$in> };
    open my $out, '>', "$pg->{dir}/pg_hba.conf" or die $!;
    print $out "host all scram 127.0.0.1/32 scram-sha-256\n$hba";
    close $out;
    $pg->sql('select pg_reload_conf()');
    sleep 0.3;

    my $n = PG::nginx("host=127.0.0.1 port=$PG::port user=scram
        dbname=postgres" =~ s/\n\s*/ /r, 'conns=2 secret=quiet-please',
        level => 'debug');
    is $n->query($CALL, 'select 1')->{status}, 'OK', 'a password is sent';
    unlike $n->log, qr/quiet-please/, 'and not told in the log';
    undef $n;

    $n = PG::nginx("host=127.0.0.1 port=$PG::port user=scram
        dbname=postgres" =~ s/\n\s*/ /r, 'conns=2 secret=loud',
        level => 'debug');
    sleep 0.3;
    is $n->query($CALL, 'select 1')->{status}, 'DOWN',
       'a wrong password is refused';
    like $n->log, qr/password authentication failed/, 'as the log says';
    unlike $n->log, qr/loud/, 'without it';
    undef $n;

    open $out, '>', "$pg->{dir}/pg_hba.conf" or die $!;
    print $out $hba;
}

done_testing();
