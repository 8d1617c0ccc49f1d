package grader::stages::Speed;

# The speed stage: is the graded backend fast enough? Both backends of a comparison run in rounds, in an order that a coin
# decides, at a TOP chosen on this machine so that the slower one takes long enough to be timed well. Every timed run must
# also give the right answer. grader::speed::Sequential decides when there are enough rounds, and what they say.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util  qw(max min);
use POSIX       qw(floor);
use Time::HiRes ();
use measure::Contention;
use grader::speed::Sequential;
use measure::Rounds;

# Tests set another clock.
our $NOW_S = sub () { Time::HiRes::clock_gettime( Time::HiRes::CLOCK_MONOTONIC() ) };

# More tries than this do not bring TOP closer.
my $MOST_TRIALS = 8;

# A trial is near enough to the time that is aimed for when it took from this to that part of it.
my ( $SHORTEST, $LONGEST ) = ( 0.6, 3 );

# Whoever takes so many times longer than its CPU time says, does not do so because of others.
my $MOST_STRETCH = 4;

# The TOP that is timed differs from the one found by up to so many thousandths, so that nobody knows it before.
my $TOP_SPREAD = 100;

# So much more memory is touched before a run than the trial needed.
my $TOUCH_FACTOR = 1.2;

# A timed run takes at least this part of the CPU time of one that proves its work; proofs shorter than this tell nothing.
# Nobody is accused before so many more proofs, because one alone may have met with huge pages that the kernel had to clear.
my ( $LEAST_WORK_SHARE, $SHORTEST_PROOF_S, $MORE_PROOFS ) = ( 0.5, 0.03, 8 );

# The part of its time in which the baseline of a base works at least.
my $LEAST_BUSY_SHARE = 0.5;

# A program that does nothing has about so much resident memory.
my $BARE_PROGRAM_KIB = 4096;

# Result: the tests, as of grader::stages::Correctness::tests; those whose backends are graded. The outcome of each has, when there
# is one, the measured ratio (value), what it may be (interval => [low, high]), and the number of rounds.
sub tests ($job) {
    my $settings = $job->settings;
    my ( $graded, $baseline, $library ) = @{$settings}{qw(graded baseline library)};
    my ( @base, @challenge, @bonus );
    for my $program ( $job->programs ) {
        my $base = _comparison( $job, $program, $baseline, $graded, $settings->{base_aim_s} );
        push @base,
          _test( $base, 'base', "is at least $settings->{base_ratio} times faster than", $settings->{base_ratio} );
        my $race = _comparison( $job, $program, $graded, $library, $settings->{challenge_aim_s} );
        push @challenge, _test( $race, 'challenge', 'is faster than', $settings->{challenge_ratio} );
        next if !defined $settings->{bonus_ratio};
        my $percent = sprintf '%.3g', 100 * ( 1 - $settings->{bonus_ratio} );
        push @bonus, _test( $race, 'bonus', "takes at least $percent% less time than", $settings->{bonus_ratio} );
    }
    return if !$job->has_backends($graded);
    return ( $job->has_backends($baseline) ? @base : (), @challenge, @bonus );
}

# One series of rounds of two backends. What is judged is the ratio $over / $under of their times; the slower one is to take
# about $aim_s.
sub _comparison ( $job, $program, $over, $under, $aim_s ) {
    return {
        job        => $job,
        program    => $program,
        over       => $over,
        under      => $under,
        aim_s      => $aim_s,
        thresholds => []
    };
}

sub _test ( $comparison, $kind, $words, $threshold ) {
    my $settings = $comparison->{job}->settings;
    my $program  = $comparison->{program};
    my $graded   = $settings->{graded};
    push @{ $comparison->{thresholds} }, $threshold;
    return {
        id   => "$graded.$kind.$program",
        name => "$program: $graded $words "
          . ( $graded eq $comparison->{over} ? $comparison->{under} : $comparison->{over} )
          . " ($kind)",
        run => sub { _outcome( $comparison, $threshold ) },
    };
}

# The first test of a comparison that is run makes the rounds for all of them.
sub _outcome ( $comparison, $threshold ) {
    my $series = $comparison->{series} //= _series($comparison);
    return $series if $series->{verdict};
    my $judged = grader::speed::Sequential::judge( $series->{plan}, $threshold, $series->{rounds}, spent => $series->{spent} );
    my %figures =
      defined $judged->{ratio}
      ? ( value => $judged->{ratio}, interval => [ @{$judged}{qw(low high)} ], rounds => $judged->{rounds} )
      : ();
    my $reached = _is_base($comparison) ? 'not faster' : 'faster';
    my @notes   = ( _summary( $comparison, $threshold, $judged ), _contention_notes( $series, $judged ) );
    if ( $judged->{answer} eq $reached ) {
        my $idle = _idle_baseline( $comparison, $judged ) // return { verdict => 'pass', notes => \@notes, %figures };
        return { verdict => 'fail', diag => [ $idle, @notes ], %figures };
    }
    return { verdict => 'fail', diag => \@notes, %figures, hint => _hint($comparison) }
      if $judged->{answer} ne 'cannot tell';
    return {
        verdict => 'skip',
        reason  => 'cannot tell: ' . _why( $comparison, $threshold, $judged ),
        notes   => \@notes,
        %figures
    };
}

# A baseline that sleeps when it is timed makes par look fast. An honest one works all the time: whoever does not hold its
# lock waits, but somebody holds it. Only where nobody else wanted the CPUs does waiting say anything. Result: what is wrong
# with it; nothing when all is well, or when it is not the baseline that was too slow.
sub _idle_baseline ( $comparison, $judged ) {
    my $series = $comparison->{series};
    return if !_is_base($comparison) || @{ $series->{contended} };
    my @results = @{ $series->{results}{ $comparison->{over} } }[ 0 .. $judged->{rounds} - 1 ];
    my $share   = measure::Rounds::median( map { _cpu_s($_) / max( 1e-6, $_->{wall_s} ) } @results );
    return if $share >= $LEAST_BUSY_SHARE;
    return sprintf '%s worked in %.0f%% of its time only, and waited for the rest: that is no baseline',
      $comparison->{over}, 100 * $share;
}

# The base asks whether the ratio, that of the baseline to the graded backend, is at least the threshold; the others ask
# whether theirs, that of the graded backend to the library, is below it.
sub _is_base ($comparison) { return $comparison->{under} eq $comparison->{job}->settings->{graded} }

# ---- Making the rounds ---------------------------------------------------------------------------------------------------

# Result: the series, { plan, rounds as of grader::speed::Sequential, results, top, cpus, spent, contended => [reasons] }; or an
# outcome when there can be none.
sub _series ($comparison) {
    my ( $job, $program, @backends ) = @{$comparison}{qw(job program over under)};
    for my $backend (@backends) {
        my ( $sentence, @more ) = $job->failed( $program, $backend );
        return _not_timed( $comparison, $backend, $sentence, @more ) if defined $sentence;
    }
    my $settings = $job->settings;
    my $watch    = measure::Contention->new( threads => $settings->{speed_threads} );
    my $cpus     = $watch->usable_cpus;
    if ( $cpus < $settings->{speed_cpus_least} ) {
        my $have = sprintf '%.3g CPU%s', $cpus, $cpus == 1 ? q{} : 's';
        return {
            verdict => 'skip',
            reason  => "cannot tell: there is only $have here, on which programs of $settings->{speed_threads} threads "
              . "cannot be compared; grade on a machine with $settings->{speed_cpus_least} or more",
        };
    }
    my ( $backend, $series );
    my $made = eval {
        for ( @backends, $settings->{library} ) {
            $backend = $_;
            $job->binary( $backend, 'release', "bin/$program-$backend" );
        }
        $series = _rounds( $comparison, $watch );
        1;
    };
    return $series if $made;
    die $@         if !ref $@;
    return _not_timed( $comparison, $@->{backend} // $backend, $@->{complaint}, @{ $@->{errors} // [] } );
}

# The library is not the student's: when it goes wrong, nothing is known.
sub _not_timed ( $comparison, $backend, $sentence, @more ) {
    return { verdict => 'fail', diag => [ "not timed: $sentence", @more ] }
      if $backend ne $comparison->{job}->settings->{library};
    return { verdict => 'skip', reason => "cannot tell: not timed: $sentence" };
}

sub _rounds ( $comparison, $watch ) {
    my ( $job, $program, $over, $under ) = @{$comparison}{qw(job program over under)};
    my $settings = $job->settings;
    my ( $top, $peak_kib ) = _choose_top($comparison);
    my $touch_bytes = $comparison->{touch_bytes} = int( $TOUCH_FACTOR * 1024 * $peak_kib );

    my %series = (
        top       => $top,
        cpus      => min( $settings->{speed_threads}, $watch->usable_cpus ),
        rounds    => [],
        spent     => 0,
        contended => []
    );
    $series{plan} =
      grader::speed::Sequential::plan( alpha => $settings->{speed_alpha}, rounds_most => $settings->{speed_rounds_most} );
    my ( $started_s, $least_kib );
    $series{results} = measure::Rounds::interleave(
        entries => [ { name => $over }, { name => $under } ],
        rounds  => $settings->{speed_rounds_most},
        order   => sub ( $round, @entries ) {
            $least_kib = _audit( $comparison, $top ) if $round == 0 || _is_audited($job);
            return $job->drawn( "order of $program-$over and $program-$under in round $round", 0, 1 )
              ? reverse @entries
              : @entries;
        },
        run => sub ($entry) {
            my $result = _run( $job, $program, $entry->{name}, $top, touch_bytes => $touch_bytes );
            $watch->ran($result);
            _insist_on_memory( $job, $program, $entry->{name}, $top, $result, $least_kib );
            return $result;
        },
        go_on => sub ($results) {
            if ( !defined $started_s ) {    # the warm-up is over
                $started_s = $NOW_S->();
                $watch->start;
                return 1;
            }
            $series{contended} = [ $watch->reasons ];
            $series{missing}   = @{ $series{contended} } ? $watch->missing : 0;
            push @{ $series{rounds} }, _round( $results, \%series, $over, $under );
            $series{spent} = _is_spent( $settings, \%series, $NOW_S->() - $started_s );
            return !$series{spent} && _is_open( $comparison, \%series );
        },
    );
    _insist_on_same_work( $comparison, \%series );
    return \%series;
}

# A submission can know whether it must prove its work in a run. An honest one needs about as long without: the digest takes
# up to two fifths of the time. One that cheats in the other runs needs next to nothing there.
sub _insist_on_same_work ( $comparison, $series ) {
    my $proofs = $comparison->{proof_cpu_s} // {};
    for my $backend ( sort keys %{$proofs} ) {
        my @cpu_s  = map { _cpu_s($_) } @{ $series->{results}{$backend} } or next;
        my $cpu_s  = measure::Rounds::median(@cpu_s);
        my $most_s = max( $SHORTEST_PROOF_S, $cpu_s / $LEAST_WORK_SHARE );
        for ( 1 .. $MORE_PROOFS ) {
            last if $proofs->{$backend} <= $most_s;
            _audit( $comparison, $series->{top} );    # keeps the shortest
        }
        next if $proofs->{$backend} <= $most_s;
        die {
            backend   => $backend,
            complaint => sprintf 'bin/%s-%s %d takes %.3f s of CPU, but %.3f s when it must prove its work (--digest)',
            $comparison->{program}, $backend, $series->{top}, $cpu_s, $proofs->{$backend}
        };
    }
    return;
}

# The last round, as grader::speed::Sequential::judge takes it.
sub _round ( $results, $series, $over, $under ) {
    my ( $above, $below ) = map { $results->{$_}[-1] } $over, $under;
    return {
        wall      => $above->{wall_s} / $below->{wall_s},
        cpu       => _cpu_s($above) / _cpu_s($below),
        stretch   => [ map { max( 1, $series->{cpus} * $_->{wall_s} / _cpu_s($_) ) } $above, $below ],
        contended => scalar @{ $series->{contended} },
        missing   => $series->{missing},
    };
}

# The kernel may count the CPU time of a short run as nothing.
sub _cpu_s ($result) { return max( 1e-3, $result->{user_s} + $result->{sys_s} ) }

# Before the first look nothing can be told, so on a slow machine it may take twice the time.
sub _is_spent ( $settings, $series, $seconds ) {
    my $can_tell = @{ $series->{rounds} } >= $series->{plan}{looks}[0]{rounds};
    return $seconds >= $settings->{speed_seconds_most} * ( $can_tell ? 1 : 2 );
}

# Whether there is a threshold about which nothing is decided yet.
sub _is_open ( $comparison, $series ) {
    my ( $plan, $rounds ) = @{$series}{qw(plan rounds)};
    return 1 if !grader::speed::Sequential::is_look( $plan, scalar @{$rounds} );
    for my $threshold ( @{ $comparison->{thresholds} } ) {
        return 1 if grader::speed::Sequential::decide( $plan, $threshold, $rounds )->{answer} eq 'go on';
    }
    return 0;
}

# ---- Right runs ----------------------------------------------------------------------------------------------------------

# Result: of measure::Launch::run. Dies with { backend, complaint } when the run was not right, but not when the options give
# it fewer seconds than usual and it was stopped for these.
sub _run ( $job, $program, $backend, $top, %options ) {
    my $result = $job->run( $program, $backend, $top, %options );
    return $result if defined $options{wall_s} && ( $result->{stopped} // q{} ) eq 'wall';
    my $complaint = $job->complaint( $program, $backend, $top, $result ) // return $result;
    die { backend => $backend, complaint => $complaint };
}

# Now and then, before a round that nobody can foresee, the programs have to prove at the TOP that is timed that they do the
# work: with --digest they print a digest over all their sequences, under a nonce that they read after their start
# (grader::stages::Work says more), and it must be the one that the library's program prints. These runs are not timed, because the
# digest takes its time, the same for all, which would bring every ratio nearer to 1.
#
# Result: the resident memory, in KiB, that a run of this work needs at least.
sub _audit ( $comparison, $top ) {
    my ( $job, $program, @backends ) = @{$comparison}{qw(job program over under)};
    my ( $library, $share ) = @{ $job->settings }{qw(library speed_memory_share)};
    my $nonce     = $job->nonce;
    my $touch     = $comparison->{touch_bytes};
    my $right     = _proof( $job, $program, $library, $top, $nonce, $touch );
    my $least_kib = $share * max( 0, $right->{peak_kib} - $BARE_PROGRAM_KIB );
    for my $backend ( grep { $_ ne $library } @backends ) {
        my $proof = _proof( $job, $program, $backend, $top, $nonce, $touch );
        _insist_on_memory( $job, $program, $backend, $top, $proof, $least_kib );
        my $least_cpu_s = \$comparison->{proof_cpu_s}{$backend};
        ${$least_cpu_s} = min( ${$least_cpu_s} // _cpu_s($proof), _cpu_s($proof) );
        next if $proof->{digest} eq $right->{digest};
        die {
            backend   => $backend,
            complaint => "bin/$program-$backend --digest $top printed a wrong digest: "
              . 'sequences were lost, changed, or never computed'
        };
    }
    return $least_kib;
}

sub _is_audited ($job) { return hex( substr $job->nonce, 0, 7 ) % $job->settings->{speed_audit_every} == 0 }

# Result: that of the run, with digest. It finds as much memory touched as the timed runs do, since their CPU times are compared.
sub _proof ( $job, $program, $backend, $top, $nonce, $touch ) {
    my %input  = ( arguments => ['--digest'], stdin => "$nonce\n", touch_bytes => $touch );
    my $result = $job->run( $program, $backend, $top, %input );
    my ( $answer, $digest ) = $result->{stdout} =~ /\A(.*?)(?:^(Digest is [^\n]*)\n)?\z/ms;
    my $complaint = $job->complaint( $program, $backend, $top, { %{$result}, stdout => $answer } );
    $complaint //= "bin/$program-$backend --digest $top printed no digest" if !defined $digest;
    die { backend => $backend, complaint => $complaint } if defined $complaint;
    return { %{$result}, digest => $digest };
}

sub _insist_on_memory ( $job, $program, $backend, $top, $result, $least_kib ) {
    return if $backend eq $job->settings->{library} || $result->{peak_kib} >= $least_kib;
    die {
        backend   => $backend,
        complaint => sprintf 'bin/%s-%s %d had at most %d KiB of memory, and its sequences alone take %d KiB or more',
        $program, $backend, $top, $result->{peak_kib}, $least_kib
    };
}

# ---- Choosing TOP ----------------------------------------------------------------------------------------------------

# A TOP at which the slower of the two takes about as long as is aimed for: then a backend that is slow beyond measure is
# told as quickly as any other. It goes by CPU time, which others hardly change: the ratio of two backends may depend on TOP,
# so TOP must not depend on what else the machine does. Result: a TOP drawn from around the one found, and the largest
# resident memory to be expected there.
sub _choose_top ($comparison) {
    my ( $job, $program, $aim_s, @backends ) = @{$comparison}{qw(job program aim_s over under)};
    my $settings = $job->settings;
    my ( $shortest_s, $longest_s ) = ( $SHORTEST * $aim_s, $LONGEST * $aim_s );
    my ( $least, $most, $memory_kib ) = @{$settings}{qw(speed_top_least speed_top_most speed_memory_kib)};

    my $top     = $settings->{speed_top_first};
    my $trial   = _trial( $job, $program, $top, undef, @backends );
    my $growth  = 2;            # time grows with TOP to the power of this, as far as we know
    my $ceiling = $most + 1;    # the lowest TOP known to take too long
    for ( 2 .. $MOST_TRIALS ) {
        my $seconds = $trial->{size_s};
        last if $seconds >= $shortest_s && $seconds <= $longest_s;
        my $factor = max( 0.1,    min( 10, ( $aim_s / $seconds )**( 1 / $growth ) ) );
        my $next   = max( $least, min( $most, floor( $top * $factor ) ) );
        $next = floor( sqrt( $top * $ceiling ) ) if $next >= $ceiling;
        last if $next == $top || $trial->{peak_kib} * $next / $top > $memory_kib;
        my $tried = _trial( $job, $program, $next, $next > $top ? $MOST_STRETCH * $longest_s : undef, @backends );
        if ( !$tried ) {
            $ceiling = $next;
            next;
        }
        $growth = max( 1, min( 3, log( $tried->{size_s} / $seconds ) / log( $next / $top ) ) );
        ( $top, $trial ) = ( $next, $tried );
    }
    my $purpose = "TOP at which $program is timed with @backends";
    my $drawn   = floor( $top * $job->drawn( $purpose, 1000 - $TOP_SPREAD, 1000 + $TOP_SPREAD ) / 1000 );
    $drawn = max( $least, min( $most, $drawn ) );
    return ( $drawn, $trial->{peak_kib} * max( 1, $drawn / $top ) );
}

# Result: the most time and memory that one of the backends took; nothing when one was stopped because it took longer than
# $cap_s, when that is defined.
sub _trial ( $job, $program, $top, $cap_s, @backends ) {
    my %most = ( size_s => 0, peak_kib => 0 );
    for my $backend (@backends) {
        my $result = _run( $job, $program, $backend, $top, defined $cap_s ? ( wall_s => $cap_s ) : () );
        return if defined $cap_s && ( $result->{stopped} // q{} ) eq 'wall';
        $most{size_s}   = max( $most{size_s},   _cpu_s($result), $result->{wall_s} / $MOST_STRETCH );
        $most{peak_kib} = max( $most{peak_kib}, $result->{peak_kib} );
    }
    return \%most;
}

# ---- Words -------------------------------------------------------------------------------------------------------------

sub _summary ( $comparison, $threshold, $judged ) {
    my $series = $comparison->{series};
    my $count  = $judged->{rounds};
    return "$comparison->{program} $series->{top}: no round was finished" if !$count;
    my @times;
    for my $backend ( @{$comparison}{qw(over under)} ) {
        my @wall_s = map { $_->{wall_s} } @{ $series->{results}{$backend} }[ 0 .. $count - 1 ];
        push @times, sprintf '%s %.3f s +- %.3f', $backend, measure::Rounds::median(@wall_s),
          measure::Rounds::spread(@wall_s);
    }
    return sprintf '%s %d, %d round%s, medians of elapsed time: %s; %s', $comparison->{program}, $series->{top}, $count,
      $count == 1 ? q{} : 's', join( ', ', @times ), _ratio_words( $comparison, $threshold, $judged );
}

sub _ratio_words ( $comparison, $threshold, $judged ) {
    return sprintf '%s/%s %.3g (surely %.3g to %.3g), wanted %s %.3g', @{$comparison}{qw(over under)},
      @{$judged}{qw(ratio low high)}, _is_base($comparison) ? 'at least' : 'below', $threshold;
}

sub _contention_notes ( $series, $judged ) {
    my @reasons = @{ $series->{contended} };
    return if !@reasons;
    my $note = 'the machine was contended: ' . join '; ', @reasons;
    return $note if !$judged->{rounds};
    my $cpu = measure::Rounds::median( map { $_->{cpu} } @{ $series->{rounds} }[ 0 .. $judged->{rounds} - 1 ] );
    return sprintf '%s; the ratio of CPU times is %.3g', $note, $cpu;
}

sub _why ( $comparison, $threshold, $judged ) {
    my ( $settings, $series ) = ( $comparison->{job}->settings, $comparison->{series} );
    my $why    = $judged->{why};
    my $rounds = $judged->{rounds};
    return sprintf '%d of the %d rounds that are needed at least fitted into %g s; allow more seconds', $rounds,
      $judged->{rounds_wanted}, 2 * $settings->{speed_seconds_most}
      if $why eq 'too few rounds';

    my $ratio = _ratio_words( $comparison, $threshold, $judged );
    return "$ratio, but others took CPUs away, and threads that run one after the other do not meet at a lock; "
      . 'grade again on a quieter machine'
      if $why eq 'scarce';
    return "$ratio, but the machine was contended and CPU time does not agree; grade again on a quieter machine"
      if $why eq 'disagreement';
    my $quieter = @{ $series->{contended} } ? 'on a machine that does nothing else' : 'on a quieter machine';
    return "$ratio, too near to that for any sensible number of rounds to tell" if $why eq 'too near';
    return
        "$ratio after $rounds rounds; at this scatter about "
      . _two_digits( $judged->{rounds_wanted} )
      . " might tell, $quieter fewer";
}

sub _two_digits ($number) {
    my $unit = 1;
    $unit *= 10 while $number / $unit >= 100;
    return $unit * floor( $number / $unit + 0.5 );
}

sub _hint ($comparison) {
    my ( $top, $program ) = ( $comparison->{series}{top}, $comparison->{program} );
    return
      "to see it: make && time bin/$program-$comparison->{over} $top && time bin/$program-$comparison->{under} $top";
}

1;
