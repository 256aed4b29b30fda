# Tokens signed with HS256, as an identity service would issue them; Perl's
# core modules only.

package OrderToken;

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(encode_base64url);


# A token of this header and these claims, both JSON, signed with the secret.
sub token {
    my ($header, $claims, $secret) = @_;
    my $text = encode_base64url($header) . '.' . encode_base64url($claims);

    return "$text." . encode_base64url(hmac_sha256($text, $secret));
}


# sign(FILE, KID, USER, ROLE, SECONDS): a token for this user, good for that
# long, signed with the secret in FILE.
sub sign {
    my ($file, $kid, $user, $role, $seconds) = @_;
    my $now = time;

    open my $in, '<:raw', $file or die "$file: $!\n";
    my $secret = do { local $/; <$in> };
    $secret =~ s/\r?\n\z//;

    return token(qq({"alg":"HS256","typ":"JWT","kid":"$kid"}),
                 qq({"sub":"$user","role":"$role","iat":$now,"exp":)
                 . ($now + $seconds) . '}',
                 $secret);
}

1;
