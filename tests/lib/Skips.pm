package tests::lib::Skips;

# The harness of tests/lib/prove: as prove's own, and at the end it tells each test that was skipped, once, with its reason. A
# test without its tool says "skipped" in the middle of two hundred lines, and nobody knows that it was not run.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'TAP::Harness';

# Each line is "FILE: REASON". They are also written into the file that LEFT_OUT names, which is made in any case.
my %left_out;

# What must not run side by side comes last by prove's own rules, when nobody else is left to run beside it; as branches of equal
# rank it comes first.
sub new ( $class, $arguments, @more ) {
    my $rules = $arguments->{rules};
    $rules->{par} = [ map { ref $_ ? $_ : { par => $_ } } @{ $rules->{par} } ] if $rules;
    my $self = $class->SUPER::new( $arguments, @more );
    $self->callback( made_parser    => sub ( $parser, $job, @ ) { watch( $parser, $job->[0] ) } );
    $self->callback( after_runtests => sub (@) { report() } );
    return $self;
}

# Skips of subtests are indented, so the parser does not know them as such.
sub watch ( $parser, $file ) {
    my $note = sub ($reason) { $left_out{"$file: $reason"} = 1 };
    $parser->callback( test    => sub ($test) { $note->( $test->explanation ) if $test->has_skip } );
    $parser->callback( plan    => sub ($plan) { $note->( $plan->explanation ) if $plan->has_skip } );
    $parser->callback( unknown => sub ($line) { $note->($1) if $line->as_string =~ /^\s+ok\b.*#\s*skip\S*\s+(.*)/i } );
    return;
}

sub report () {
    my @lines = sort keys %left_out;
    say 'Skipped:' if @lines;
    say "    $_" for @lines;
    return if !defined $ENV{LEFT_OUT};
    open my $file, '>', $ENV{LEFT_OUT} or die "$ENV{LEFT_OUT}: $!\n";
    print {$file} map { "$_\n" } @lines;
    close $file or die "$ENV{LEFT_OUT}: $!\n";
    return;
}

1;
