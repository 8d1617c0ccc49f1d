package grader::results::Tap;

# Prints the Test Anything Protocol on standard output and keeps count.
#
# Under prove, the diagnostics of failures go to standard error, because prove shows standard output only when it is verbose.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::Shown;

sub new ($class) {
    my $quiet_harness = $ENV{HARNESS_ACTIVE} && !$ENV{HARNESS_IS_VERBOSE};
    STDOUT->autoflush(1);
    return bless {
        number  => 0,
        planned => 0,
        counts  => { pass => 0, fail => 0, skip => 0, reported => 0, follows => 0 },
        diag_to => $quiet_harness ? \*STDERR : \*STDOUT
      },
      $class;
}

sub plan ( $self, $tests ) {
    $self->{planned} = $tests;
    print $tests ? "1..$tests\n" : "1..0 # SKIP nothing was asked for\n";
    return;
}

# One test. $outcome: { verdict => 'pass' | 'fail' | 'skip', reason => why it was skipped, follows => it was for another
# test's failure, notes => [lines that are always
# of interest], diag => [lines that explain a failure] }. A failure that is only $reported gets the
# protocol's directive for what is told and not held against anyone, so that prove does not fail for it.
sub result ( $self, $name, $outcome, $reported ) {
    my $verdict     = $outcome->{verdict};
    my $is_reported = $verdict eq 'fail' && $reported;
    $self->{counts}{ $is_reported ? 'reported' : $outcome->{follows} ? 'follows' : $verdict }++;
    my $number = ++$self->{number};
    my $line   = ( $verdict eq 'fail' ? 'not ok' : 'ok' ) . " $number - " . $name =~ s/#/\\#/gr;
    $line .= " # SKIP $outcome->{reason}" if $verdict eq 'skip';
    $line .= ' # TODO worth no points'    if $is_reported;
    say grader::Shown::bytes( $line =~ s/\n/ /gr );
    $self->note( @{ $outcome->{notes} // [] } );
    my @hint =
      $verdict eq 'fail' && defined $outcome->{hint} ? $outcome->{hint} : ();
    print { $self->{diag_to} } _comments( @{ $outcome->{diag} // [] }, @hint );
    return;
}

sub note ( $self, @lines ) {
    print _comments(@lines);
    return;
}

sub bail_out ( $self, $reason ) {
    say grader::Shown::bytes( 'Bail out!  ' . join q{ }, split q{ }, $reason );
    return;
}

sub _comments (@lines) {
    return map { "# $_\n" } map { grader::Shown::bytes($_) } map { split /\n/ } @lines;
}

sub counts ($self) { return %{ $self->{counts} } }

1;
