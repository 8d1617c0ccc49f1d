package grader::contract::Memcheck;

# The check with valgrind's memcheck: no access outside of blocks.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Check;
use grader::contract::Watched;
use grader::contract::Words;

my $VALGRIND_ERROR = 99;

my @VALGRIND = (
    'valgrind', '--quiet', '--vgdb=no', "--error-exitcode=$VALGRIND_ERROR", '--leak-check=no', '--fair-sched=try',
    '--num-callers=12',

    # What an allocator reads in a freed block is its own affair, even if nobody has written there.
    '--undef-value-errors=no',
);

sub check () { return { id => 'valgrind', run => \&_run, name => 'valgrind sees no access outside of blocks' } }

sub _run ( $job, $backend, $check ) {
    return { %{ grader::contract::Check::skip('valgrind is not installed here') }, blameless => 1 }
      if !_is_installed('valgrind');
    return grader::contract::Watched::watch(
        $job, $backend,
        flavour => 'valgrind',
        work    => [ 2, 3000 ],
        before  => \@VALGRIND,
        shown   => [qw(valgrind --undef-value-errors=no)],
        find    => \&first_error,
        limit   => \&_limit,
        advice  => 'look at the reads and writes around the ends of blocks, in xrealloc above all',
    );
}

# Valgrind does not know every instruction of a processor. One that it does not know ends the program, as if there were none.
sub _limit (@found) {
    return if $found[0] !~ /\AProcess terminating with default action of signal 4 \(SIGILL\)/;
    my ($where) = $found[0] =~ /( in .*)/;
    return 'valgrind does not know an instruction' . ( $where // q{} ) . ': without valgrind the program ends well';
}

sub _is_installed ($tool) {
    return scalar grep { -x "$_/$tool" } split /:/, $ENV{PATH} // '/usr/bin:/bin';
}

# The first error that memcheck reported, in lines; nothing when there is none.
sub first_error ($said) {
    my ( $what, @frames, @about );
    for my $line ( split /\n/, $said ) {
        my ($text) = $line =~ /\A==\d+== ?(.*)\z/ or next;
        if ( $text =~
            /\A(?:Invalid|Jump to|Mismatched|Source and destination|Syscall param|Argument|Process terminating)/ )
        {
            last if defined $what;
            $what = $text;
        }
        elsif (defined $what
            && $text =~ /\A\s+(?:at|by) 0x[0-9A-Fa-f]+: (\S+)(?: \((?:([^():]+):(\d+)|[^)]*)\))?/
            && !@about )
        {
            push @frames, [ $1, $2, $3 ];
        }
        elsif ( defined $what && $text =~ /\A\s+(Address 0x.*)/ ) { push @about, $1 }
        elsif ( defined $what && $text eq q{} )                   { last }
    }
    return if !defined $what;
    my $place = grader::contract::Words::place(@frames);
    my @lines =
      defined $place ? grader::contract::Words::plain("$what in $place") : grader::contract::Words::plain($what);
    push @lines,
      'it is in no line of yours: the program used a block of its own, and part of that block belongs to another'
      if !defined $place && $what =~ /\AInvalid (?:read|write)/;
    return ( @lines, map { grader::contract::Words::plain($_) } @about );
}

1;
