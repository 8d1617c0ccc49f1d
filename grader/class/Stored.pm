package grader::class::Stored;

# Whether something is what a job of a class leaves (grader/class/Job.pm), with all that the reports look at in its form. A file
# that a full disk, a crash or an editor has damaged is found here, and nowhere later.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP   ();
use List::Util qw(all);

my $NUMBER = qr/\A-?\d{1,15}(?:[.]\d+)?(?:e[+-]?\d{1,2})?\z/i;

sub _is_text   ($value) { return defined $value   && !ref $value }
sub _is_number ($value) { return _is_text($value) && $value =~ $NUMBER }
sub _is_plain  ($value) { return !ref $value || JSON::PP::is_bool($value) }

# Each but the first two of what a test has may be left out.
my %TEST = (
    verdict => sub ($value) { return _is_text($value) && $value =~ /\A(?:pass|fail|skip)\z/ },
    ( map { $_ => \&_is_text } qw(id name reason hint) ),
    ( map { $_ => \&_is_number } qw(points max seconds value) ),
    ( map { $_ => \&_is_plain } qw(slow blameless ours reported) ),
    ( map { $_ => \&_is_list } qw(notes diag) ),
    interval => sub ($value) {
        return ref $value eq 'ARRAY' && all { !defined || _is_number($_) } @{$value};
    },
);

sub _is_list ($value) {
    return ref $value eq 'ARRAY' && all { _is_text($_) } @{$value};
}

sub _is_test ( $test, @must ) {
    return 0 if ref $test ne 'HASH' || grep { !defined $test->{$_} } @must;
    return all { !defined $test->{$_} || $TEST{$_}->( $test->{$_} ) } keys %TEST;
}

# What test.pl writes (grader/results/Json.pm).
sub is_result ($result) {
    return
         ref $result eq 'HASH'
      && ref $result->{tests} eq 'ARRAY'
      && ( all { _is_test( $_, qw(id name verdict) ) } @{ $result->{tests} } )
      && ref( $result->{not_run} // [] ) eq 'ARRAY'
      && ( all { _is_test( $_, qw(id name) ) } @{ $result->{not_run} // [] } )
      && ref( $result->{about} // {} ) eq 'HASH'
      && all { _is_plain($_) } values %{ $result->{about} // {} };
}

# Either a result, or why there is none, and maybe both.
sub is_sound ($stored) {
    return 0 if ref $stored ne 'HASH';
    return 0 if !defined $stored->{broken} && !defined $stored->{result};
    return 0 if defined $stored->{broken}  && !_is_text( $stored->{broken} );
    return 0 if defined $stored->{result}  && !is_result( $stored->{result} );
    return 0 if grep { defined $stored->{$_} && !_is_number( $stored->{$_} ) } qw(seconds cpu_s);
    return _is_number( $stored->{seconds} ) && _is_plain( $stored->{host} );
}

1;
