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
# It never keeps a connection for a second request, and knows no HTTP/2.

package Test::Nginx::Socket;

use Test::Base -Base;

use IO::Select;
use IO::Socket::INET;
use List::Util qw(shuffle);
use Test::Nginx::Util ();
use Time::HiRes qw(sleep time);

our $VERSION = '0.01';

my @settings = qw(
    add_block_preprocessor add_cleanup_handler add_test_cleanup_handler
    bail_out check_accum_error_log config_preamble env_to_nginx html_dir
    log_level master_off master_on master_process_enabled no_long_string
    no_root_location no_shuffle repeat_each server_addr server_name
    server_port server_port_for_client server_root timeout worker_connections
    workers
);

our @EXPORT = ('plan', 'run_tests', 'run_test', @settings);

my $U = 'Test::Nginx::Util';

{
    no strict 'refs';
    *{"Test::Nginx::Socket::$_"} = \&{"${U}::$_"} for @settings;
}

my $last_config;

no warnings 'redefine';
