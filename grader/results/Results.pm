package grader::results::Results;

# Keeps the outcome of every test with its points, and writes them in the formats that the options name. It rewrites the files
# after each test, so they hold the results so far, even if the grader crashes.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode     ();
use JSON::PP   ();
use List::Util qw(sum0);
use grader::Shown;
use grader::results::Classroom;
use grader::results::Gradescope;
use grader::results::Json;
use grader::results::Junit;
use grader::results::Points;
use grader::results::PrairieLearn;
use grader::results::Submitty;

my %FORMAT = (
    classroom    => \&grader::results::Classroom::text,
    gradescope   => \&grader::results::Gradescope::text,
    json         => \&grader::results::Json::text,
    junit        => \&grader::results::Junit::text,
    prairielearn => \&grader::results::PrairieLearn::text,
    submitty     => \&grader::results::Submitty::text,
);

# The names of the formats that a file can have.
sub formats () {
    my @formats = sort keys %FORMAT;
    return @formats;
}

# %facts: rubric, files => { FORMAT => path }, about => { what a reader of the file wants to know of this run }
sub new ( $class, %facts ) {
    return bless {
        %facts,
        tests    => [],
        planned  => 0,
        complete => 0,
        started  => time
    }, $class;
}

sub plan ( $self, @tests ) {
    $self->{planned} = @tests;
    $self->{not_run} = [@tests];
    return $self->write;
}

# $test: one of those that were planned, in their order. $seconds: how long it took.
sub add ( $self, $test, $outcome, $seconds ) {
    shift @{ $self->{not_run} };
    my %kept = (
        id      => $test->{id},
        name    => $test->{name},
        verdict => $outcome->{verdict},
        seconds => 0 + sprintf( '%.3f', $seconds ),
        ( map { defined $outcome->{$_} ? ( $_ => grader::Shown::text( $outcome->{$_} ) ) : () } qw(reason hint) ),
        ( map { defined $outcome->{$_} ? ( $_ => $outcome->{$_} )                        : () } qw(value interval) ),
        slow      => _truth( $outcome->{is_slow} ),
        blameless => _truth( $outcome->{blameless} ),
        ours      => _truth( $test->{ours} ),
        (
            map {
                $_ => [ map { grader::Shown::text($_) } @{ $outcome->{$_} // [] } ]
            } qw(notes diag)
        ),
    );
    my $worth = grader::results::Points::of( $self->{rubric}, \%kept );
    push @{ $self->{tests} }, { %kept, %{$worth}, reported => _truth( $worth->{reported} ) };
    return $self->write;
}

sub _truth ($value) { return $value ? JSON::PP::true : JSON::PP::false }

sub finish ($self) {
    $self->{complete} = 1;
    return $self->write;
}

# What there is to be had for a test.
sub points ( $self, $id ) { return $self->{rubric}->points($id) }

# Whether a failure is told but held against nobody: the course did not ask for it, nor does the rubric.
sub is_reported ( $self, $test ) {
    return $test->{ours} && !$self->points( $test->{id} );
}

# Why the grader had to stop.
sub abandon ( $self, $reason ) {
    $self->{stopped} = grader::Shown::text( $reason =~ s/\s+\z//r );
    return $self->write;
}

sub tests ($self) { return @{ $self->{tests} } }

# The tests that have not been run (yet), with the points they could have given.
sub not_run ($self) {
    return map { { id => $_->{id}, name => $_->{name}, max => $self->points( $_->{id} ) } } @{ $self->{not_run} // [] };
}

sub score ($self) {
    return sum0( map { $_->{points} } @{ $self->{tests} } );
}

sub max_score ($self) {
    return sum0( map { $_->{max} } @{ $self->{tests} }, $self->not_run );
}

# What could not be told, and nothing was found wrong: how many points that cost, in words; nothing when it cost none.
sub untold_words (@tests) {
    my @untold = grep { $_->{verdict} eq 'skip' && $_->{max} > $_->{points} } @tests;
    my $points = sum0( map { $_->{max} - $_->{points} } @untold );
    return if $points < 1e-6;
    return sprintf '%g %s could not be told%s', $points, $points == 1 ? 'point' : 'points',
      ( grep { grader::results::Points::is_noise($_) } @untold )
      ? ' on this busy machine; grade again when it is quiet'
      : '; see the reasons';
}

# The score, and beside it what noise hid.
sub score_words ($self) {
    return join '; ', sprintf( '%g of %g points', $self->score, $self->max_score ), untold_words( $self->tests );
}

sub is_full ($self) { return $self->max_score - $self->score < 1e-6 }

# The points as a part of the most points, 0 to 1.
sub share ($self) {
    my $max = $self->max_score;
    return $max > 0 ? $self->score / $max : 0;
}

# The points in words.
sub total ($self) { return sprintf '%g of %g points', $self->score, $self->max_score }

sub about ($self) { return $self->{about} }

sub stopped ($self) { return $self->{stopped} }

sub is_complete ($self) { return $self->{complete} }

# Why this is not the result of all tests, in a sentence; undef when it is.
sub unfinished ($self) {
    return if $self->is_complete;
    my $why   = $self->stopped // 'it is still at work, or was killed';
    my $tests = $self->not_run;
    $why = 'its time was up' if $why eq 'stopped by SIGTERM';
    return "The grader has not finished: $why. Tests that were not run ($tests) give no points.";
}

sub seconds ($self) { return time - $self->{started} }

# Writes all files; a reader never sees half of one.
sub write ($self) {
    for my $format ( sort keys %{ $self->{files} } ) {
        my $path = $self->{files}{$format};
        my $new  = "$path.new";               # the next run takes it over from one that was killed
        open my $file, '>:encoding(UTF-8)', $new
          or die "the grader cannot run: cannot write $path: $!\n";
        print {$file} $FORMAT{$format}->($self);
        close $file and rename $new, $path
          or die "the grader cannot run: cannot write $path: $!\n";
    }
    return;
}

sub problem_of ($id) { return grader::results::Points::problem_of($id) }

# What a person reads of a test: the same lines that the TAP shows.
sub lines ( $self, $test ) {
    return (
        ( defined $test->{reason} ? $test->{reason} : () ),
        @{ $test->{diag} },
        @{ $test->{notes} },
        ( defined $test->{hint} && $test->{verdict} eq 'fail' ? $test->{hint} : () )
    );
}

# A verdict in words.
sub verdict ( $self, $test ) {
    return 'failed, worth no points' if $test->{verdict} eq 'fail' && $test->{reported};
    return { pass => 'passed', fail => 'failed', skip => 'could not be told' }->{ $test->{verdict} };
}

# What a person reads of a test, for services that do not take text of any length.
sub excerpt ( $self, $test, $most_bytes ) {
    my $text  = join "\n", $self->lines($test);
    my $bytes = Encode::encode( 'UTF-8', $text );
    return $text if length $bytes <= $most_bytes;
    my $start = Encode::decode( 'UTF-8', substr( $bytes, 0, $most_bytes ), Encode::FB_QUIET() );    # of whole letters
    return "$start\n... (" . ( length($text) - length $start ) . ' more characters)';
}

1;

__END__

=head1 NAME

grader::results::Results - the outcome of a grading, and the files that hold it

=head1 FORMATS

A format is one file in this folder, with a function C<text($results)>, and a word in C<%FORMAT>. The word is then also an
option of F<test.pl>. F<grader/results/Json.pm> describes the JSON file.

=cut
