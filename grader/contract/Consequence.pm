package grader::contract::Consequence;

# One fault costs once: a check that fails of nothing but the fault of another check, which fails as well, costs nothing.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Check;

# What xrealloc has lost is lost in every check that resizes a block, and most of them do.
my $LOST_CONTENT =
qr/\Axrealloc\(0x[^)]*\) (?:changed byte|lost content)|\Athe block \S+ of \d+ bytes has lost its content \(seen after xrealloc\)/;

# What is lost by taking and freeing alone is lost by threads that end, too.
my $ENDED_THREADS   = qr/: the memory of an ended thread must be reused /;
my $TAKEN_AND_FREED = qr/ was taken(?:, resized)? and freed \d+ times, and /;

# What is refused to one thread is refused to more, and in each check that asks for such a block.
my $REFUSED =
qr/\Ax(?:malloc|realloc)\([^)]*\) returned NULL although (?:there is memory|nearly all blocks have been freed)\z|\Aunder tsan it got no memory\z/;
my @OF_ONE_THREAD = qw(blocks sizes alignment resize);

# of: the check whose fault it is. says: all that was seen in the check that follows. there: what was seen, among other
# things, in the check that it follows from.
my @RULES = (
    (
        map { { check => $_, of => 'resize', says => $LOST_CONTENT, there => $LOST_CONTENT } }
          qw(blocks alignment threads thread_exit tsan)
    ),
    { check => 'thread_exit', of => 'reuse', says => $ENDED_THREADS, there => $TAKEN_AND_FREED },
    ( map { _refused( $OF_ONE_THREAD[$_], @OF_ONE_THREAD[ 0 .. $_ - 1 ] ) } 1 .. $#OF_ONE_THREAD ),
    ( map { _refused( $_,                 @OF_ONE_THREAD ) } qw(threads thread_exit reuse memory mappings tsan) ),
);

sub _refused ( $check, @of ) {
    return map { { check => $check, of => $_, says => $REFUSED, there => $REFUSED } } @of;
}

# $check: the id of a check. $outcome: of it. $of: a function that gives the outcome of the check of this id. Result: the outcome
# that is told: another one where this failure follows from another check's.
sub told ( $check, $outcome, $of ) {
    return $outcome if $outcome->{verdict} ne 'fail' || $outcome->{hung};
    my @seen = _seen($outcome);
    for my $rule ( grep { $_->{check} eq $check } @RULES ) {
        next if !@seen || grep { $_ !~ $rule->{says} } @seen;
        my $cause = $of->( $rule->{of} ) // next;
        next if $cause->{verdict} ne 'fail' || !grep { $_ =~ $rule->{there} } _seen($cause);
        my $why = "it follows from what is told at $rule->{of}, and costs nothing here: $seen[0]";
        return { %{ grader::contract::Check::skip($why) }, notes => $outcome->{notes}, blameless => 1, follows => 1 };
    }
    return $outcome;
}

# The lines of what happened, without those that say in which test.
sub _seen ($outcome) {
    return grep { !/\A\s/ } @{ $outcome->{diag} // [] };
}

1;

__END__

=head1 NAME

grader::contract::Consequence - one fault costs once

=head1 FUNCTIONS

=head2 told($check, $outcome, $of)

The outcome to tell of the check with this id: C<$outcome>, or a skip that costs nothing, with what was seen, where it fails of
nothing but a fault for which another check is made. That other one is asked only then, through C<< $of->($id) >>.

=cut
