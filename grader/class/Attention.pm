package grader::class::Attention;

# What a person should look at: submissions that were refused, that are empty or wrongly named, and those that did what an
# allocator has no need to do. It reads what the grader has said of them.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(basename);
use grader::class::Grade;
use grader::class::Submissions;

# The kinds, in the order in which they stand in the box, with their words.
our @KINDS = ( 'not graded', 'empty', 'wrong name', 'missing', 'suspicious', 'same files', 'not a submission' );

# What the grader says (grader/intake/Compile.pm, grader/intake/Names.pm).
my $MISSING    = qr/\Athere is no \w+[.]c in the submission/;
my $ONLY_THERE = qr/, or say --backend (\w+=FILE)/;             # which grade-class has for each
my $TAKEN      = qr/\A(\S.*) is taken for (\w+)_alloc[.]c/;

# Words of failures that are no bug of an allocator, by the test.
my %SUSPICIOUS = (
    qr/[.]objects\z/    => qr/./,
    qr/[.]own_memory\z/ => qr/\bof the C library\b/,
    qr/[.]work[.]/      => qr/\bdigest\b|sequences were lost/,
    qr/[.]base[.]/      => qr/that is no baseline/,
    qr/[.]tsan\z/       => qr/it asks for other things/,
);

# $grade: as of grader::class::Grade. $names: the names of files in the rubric's terms. Result: [kind, sentence] for each matter.
sub of ( $grade, $names ) {
    return [ 'not graded', $grade->{reason} ] if defined $grade->{reason};
    my @found   = ( _names( $grade, $names ), _suspicions($grade) );
    my $same_as = $grade->{same_as};
    push @found, [ 'same files', "the same files as $same_as" ]
      if defined $same_as && !grep { $_->[0] eq 'empty' } @found;
    return @found;
}

sub _names ( $grade, $names ) {
    my @builds = grep { $_->{id} =~ /[.]build\z/ } @{ $grade->{tests} };
    my @missing =
      grep { $_->{verdict} eq 'fail' && ( $_->{diag}[0] // q{} ) =~ $MISSING } @builds;
    my @said = map { $_->{diag}[0] =~ s/$ONLY_THERE/, or write $1 under backend in overrides.csv/r } @missing;
    if ( @missing && @missing == @builds && !grep { /found instead/ } @said ) {
        my ($more) = $said[0] =~ /;\s*(.+)/s;
        return [ 'empty', 'there is no C file in it' . ( defined $more ? "; $more" : q{} ) ];
    }
    my @hollow = grep { /\A\S.* is empty\b/ } map { $_->{diag}[0] // q{} } grep { $_->{verdict} eq 'fail' } @builds;
    return map { [ 'empty', $_ ] } @hollow if @hollow;

    my @found = map { [ /did you mean/ ? 'wrong name' : 'missing', $_ ] } @said;
    for my $note ( map { @{ $_->{notes} // [] } } @builds ) {
        my ( $path, $backend ) = $note =~ $TAKEN or next;
        my $is_accepted =
          grep { lc eq lc basename($path) } @{ $names->{$backend} // [] };
        push @found, [ 'wrong name', $note ] if !$is_accepted;
    }
    return @found;
}

sub _suspicions ($grade) {
    my @found;
    for my $test ( grader::class::Grade::with_verdict( $grade, 'fail' ) ) {
        my ($form) = grep { $test->{id} =~ $_ } keys %SUSPICIOUS or next;
        my ($line) = grep { /$SUSPICIOUS{$form}/ } @{ $test->{diag} // [] };
        next if !defined $line || $line =~ /\Athere is nothing to look into/;
        push @found, [ 'suspicious', "$test->{id}: $line" ];
    }
    return @found;
}

# All matters of a class: [kind, grade or undef, name, sentence], in the order of the kinds. $left_out: names of what lies
# among the submissions and is none.
sub all ( $grades, $left_out ) {
    my %of = map { $_ => [] } @KINDS;
    for my $grade ( @{$grades} ) {
        push @{ $of{ $_->[0] } }, [ $_->[0], $grade, $grade->{name}, $_->[1] ] for @{ $grade->{attention} };
    }
    push @{ $of{'not a submission'} },
      map { [ 'not a submission', undef, $_, grader::class::Submissions::remedy($_) ] } @{$left_out};
    return map { @{ $of{$_} } } @KINDS;
}

# In one cell of a table.
sub words ($grade) {
    return join '; ', map { "$_->[0]: $_->[1]" } @{ $grade->{attention} };
}

1;
