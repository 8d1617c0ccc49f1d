package grader::Job;

# One grading: the tree, what of it is graded, its binaries once they are built, and the way to run one of them.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::MD5 qw(md5);
use grader::Answer;
use grader::Build;
use measure::Launch;

# %parts: tree, settings, workspace, launcher, progress, seed, backends => [names], programs => [names]
sub new ( $class, %parts ) { return bless { %parts, folder => $parts{workspace}->folder('run'), failed => {} }, $class }

sub settings ($self) { return $self->{settings} }
sub progress ($self) { return $self->{progress} }
sub backends ($self) { return @{ $self->{backends} } }
sub programs ($self) { return @{ $self->{programs} } }

sub has_backends ( $self, @wanted ) {
    my %has = map { $_ => 1 } $self->backends;
    return !grep { !$has{$_} } @wanted;
}

# Builds one backend after the other, so that each fails alone.
sub build ($self) {
    for my $backend ( $self->backends ) {
        $self->progress->show("building the programs with $backend");
        my ( $binaries, @errors ) = grader::Build::backend(
            ( map { $_ => $self->{$_} } qw(tree workspace launcher programs) ),
            backend   => $backend,
            timeout_s => $self->settings->{build_timeout_s},
        );
        for my $program ( grep { !defined $binaries->{$_} } $self->programs ) {
            $self->set_failed( $program, $backend, "bin/$program-$backend was not built", @errors );
            @errors = ("the reason is given above, with the first program that needs $backend");
        }
    }
    return;
}

# Remembers why a binary cannot be trusted any further. The first reason counts.
sub set_failed ( $self, $program, $backend, @why ) {
    $self->{failed}{"$program-$backend"} //= \@why;
    return;
}

# Result: the lines given to set_failed; the first is a sentence. None when all is well so far.
sub failed ( $self, $program, $backend ) { return @{ $self->{failed}{"$program-$backend"} // [] } }

# What measure::Launch::run takes for this run.
sub command ( $self, $program, $backend, $top ) {
    return (
        command      => [ $self->{workspace}->path( 'bin', "$program-$backend" ), $top ],
        launcher     => $self->{launcher},
        directory    => $self->{folder},
        wall_s       => $self->settings->{run_timeout_s},
        output_bytes => $self->settings->{output_bytes},
        processes    => 1,
    );
}

# Runs a binary; %options go to measure::Launch::run over those of command().
sub run ( $self, $program, $backend, $top, %options ) {
    $self->progress->show("$program-$backend $top");
    return measure::Launch::run( $self->command( $program, $backend, $top ), %options );
}

# What is wrong with a result, in a whole sentence that says how to see it; undef when it is right.
sub complaint ( $self, $program, $backend, $top, $result ) {
    my $complaint = grader::Answer::complaint( $result, $top ) // return;
    return "bin/$program-$backend $top $complaint; to see it: make BACKENDS=$backend && bin/$program-$backend $top";
}

# A number from $low to $high that depends on nothing but the seed and $purpose: the same with any choice of backends.
sub drawn ( $self, $purpose, $low, $high ) {
    my ($random) = unpack 'N', md5("$self->{seed} $purpose $low $high");
    return $low + $random % ( $high - $low + 1 );
}

1;
