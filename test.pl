#!/usr/bin/env perl

# The grader's door: reads the options, takes in what was handed in, lets each stage of grader/ name and run its tests, and
# prints TAP.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd          qw(abs_path);
use FindBin      qw($RealBin);
use Getopt::Long qw(GetOptions);
use List::Util   qw(first);
use Time::HiRes  qw(time);

use lib $RealBin;
use grader::Job;
use grader::Nearest;
use grader::Progress;
use grader::Rubric;
use grader::Settings;
use grader::Workspace;
use grader::intake::Files;
use grader::intake::Given;
use grader::kit::Make;
use grader::kit::Pristine;
use grader::results::Autolab;
use grader::results::Results;
use grader::results::Tap;
use grader::sandbox::Sandbox;
use measure::Machine;

use grader::stages::Build;
use grader::stages::Correctness;
use grader::stages::Work;
use grader::stages::Contract;
use grader::stages::Speed;
use grader::stages::Deliverables;

my %STAGES = (
    build        => \&grader::stages::Build::tests,
    correctness  => \&grader::stages::Correctness::tests,
    work         => \&grader::stages::Work::tests,
    contract     => \&grader::stages::Contract::tests,
    speed        => \&grader::stages::Speed::tests,
    deliverables => \&grader::stages::Deliverables::tests,
);
my @FORMATS = grader::results::Results::formats();
my $RUBRIC  = "$RealBin/grader/rubrics/kit.conf";

# A class is graded by starting this some hundred times, and only who asks for help or errs needs what shows it.
sub pod2usage (@how) { return require Pod::Usage && Pod::Usage::pod2usage(@how) }

sub usage_error ($message) { return pod2usage( -message => "test.pl: $message", -exitval => 2, -verbose => 0 ) }

sub read_options () {
    my %option = ( tree => $RealBin, rubric => $RUBRIC );
    local $SIG{__WARN__} = sub ($warning) { usage_error( $warning =~ s/\n\z//r ) };
    GetOptions(
        \%option,     'tree=s',          'submission=s', 'rubric=s',
        'seed=i',     'only=s',          'tests=s',      'backends=s',
        'backend=s@', 'programs=s',      'timeout=f',    'isolation=s',
        'kit=s',      'require-sandbox', 'changed-kit',  'autolab',
        'one-test=s', ( map { "$_=s" } @FORMATS ), 'help'
    ) or usage_error('the options could not be read');
    pod2usage( -exitval => 0, -verbose => 2, -noperldoc => 1 ) if $option{help};

    my @stages = sort keys %STAGES;
    usage_error("'$ARGV[0]' is not an option")              if @ARGV;
    usage_error("--only $option{only}: not one of @stages") if defined $option{only} && !$STAGES{ $option{only} };
    usage_error("--tests $option{tests}: not a regular expression")
      if defined $option{tests} && !eval { qr/$option{tests}/ };
    usage_error("--one-test $option{'one-test'}: not the name of a test of the suite")
      if ( $option{'one-test'} // 'name' ) !~ /\A\w+(?::\d+)?\z/;
    usage_error('--one-test goes with --tests, and is no grade that could be written elsewhere than to --json')
      if defined $option{'one-test'}
      && ( !defined $option{tests} || $option{autolab} || grep { $_ ne 'json' && defined $option{$_} } @FORMATS );
    usage_error("--timeout $option{timeout}: not a number of seconds over 0") if ( $option{timeout} // 1 ) <= 0;
    usage_error("--tree $option{tree}: there is no Makefile in it")           if !-f "$option{tree}/Makefile";
    usage_error("--kit $option{kit}: make kit KIT=$option{kit} makes that folder")
      if defined $option{kit} && !-x "$option{kit}/release/measure/launch";
    usage_error("--isolation $option{isolation}: not one of namespaces user none")
      if defined $option{isolation} && $option{isolation} !~ /\A(?:namespaces|user|none)\z/;
    usage_error("--submission $option{submission}: there is no such folder or archive")
      if defined $option{submission} && !-e $option{submission};

    usage_error("--backend $option{backend}[0]: there is no --submission to find it in")
      if $option{backend} && !defined $option{submission};
    for my $list ( grep { defined $option{$_} } qw(backends programs) ) {
        my @names = grep { length } split /[\s,]+/, $option{$list};
        my ($odd) = grep { !/\A\w+\z/ } @names;
        usage_error("--$list: '$odd' is not a name")   if defined $odd;
        usage_error("--$list: there is no name in it") if !@names;
        $option{$list} = \@names;
    }
    return %option;
}

# What a grading needs before its first test. Dies when the grader itself cannot run.
sub prepare ( $rubric, $workspace, %option ) {
    my $settings = $rubric->apply_to( grader::Settings::defaults() );
    $settings->{run_timeout_s} = $option{timeout} if defined $option{timeout};
    $settings->{one_test}      = $option{'one-test'};
    grader::kit::Pristine::insist($RealBin) if defined $option{submission} && !$option{'changed-kit'};
    my $narrow = measure::Machine::narrow_limit( $settings->{memory_bytes} );
    die "the grader cannot run: $narrow, and what was handed in may have more: ulimit -v unlimited, or another shell\n"
      if defined $narrow && defined $option{submission};
    my $backends = $option{backends} // $settings->{backends};
    my $given    = eval {
        grader::intake::Given::wanted( $option{backend} // [], [ grep { $_ ne $settings->{library} } @{$backends} ] );
    } // die "--backend $@";

    my $progress = grader::Progress->new;
    $progress->show('building the launcher');
    my $launcher = grader::kit::Make::launcher( $RealBin, $workspace, $option{kit} );
    my $sandbox  = grader::sandbox::Sandbox->choose(
        workspace => $workspace,
        launcher  => $launcher,
        wanted    => $option{isolation},
        abandoned => [ $workspace->abandoned ]
    );
    die 'the grader cannot run: --require-sandbox was given, but ' . $sandbox->describe . "\n"
      if $option{'require-sandbox'} && $sandbox->level eq 'none';

    $progress->show('taking in what was handed in');
    my $intake = grader::intake::Files->new(
        $option{submission} // $option{tree},
        $workspace->folder('submission'),
        not_helpers => [ grader::kit::Pristine::files($RealBin) ],
        names       => grader::Settings::names( $settings, @{$backends} ),
        given       => $given,
        defined $option{submission} ? () : ( only => grader::intake::Files::in_tree( @{$backends} ) ),
    );
    return grader::Job->new(
        tree      => abs_path( $option{tree} ),
        settings  => $settings,
        workspace => $workspace,
        launcher  => $launcher,
        sandbox   => $sandbox,
        progress  => $progress,
        intake    => $intake,
        seed      => $option{seed} // int rand 2**31,
        backends  => $backends,
        programs  => $option{programs} // $settings->{programs},
    );
}

sub new_results ( $rubric, $job, %option ) {
    return grader::results::Results->new(
        rubric => $rubric,
        files  => { map { defined $option{$_} ? ( $_ => $option{$_} ) : () } @FORMATS },
        about  => {
            submission => $option{submission} // $option{tree},
            seed       => $job->seed,
            isolation  => $job->sandbox->describe,
            machine    => measure::Machine::sentence( measure::Machine::describe() ),
            rubric     => $option{rubric},
        },
    );
}

# The tests whose id fits. Ends with the nearest names when there is none.
sub wanted ( $pattern, @tests ) {
    my @fit  = grep { $_->{id} =~ /\A(?:$pattern)\z/ } @tests;
    my @near = grader::Nearest::names( $pattern, map { $_->{id} } @tests );
    die "--tests '$pattern' fits no test; did you mean " . join( ' or ', @near ) . "?\n" if !@fit;
    return @fit;
}

# Result: the grader::results::Results. Dies when the grader itself cannot run.
sub grade ( $tap, $workspace, %option ) {
    my $rubric = grader::Rubric->read_file( $option{rubric}, $RUBRIC );
    my $job    = prepare( $rubric, $workspace, %option );
    my @stages = $option{only} // @{ $rubric->value('stages') };
    my @tests  = map { $STAGES{$_}->($job) } @stages;
    @tests = wanted( $option{tests}, @tests ) if defined $option{tests};
    my $results = new_results( $rubric, $job, %option );

    # What nobody gets points for stands apart, behind all else.
    my ( @worth, @apart );
    push @{ $results->is_reported($_) ? \@apart : \@worth }, $_ for @tests;
    @tests = ( @worth, @apart );
    $results->plan(@tests);

    my $done = eval { run_tests( $tap, $job, $results, @tests ); 1 };
    if ( !$done ) {
        my $why = $@;
        $results->abandon($why);
        die $why;
    }
    $results->finish;
    return $results;
}

sub run_tests ( $tap, $job, $results, @tests ) {
    $job->progress->clear;
    $tap->plan( scalar @tests );
    $tap->note( 'seed ' . $job->seed . ' (--seed ' . $job->seed . ' draws the same TOPs again)' );
    $tap->note( $job->sandbox->describe, $job->intake->notes );
    my $narrow = measure::Machine::narrow_limit( $job->settings->{memory_bytes} );
    $tap->note("$narrow: what finds no memory may be right where there is more") if defined $narrow;
    my $one_test = $job->settings->{one_test};
    $tap->note("of the suite only the test $one_test is asked") if defined $one_test;
    my $apart = first { $results->is_reported($_) } @tests;

    for my $test (@tests) {
        $tap->note('What follows is worth no points.') if defined $apart && $test == $apart;
        my $started = time;
        $job->progress->begin( $test->{id} );
        my $outcome = $test->{run}->();
        $job->progress->clear;
        $tap->result( $test->{name}, $outcome, $results->is_reported($test) );
        $results->add( $test, $outcome, time - $started );
    }
    my %count  = $tap->counts;
    my @counts = ( "$count{pass} passed", "$count{fail} failed" );
    push @counts, "$count{follows} not counted, for that follows from what failed" if $count{follows};
    push @counts, "$count{skip} could not be told"                                 if $count{skip};
    push @counts, "$count{reported} reported for no points"                        if $count{reported};
    $tap->note( join ', ', @counts );
    $tap->note( defined $one_test ? 'no points: this is no grade, but one test' : $results->score_words );
    die "--one-test $one_test: nothing that was asked has a test of that name that runs here\n"
      if defined $one_test && $count{pass} + $count{fail} + ( $count{reported} // 0 ) == 0;
    return;
}

umask( umask() & oct 77 );    # a umask of 777 would take from us what we write
my %option = read_options();
my $tap    = grader::results::Tap->new;
my $workspace;
my $results = eval { grade( $tap, $workspace = grader::Workspace->new, %option ) };
if ( !defined $results ) {
    $tap->bail_out($@);
    exit 2;
}
say grader::results::Autolab::line($results) if $option{autolab};
exit( $results->is_full ? 0 : 1 );

__END__

=head1 NAME

test.pl - grade the allocators: correctness, promises, speed

=head1 SYNOPSIS

    perl test.pl
    perl test.pl --submission somebody.tar.gz --json result.json
    perl test.pl --only correctness --backends par
    perl test.pl --tests 'par[.]resize|par[.]threads'
    prove -v test.pl

=head1 DESCRIPTION

Grades the allocators of this tree, or a submission, with the programs, the Makefile and the tests of this tree. It prints
the Test Anything Protocol and can write the result to files. The stages run in this order:

=over

=item build

The backend compiles and defines xmalloc, xfree and xrealloc. It uses no function that an allocator does not need, and does
not take its memory from the C library.

=item correctness

Each program gives the right answer with each backend, at fixed TOPs and at random TOPs.

=item work

Each program proves that it computed and kept every sequence: it reads a nonce when it has printed its answer, and prints a
digest of what it has kept.

=item contract

The promises of the course to its students: blocks do not overlap and keep their content; threads, resizing, reuse, memory,
small address spaces, memcheck, data races, and one lock in hw08.

=item speed

Base: par is at least 4 times faster than hw08 on each program. Challenge: par is faster than the C library. Bonus: par takes
less than 0.90 of the C library's time. A sequential test over interleaved rounds decides each of them. It has three answers:
faster, not faster, and cannot tell, which is a skipped test.

=item deliverables

The report and the graph are there.

=back

A submission is a folder or an archive (.tar, .tar.gz, .tgz, .zip). An archive in it is unpacked if it is the only one and no source
lies beside it. The backends may lie in sub-folders and have other names
of the course: the rubric's terms list them, and no name of the homework is ever the optimized allocator's. When a backend
lacks functions, the grader finds the helper files that define them, first in the backend's own folder, which is linked as the
Makefile links it. From another place it links a file only when the backend lacks something without it: a stray mmap.c stays
out, as the C library has mmap, unless the backend or a header that it includes declares mmap itself; and so does what only
gives content to a weak function or to a variable that the backend defines, too. The compiler uses the submission's own headers first, and then our F<xmalloc.h>. The grader shows warnings,
but they are no failure. A submission with only one of the backends is graded for that one.

The grader compiles and runs a submission in the best sandbox that the machine allows; the report says which. When a program
hangs, crashes, prints without end or starts other processes, the grader stops it with all its children and says in a
sentence what it did. Nothing is left in the tree or in the temporary folder.

=head1 OPTIONS

=over

=item --submission DIR | FILE

Grade these files. First, the grader compares the kit's own files with their checksums.

=item --tree DIR

Take programs, Makefile and tests from DIR, not from the folder of test.pl. Without --submission, grade the backends in DIR.

=item --rubric FILE

Points, thresholds, limits, TOPs, stages and deliverables. F<grader/rubrics/kit.conf> explains them and holds the default values.

=item --json FILE, --junit FILE, --gradescope FILE, --classroom FILE, --prairielearn FILE, --submitty FILE

Write the result to FILE: as F<grader/results/Json.pm> describes it, as JUnit XML, or as one of these services takes it. The
grader rewrites the files after each test.

=item --autolab

Print Autolab's line of scores at the end.

=item --only STAGE, --tests PATTERN

Run only this stage, or only the tests whose whole id (as in the JSON file: par.resize) matches this regular expression.

=item --backends LIST, --programs LIST

Grade only these; commas or blanks separate the names. The C library's backend, sys, is always there for comparison.

=item --backend NAME=FILE

Take this file of the submission, named relative to its folder, for this backend, whatever its name; may be given again for
another backend. Without it the names in the rubric's terms decide, and the report says which file was taken and which not. A file
that is not there, lies elsewhere or was left out, and a backend that is not graded, are told before anything runs.

=item --seed N

Draw the same random TOPs as the run that printed this seed.

=item --one-test NAME

Of the suite's topics that --tests names ask only this test (NAME, or NAME:3 of a loop): to see one again, or another grader's
finding. That is no grade, and only --json can take it.

=item --timeout SECONDS

The time limit for one run of a program, instead of the rubric's.

=item --isolation namespaces | user | none, --require-sandbox

Run submissions at this level of isolation (see F<grader/sandbox/Sandbox.pm>), or not at all; refuse to grade without a
sandbox.

=item --changed-kit

Grade a submission even if the kit's own files differ from the published ones: for people who work on the kit.

=item --kit DIR

Use the files that C<make kit KIT=DIR> has compiled from this tree. This saves ten seconds of each grade.

=item --help

This text.

=back

=head1 EXIT STATUS

0: full marks. 1: fewer points. 2: the grader itself could not run, or was stopped.

=cut
