# A client of streams: Server-Sent Events and WebSocket over plain sockets,
# with Perl's core modules only.
#
#     my $stream = sse('/api/events', as => 'buyer');
#     my $socket = ws('/ws', as => 'buyer', protocols => ['order.v1']);
#
# What came is kept in the order in which it came; next() hands out one after
# the other, and waits for it.  That nothing comes is shown by a fence, a
# change that is made on purpose: before() tells what came ahead of it.
#
# Of an answer that is no stream it has code, headers, raw and body, as
# OrderClient's call() has them.

package OrderStream;

use strict;
use warnings;

use Digest::SHA qw(sha1_base64);
use Errno;
use Exporter 'import';
use IO::Handle;
use IO::Select;
use JSON::PP ();
use POSIX ();
use Socket;
use Time::HiRes qw(time);

use OrderClient;
use OrderTest;

our @EXPORT = qw(brief order_live sse touch ws);

my $json = JSON::PP->new;

# of frames of a WebSocket

my %opcodes = (more => 0, text => 1, binary => 2, close => 8, ping => 9,
               pong => 10);


# --- opening

# Both take: as => USER or token => TEXT, headers => LINES, port => PORT,
# tls => 1, server => NAME that is asked for, buffer => BYTES that the system
# keeps for what was not read, nowait => 1 not to wait for the head of the
# answer.


# sse(PATH, last => ID, version => '1.0', http2 => 1, method => 'POST')
sub sse {
    my ($path, %how) = @_;
    my $self = make('sse', %how, path => $path);

    return $self->by_curl($path) if $how{http2};

    return $self->ask($path, defined $how{last}
                             ? "Last-Event-ID: $how{last}" : ());
}


# ws(PATH, protocols => [NAME ...], handshake => LINES instead of the usual,
# mute => 1 to answer neither a ping nor a close)
sub ws {
    my ($path, %how) = @_;
    my $self = make('ws', %how);
    my $names = join ', ', @{ $how{protocols} // [] };

    return $self->ask($path,
        defined $how{handshake} ? split /\n/, $how{handshake} : (
            'Upgrade: websocket', 'Connection: Upgrade',
            'Sec-WebSocket-Version: 13',
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='),
        length $names ? "Sec-WebSocket-Protocol: $names" : ());
}


sub make {
    my ($kind, %how) = @_;
    my $bearer = $how{token} // ($how{as} ? token($how{as}) : undef);

    return bless {
        version => '1.1', method => 'GET', %how, kind => $kind,
        port => $how{port} // $ENV{TEST_NGINX_SERVER_PORT},
        lines => [
            defined $bearer ? "Authorization: Bearer $bearer" : (),
            defined $how{headers} ? split /\n/, $how{headers} : ()],
        code => 0, raw => '', headers => {}, body => '', in => '', text => '',
        events => [], beats => 0, pings => 0, pongs => [],
    };
}


sub ask {
    my ($self, $path, @lines) = @_;

    $self->{tls} ? $self->by_openssl
                 : ($self->{socket} = dial(@$self{qw(port buffer)}));
    $self->put(join("\r\n", "$self->{method} $path HTTP/$self->{version}",
                    'Host: ' . ($self->{server} // 'localhost'),
                    @{ $self->{lines} }, @lines)
               . "\r\n\r\n");
    $self->head if !$self->{nowait};

    return $self;
}


sub dial {
    my ($port, $buffer) = @_;

    socket my $socket, PF_INET, SOCK_STREAM, 0 or die "socket: $!\n";

    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, $buffer
        if defined $buffer;
    connect $socket, sockaddr_in($port, INADDR_LOOPBACK)
        or die "cannot connect to $port: $!\n";
    binmode $socket;

    return $socket;
}


# openssl speaks TLS.
sub by_openssl {
    my $self = shift;

    socketpair $self->{socket}, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC
        or die "socketpair: $!\n";

    $self->{pid} = fork // die "fork: $!\n";

    if ($self->{pid} == 0) {
        open STDIN, '<&', $its;
        open STDOUT, '>&', $its;
        open STDERR, '>', '/dev/null';
        exec 'openssl', 's_client', '-quiet', '-connect',
            "127.0.0.1:$self->{port}",
            $self->{server} ? ('-servername', $self->{server}) : ()
            or POSIX::_exit(127);
    }
}


# curl speaks HTTP/2; what it prints is read as if it were the connection.
sub by_curl {
    my ($self, $path) = @_;
    my @last = defined $self->{last} ? ("Last-Event-ID: $self->{last}") : ();
    my @headers = map { ('-H', $_) } @{ $self->{lines} }, @last;

    $self->{pid} = open $self->{socket}, '-|', 'curl', '-sNi',
        $self->{tls} ? ('-k', '--http2') : '--http2-prior-knowledge',
        '-X', $self->{method}, @headers,
        ($self->{tls} ? 'https' : 'http') . "://127.0.0.1:$self->{port}$path"
        or die "curl: $!\n";
    $self->head;

    return $self;
}


# Waits for the head of the answer, and for the body where it is no stream.
sub head {
    my $self = shift;
    my $end = time + $ENV{TEST_NGINX_TIMEOUT};

    until ($self->{framing} && ($self->streams || $self->{ended})) {
        my $left = $end - time;

        last if $left <= 0 || $self->{closed};
        $self->pump($left);
    }

    return $self;
}


sub streams {
    my $self = shift;

    return $self->{framing} eq 'frames'
           || ($self->{headers}{'content-type'} // '')
              =~ m{^text/event-stream};
}


# --- reading


# What comes next, waited for so many seconds: event (its type), id, text,
# data (the text decoded), retry.  The event is "closed" when the stream has
# ended, "nothing" when nothing came in time.
sub next {
    my ($self, $seconds) = @_;
    my $end = time + ($seconds // $ENV{TEST_NGINX_TIMEOUT});

    until (@{ $self->{events} }) {
        my $left = $end - time;

        return { event => 'closed', data => {}, text => '' }
            if $self->{closed} || $self->{ended};
        return { event => 'nothing', data => {}, text => '' } if $left <= 0;
        $self->pump($left);
    }

    my $event = shift @{ $self->{events} };

    $event->{data} = eval { $json->decode($event->{text}) }
                     // { type => "no JSON: $event->{text}" };
    $event->{event} //= $event->{data}{type};
    $event->{id} //= $event->{data}{id};

    return $event;
}


# The next ones, in brief; until() reads on to the first that is like that.
sub told {
    my ($self, $count, $seconds) = @_;

    return join ', ', map { brief($self->next($seconds)) } 1 .. $count // 1;
}


sub until {
    my ($self, $like, $seconds) = @_;
    my @events;

    for ( ;; ) {
        push @events, $self->next($seconds);
        return @events if brief($events[-1]) =~ $like
                          || $events[-1]{event} =~ /^(?:closed|nothing)$/;
    }
}


# One event as a line: "order_status_update 3 confirmed".
sub brief {
    my $event = shift;
    my $data = $event->{data};
    my $order = $data->{order} // $data->{update} // {};
    my $state = $data->{state} // {};
    my @more = (
        $event->{event} =~ /^(?:snapshot|reset)$/
            ? @$state{qw(version status)} : @$order{qw(version status)},
        @$data{qw(code reason)},
        $data->{orders} ? 'of ' . @{ $data->{orders} } : undef,
        defined $data->{open} ? ($data->{open} ? 'open' : 'taken') : undef);

    return join ' ', $event->{event}, grep { defined } @more;
}


# Places an order as OrderClient's order_id() does, and waits until the worker
# has told of it: what is told from now on is newer.  Where there are several
# workers it is one of them.
sub order_live {
    my ($name, %how) = @_;
    my $stream = sse('/api/events', as => 'admin');

    $stream->next;

    my $id = order_id($name, %how);
    my $version = sql("SELECT version FROM shop.orders WHERE id = '$id'");
    my @told = $stream->until(qr/^order_status_update $version /);

    die "$name is not told of\n"
        if ($told[-1]{data}{order}{_id} // '') ne $id;

    return $id;
}


# Changes an order so many times, but not its status; the last version.
sub touch {
    my ($id, $times) = @_;

    $times //= 1;

    return sql("DO \$\$ BEGIN FOR n IN 1 .. $times LOOP
                   UPDATE shop.orders SET order_notes = n::text
                    WHERE id = '$id';
                END LOOP; END \$\$;
                SELECT version FROM shop.orders WHERE id = '$id'");
}


# Changes that order, and waits until this is told: what came before it, in
# brief; an empty text if nothing was to come.
sub before {
    my ($self, $id) = @_;
    my $version = touch($id);
    my @before;

    for ( ;; ) {
        my $event = $self->next;
        my $data = $event->{data};
        my $order = $data->{order} // $data->{update} // {};

        return join ', ', @before
            if ($order->{_id} // '') eq $id
               && ($order->{version} // 0) == $version;

        push @before, brief($event);
        return join ', ', @before
            if $event->{event} =~ /^(?:closed|nothing)$/;
    }
}


# Was it closed by the other side, within so many seconds?
sub over {
    my ($self, $seconds) = @_;
    my $end = time + ($seconds // $ENV{TEST_NGINX_TIMEOUT});

    until ($self->{closed}) {
        my $left = $end - time;

        return 0 if $left <= 0;
        $self->pump($left);
    }

    return 1;
}


# Waits for heartbeats, comments or pings, to be so many.
sub beats {
    my ($self, $count, $seconds) = @_;
    my $end = time + ($seconds // $ENV{TEST_NGINX_TIMEOUT});

    while ($self->{beats} + $self->{pings} < $count) {
        my $left = $end - time;

        return 0 if $left <= 0 || $self->{closed};
        $self->pump($left);
    }

    return 1;
}


# Reads what is there, and waits for it so many seconds; false if nothing
# came.
sub pump {
    my ($self, $seconds) = @_;

    return 0 if $self->{closed};

    IO::Select->new($self->{socket})->can_read($seconds) or return 0;

    my $n = sysread $self->{socket}, $self->{in}, 65536, length $self->{in};

    return 0 if !defined $n && $!{EINTR};

    $self->{closed} = time if !$n;
    $self->parse;

    return 1;
}


sub parse {
    my $self = shift;

    if (!$self->{framing}) {
        $self->parse_head or return;
    }

    if ($self->{framing} eq 'chunks') {
        $self->dechunk;

    } else {
        $self->{text} .= $self->{in};
        $self->{in} = '';
    }

    $self->{ended} = 1 if $self->{closed};

    if ($self->{framing} eq 'frames') {
        1 while !$self->{closing} && $self->frame;

    } elsif ($self->streams) {
        $self->lines;

    } else {
        $self->{body} = $self->{text};
        $self->{ended} = 1 if defined $self->{length}
                              && length $self->{text} >= $self->{length};
    }
}


sub parse_head {
    my $self = shift;

    return 0 if $self->{in} !~ s{^(HTTP/\S+ (\d+).*?\r\n\r\n)}{}s;

    @$self{qw(raw code)} = ($1, $2);

    while ($self->{raw} =~ /^([^:\r\n]+):[ \t]*([^\r\n]*)\r\n/mg) {
        push @{ $self->{headers}{lc $1} }, $2;
    }

    $_ = join ', ', @$_ for values %{ $self->{headers} };

    my $headers = $self->{headers};

    $self->{length} = $self->{code} =~ /^(?:204|304)$/
                      || $self->{method} eq 'HEAD'
                      ? 0 : $headers->{'content-length'};
    $self->{framing} = $self->{code} == 101 ? 'frames'
                       : ($headers->{'transfer-encoding'} // '') eq 'chunked'
                         && $self->{method} ne 'HEAD' ? 'chunks' : 'bytes';

    return 1;
}


# {chunk} is what is left of one; 0: the end of its line is to come.
sub dechunk {
    my $self = shift;

    for ( ;; ) {
        if (!defined $self->{chunk}) {
            $self->{in} =~ s/^([0-9a-fA-F]+)(?:;[^\r\n]*)?\r\n// or last;
            $self->{chunk} = hex $1;
            $self->{chunked_end} = 1 if $self->{chunk} == 0;
        }

        my $piece = substr $self->{in}, 0, $self->{chunk}, '';

        $self->{text} .= $piece;
        $self->{chunk} -= length $piece;

        last if $self->{chunk} || $self->{in} !~ s/^\r\n//;

        undef $self->{chunk};
        $self->{ended} = 1 if $self->{chunked_end};
    }
}


sub lines {
    my $self = shift;

    while ((my $end = index $self->{text}, "\n\n") >= 0) {
        my $block = substr $self->{text}, 0, $end + 2, '';
        my (%event, @data);

        for (split /\n/, $block) {
            my ($name, $value) = /^([^:]*)(?:: ?(.*))?$/;

            $self->{beats}++ if $name eq '' && /^:/;
            $self->{retry} = $event{retry} = $value if $name eq 'retry';
            $self->{last} = $event{id} = $value if $name eq 'id';
            $event{event} = $value if $name eq 'event';
            push @data, $value if $name eq 'data';
        }

        $event{text} = join "\n", @data;
        push @{ $self->{events} }, \%event if @data;
    }
}


# --- frames


# Takes one frame; false if there is none whole.
sub frame {
    my $self = shift;
    my $text = \$self->{text};

    return 0 if length $$text < 2;

    my ($first, $length) = unpack 'CC', $$text;
    my $start = 2;

    die "a frame of the server has a mask\n" if $length & 0x80;
    die "a frame of the server has reserved bits\n" if $first & 0x70;

    if ($length == 126) {
        $start = 4;
        return 0 if length $$text < $start;
        $length = unpack 'x2n', $$text;

    } elsif ($length == 127) {
        $start = 10;
        return 0 if length $$text < $start;
        $length = unpack 'x2Q>', $$text;
    }

    return 0 if length $$text < $start + $length;

    my $payload = substr substr($$text, 0, $start + $length, ''), $start;

    $self->framed($first & 0x0f, $first & 0x80, $payload);

    return 1;
}


sub framed {
    my ($self, $opcode, $final, $payload) = @_;

    if ($opcode == $opcodes{close}) {
        $self->{closing} = length $payload >= 2 ? unpack 'n', $payload : 1005;
        $self->{why} = length $payload > 2 ? substr $payload, 2 : '';
        $self->put_frame('close', substr $payload, 0, 2)
            if !$self->{mute} && !$self->{said_close}++;
        return;
    }

    if ($opcode == $opcodes{ping}) {
        $self->{pings}++;
        $self->put_frame('pong', $payload) if !$self->{mute};
        return;
    }

    if ($opcode == $opcodes{pong}) {
        push @{ $self->{pongs} }, $payload;
        return;
    }

    $self->{part} .= $payload;
    push @{ $self->{events} }, { text => delete $self->{part} } if $final;
}


# The code with which the other side closes; 0 if it does not.
sub close_code {
    my ($self, $seconds) = @_;

    $self->over($seconds);

    return $self->{closing} // 0;
}


# --- writing


# A message: a reference becomes JSON, text is sent as it is.
sub say {
    my ($self, $message) = @_;

    $self->put_frame('text', ref $message ? $json->encode($message)
                                          : $message);
}


# put_frame('text', PAYLOAD, more => 1 not the last part of a message, mask =>
# 0 without one, bits => RESERVED, length => what it claims)
sub put_frame {
    my ($self, $name, $payload, %how) = @_;
    my $length = $how{length} // length $payload;
    my $masked = ($how{mask} // 1) ? 0x80 : 0;
    my $first = ($opcodes{$name} // $name) | ($how{more} ? 0 : 0x80)
                | (($how{bits} // 0) << 4);
    my $head = $length < 126 ? pack('CC', $first, $masked | $length)
               : $length < 65536
               ? pack('CCn', $first, $masked | 126, $length)
               : pack('CCQ>', $first, $masked | 127, $length);

    $self->{said_close} = 1 if $name eq 'close';

    if ($masked) {
        my $mask = pack 'N', 1 + int rand 0xfffffffe;
        my $many = $mask x (length($payload) / 4 + 1);

        $payload ^= substr $many, 0, length $payload;
        $head .= $mask;
    }

    $self->put($head . $payload);
}


# Says good-bye as a client does, and tells the code that is answered.
sub leave {
    my ($self, $code) = @_;

    $self->put_frame('close', pack 'n', $code // 1000);

    return $self->close_code;
}


# Bytes as they are; false if the connection does not take them.
sub put {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';

    while (length $bytes) {
        my $n = syswrite $self->{socket}, $bytes or return 0;
        substr $bytes, 0, $n, '';
    }

    return 1;
}


# The client has nothing more to say, but listens.
sub half_close {
    my $self = shift;

    shutdown $self->{socket}, SHUT_WR;
}


# Goes away; "reset": without a FIN.
sub close {
    my ($self, $how) = @_;
    my $socket = delete $self->{socket} or return;

    kill 'TERM', $self->{pid} if $self->{pid};
    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0
        if ($how // '') eq 'reset';

    local ($?, $!);
    CORE::close($socket);
    waitpid $self->{pid}, 0 if $self->{pid};
    $self->{closed} //= time;
}


sub DESTROY {
    my $self = shift;

    $self->close;
}


# The headers with which it was accepted are as RFC 6455 wants them.
sub accepted {
    my $self = shift;
    my $headers = $self->{headers};
    my $accept = sha1_base64('dGhlIHNhbXBsZSBub25jZQ=='
                             . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11') . '=';

    return $self->{code} == 101
           && lc($headers->{upgrade} // '') eq 'websocket'
           && lc($headers->{connection} // '') eq 'upgrade'
           && ($headers->{'sec-websocket-accept'} // '') eq $accept;
}

1;
