# conf/prometheus/order-alerts.yml: each alert fires when it must, and does not
# when it must not.  Prometheus' own promtool plays the time.
#
# A series is NAME{LABELS} and its values, one a minute: "0x5 1+2x10" is six
# zeros, then 1, 3, 5 up to 21.  %1 and %2 are two instances.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use Test::More;

my $rules = abs_path('conf/prometheus/order-alerts.yml');
my $dir = tempdir('order-alerts-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my (%fired, %quiet, @titles, %tests);


sub promtool {
    open my $pipe, '-|', join ' ', 'promtool', @_, '2>&1'
        or die "promtool: $!\n";
    my $said = do { local $/; <$pipe> };
    close $pipe;

    return ($? == 0, $said);
}


# The alerts of that name that fire in that minute, by their labels.
sub at {
    my ($title, $alert, $minute, $expected, @series) = @_;

    my $tests = '';

    push @titles, $title;
    $tests .= "  - interval: 1m\n    input_series:\n";

    while (my ($name, $values) = splice @series, 0, 2) {
        $name =~ s/%(\d)/job="nginx-order",instance="web$1"/;
        $tests .= "      - series: '$name'\n        values: '$values'\n";
    }

    $tests .= "    promql_expr_test:\n"
              . "      - expr: 'ALERTS{alertname=\"$alert\","
              . "alertstate=\"firing\"} # $#titles.'\n"
              . "        eval_time: ${minute}m\n"
              . (@$expected ? "        exp_samples:\n" : '');

    # the comment comes back in what promtool says of it

    for (@$expected) {
        my $labels = s/%(\d)/job="nginx-order",instance="web$1"/r;

        $tests .= "          - labels: 'ALERTS{alertname=\"$alert\","
                  . "alertstate=\"firing\",$labels}'\n"
                  . "            value: 1\n";
    }

    # whole days go in larger steps

    $tests{$minute > 300 ? '15m' : '1m'} .= $tests;
}


# fires(ALERT, MINUTE, [LABELS, ...], SERIES => VALUES, ...)
sub fires {
    my ($alert) = @_;

    $fired{$alert} = 1;
    at("$alert fires", @_);
}


# quiet(ALERT, TITLE, MINUTE, SERIES => VALUES, ...)
sub quiet {
    my ($alert, $title, $minute, @series) = @_;

    $quiet{$alert} = 1;
    at("$alert: not $title", $alert, $minute, [], @series);
}


my ($ok, $said) = promtool('check', 'rules', $rules);
ok $ok, 'promtool takes the rules' or diag $said;

# --- the shop

my $stuck = 'nginx_order_stuck_orders{workflow="shop",status="processing",';
my $is_stuck = 'severity="ticket",workflow="shop",status="processing"';

fires 'OrdersStuck', 10, [$is_stuck], "$stuck%1}" => '3x20';
fires 'OrdersStuck', 10, [$is_stuck], "$stuck%1}" => '3x20',
      "$stuck%2}" => '2x20';
quiet 'OrdersStuck', 'when none is', 10, "$stuck%1}" => '0x20';
quiet 'OrdersStuck', 'for a moment', 10, "$stuck%1}" => '0x5 1x3 0x9';

my $created = 'nginx_order_created_total{workflow="shop",currency="USD",';
my $cancelled = 'nginx_order_cancelled_total{workflow="shop",';

fires 'OrderCancellationsHigh', 1500,
      ['severity="ticket",workflow="shop"'],
      $created . 'method="card",%1}' => '0+1x1600',
      $created . 'method="cash",%1}' => '0+1x1600',
      $cancelled . 'from_status="pending",%1}' => '0+0.1x1600',
      $cancelled . 'from_status="processing",%1}' => '0+0.15x1600';
quiet 'OrderCancellationsHigh', 'when one in twenty is', 1500,
      $created . 'method="card",%1}' => '0+1x1600',
      $cancelled . 'from_status="pending",%1}' => '0+0.05x1600';
quiet 'OrderCancellationsHigh', 'twice for two instances', 1500,
      $created . 'method="card",%1}' => '0+1x1600',
      $created . 'method="card",%2}' => '0+1x1600',
      $cancelled . 'from_status="pending",%1}' => '0+0.09x1600',
      $cancelled . 'from_status="pending",%2}' => '0+0.09x1600';
quiet 'OrderCancellationsHigh', 'for one of two', 100,
      $created . 'method="card",%1}' => '0x10 2x1600',
      $cancelled . 'from_status="pending",%1}' => '0x10 1x1600';
quiet 'OrderCancellationsHigh', 'for what was a day ago', 3000,
      $created . 'method="card",%1}' => '0+1x3100',
      $cancelled . 'from_status="pending",%1}' => '0+1x100 100x3000';

my $payments = 'nginx_order_payments_total{method="card",result=';

fires 'OrderPaymentsFailing', 60, ['severity="page",method="card"'],
      $payments . '"confirmed",%1}' => '0+9x70',
      $payments . '"failed",%1}' => '0+1x70',
      $payments . '"failed",%2}' => '0+1x70',
      'nginx_order_payments_total{method="cash",result="confirmed",%1}'
          => '0+9x70';
quiet 'OrderPaymentsFailing', 'when one in fifty does', 60,
      $payments . '"confirmed",%1}' => '0+49x70',
      $payments . '"failed",%1}' => '0+1x70';
quiet 'OrderPaymentsFailing', 'for one of two', 60,
      $payments . '"confirmed",%1}' => '0x50 1x30',
      $payments . '"failed",%1}' => '0x50 1x30';
quiet 'OrderPaymentsFailing', 'for refunds', 60,
      $payments . '"confirmed",%1}' => '0+1x70',
      $payments . '"failed",%1}' => '0x70',
      $payments . '"refunded",%1}' => '0+9x70';
quiet 'OrderPaymentsFailing', 'for those of hours ago', 180,
      $payments . '"confirmed",%1}' => '0+9x200',
      $payments . '"failed",%1}' => '0+9x60 540x140';

# --- nginx

fires 'OrderInstanceDown', 5, ['severity="page",%2'],
      'up{%1}' => '1x20', 'up{%2}' => '1 0x20';
quiet 'OrderInstanceDown', 'for another job', 5,
      'up{job="node",instance="web1"}' => '0x20';

fires 'OrderMetricsMissing', 10, ['severity="page"'],
      'up{%1}' => '1x20';
quiet 'OrderMetricsMissing', 'when one is there', 10,
      'nginx_order_info{version="1",%2}' => '1x20', 'up{%1}' => '0x20';

fires 'OrderFeedDown', 5, ['severity="page",%1'],
      'nginx_order_feed_up{%1}' => '1 0x20',
      'nginx_order_feed_up{%2}' => '1x20';
quiet 'OrderFeedDown', 'for a moment', 5,
      'nginx_order_feed_up{%1}' => '1 1 1 0 1x20';

fires 'OrderFeedLagging', 5, ['severity="ticket",%1'],
      'nginx_order_feed_lag_seconds{%1}' => '8x20',
      'nginx_order_feed_up{%1}' => '1x20';
quiet 'OrderFeedLagging', 'when it is down: that is another alert', 5,
      'nginx_order_feed_lag_seconds{%1}' => '8x20',
      'nginx_order_feed_up{%1}' => '0x20';
quiet 'OrderFeedLagging', 'a second', 5,
      'nginx_order_feed_lag_seconds{%1}' => '1.2x20',
      'nginx_order_feed_up{%1}' => '1x20';

fires 'OrderListenerMissing', 5, ['severity="ticket",%1'],
      'nginx_order_listener_up{%1}' => '0x20',
      'nginx_order_feed_up{%1}' => '1x20';
quiet 'OrderListenerMissing', 'when the feed is down', 5,
      'nginx_order_listener_up{%1}' => '0x20',
      'nginx_order_feed_up{%1}' => '0x20';

my $connections = 'nginx_order_db_connections{state=';

fires 'OrderDatabaseDown', 5, ['severity="page",%1'],
      $connections . '"idle",%1}' => '4 0x20',
      $connections . '"busy",%1}' => '0x20',
      $connections . '"down",%1}' => '0 4x20';
quiet 'OrderDatabaseDown', 'when all are busy', 5,
      $connections . '"idle",%1}' => '0x20',
      $connections . '"busy",%1}' => '4x20';

fires 'OrderConnectionsBusy', 15, ['severity="ticket",state="idle",%1'],
      $connections . '"idle",%1}' => '0x20',
      $connections . '"busy",%1}' => '4x20';
quiet 'OrderConnectionsBusy', 'when one is free now and then', 15,
      $connections . '"idle",%1}' => '0 0 1 0 0 0 1 0 0 0 1 0 0 0 1 0x5',
      $connections . '"busy",%1}' => '4x20';
quiet 'OrderConnectionsBusy', 'when all are down', 15,
      $connections . '"idle",%1}' => '0x20',
      $connections . '"busy",%1}' => '0x20';

fires 'OrderQueueFilling', 5, ['severity="ticket",%1'],
      'nginx_order_db_queue_length{%1}' => '600x20',
      'nginx_order_db_queue_limit{%1}' => '1024x20';
quiet 'OrderQueueFilling', 'at a third', 5,
      'nginx_order_db_queue_length{%1}' => '300x20',
      'nginx_order_db_queue_limit{%1}' => '1024x20';

my $queries = 'nginx_order_db_queries_total{lane="call",result=';

fires 'OrderQueueFull', 10, ['severity="page",%1'],
      $queries . '"busy",%1}' => '0+5x20', $queries . '"ok",%1}' => '0+50x20';
fires 'OrderQueueFull', 10, ['severity="page",%1'],
      $queries . '"waited",%1}' => '0+5x20';
quiet 'OrderQueueFull', 'when refused by the database', 10,
      $queries . '"busy",%1}' => '7x20',
      $queries . '"refused",%1}' => '0+5x20';

fires 'OrderQueriesFailing', 10, ['severity="page",%1'],
      $queries . '"ok",%1}' => '0+100x20',
      $queries . '"timeout",%1}' => '0+1x20',
      $queries . '"lost",%1}' => '0+1x20';
quiet 'OrderQueriesFailing', 'one in a thousand', 10,
      $queries . '"ok",%1}' => '0+1000x20',
      $queries . '"lost",%1}' => '0+1x20';

my $bucket = 'nginx_order_db_query_duration_seconds_bucket{lane=';

fires 'OrderDatabaseSlow', 20, ['severity="ticket",lane="call",%1'],
      $bucket . '"call",le="0.5",%1}' => '0+50x30',
      $bucket . '"call",le="1",%1}' => '0+100x30',
      $bucket . '"call",le="+Inf",%1}' => '0+100x30';
quiet 'OrderDatabaseSlow', 'for lists', 20,
      $bucket . '"slow",le="0.5",%1}' => '0+50x30',
      $bucket . '"slow",le="1",%1}' => '0+100x30',
      $bucket . '"slow",le="+Inf",%1}' => '0+100x30';
quiet 'OrderDatabaseSlow', 'when it is fast', 20,
      $bucket . '"call",le="0.5",%1}' => '0+100x30',
      $bucket . '"call",le="+Inf",%1}' => '0+100x30';

my $requests = 'nginx_order_requests_total{operation="place_order",class=';

fires 'OrderErrorsMany', 15, ['severity="page",%1'],
      $requests . '"2xx",%1}' => '0+900x20',
      $requests . '"5xx",%1}' => '0+50x20';
quiet 'OrderErrorsMany', 'what clients do wrong', 15,
      $requests . '"2xx",%1}' => '0+900x20',
      $requests . '"4xx",%1}' => '0+900x20',
      $requests . '"5xx",%1}' => '0x20';
quiet 'OrderErrorsMany', 'for one in an hour of few', 15,
      $requests . '"2xx",%1}' => '0+1x20',
      $requests . '"5xx",%1}' => '0x12 1x20';

# --- tables

my $polls = 'nginx_order_polls_total{result=';
my @half = ($polls . '"hit",%1}' => '0+6000x60',
            $polls . '"miss",%1}' => '0+6000x60');
my @hits = ($polls . '"hit",%1}' => '0+6000x60',
            $polls . '"not_modified",%1}' => '0+6000x60',
            $polls . '"miss",%1}' => '0+60x60');
my @full = ('nginx_order_table_entries{table="orders",%1}' => '995x60',
            'nginx_order_table_capacity{table="orders",%1}' => '1000x60');
my $evicted = 'nginx_order_table_evictions_total{table=';

fires 'OrderTableTooSmall', 45, ['severity="ticket",table="orders",%1'],
      @half, @full, $evicted . '"orders",%1}' => '0+100x60';
quiet 'OrderTableTooSmall', 'when what goes is not asked for again', 45,
      @hits, @full, $evicted . '"orders",%1}' => '0+100x60';
quiet 'OrderTableTooSmall', 'when nothing has to go', 45,
      @half, @full, $evicted . '"orders",%1}' => '5x60';

fires 'OrderHitRatioLow', 50, ['severity="ticket",%1'], @half;
quiet 'OrderHitRatioLow', 'usually', 50, @hits;
quiet 'OrderHitRatioLow', 'for a few polls', 50,
      $polls . '"hit",%1}' => '0+1x60', $polls . '"miss",%1}' => '0+1x60';
quiet 'OrderHitRatioLow', 'for those who guess', 50, @hits,
      $polls . '"not_found",%1}' => '0+60000x60';

my $tokens = 'nginx_order_tokens_total{result=';

fires 'OrderTokensTooSmall', 45, ['severity="ticket",table="tokens",%1'],
      $evicted . '"tokens",%1}' => '0+100x60',
      $tokens . '"remembered",%1}' => '0+100x60',
      $tokens . '"verified",%1}' => '0+100x60';
quiet 'OrderTokensTooSmall', 'when nearly all are known', 45,
      $evicted . '"tokens",%1}' => '0+100x60',
      $tokens . '"remembered",%1}' => '0+10000x60',
      $tokens . '"verified",%1}' => '0+100x60';
quiet 'OrderTokensTooSmall', 'when all are new, and there is room', 45,
      $evicted . '"tokens",%1}' => '0x60',
      $tokens . '"remembered",%1}' => '0+100x60',
      $tokens . '"verified",%1}' => '0+100x60';

# --- workers, feed, push, webhooks

fires 'OrderWorkersMissing', 420, ['severity="ticket",%1'],
      'nginx_order_workers{%1}' => '4x380 3x60';
quiet 'OrderWorkersMissing', 'after a reload', 420,
      'nginx_order_workers{%1}' => '4x300 8x60 4x60';

fires 'OrderFeedGaps', 60, ['severity="ticket",%1'],
      'nginx_order_feed_gaps_total{%1}' => '0x20 1x5 2x5 3x5 4x40';
quiet 'OrderFeedGaps', 'for a fail-over', 60,
      'nginx_order_feed_gaps_total{%1}' => '0x20 1x50';

fires 'OrderSubscribersRefused', 15, ['severity="ticket",%1'],
      'nginx_order_push_refused_total{%1}' => '0+2x20';
quiet 'OrderSubscribersRefused', 'once', 30,
      'nginx_order_push_refused_total{%1}' => '0x5 1x30';

my $webhooks = 'nginx_order_webhooks_total{source="payment",result=';

fires 'OrderWebhooksRefused', 30,
      ['severity="page",source="payment",%1'],
      $webhooks . '"refused",%1}' => '0+1x40',
      $webhooks . '"applied",%1}' => '50x40';
quiet 'OrderWebhooksRefused', 'when others are taken: somebody guesses', 30,
      $webhooks . '"refused",%1}' => '0+10x40',
      $webhooks . '"applied",%1}' => '0+1x40';

my $age = 'nginx_order_shop_metrics_age_seconds{';

fires 'OrderShopMetricsOld', 10, ['severity="ticket",job="nginx-order"'],
      "${age}%1}" => '100+60x20', "${age}%2}" => '200+60x20';
fires 'OrderShopMetricsOld', 10, ['severity="ticket"'],
      'nginx_order_info{version="1",%1}' => '1x20';
quiet 'OrderShopMetricsOld', 'when one instance has them', 10,
      "${age}%1}" => '100+60x20', "${age}%2}" => '9x20';
quiet 'OrderShopMetricsOld', 'when there is no instance', 10,
      'up{%1}' => '0x20';

# --- outbox

my $waiting = 'nginx_order_outbox_waiting{kind="mail",%1}';
my $tried = 'nginx_order_outbox_attempts_total{kind="mail",result=';

fires 'OrderOutboxStuck', 100, ['severity="page",kind="mail"'],
      $waiting => '3x120', $tried . '"done",%1}' => '5x120',
      $tried . '"failed",%1}' => '5x120';
quiet 'OrderOutboxStuck', 'while they are tried', 100,
      $waiting => '3x120', $tried . '"done",%1}' => '5x120',
      $tried . '"failed",%1}' => '5x80 6x40';
quiet 'OrderOutboxStuck', 'when none waits', 100,
      $waiting => '0x120', $tried . '"done",%1}' => '5x120';

fires 'OrderOutboxFailing', 60, ['severity="ticket",kind="mail"'],
      $tried . '"done",%1}' => '0+1x70', $tried . '"done",%2}' => '0+1x70',
      $tried . '"failed",%1}' => '0+1x70';
quiet 'OrderOutboxFailing', 'one in ten', 60,
      $tried . '"done",%1}' => '0+9x70', $tried . '"failed",%1}' => '0+1x70';
quiet 'OrderOutboxFailing', 'two of three', 60,
      $tried . '"done",%1}' => '0x40 1x70',
      $tried . '"failed",%1}' => '0x40 2x70';

my $failed = 'nginx_order_outbox_failed{kind="webhook",%1}';

fires 'OrderOutboxGaveUp', 80, ['severity="ticket",kind="webhook"'],
      $failed => '2x70 3x40';
quiet 'OrderOutboxGaveUp', 'for those of yesterday', 80, $failed => '2x120';
quiet 'OrderOutboxGaveUp', 'when old ones are removed', 80,
      $failed => '2x70 1x40';

# --- promtool plays them

for my $interval (sort keys %tests) {
    open my $out, '>', "$dir/$interval.yml" or die "$dir: $!\n";
    print $out "rule_files: ['$rules']\nevaluation_interval: $interval\n"
               . "tests:\n$tests{$interval}";
    close $out or die "$dir: $!\n";
}

($ok, $said) = promtool('test', 'rules', map { "$dir/$_.yml" } keys %tests);

for my $i (0 .. $#titles) {
    ok $said !~ / # $i\."/, $titles[$i];
}

ok $ok, 'promtool has nothing to say' or diag $said;

# --- none is left out

open my $in, '<', $rules or die "$rules: $!\n";
my $text = do { local $/; <$in> };
my @alerts = $text =~ /- alert: (\w+)/g;

is_deeply [grep { !$fired{$_} || !$quiet{$_} } @alerts], [],
          'each alert was tried both ways';

for my $alert (@alerts) {
    my ($rule) = $text =~ /(- alert: $alert\n.*?)(?=\n\s*- alert:|\n\n|\z)/s;

    like $rule, qr/severity: (?:page|ticket)\n/, "$alert: a severity";
    like $rule, qr/summary:.*description:/s,
         "$alert: says what it is, and what to do";
}

# the README has a line for each

open $in, '<', 'README.md' or die "README.md: $!\n";
my $readme = do { local $/; <$in> };

is_deeply [grep { $readme !~ /^\| `\Q$_\E` \|/m } @alerts], [],
          'and is in the README';

done_testing();
