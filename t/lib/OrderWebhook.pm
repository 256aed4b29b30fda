# Webhooks signed as Standard Webhooks says, as a provider would send them;
# Perl's core modules only.

package OrderWebhook;

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(decode_base64 encode_base64);


# The signature of a webhook: "v1," and its base64.  The secret is as it is
# handed out: "whsec_" and its base64.
sub signature {
    my ($secret, $id, $timestamp, $body) = @_;

    $secret =~ s/^whsec_// or die "no secret of webhooks\n";

    return 'v1,' . encode_base64(hmac_sha256("$id.$timestamp.$body",
                                             decode_base64($secret)), '');
}


# headers(FILE, BODY, id => ID, timestamp => SECONDS, signature => TEXT): the
# lines of the three headers, signed with the first secret in FILE unless the
# signature is given.  A header whose value is given as undef is left out.
sub headers {
    my ($file, $body, %how) = @_;

    $how{id} = sprintf 'msg_%d_%d', time, rand 1e9 if !exists $how{id};
    $how{timestamp} = time if !exists $how{timestamp};
    $how{signature} = signature(secret($file), $how{id} // '',
                                $how{timestamp} // '', $body)
        if !exists $how{signature};

    return join '', map { defined $how{$_} ? "webhook-$_: $how{$_}\n" : '' }
                        qw(id timestamp signature);
}


# The first secret in a file.
sub secret {
    my $file = shift;

    open my $in, '<', $file or die "$file: $!\n";
    my ($secret) = grep { /^whsec_/ } <$in>;
    die "$file: no secret\n" if !defined $secret;
    $secret =~ s/\s+\z//;

    return $secret;
}

1;
