# A small runner for suites that are written for Test::Nginx::Socket, taken
# where that is not installed.  It knows the sections that this project uses,
# and gives each the meaning and the number of tests that it has there:
#
#   nginx      config http_config main_config post_main_config user_files init
#              server_name log_level must_die
#   request    request pipelined_requests raw_request raw_request_middle_delay
#              more_headers timeout wait abort shutdown
#   answer     error_code error_code_like response_body response_body_like
#              response_body_unlike response_headers response_headers_like
#              raw_response_headers_like raw_response_headers_unlike
#              ignore_response
#   logs       error_log no_error_log grep_error_log grep_error_log_out
#              access_log no_access_log
#   otherwise  skip_eval skip_nginx todo; SKIP, ONLY, LAST and the filters are
#              Test::Base's
#
# A request has a connection of its own; HTTP/2 is not spoken.

package Test::Nginx::Socket;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use List::Util qw(shuffle);
use Test::Base ();
use Test::More ();
use Test::Nginx::Util ();
use Time::HiRes qw(sleep time);

our $VERSION = '0.01';
our @ISA = 'Test::Base';
our @EXPORT;

BEGIN {
    my @settings = qw(
        add_block_preprocessor add_cleanup_handler add_test_cleanup_handler
        bail_out check_accum_error_log config_preamble env_to_nginx html_dir
        log_level master_off master_on master_process_enabled no_long_string
        no_root_location no_shuffle repeat_each server_addr server_name
        server_port server_port_for_client server_root timeout
        worker_connections workers
    );

    Test::Nginx::Util->import(@settings, qw(
        expand log_lines nginx_run nginx_start nginx_stop nginx_version
        parse_time write_user_files
    ));

    @EXPORT = (qw(run_tests run_test), @settings);
}

my $last_config;


sub run_tests {
    my @blocks = Test::Base::blocks();

    @blocks = shuffle(@blocks) if !$Test::Nginx::Util::NoShuffle;

    for my $block (@blocks) {
        $_->($block) for @Test::Nginx::Util::Preprocessors;

        $block->set_value(name => "$0 " . $block->name);
        run_test($block);

        $_->($block) for @Test::Nginx::Util::TestCleanupHandlers;
    }

    nginx_stop();
    $_->() for @Test::Nginx::Util::CleanupHandlers;
}


sub run_test {
    my $block = shift;

    local $Test::Nginx::Util::RandPorts = {};

    if (my ($count, $why) = skipped($block)) {
        SKIP: {
            Test::More::skip($block->name . " - $why",
                             $count * repeat_each());
        }

        return;
    }

    my ($todo) = ($block->todo // '') =~ /^\s*(?:\d+\s*:)?\s*(.*?)\s*$/s;

    local $main::TODO = $todo if length $todo;

    if (defined $block->must_die) {
        test_must_die($block);
        return;
    }

    start($block);

    eval($block->init // '');
    bail_out($block->name, " - init failed: $@") if $@;

    test_requests($block, $_) for 0 .. repeat_each() - 1;
}


# "N: code" of skip_eval; "N: < 1.25.1" of skip_nginx.
sub skipped {
    my $block = shift;

    if (my $text = $block->skip_eval) {
        my ($count, $code) = $text =~ /^\s*(\d+)\s*:\s*(.*)/s
            or bail_out($block->name, " - bad skip_eval: $text");

        return ($count, 'skip_eval') if eval $code;
        bail_out($block->name, " - skip_eval failed: $@") if $@;
    }

    if (my $text = $block->skip_nginx) {
        my ($count, $op, $version) = $text
            =~ /^\s*(\d+)\s*:\s*([<>]=?|[!=]=)\s*([\d.]+)/
            or bail_out($block->name, " - bad skip_nginx: $text");
        my $order = number(nginx_version()) <=> number($version);

        return ($count, "nginx $op $version")
            if eval "$order $op 0";
    }

    return;
}


sub number {
    return sprintf '%d%03d%03d', (split(/\./, shift), 0, 0)[0 .. 2];
}


sub start {
    my $block = shift;
    my $config = expand(scalar $block->config);
    my $same = !defined $config;

    $config //= $last_config
        // bail_out($block->name, ' - no config, and none before it');

    if ($Test::Nginx::Util::ForceRestart || !$same) {
        nginx_start($block, $config);
    }

    $last_config = $config;
    write_user_files(scalar $block->user_files);
}


sub test_must_die {
    my $block = shift;
    my $name = $block->name;
    my $expected = $block->must_die;

    # nginx does not tidy up when it dies early
    local $ENV{ASAN_OPTIONS} = join ':', grep { defined && length }
                               $ENV{ASAN_OPTIONS}, 'detect_leaks=0';

    for (0 .. repeat_each() - 1) {
        my $status = nginx_run($block, expand(scalar $block->config) // '',
                               'quiet');

        if ($expected =~ /^\s*(\d+)\s*$/) {
            Test::More::is(defined $status ? $status >> 8 : 'it runs', $1,
                           "$name - exit code");

        } else {
            Test::More::ok($status && !($status & 127), "$name - dies");
        }

        check_logs($block, $_);
    }
}


# --- requests


sub test_requests {
    my ($block, $round) = @_;
    my ($requests, $many, $answers) = requests($block);
    my $index = 0;

    for my $request (@$requests) {
        my $raw = send_request($block, $request);

        for (1 .. $answers) {
            if (!defined $block->ignore_response) {
                my $answer = answer($block, \$raw,
                                    $request->{text}[0] =~ /^HEAD /);

                check_answer($block, $answer, $many ? $index : undef);
            }

            sleep $block->wait if $block->wait;

            check_logs($block, $round);
            $index++;
        }
    }
}


# The requests of a block, each with the pieces it is sent in; whether what is
# expected is a list; how many answers come on one connection.
sub requests {
    my $block = shift;
    my $raw = $block->raw_request;
    my $headers = $block->more_headers // '';

    return ([{ text => ref $raw ? $raw : [$raw] }], 0, 1) if defined $raw;

    if (my $list = $block->pipelined_requests) {
        my $text = join '', map {
            request_text($list->[$_], at($headers, $_),
                         $_ == $#$list ? 'close' : 'keep-alive')
        } 0 .. $#$list;

        return ([{ text => [$text] }], 1, scalar @$list);
    }

    my $request = $block->request
        // bail_out($block->name, ' - no request');

    my @list = ref $request ? @$request : $request;
    my @built = map {
        { text => [request_text($list[$_], at($headers, $_), 'close')] }
    } 0 .. $#list;

    return (\@built, @list > 1, 1);
}


sub at {
    my ($value, $index) = @_;

    return ref $value eq 'ARRAY' ? $value->[$index] : $value;
}


# "METHOD [url [version]]", then the body, as it goes over the wire.
sub request_text {
    my ($request, $more, $connection) = @_;

    $request =~ s/^(?:\s+|#[^\n]*\n)+//;

    my ($line, $body) = split /\n/, $request, 2;
    my ($method, $url, $version) = split ' ', $line // '';

    bail_out("no request line") if !defined $method;

    $body //= '';

    my @headers;

    for (split /\n+/, $more // bail_out('more_headers is too short')) {
        next if /^\s*#/;

        my ($name, $value) = split /:\s*/, $_, 2;

        push @headers, "$name: " . ($value // '');
    }

    my $given = join "\n", '', map { lc } @headers;

    unshift @headers, "Connection: $connection"
        if $given !~ /\nconnection:/;
    unshift @headers, 'Host: ' . server_name() if $given !~ /\nhost:/;

    if ($given !~ /\ntransfer-encoding: chunked|\ncontent-length:/
        && length $body)
    {
        $body =~ s/^\s+|\s+$//g;
        push @headers, 'Content-Length: ' . length $body;
    }

    return join("\r\n", join(' ', $method, $url // '/',
                             $version // 'HTTP/1.1'), @headers)
           . "\r\n\r\n$body";
}


# Sends the pieces and reads until nginx closes; what came.
sub send_request {
    my ($block, $request) = @_;
    my $timeout = parse_time(scalar $block->timeout) // timeout();
    my $delay = parse_time(scalar $block->raw_request_middle_delay) // 0;
    my @pieces = @{ $request->{text} };
    my $raw = '';

    local $SIG{PIPE} = 'IGNORE';

    my $socket = IO::Socket::INET->new(
        PeerAddr => server_addr(), PeerPort => server_port_for_client(),
        Timeout => $timeout);

    if (!$socket) {
        Test::More::diag($block->name, " - cannot connect: $!");
        return $raw;
    }

    while (@pieces) {
        my $piece = shift @pieces;

        while (length $piece) {
            my $sent = syswrite $socket, $piece or last;

            substr $piece, 0, $sent, '';
        }

        sleep $delay if @pieces && $delay;
    }

    shutdown $socket, $block->shutdown if defined $block->shutdown;

    my $select = IO::Select->new($socket);
    my $end = time + $timeout;

    while (1) {
        my $left = $end - time;

        if ($left <= 0 || !$select->can_read($left)) {
            Test::More::diag($block->name, ' - timed out')
                if !defined $block->abort;
            last;
        }

        sysread $socket, $raw, 65536, length $raw or last;
    }

    close $socket;

    return $raw;
}


# Takes one answer off the front of what came: code, headers as they stood,
# each header's values, body.
sub answer {
    my ($block, $raw, $head) = @_;
    my %answer = (code => '', raw => '', headers => {}, body => '');

    return \%answer
        if $$raw !~ s{^(HTTP/1\.[01]\ (\d+)[^\r\n]*\r\n
                        (?:[^\r\n]+\r\n)*)\r\n}{}x;

    @answer{qw(raw code)} = ($1, $2);

    while ($answer{raw} =~ /^([^:\r\n]+):[ \t]*([^\r\n]*)\r\n/mg) {
        push @{ $answer{headers}{lc $1} }, $2;
    }

    my $length = header(\%answer, 'Content-Length');

    if ($answer{code} =~ /^(?:1..|204|304)$/ || $head) {
        return \%answer;

    } elsif ((header(\%answer, 'Transfer-Encoding') // '') eq 'chunked') {
        $answer{body} = dechunk($block, $raw);

    } elsif (defined $length) {
        Test::More::diag($block->name, ' - the body is truncated')
            if length $$raw < $length;
        $answer{body} = substr $$raw, 0, $length, '';

    } else {
        ($answer{body}, $$raw) = ($$raw, '');
    }

    return \%answer;
}


sub dechunk {
    my ($block, $raw) = @_;
    my $body = '';

    while ($$raw =~ s/^[ \t]*([0-9a-fA-F]+)[ \t]*(?:;[^\r\n]*)?\r\n//) {
        my $size = hex $1;

        if ($size == 0) {
            $$raw =~ s/^(?:[^\r\n]+\r\n)*\r\n// or last;
            return $body;
        }

        last if length $$raw < $size + 2;

        $body .= substr $$raw, 0, $size, '';
        $$raw =~ s/^\r\n// or last;
    }

    Test::More::fail($block->name . ' - the chunks of the body are broken');

    return $body;
}


sub header {
    my ($answer, $name) = @_;
    my $values = $answer->{headers}{lc $name};

    return $values ? join(', ', @$values) : undef;
}


# --- checks


# What is expected of the answer: of several, the one at the index.
sub expected {
    my ($block, $section, $index) = @_;
    my $value = $block->$section;

    return $value if ref $value ne 'ARRAY';
    return $value->[$index // 0];
}


sub check_answer {
    my ($block, $answer, $index) = @_;
    my $name = $block->name . (defined $index ? " - request $index" : '');

    for my $section (qw(error_code error_code_like response_body
                        response_body_like response_body_unlike
                        response_headers response_headers_like))
    {
        bail_out("$name - $section must be a list")
            if defined $index && defined $block->$section
               && ref scalar($block->$section) ne 'ARRAY';
    }

    if (defined $block->error_code_like) {
        my $like = expected($block, 'error_code_like', $index);

        Test::More::like($answer->{code}, qr/$like/sm, "$name - status");

    } else {
        Test::More::is($answer->{code},
                       expected($block, 'error_code', $index) // 200,
                       "$name - status");
    }

    check_raw_headers($block, $name, $answer, $index);
    check_headers($block, $name, $answer, $index);
    check_body($block, $name, $answer, $index);
}


sub check_raw_headers {
    my ($block, $name, $answer, $index) = @_;

    my $like = expected($block, 'raw_response_headers_like', $index);
    my $unlike = expected($block, 'raw_response_headers_unlike', $index);

    Test::More::like($answer->{raw}, qr/$like/s, "$name - raw headers")
        if defined $like;
    Test::More::unlike($answer->{raw}, qr/$unlike/s, "$name - raw headers")
        if defined $unlike;
}


sub check_headers {
    my ($block, $name, $answer, $index) = @_;
    my $is = expected($block, 'response_headers', $index);
    my $like = expected($block, 'response_headers_like', $index);

    for (grep { /\S/ } split /\n/, $is // $like // '') {
        my ($absent, $key, $value) = /^\s*(!?)\s*([^:\s]+)\s*:?\s*(.*?)\s*$/;
        my $got = header($answer, $key);

        if ($absent && defined $is) {
            Test::More::ok(!defined $got, "$name - no header $key")
                or Test::More::diag("$key: $got");

        } elsif (defined $is) {
            $value = ports($value);
            Test::More::is($got // '', $value, "$name - header $key");

        } else {
            Test::More::like($got // '', qr/^$value$/,
                             "$name - header $key");
        }
    }
}


sub check_body {
    my ($block, $name, $answer, $index) = @_;
    my $is = expected($block, 'response_body', $index);
    my $like = expected($block, 'response_body_like', $index);
    my $unlike = expected($block, 'response_body_unlike', $index);
    my $body = $answer->{body};

    if (ref $is) {
        Test::More::like($body, $is, "$name - body");

    } elsif (defined $is) {
        Test::More::is($body, expand(ports($is)), "$name - body");

    } elsif (defined $like) {
        $like = ports($like);
        Test::More::like($body, qr/$like/s, "$name - body");

    } elsif (defined $unlike) {
        $unlike = ports($unlike);
        Test::More::unlike($body, qr/$unlike/s, "$name - body");
    }
}


sub ports {
    my $text = shift;
    my $port = server_port();
    my $client = server_port_for_client();

    $text =~ s/\$ServerPort\b/$port/g;
    $text =~ s/\$ServerPortForClient\b/$client/g;

    return $text;
}


sub check_logs {
    my ($block, $round) = @_;
    my $name = $block->name;
    my $lines = log_lines($Test::Nginx::Util::ErrLogFile);

    if (defined $block->grep_error_log) {
        my $re = pattern(at(scalar $block->grep_error_log, $round));
        my $out = join '', map { /$re/ ? "$&\n" : () } @$lines;
        my $want = at(scalar $block->grep_error_log_out, $round) // '';

        ref $want ? Test::More::like($out, $want, "$name - grep_error_log")
                  : Test::More::is($out, expand($want),
                                   "$name - grep_error_log");
    }

    check_lines("$name - error_log", $lines, scalar $block->error_log, 1);
    check_lines("$name - no_error_log", $lines,
                scalar $block->no_error_log, 0);

    if (defined $block->access_log || defined $block->no_access_log) {
        my $access = log_lines($Test::Nginx::Util::AccLogFile);

        check_lines("$name - access_log", $access,
                    scalar $block->access_log, 1);
        check_lines("$name - no_access_log", $access,
                    scalar $block->no_access_log, 0);
    }
}


# Text is sought as it stands, one pattern a line; a qr// as an expression.
sub pattern {
    my $pattern = shift;

    return ref $pattern ? $pattern : qr/\Q$pattern\E/;
}


sub check_lines {
    my ($name, $lines, $patterns, $wanted) = @_;

    return if !defined $patterns;

    $patterns = [ref $patterns ? $patterns : split /\n+/, $patterns]
        if ref $patterns ne 'ARRAY';

    for my $pattern (grep { defined } @$patterns) {
        my $re = pattern($pattern);
        my @found = grep { /$re/ } @$lines;

        if ($wanted) {
            Test::More::ok(@found > 0, "$name: \"$pattern\" is there");

        } else {
            Test::More::ok(@found == 0, "$name: \"$pattern\" is not there")
                or Test::More::diag(@found[0 .. ($#found > 9 ? 9 : $#found)]);
        }
    }
}

1;
