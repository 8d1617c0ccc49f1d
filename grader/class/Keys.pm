package grader::class::Keys;

# What a grade depends on. A grade has two passes, and each has a key of its own: a checksum over the submission, the kit, the
# seed, and those parts of the rubric that change what this pass runs or asks. Points are not among them: they are looked up
# when the reports are written, so a rubric with other points costs no grading.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::SHA ();
use JSON::PP    ();

our @PASSES = qw(correctness timing);

my @OF_BOTH = qw(backends programs limits);
my %OF =
  ( correctness => [qw(tops drawn_tops deliverables)], timing => ['speed'] );

# $rubric: a grader::Rubric. Result: the rubrics of the passes that it asks for, PASS => text for test.pl.
sub rubrics_of ($rubric) {
    my @stages = @{ $rubric->value('stages') };
    my %stages = (
        correctness => [ grep { $_ ne 'speed' } @stages ],
        timing      => [ grep { $_ eq 'speed' } @stages ]
    );
    my $json = JSON::PP->new->canonical->pretty;
    my %text;
    for my $pass ( grep { @{ $stages{$_} } } @PASSES ) {
        my %values = map { $_ => $rubric->value($_) } @OF_BOTH, @{ $OF{$pass} };
        my $terms  = $rubric->value('terms');
        $values{terms} =
          $pass eq 'timing' ? { map { $_ => $terms->{$_} } qw(names silent) } : $terms;
        $values{stages} = $stages{$pass};
        $text{$pass} = $json->encode( \%values );
    }
    return %text;
}

# The kit's own files as far as they change a grade, from their checksums as grader::kit::Pristine lists them. The values of
# a rubric count, whatever file they stand in.
sub kit ($listing) {
    return Digest::SHA::sha256_hex( join q{}, grep { !m{  grader/rubrics/} } split /(?<=\n)/, $listing );
}

# Gives each submission the keys of its passes: keys => { PASS => key }. Those with the same files have the same keys, unless a person
# said which files are to be taken (given).
sub add ( $submissions, $rubrics, @depends_on ) {
    my %first;
    for my $submission ( @{$submissions} ) {
        for my $pass ( keys %{$rubrics} ) {
            $submission->{keys}{$pass} = Digest::SHA::sha256_hex( join "\n", $submission->{checksum},
                $pass, $rubrics->{$pass}, @depends_on, @{ $submission->{given} // [] } );
        }
        my $same = $first{ $submission->{checksum} } //= $submission;
        $submission->{same_as} = $same->{name} if $same != $submission;
    }
    return;
}

1;
