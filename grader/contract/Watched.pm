package grader::contract::Watched;

# Runs tests/contract/watched.c under a tool: it takes, resizes and frees blocks on several threads.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Check;
use grader::contract::Words;
use measure::Launch;

# A tool makes everything slow; where it does not end in time, nothing is told.
my $TOOL_WALL_S = 60;

# tests/contract/watched.c ends so.
my ( $WRONG_BLOCK, $NO_MEMORY ) = ( 41, 3 );

# %how: flavour; work => [threads, rounds of each]; before => [the tool and its options]; shown => [the same, as a student
# types it]; env; error_exit => what the tool ends the program with when it has found something; find => sub ( $stderr ) { lines of what the tool found }; blind => sub ( $job, $binary ) { why the tool
# cannot follow this binary }; limit => sub ( lines of what the tool found ) { what it is when the program ends well without the tool }; died => sub ( $job, $binary, $result ) { why it died of it, when more is known than how it ended };
# advice.
#
# Runs tests/contract/watched.c under a tool. Only what the tool, or the program, says to be wrong is a failure: a tool that
# a right allocator does not get along with proves nothing.
sub watch ( $job, $backend, %how ) {
    my $flavour = $how{flavour};
    my $name    = "tests/contract/watched-$backend";
    my $plain   = grader::contract::Check::binary( $job, $backend, 'release', $name );
    return $plain if ref $plain;
    my $binary = grader::contract::Check::binary( $job, $backend, $flavour, $name );
    return $binary if ref $binary && ( $binary->{is_cheat} || $binary->{verdict} eq 'skip' );
    return _untold(
        $job,
        "it could not be built for $flavour: "
          . join( '; ', @{ $binary->{diag} }[ 0 .. ( @{ $binary->{diag} } > 1 ) ] ),
        %how
    ) if ref $binary;
    my $blind = $how{blind} ? $how{blind}->( $job, $binary ) : undef;
    return grader::contract::Check::skip($blind) if defined $blind;

    my $word   = $job->nonce;
    my @work   = @{ $how{work} };
    my $result = _under_tool( $job, $binary, $word, %how );
    my @found  = $how{find}->( $result->{stderr} );
    return grader::contract::Check::pass()
      if _has_ended( $result, $word ) && !@found && _came_to_its_end( $result, $how{error_exit} );
    my $limit = @found && $how{limit} ? $how{limit}->(@found) : undef;
    return grader::contract::Check::skip($limit) if defined $limit && _ends_well_without( $job, $plain, %how );

    my @before = @{ $how{shown} // $how{before} };
    my $hint =
      "$how{advice}; to see it again: make FLAVOUR=$flavour BACKENDS=$backend build/$flavour/$name && " . join q{ },
      @before, "build/$flavour/$name", @work, 'x';
    return grader::contract::Check::fail( $hint, @found ) if @found;
    my $exit = $result->{exit} // -1;
    return grader::contract::Check::fail(
        $hint,
        grader::contract::Words::said_by_program($result) // "$name found a wrong block",
        grader::contract::Words::printed($result)
    ) if $exit == $WRONG_BLOCK;
    my $no_exit = grader::contract::Check::no_exit_hint();
    return grader::contract::Check::fail( $hint =~ s/\A\Q$how{advice}\E/$no_exit/r, "$name ended before it was over" )
      if measure::Launch::ok($result);
    my $known  = $how{died}          ? $how{died}->( $job, $binary, $result ) : undef;
    my $why    = $exit == $NO_MEMORY ? 'got no memory'                        : measure::Launch::sentence($result);
    my $untold = _untold( $job, $known // "under $flavour it " . grader::contract::Words::plain($why), %how );
    return { %{$untold}, tool_died => !$untold->{blameless} };
}

sub _has_ended ( $result, $word ) {
    return scalar $result->{stdout} =~ /^watched: \d+ threads, [^\n]*; \Q$word\E$/m;
}

sub _ends_well_without ( $job, $plain, %how ) {
    my $word   = $job->nonce;
    my $result = _under_tool( $job, $plain, $word, %how, before => [] );
    return measure::Launch::ok($result) && _has_ended( $result, $word );
}

# What the tool found may be no fault; then it is the tool alone that is not content.
sub _came_to_its_end ( $result, $error_exit ) {
    my $exit = $result->{exit};
    local $result->{exit} = defined $exit && defined $error_exit && $exit == $error_exit ? 0 : $exit;
    return measure::Launch::ok($result);
}

sub _under_tool ( $job, $binary, $word, %how ) {
    return grader::contract::Check::launch(
        $job, $binary,
        command => [ @{ $how{before} }, $binary, @{ $how{work} }, '-' ],
        stdin   => "$word\n",
        env     => $how{env} // {},
        wall_s  => $TOOL_WALL_S,
    );
}

# Where the tool does not get along with the C library's allocator either, the machine is to blame, and not the homework.
sub _untold ( $job, $why, %how ) {
    my $flavour = $how{flavour};
    my $works   = $job->{tool_works}{$flavour} //= do {
        my $binary = grader::contract::Check::binary( $job, 'sys', $flavour, 'tests/contract/watched-sys' );
        ref $binary ? 'no' : measure::Launch::ok( _under_tool( $job, $binary, 'x', %how ) ) ? 'yes' : 'no';
    };
    return grader::contract::Check::skip($why) if $works eq 'yes';
    return { %{ grader::contract::Check::skip("$flavour does not work on this machine: $why") }, blameless => 1 };
}

1;
