package grader::stages::Work;

# The stage against forging: each program runs at a random TOP, and must print the same as our own program with the C library's
# allocator: the answer, and a digest of what it has kept (programs/digest.h). It must also use about as much memory as the
# sequences take. grader::speed::Proof asks the same of each timed run.
#
# The limit of this stage: the submission is in the same process as the program, so it could do the program's work itself,
# without any sequence, and print the result. It would have to read the nonce. It would also have to fill the memory, because
# too little memory shows the cheat. That is more work than an allocator.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Chance;
use grader::kit::Answer;
use grader::kit::Kept;
use grader::speed::Patience;
use measure::Launch;

# The TOPs: large enough that answers are not in anybody's table and that memory which is never freed shows (grader::kit::Kept),
# small enough for a slow list. The homework's show no such memory; the check of reuse does.
my %DRAWN = ( usual => [ 40_000, 60_000 ], hw08 => [ 700, 1500 ] );

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
    my $nonce = $job->nonce;
    my %how   = ( nonce => $nonce, grader::speed::Patience::limits( $job->settings ) );
    my $right = $job->run( $program, $library, $top, %how );
    return {
        verdict => 'skip',
        reason  => "cannot tell: bin/$program-$library --digest $top " . measure::Launch::sentence($right)
      }
      if !measure::Launch::ok($right);
    return grader::contract::Chance::decide(
        sub () {
            return _judged( $job, $program, $backend, $top, $right, %how );
        }
    );
}

# A program that lost its work is not timed. One that did the work, and needed much memory for it, is.
sub _judged ( $job, $program, $backend, $top, $right, %how ) {
    my $library = $job->settings->{library};
    my $result  = $job->run( $program, $backend, $top, %how );
    my $starved = grader::speed::Patience::starved( $job->settings, $result );
    return { verdict => 'skip', reason => "cannot tell: bin/$program-$backend --digest $top $starved" }
      if defined $starved;
    my $complaint = _complaint( $program, $result, $right );
    my ( undef, $limit_kib ) = grader::kit::Kept::bounds_kib( $program, $right->{digest} );
    my $near =
      !defined $complaint && defined $limit_kib && grader::contract::Chance::is_near( $result->{peak_kib}, $limit_kib );
    $job->set_failed( $program, $backend, "bin/$program-$backend did not do the work it is timed for, see above" )
      if defined $complaint;
    $complaint //=
        "printed the right digest, but had $result->{peak_kib} KiB of memory where $limit_kib are accepted: "
      . 'what was freed is not used again'
      if defined $limit_kib && $result->{peak_kib} > $limit_kib;

    if ( !defined $complaint ) {
        my $late  = grader::speed::Patience::late( $job->settings, $result );
        my @notes = ( "TOP $top", defined $late ? "bin/$program-$backend --digest $top $late" : () );
        return { verdict => 'pass', notes => \@notes, is_slow => defined $late, near => $near };
    }
    return {
        near    => $near,
        verdict => 'fail',
        diag    => ["bin/$program-$backend --digest $top $complaint"],
        hint => 'to see it: echo ' . $how{nonce} . " | bin/$program-$backend --digest $top; and the same with $library",
    };
}

sub _complaint ( $program, $result, $right ) {
    return measure::Launch::sentence($result) if !measure::Launch::ok($result);
    my ( $printed, $wanted ) = map { $_->{stdout} . ( $_->{digest} // q{} ) . "\n" } $result, $right;
    return grader::kit::Answer::differs( $printed, $wanted ) . ': sequences were lost, changed, or never computed'
      if $printed ne $wanted;

    my ($least_kib) = grader::kit::Kept::bounds_kib( $program, $right->{digest} ) or return;
    return
      "printed the right digest, but had $result->{peak_kib} KiB of memory, and what it must keep takes $least_kib KiB"
      if $result->{peak_kib} < $least_kib;
    return;
}

1;
