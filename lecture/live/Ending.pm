package lecture::live::Ending;

# How a program ended, in words.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Config;

# What bin/xtrace ends with when it made no trace (trace/record/xtrace.c).
our $NO_TRACE = 125;

my @SIGNALS = split ' ', $Config{sig_name};

# $status: as of a shell. Result: undef when all is well.
sub words ( $who, $status ) {
    return undef if $status == 0;    ## no critic (ProhibitExplicitReturnUndef) undef is the answer
    my $signal = $status > 128 ? $SIGNALS[ $status - 128 ] : undef;
    return defined $signal ? "$who was ended by SIG$signal" : "$who ended with status $status";
}

1;

__END__

=head1 NAME

lecture::live::Ending - how a program ended

=head1 FUNCTIONS

=head2 words($who, $status)

"It ended with status 3", "It was ended by SIGSEGV"; undef for status 0. Statuses above 128 are signals, as in a shell.

=cut
