package tests::lib::Waiting;

# Waiting for something to become so, for very long: a machine may be busy, and only what never comes is a failure.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter    qw(import);
use Time::HiRes qw(sleep time);

our @EXPORT_OK  = qw(wait_until);
our $PATIENCE_S = 120;

my $STEP_S = 0.01;

# Result: whether $is_so returned true in the end.
sub wait_until ( $is_so, $patience_s = $PATIENCE_S ) {
    my $end = time + $patience_s;
    while ( !$is_so->() ) {
        return 0 if time > $end;
        sleep $STEP_S;
    }
    return 1;
}

1;
