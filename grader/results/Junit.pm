package grader::results::Junit;

# The results as a JUnit XML file, which most continuous-integration services show.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my %ENTITY = ( '&' => '&amp;', '<' => '&lt;', '>' => '&gt;', q{"} => '&quot;' );

# $results: a grader::results::Results.
sub text ($results) {
    my @tests   = $results->tests;
    my %kind    = map  { $_->{id} => _kind($_) } @tests;
    my $failed  = grep { $_ eq 'failure' } values %kind;
    my $skipped = grep { $_ eq 'skipped' } values %kind;
    my $xml     = qq{<?xml version="1.0" encoding="UTF-8"?>\n};
    $xml .= sprintf qq{<testsuite name="%s" tests="%d" failures="%d" errors="%d" skipped="%d" time="%d">\n},
      _safe( $results->about->{submission} ), scalar @tests, $failed,
      defined $results->stopped ? 1 : 0, $skipped,
      $results->seconds;
    $xml .= _case( $_, $results->lines($_) ) for @tests;
    if ( defined $results->stopped ) {
        $xml .= sprintf qq{  <testcase classname="grader" name="the grader"><error message="%s"/></testcase>\n},
          _safe( $results->stopped );
    }
    return "$xml</testsuite>\n";
}

# What costs no points is no failure for those who read the file.
sub _kind ($test) {
    return 'system-out' if $test->{verdict} eq 'pass';
    return $test->{verdict} eq 'fail'
      && !$test->{reported} ? 'failure' : 'skipped';
}

sub _case ( $test, @lines ) {
    my ( $class, $name ) = map { _safe($_) } $test->{id} =~ s/[.].*//r, "$test->{id}: $test->{name}";
    my $text = _safe( join "\n", @lines );
    my $head = sprintf q{  <testcase classname="%s" name="%s" time="%.3f">}, $class, $name, $test->{seconds};
    my $why =
      $test->{verdict} eq 'fail'
      ? "worth no points: $text"
      : _safe( $test->{reason} // q{} );
    my %body = (
        'failure'    => qq{<failure message="failed">$text</failure>},
        'skipped'    => qq{<skipped message="$why"/>},
        'system-out' => "<system-out>$text</system-out>",
    );
    my $body = $body{ _kind($test) };
    return "$head$body</testcase>\n";
}

# Text that may stand in XML: no control characters, and no markup.
sub _safe ($text) {
    return ( $text =~ s/[^\x09\x0a\x20-\x{d7ff}\x{e000}-\x{fffd}]/?/gr ) =~ s/([&<>"])/$ENTITY{$1}/gr;
}

1;
