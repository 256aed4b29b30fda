# A WebSocket whose bytes the test chooses, and what the server makes of them.
# Goes with OrderStream.

package OrderWs;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use JSON::PP ();
use Time::HiRes qw(time);

use OrderTest;
use OrderStream;

our @ISA = qw(OrderStream);
our @EXPORT = qw(bare bytes_of client reaction refused
                 TEXT BINARY CLOSE PING PONG);

use constant { TEXT => 1, BINARY => 2, CLOSE => 8, PING => 9, PONG => 10 };

my $run = abs_path(dirname(__FILE__) . '/..') . '/ws/run';
my $path = '/ws?subscribe=none';
my $fence = '{"type":"unsubscribe"}';


# A socket on which nothing comes by itself.
sub bare {
    my (%how) = @_;
    my $self = ws($how{path} // $path, as => 'buyer', mute => 1, %how);

    $self->{told} = [];

    return bless $self, __PACKAGE__;
}


# bytes_of(OPCODE, PAYLOAD, final => 0, mask => 0 without one, bits => RESERVED,
# length => what it claims, form => 7, 16 or 64 bits to say it in): its bytes
sub bytes_of {
    my ($opcode, $payload, %how) = @_;
    my $length = $how{length} // length $payload;
    my $form = $how{form} // ($length < 126 ? 7 : $length < 65536 ? 16 : 64);
    my $masked = ($how{mask} // 1) ? 0x80 : 0;
    my $mask = pack 'N', 0x37fa213d;
    my $head = pack 'C', $opcode | (($how{final} // 1) ? 0x80 : 0)
                         | (($how{bits} // 0) << 4);

    $head .= $form == 7 ? pack 'C', $masked | $length
             : $form == 16 ? pack 'Cn', $masked | 126, $length
             : pack 'CQ>', $masked | 127, $length;

    return $head . $payload if !$masked;

    return $head . $mask
           . ("$payload" ^ substr $mask x (1 + length($payload) / 4), 0,
                                length $payload);
}


# What comes, in its order.
sub framed {
    my ($self, $opcode, $final, $payload) = @_;
    my $told = $self->{told};

    if ($opcode == TEXT) {
        my $data = eval { JSON::PP->new->decode($payload) } // {};

        push @$told, join ' ', grep { defined } @$data{qw(type code)};

    } elsif ($opcode == CLOSE) {
        push @$told, 'close' . (length $payload < 2 ? ''
                                : ' ' . unpack 'n', $payload);

    } elsif ($opcode == PONG) {
        push @$told, 'PONG' . (length $payload > 20
                               ? ' of ' . length $payload
                               : length $payload ? " $payload" : '');
    }

    return $self->SUPER::framed($opcode, $final, $payload);
}


# What the server does with these bytes, sent at once and byte by byte: what
# it tells, and "gone" when the connection has ended.
sub reaction {
    my ($bytes, %how) = @_;
    my $whole = react($bytes, %how);

    return $whole if $how{whole} || length $bytes > 5000;

    my $parts = react($bytes, %how, bytes => 1);

    return $whole eq $parts ? $whole : "$whole; byte by byte: $parts";
}


# A message that is answered by an error comes behind: what is told before
# that is all.
sub react {
    my ($bytes, %how) = @_;
    my $self = $how{on} // bare();

    return "not opened: $self->{code}" if $self->{code} != 101;

    $bytes .= bytes_of(TEXT, $fence);

    if ($how{bytes}) {
        for (split //, $bytes) {
            $self->put($_) or last;
        }

    } else {
        $self->put($bytes);
    }

    my $end = time + $ENV{TEST_NGINX_TIMEOUT};
    my $told = $self->{told};

    until (@$told && $told->[-1] =~ /NOT_SUBSCRIBED|^close/
           || $self->{closed})
    {
        last if time > $end;
        $self->pump($end - time);
    }

    return join ', ', splice @$told, 0, -1
        if @$told && $told->[-1] =~ /NOT_SUBSCRIBED/;

    # the client has nothing more to say: the server need not wait for it
    $self->half_close;
    push @$told, $self->over ? 'gone' : 'there';
    push @$told, 'bytes behind it' if length $self->{text};

    return join ', ', @$told;
}


# refused(HEADERS, HOW ...): the status of a handshake, and the problem's
# code; without "handshake" these come behind the usual headers.
sub refused {
    my ($headers, %how) = @_;
    my $self = ws($how{path} // $path, headers => $headers, %how);
    my $body = eval { JSON::PP->new->decode($self->{body}) } // {};

    return join ' ', $self->{code}, $body->{code} // ();
}


# client(path => PATH, tls => PORT): what a client that is not ours finds
# wrong; see t/ws/run.
sub client {
    my (%how) = @_;
    my $port = $how{tls} // $ENV{TEST_NGINX_SERVER_PORT};
    my $url = ($how{tls} ? 'wss' : 'ws') . "://127.0.0.1:$port"
              . ($how{path} // $path);

    local $ENV{ORDER_TOKEN} = token('buyer');

    return scalar `'$run' '$url' 2>&1`;
}

1;
