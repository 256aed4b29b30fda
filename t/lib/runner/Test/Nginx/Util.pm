# The nginx side of the small runner: settings, the configuration of a block,
# starting and stopping, logs.  See Socket.pm.

package Test::Nginx::Util;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Path qw(make_path remove_tree);
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Test::More ();
use Time::HiRes qw(sleep time);

use Exporter 'import';

our @EXPORT_OK = qw(
    add_block_preprocessor add_cleanup_handler add_test_cleanup_handler
    bail_out check_accum_error_log config_preamble env_to_nginx html_dir
    log_level master_off master_on master_process_enabled no_long_string
    no_root_location no_shuffle repeat_each server_addr server_name
    server_port server_port_for_client server_root timeout worker_connections
    workers
    expand log_lines nginx_run nginx_start nginx_stop nginx_version
    parse_time write_user_files
);

our $NginxBinary = $ENV{TEST_NGINX_BINARY} || $ENV{TEST_NGINX_NGINX_BINARY}
                   || 'nginx';
our $LoadModules = $ENV{TEST_NGINX_LOAD_MODULES};
our $LogLevel    = $ENV{TEST_NGINX_LOG_LEVEL} || 'debug';
our $Timeout     = $ENV{TEST_NGINX_TIMEOUT} || 3;
our $NoClean     = $ENV{TEST_NGINX_NO_CLEAN};
our $NoShuffle   = $ENV{TEST_NGINX_NO_SHUFFLE};
our $Verbose     = $ENV{TEST_NGINX_VERBOSE};
our $ForceRestart = $ENV{TEST_NGINX_FORCE_RESTART_ON_TEST} // 1;

our $ServerAddr  = '127.0.0.1';
our $ServerName  = 'localhost';
our $ServerPort  = $ENV{TEST_NGINX_SERVER_PORT} || $ENV{TEST_NGINX_PORT}
                   || 1984;
our $ServerPortForClient = $ENV{TEST_NGINX_CLIENT_PORT} || $ServerPort;

our $ServRoot = $ENV{TEST_NGINX_SERVROOT} || abs_path('.') . '/t/servroot';
our $LogDir   = "$ServRoot/logs";
our $HtmlDir  = "$ServRoot/html";
our $ConfDir  = "$ServRoot/conf";
our $ConfFile = "$ConfDir/nginx.conf";
our $PidFile  = "$LogDir/nginx.pid";
our $ErrLogFile = "$LogDir/error.log";
our $AccLogFile = "$LogDir/access.log";

$ENV{TEST_NGINX_SERVROOT} = $ServRoot;
$ENV{TEST_NGINX_SERVER_ROOT} = $ServRoot;
$ENV{TEST_NGINX_HTML_DIR} = $HtmlDir;
$ENV{TEST_NGINX_SERVER_PORT} = $ServerPort;

our $Workers = 1;
our $WorkerConnections = 64;
our $MasterProcess = $ENV{TEST_NGINX_MASTER_PROCESS} || 'off';
our $NoRootLocation;
our $RepeatEach = 1;
our $ConfigPreamble = '';
our $AccumErrorLog = $ENV{TEST_NGINX_CHECK_ACCUM_ERR_LOG};
our $RandPorts = {};
our $StartTimeout = 30;
our $BadEnd;

our (@EnvToNginx, @Preprocessors, @CleanupHandlers, @TestCleanupHandlers);

my %log_offset;
my $running;


# --- what a suite may set

sub repeat_each        { $RepeatEach = shift if @_; $RepeatEach }
sub timeout            { $Timeout = shift if @_; $Timeout }
sub workers            { $Workers = shift if @_; $Workers }
sub worker_connections { $WorkerConnections = shift if @_; $WorkerConnections }
sub log_level          { $LogLevel = shift if @_; $LogLevel }
sub server_addr        { $ServerAddr = shift if @_; $ServerAddr }
sub server_name        { $ServerName = shift if @_; $ServerName }
sub server_port        { $ServerPort = shift if @_; $ServerPort }
sub server_root        { $ServRoot }
sub html_dir           { $HtmlDir }
sub config_preamble    { $ConfigPreamble = shift }
sub env_to_nginx       { push @EnvToNginx, @_ }
sub master_on          { $MasterProcess = 'on' }
sub master_off         { $MasterProcess = 'off' }
sub no_shuffle         { $NoShuffle = 1 }
sub no_long_string     { }
sub no_root_location   { $NoRootLocation = 1 }
sub check_accum_error_log { $AccumErrorLog = 1 }

sub master_process_enabled {
    $MasterProcess = $_[0] ? 'on' : 'off' if @_;
    return $MasterProcess eq 'on';
}

sub server_port_for_client {
    $ServerPortForClient = shift if @_;
    return $ServerPortForClient;
}

sub add_block_preprocessor (&) { unshift @Preprocessors, shift }
sub add_cleanup_handler        { unshift @CleanupHandlers, shift }
sub add_test_cleanup_handler   { unshift @TestCleanupHandlers, shift }


sub bail_out {
    nginx_stop();
    Test::More::BAIL_OUT(join '', @_);
}


# "20ms", "2", "2s" to seconds
sub parse_time {
    my $text = shift;

    return undef if !defined $text;
    return $1 / 1000 if $text =~ /^\s*([\d.]+)\s*ms\s*$/;
    return $1 if $text =~ /^\s*([\d.]+)\s*s?\s*$/;

    bail_out("bad time: $text");
}


sub free_port {
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => $ServerAddr)
        or bail_out("no free port: $!");

    return $socket->sockport;
}


# $TEST_NGINX_* from the environment; $TEST_NGINX_RAND_PORT_n is a free port,
# the same one within a block.
sub expand {
    my $text = shift;

    return undef if !defined $text;

    $text =~ s{\$(TEST_NGINX_[_A-Z0-9]+)}{
        my $name = $1;
        $name =~ /_RAND_PORT_\d+$/ ? $RandPorts->{$name} ||= free_port()
                                   : $ENV{$name}
                                     // bail_out("\$$name is not set");
    }eg;

    return $text;
}


# --- files

sub write_file {
    my ($path, $text) = @_;

    make_path($1) if $path =~ m{(.*)/};

    open my $out, '>:raw', $path or bail_out("$path: $!");
    print $out $text;
    close $out or bail_out("$path: $!");
}


# Only what the runner made is removed, in case the path is somebody's.
sub new_server_root {
    remove_tree($LogDir, $HtmlDir, $ConfDir, glob("$ServRoot/*_temp"),
                glob("$ServRoot/*_cache"));
    make_path($LogDir, $HtmlDir, $ConfDir);

    write_file("$HtmlDir/index.html", '<html><head><title>It works!'
        . '</title></head><body>It works!</body></html>');
}


# ">>> name [date]", then the file
sub write_user_files {
    my $files = shift;

    return if !defined $files;

    if (!ref $files) {
        my @parts = split /^>>> (\S+)(?:[ \t]+(\S+))?[ \t]*\n/m, $files;

        shift @parts;
        $files = [];

        while (my ($name, $date, $body) = splice @parts, 0, 3) {
            push @$files, [$name, $body, $date];
        }
    }

    for my $file (@$files) {
        my ($name, $body, $date) = @$file;
        my $path = $name =~ m{^/} ? $name : "$HtmlDir/$name";

        write_file($path, expand($body // ''));

        local $ENV{TZ} = 'UTC';
        system('touch', '-t', $date, $path) if defined $date;
    }
}


sub write_config {
    my ($block, $config) = @_;

    my $modules = join '', map { "load_module $_;\n" }
                               split ' ', $LoadModules // '';
    my $env  = join '', map { "env '$_';\n" } @EnvToNginx;
    my $main = expand(scalar $block->main_config) // '';
    my $post = expand(scalar $block->post_main_config) // '';
    my $http = expand(scalar $block->http_config) // '';
    my $name = $block->server_name // $ServerName;
    my $level = $block->log_level // $LogLevel;

    my $temp = join '', map { "    ${_}_temp_path $ServRoot/${_}_temp;\n" }
                            grep { $http !~ /\b${_}_temp_path\b/ }
                            qw(client_body proxy fastcgi uwsgi scgi);

    my $root = $NoRootLocation ? '' : <<END;
        location / {
            root $HtmlDir;
            index index.html index.htm;
        }
END

    write_file($ConfFile, <<END);
$modules
worker_processes $Workers;
daemon off;
master_process $MasterProcess;
error_log $ErrLogFile $level;
pid $PidFile;
$env
$main

http {
    access_log $AccLogFile;
$temp
    default_type text/plain;
    keepalive_timeout 68s;

$http

    server {
        listen $ServerPort;
        server_name '$name';
        client_max_body_size 30M;

$ConfigPreamble
$config
$root
    }
}

$post

events {
    worker_connections $WorkerConnections;
}
END
}


# --- nginx itself

sub nginx_version {
    my ($version) = `'$NginxBinary' -v 2>&1` =~ m{/(\S+)};

    return $version // bail_out("cannot run $NginxBinary");
}


# Starts nginx with the block's configuration.  Its pid file tells that it
# listens.  Returns undef then, or the status with which it has left.  A port
# that its last user has not given up yet is waited for by nginx itself.
# "quiet": what it says on its standard error is expected.
sub nginx_run {
    my ($block, $config, $quiet) = @_;

    nginx_stop();
    new_server_root();
    write_config($block, $config);
    %log_offset = ();

    my $pid = fork // bail_out("fork: $!");

    if ($pid == 0) {
        open STDERR, '>', '/dev/null' if $quiet;
        # nginx does not outlive a suite that is killed
        exec 'setpriv', '--pdeathsig', 'TERM', $NginxBinary,
            '-e', $ErrLogFile, '-p', "$ServRoot/", '-c', $ConfFile
            or POSIX::_exit(127);
    }

    my $end = time + $StartTimeout;

    while (!-s $PidFile) {
        return $? if waitpid($pid, WNOHANG) == $pid;

        if (time > $end) {
            kill 'KILL', $pid;
            bail_out($block->name, ' - nginx does not start');
        }

        sleep 0.005;
    }

    $running = $pid;

    return undef;
}


sub nginx_start {
    my ($block, $config) = @_;
    my $status = nginx_run($block, $config);

    return if !defined $status;

    Test::More::diag(@{ log_lines($ErrLogFile) });
    bail_out($block->name, " - nginx left with status $status");
}


sub left {
    my ($pid, $seconds) = @_;
    my $end = time + $seconds;

    until (waitpid($pid, WNOHANG) == $pid) {
        return if time > $end;
        sleep 0.005;
    }

    return 1;
}


# A bad end, as one with a sanitizer's report, fails the suite.
sub nginx_stop {
    my $pid = $running;

    undef $running;

    return if !defined $pid;

    kill 'QUIT', $pid;

    if (!left($pid, $Timeout)) {
        Test::More::diag("nginx does not leave within $Timeout s");

        kill 'TERM', $pid;
        left($pid, 2) or kill 'KILL', $pid and left($pid, 2);
        $? = 0;
    }

    if ($? != 0) {
        Test::More::diag("nginx left with status $?, see $ErrLogFile");
        $BadEnd = 1;
    }
}


# The lines that came since the last call.  A request is logged after its
# connection was closed, hence the pause.
sub log_lines {
    my $file = shift;

    sleep $ENV{TEST_NGINX_SLEEP} // 0.03;

    open my $in, '<:raw', $file or return [];
    seek $in, $log_offset{$file} // 0, 0 if !$AccumErrorLog;

    my @lines = <$in>;

    $log_offset{$file} = tell $in;

    return \@lines;
}


END {
    my $status = $?;

    nginx_stop();
    $? = $status || ($BadEnd ? 1 : 0);
}

1;
