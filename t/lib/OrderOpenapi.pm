# The document at /api/openapi.json: is it valid, are answers as it says.

package OrderOpenapi;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP ();

our @EXPORT = qw(document_faults answer_faults);

my $run = abs_path(dirname(__FILE__) . '/..') . '/openapi/run';


# What is wrong with a document, given as its text; empty if nothing is.
sub document_faults {
    return faults('document', shift, '');
}


# answer_faults(DOCUMENT, [LINE, ANSWER] ...): what in these answers is not as
# the document says.  LINE is "GET /path", ANSWER what OrderClient's call()
# returned; of a stream, "told" are the messages that came, as text, and "sent"
# those that were sent.
sub answer_faults {
    my ($document, @answers) = @_;
    my $json = JSON::PP->new->canonical;

    return faults('answers', $document, join '', map {
        my ($line, $answer) = @$_;
        my ($method, $target) = split ' ', $line;

        $json->encode({ method => $method, target => $target,
                        status => $answer->{code},
                        type => $answer->{headers}{'content-type'},
                        body => utf8($answer->{body}),
                        told => [map { utf8($_) } @{ $answer->{told} // [] }],
                        sent => [map { utf8($_) } @{ $answer->{sent} // [] }],
                      }) . "\n";
    } @answers);
}


# Bytes as the characters that they are; JSON::PP writes other than ASCII as
# characters, which are made bytes again when the lines are written.
sub utf8 {
    my $text = shift;

    utf8::decode($text);

    return $text;
}


sub faults {
    my ($what, $document, $lines) = @_;
    my $dir = tempdir('order-openapi-XXXXXX', TMPDIR => 1, CLEANUP => 1);

    open my $doc, '>:raw', "$dir/openapi.json" or die "$dir: $!\n";
    print $doc $document;
    close $doc;

    open my $in, '>:utf8', "$dir/lines" or die "$dir: $!\n";
    print $in $lines;
    close $in;

    my $out = `'$run' $what '$dir/openapi.json' < '$dir/lines' 2>&1`;

    return $? && $out eq '' ? "$run failed\n" : $out;
}

1;
