package grader::stages::Work;

# The stage against forging: each program runs with --digest at a random TOP, under a nonce that it reads after its start. It
# must print the same as our own program with the C library's allocator: the answer, and a digest over every element of every
# sequence (programs/digest.h). It must also use about as much memory as the sequences take.
#
# The limit of this stage: the submission is in the same process as the program, so it could do the program's work itself,
# without any sequence, and print the result. It would have to read the nonce. It would also have to fill the memory, because
# too little memory shows the cheat. That is more work than an allocator.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Chance;
use grader::kit::Answer;
use measure::Launch;

# The TOPs: large enough that answers are not in anybody's table, small enough for a slow list.
my %DRAWN = ( usual => [ 20_000, 60_000 ], hw08 => [ 700, 1500 ] );

# What a program keeps until the end: so many bytes for each element and for each sequence, at least and at most. A vector may
# be twice as long as its elements; of a table that grows there are two, the new one twice as long. Nothing is known of others.
my %KEPT = (
    list    => { least => [ 16, 0 ], most => [ 16, 32 ] },
    ivec    => { least => [ 8,  0 ], most => [ 16, 32 ] },
    collatz => { least => [ 0,  0 ], most => [ 0,  64 ] },
);

# Resident memory of a run lies between what it keeps at least and, as the course allows, three times what it keeps at most,
# with something to spare. A backend that never frees here, though it does in every other test, needs more.
my $MOST_TIMES = 3;
my $SPARE_KIB  = 16 * 1024;

# What collatz keeps is little beside the caches of its threads, which may be of huge pages.
my %SPARE_KIB_OF = ( collatz => 64 * 1024 );

# Result: the tests, as of grader::stages::Build::tests.
sub tests ($job) {
    my @tests;
    for my $backend ( grep { $job->is_handed_in($_) } $job->backends ) {
        for my $program ( $job->programs ) {
            push @tests,
              {
                id   => "$backend.work.$program",
                name => "$program-$backend computes and keeps every sequence",
                run  => sub { _check( $job, $program, $backend ) },
              };
        }
    }
    return @tests;
}

sub _check ( $job, $program, $backend ) {
    my @broken = $job->failed( $program, $backend );
    return { verdict => 'fail', diag => [ "not asked: $broken[0]", @broken[ 1 .. $#broken ] ] } if @broken;
    my $library = $job->settings->{library};
    my $binary  = eval { $job->binary( $library, 'release', "bin/$program-$library" ) };
    if ( !defined $binary ) {
        die $@ if !ref $@;
        die "the grader cannot run: $@->{complaint}: " . join( '; ', @{ $@->{errors} } ) . "\n";
    }
    my $top   = $job->drawn( "work $program-$backend", @{ $DRAWN{$backend} // $DRAWN{usual} } );
    my %input = ( stdin => $job->nonce . "\n", arguments => ['--digest'] );
    my $right = $job->run( $program, $library, $top, %input );
    return {
        verdict => 'skip',
        reason  => "cannot tell: bin/$program-$library --digest $top " . measure::Launch::sentence($right)
      }
      if !measure::Launch::ok($right);
    return grader::contract::Chance::decide(
        sub () {
            return _judged( $job, $program, $backend, $top, $right, %input );
        }
    );
}

# A program that lost its work is not timed. One that did the work, and needed much memory for it, is.
sub _judged ( $job, $program, $backend, $top, $right, %input ) {
    my $library   = $job->settings->{library};
    my $result    = $job->run( $program, $backend, $top, %input );
    my $complaint = _complaint( $program, $result, $right );
    my $limit_kib = _limit_kib( $program, $right );
    my $near =
      !defined $complaint && defined $limit_kib && grader::contract::Chance::is_near( $result->{peak_kib}, $limit_kib );
    $job->set_failed( $program, $backend, "bin/$program-$backend did not do the work it is timed for, see above" )
      if defined $complaint;
    $complaint //=
        "printed the right digest, but had $result->{peak_kib} KiB of memory where $limit_kib are accepted: "
      . 'what was freed is not used again'
      if defined $limit_kib && $result->{peak_kib} > $limit_kib;
    return { verdict => 'pass', notes => ["TOP $top"], near => $near } if !defined $complaint;
    return {
        near    => $near,
        verdict => 'fail',
        diag    => ["bin/$program-$backend --digest $top $complaint"],
        hint    => 'to see it: echo '
          . ( $input{stdin} =~ s/\n//r )
          . " | bin/$program-$backend --digest $top; and the same with $library",
    };
}

sub _complaint ( $program, $result, $right ) {
    return measure::Launch::sentence($result) if !measure::Launch::ok($result);
    return grader::kit::Answer::differs( $result->{stdout}, $right->{stdout} )
      . ': sequences were lost, changed, or never computed'
      if $result->{stdout} ne $right->{stdout};

    my ($least_kib) = _kept_kib( $program, $right ) or return;
    return
      "printed the right digest, but had $result->{peak_kib} KiB of memory, and what it must keep takes $least_kib KiB"
      if $result->{peak_kib} < $least_kib;
    return;
}

# What a program keeps until the end, in KiB, at least and at most; nothing when that is not known.
sub _kept_kib ( $program, $right ) {
    my ( $sequences, $elements ) = $right->{stdout} =~ /over (\d+) sequences of (\d+) elements/ or return;
    my $kept = $KEPT{$program} // return;
    return map { int( ( $elements * $_->[0] + $sequences * $_->[1] ) / 1024 ) } @{$kept}{qw(least most)};
}

# The resident memory that is accepted; undef when nothing is known.
sub _limit_kib ( $program, $right ) {
    my ( undef, $most_kib ) = _kept_kib( $program, $right ) or return;
    return $MOST_TIMES * $most_kib + ( $SPARE_KIB_OF{$program} // $SPARE_KIB );
}

1;
