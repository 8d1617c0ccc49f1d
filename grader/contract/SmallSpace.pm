package grader::contract::SmallSpace;

# The check of small address spaces. It needs a program of its own (tests/contract/small_space.c), because the suite's process
# is larger than such a space.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Check;
use grader::contract::Words;
use measure::Launch;
use POSIX ();

# $terms: what the rubric says of the assignment.
sub check ($terms) {
    return {
        id   => 'small_space',
        run  => \&_run,
        name => "it works in an address space of $terms->{small_space_mib} MiB"
    };
}

# Of how many sizes the small blocks are.
my $KINDS = 299;

# What the loader says where variables of the program leave no room for the C library. It ends the process itself.
my $NO_ROOM = qr/\berror while loading shared libraries\b/;

sub _run ( $job, $backend, $check ) {
    my $name   = "tests/small_space-$backend";
    my $binary = grader::contract::Check::binary( $job, $backend, 'release', $name );
    return $binary if ref $binary;

    my $mib    = $job->settings->{terms}{small_space_mib};
    my $word   = $job->nonce;
    my $result = grader::contract::Check::launch(
        $job, $binary,
        command  => [ $binary, $KINDS, '-', $mib ],
        stdin    => "$word\n",
        asleep_s => $job->settings->{asleep_s}
    );
    return grader::contract::Check::pass()
      if measure::Launch::ok($result) && $result->{stdout} =~ /^small_space: 2 rounds; \Q$word\E$/m;

    my $how =
      _is_without_room($result)
      ? 'cannot be started: its own variables leave no room for the C library'
      : grader::contract::Check::how_it_ended($result);
    my $advice  = _advice($result);
    my $outcome = grader::contract::Check::fail(
        "$advice; to see it again: make BACKENDS=$backend build/release/$name && build/release/$name $KINDS x $mib",
        "in an address space of $mib MiB, $name $KINDS x $mib $how",
        grader::contract::Words::printed($result)
    );
    return { %{$outcome}, grader::contract::Check::was_stopped($result) ? grader::contract::Check::hung($result) : () };
}

sub _is_without_room ($result) { return ( $result->{exit} // 0 ) == 127 && $result->{stderr} =~ $NO_ROOM }

# What to look at, by how it ended.
sub _advice ($result) {
    if ( grader::contract::Check::was_stopped($result) ) {
        my $hint = grader::contract::Check::hang_hint($result);
        return $hint if $hint !~ /\Alook at the locks: /;
        return 'in so small a space mmap may say MAP_FAILED, which is not NULL: does a way out without memory keep a '
          . "lock? Else $hint";
    }
    if ( defined $result->{signal} ) {
        my $hint = grader::contract::Check::crash_hint( $result->{signal} );
        return $hint if grep { $result->{signal} == $_ } POSIX::SIGABRT(), grader::contract::Check::file_signal();
        return "in so small a space mmap may say MAP_FAILED, which is not NULL: is that used as a block? Else $hint";
    }
    my $said = grader::contract::Words::said_by_program($result) // q{};
    return 'a block must not be handed out twice, nor reach into its neighbour' if $said =~ /was changed/;
    return 'take memory with mmap when it is asked for, not in an array of the program'
      if $said =~ /static variables/ || _is_without_room($result);
    return
      'the program takes 512 mixed blocks, frees them, takes one of 9 MiB, and does it all again: do not reserve much '
      . 'more than is asked for, and give free mappings back with munmap'
      if $said =~ /returned NULL/;
    return grader::contract::Check::no_exit_hint();
}

1;
