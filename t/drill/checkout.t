# Many check out the last items in stock at the same moment, some of them with
# the same Idempotency-Key.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use Test::More;

my $clients = scaled(100, 1000);
my $each = 20;                          # connections of a process
my $stock = $clients / 10;
my $product = product_id(36);

my $node = node(database => 'connections=4 queue=4096 queue_timeout=60s'
                            . ' timeout=60s');

sql("UPDATE shop.products SET stock = $stock WHERE id = '$product'");

my $begin = time + 2;

for my $process (0 .. $clients / $each - 1) {
    spawn('buyers', sub { buyers($process) });
}


# Sends all its requests at once.  Each quarter of the clients shares its
# keys with the quarter after it; the others have their own.
sub buyers {
    my $process = shift;
    my @clients = map { $node->client('buyer', timeout => 120) } 1 .. $each;
    my @answers;

    $_->attach for @clients;
    sleep max(0, $begin - time);

    my @keys = map {
        my $n = $process * $each + $_;
        $n >= $clients / 4 && $n < $clients / 2
            ? sprintf('key-%d', $n - $clients / 4) : "key-$n";
    } 0 .. $each - 1;

    for my $i (0 .. $each - 1) {
        syswrite $clients[$i]{socket}, $clients[$i]->text('POST',
            '/api/place-order', "Content-Type: application/json\r\n"
            . "Idempotency-Key: $keys[$i]\r\n", place_body(36, 1));
    }

    for my $i (0 .. $each - 1) {
        my $answer = $clients[$i]->answer;

        # the first with this key was not done yet
        while (($answer->{body} // '') =~ /IDEMPOTENCY_IN_PROGRESS/
               || ($answer->{status} // 0) == 503)
        {
            sleep 0.1;
            $answer = $clients[$i]->post('/api/place-order',
                                         place_body(36, 1), $keys[$i]);
        }

        push @answers, [$keys[$i], $answer->{status} // $answer->{error},
                        $answer->{body},
                        ($answer->{head} // '') =~ /^Idempotent-Replayed/mi];
    }

    return { answers => \@answers };
}


my @answers = map { @{ $_->{answers} // [] } } stop_all('wait');
is(scalar @answers, $clients, "all of $clients are answered");

my (%body, %status, $differ, $replays);

for my $answer (@answers) {
    my ($key, $status, $body, $replayed) = @$answer;

    $status{$status}++;
    $replays++ if $replayed;

    if ($status eq '201') {
        $differ++ if defined $body{$key} && $body{$key} ne $body;
        $body{$key} = $body;
    }
}

my @refused = grep { $_->[1] ne '201' } @answers;
is(scalar(grep { $_->[2] !~ /"INSUFFICIENT_INVENTORY"/ || $_->[1] ne '409' }
          @refused), 0,
   'who gets nothing is told 409 INSUFFICIENT_INVENTORY')
   or diag($refused[0][1], ' ', $refused[0][2]);
is($differ // 0, 0, 'the same key gets the same answer, byte for byte');
is(scalar keys %body, $stock, 'as many keys were served as were in stock');
is(sql("SELECT stock FROM shop.products WHERE id = '$product'"), 0,
   'the stock is 0');
is(sql("SELECT sum(quantity) FROM shop.order_items"
       . " WHERE product_id = '$product'"), $stock,
   'the items of all orders are what was in stock');
is(sql('SELECT count(*) FROM shop.orders'), $stock, 'one order a key');

my @ids = map { $body{$_} =~ /"order_id":"([^"]+)"/ } keys %body;
my $ids = join ',', map { "'$_'" } @ids;
is(sql("SELECT count(*) FROM shop.orders WHERE id IN ($ids)"), $stock,
   'every 201 is in the database');

# once more, all of them: the same answers

my $client = $node->client('buyer');
$differ = 0;

for my $key (keys %body) {
    my $answer = $client->post('/api/place-order', place_body(36, 1), $key);

    $differ++ if $answer->{status} != 201 || $answer->{body} ne $body{$key}
                 || $answer->{head} !~ /^Idempotent-Replayed: true/mi;
}

is($differ, 0, 'every replay is the first answer, byte for byte');
is(sql('SELECT count(*) FROM shop.orders'), $stock, 'and orders nothing');
is_deeply([$node->alarms], [], 'nothing alarmed');

diag("$clients checkouts of $stock: ",
     join(', ', map { "$_ x $status{$_}" } sort keys %status), '; ',
     $replays // 0, ' replays at once');

done_testing();
