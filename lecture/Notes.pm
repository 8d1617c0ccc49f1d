package lecture::Notes;

# What the speaker may say on each slide: shown in the speaker's window only.

use v5.32;
use warnings;

# By the name of a slide, or what its name begins with up to a hyphen.
my %NOTES = (
    title =>
      'Say what machine this was measured on and how quiet it was: the line at the bottom. Titles that begin with '
      . '"Cannot tell here" are findings, too.',
    programs =>
      'All three search for the number below TOP that takes the most steps. ivec keeps vectors that grow, list keeps '
      . 'linked lists, collatz hands arrays from one thread to another. Ask: whose blocks are freed by another thread?',
    'idea' =>
'This is a real run, not a drawing: the same requests on this backend. Point at the block with the frame, then step.',
    'idea-hw08' =>
      'Ask where the next block of this size will go. Why does the search take longer the more holes there are?',
    'idea-buddy'  => 'Look for two free halves that become one, and for a half whose twin is still in use.',
    'idea-bucket' => 'Each row has blocks of one size. Ask which free space can never serve a larger block.',
    'idea-cache'  => 'The colour is the thread. Ask what happens to a block that the other thread frees.',
    'idea-arena'  => 'The threads lie far apart. Ask who gets the place of a block that the other thread frees.',
    'idea-par'    =>
      'Blocks of one size side by side, as with buckets, and each thread keeps what it frees, as with caches.',
    rung =>
      'One idea at a time: the bar is the whole program, so an idea that halves the cost of a call may hardly be seen.',
    claims  => 'A click on a verdict shows the rule that gave it. Let the room guess the verdict first.',
    race    => 'Bars begin at 1, the C library. Where a question mark stands, one cannot tell on which side of it the bar ends.',
    scaling =>
      'Look at the step from one thread to one a core; with more threads than cores they take turns. Flat is good.',
    memory  => 'Freed is not given back. Ask who looks best for a server that had one busy hour.',
    heapmap =>
      'Step through a chapter with the down arrow; ask before each what will happen. r runs it, + and - go closer.',
    profiles => 'One thread, so nobody waits: this is work. In hw08 it is the walk along the list.',
    flame    => 'Choose a backend. The wider, the more time; who stands below has called.',
);

sub notes { return {%NOTES} }

1;

__END__

=head1 NAME

lecture::Notes - the speaker's notes

=head1 FUNCTIONS

=head2 notes()

The notes by the name of a slide, or by the beginning of its name: C<rung> is for all of C<rung-NAME>.

=cut
