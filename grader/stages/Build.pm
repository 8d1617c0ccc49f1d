package grader::stages::Build;

# The first stage: the submission compiles and links, uses nothing that an allocator does not need, and takes its memory from
# the system, not from the C library.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Check;
use grader::contract::OwnMemory;

# Result: the tests, each { id, name => sentence, run => sub () { outcome as grader::results::Tap::result takes it } }.
sub tests ($job) {
    my @tests;
    for my $backend ( grep { $job->is_handed_in($_) } $job->backends ) {
        push @tests,
          {
            id   => "$backend.build",
            name => "$backend compiles and defines the three calls",
            run  => sub { _builds( $job, $backend ) },
          },
          {
            id   => "$backend.objects",
            name => "$backend asks for nothing that an allocator has no use for",
            run  => sub { _judged( $job, $backend, \&_refused ) },
          },
          {
            id   => "$backend.own_memory",
            name => "$backend does not take its memory from the C library",
            run  => sub { _memory( $job, $backend ) },
          };
    }
    return @tests;
}

sub _builds ( $job, $backend ) {
    my $made  = $job->made($backend);
    my @notes = ( @{ $made->{notes} // [] }, @{ $made->{warnings} // [] } );
    if ( defined $made->{complaint} ) {
        $made->{told}++;
        return {
            verdict => 'fail',
            diag    => [ $made->{complaint}, @{ $made->{errors} } ],
            notes   => $made->{notes},
            hint    => "to see it: make BACKENDS=$backend",
        };
    }
    my @missing = @{ $made->{judged}{missing} };
    return { verdict => 'pass', notes => \@notes, _linked( $job, $backend ) } if !@missing;
    return {
        verdict => 'fail',
        diag    => [ "no file of $backend defines " . join( ' and ', @missing ) ],
        notes   => \@notes,
        hint    => 'a backend defines xmalloc, xfree and xrealloc, none of them static',
    };
}

# A function that no file defines is found when the first program is linked. What is refused is not linked with any, since a program
# may have a function of that name.
sub _linked ( $job, $backend ) {
    my $made = $job->made($backend);
    if ( @{ $made->{judged}{refused} } ) {
        my @lost = $job->undefined_names($backend) or return;
        return (
            verdict => 'fail',
            diag    => [ "no file of $backend defines " . join ', ', @lost ],
            hint    => 'hand in the file that defines it, beside the backend or in its folder',
        );
    }
    my ($program) = $job->programs;
    my ( $sentence, @errors ) = $job->failed( $program, $backend );
    return if !defined $sentence;
    return ( verdict => 'fail', diag => [ $sentence, @errors ], hint => "to see it: make BACKENDS=$backend" );
}

sub _judged ( $job, $backend, $judge ) {
    my $made = $job->made($backend);
    return { verdict => 'fail', diag => ["there is nothing to look into: $made->{complaint}"] }
      if defined $made->{complaint};
    return $judge->( $made->{judged} );
}

sub _refused ($judged) {
    return { verdict => 'pass', notes => $judged->{odd} } if !@{ $judged->{refused} };
    return {
        verdict => 'fail',
        diag    => [ @{ $judged->{refused} }, 'the grader ran none of it' ],
        notes   => $judged->{odd},
        hint    => _instead( @{ $judged->{refused} } ),
    };
}

# What to do about each kind of refusal that grader::intake::Judge knows; the last is for calls.
my @INSTEAD = (
    [
        qr/\Ait calls what programs of ours define/,
        'hand in the file that defines what is named here: a program need not have it, or may mean something else by it'
    ],
    [
        qr/[(]an ifunc[)]\z/,
'choose between versions of a function when a call needs one, with an if or a pointer; target_clones does it for helpers, '
          . 'but not for the three calls'
    ],
    [
        qr/\Ait has a section/,
'leave out the attribute, or the line of assembly, that makes the section; what must run before main is a constructor '
          . '(__attribute__((constructor)))'
    ],
    [
        qr/\Ait enters the system past/,
        'call the function of the C library, such as mmap, in place of the instruction that is named here'
    ],
    [ qr/\A/, 'an allocator needs mmap, munmap and locks; remove the calls that are named here' ],
);

sub _instead (@refused) {
    my %fits;
    for my $sentence (@refused) {
        my ($found) = grep { $sentence =~ $INSTEAD[$_][0] } 0 .. $#INSTEAD;
        $fits{$found} = 1;
    }
    return join '; ', map { $INSTEAD[$_][1] } sort keys %fits;
}

# Names tell what is called; where they tell nothing, counting does, since a list of names has no end.
sub _memory ( $job, $backend ) {
    my $named = _judged( $job, $backend, \&_named_memory );
    return $named if $named->{verdict} ne 'pass';
    my ($why) = $job->refused($backend);
    return { verdict => 'fail', diag => ["not asked: $why"], hint => 'make that pass first' } if defined $why;
    return grader::contract::Check::unless_untold( sub () { grader::contract::OwnMemory::run( $job, $backend ) } );
}

sub _named_memory ($judged) {
    my @calls = @{ $judged->{memory} };
    return { verdict => 'pass' } if !@calls;
    return {
        verdict => 'fail',
        diag    => [ 'it calls ' . join( ', ', @calls ) . ' of the C library' ],
        hint    => 'take memory with mmap(2) and manage it yourself; also a helper file must not call these',
    };
}

1;
