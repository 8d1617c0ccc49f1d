package grader::class::Reports;

# Everything that people read of a class, written from the kept results: no grader runs for it.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode     ();
use JSON::PP   ();
use List::Util qw(max);
use grader::class::Anonymous;
use grader::class::Attention;
use grader::class::Feedback;
use grader::class::Grade;
use grader::class::Gradebook;
use grader::class::Overrides;
use grader::class::Page;
use grader::class::Teams;
use grader::class::Text;
use grader::class::gradebooks::Students;

my $NAMES_TOLD = 10;    # of students without a submission, on the page

# What people have put into the output folder. Each submission learns which files are to be taken (given). Result: { roster, match,
# overrides, absent, wrong }; absent: [ { row, override } ], what was decided about students without a submission; wrong: sentences on
# single lines of overrides.csv and teams.csv. Dies with one line when something else is wrong there. $backends: the rubric's.
sub read_wishes ( $store, $submissions, $backends ) {
    my @names  = map { $_->{name} } @{$submissions};
    my $roster = grader::class::gradebooks::Students::read_file( $store->path('roster.csv') );
    my ( $teams, @odd ) = grader::class::Teams::read_file( $store->path('teams.csv'), $roster, @names );
    my $match =
      $roster
      ? grader::class::gradebooks::Students::match( $roster, $teams, @names )
      : { of => {}, without => [] };
    my $path = $store->path('overrides.csv');
    $store->write_file( 'overrides.csv', $grader::class::Overrides::HEAD )
      if !-e $path;
    my ( $overrides, @wrong ) =
      grader::class::Overrides::read_file( $path, _known( $roster, $match, @names ), $backends );
    for my $submission ( @{$submissions} ) {
        my $override = $overrides->{ $submission->{name} } // next;
        next if defined $override->{wrong};
        $submission->{given} = [ map { Encode::encode( 'UTF-8', $_ ) } @{ delete $override->{given} } ];
    }
    my @without = @{ $match->{without} };
    my @absent  = map { { row => $without[$_], override => $overrides->{ _absent($_) } } }
      grep { $overrides->{ _absent($_) } && !defined $overrides->{ _absent($_) }{wrong} } 0 .. $#without;
    return {
        roster    => $roster,
        match     => $match,
        overrides => $overrides,
        absent    => \@absent,
        wrong     => [ @odd, @wrong ]
    };
}

# What people have put there, and nobody reads: in sentences.
sub unread ($store) {
    my @read    = qw(overrides.csv roster.csv teams.csv);
    my %is_ours = map { $_ => 1 } @read, 'gradebook.csv',
      map { $_->file } grader::class::gradebooks::Students::platforms();
    opendir my $folder, $store->path or return;
    return map {
        grader::class::Text::printable( $store->path($_) ) . ' is not read; of tables there are ' . join ', ', @read
      }
      grep { /[.](?:csv|tsv|xlsx?|ods|numbers)\z/i && !/\A[.~]/ && !$is_ours{$_} } sort readdir $folder;
}

# How people may call those for whom they decide something, as grader::class::Overrides wants it.
sub _known ( $roster, $match, @names ) {
    my %known;
    my $add = sub ( $row, $key, $whose ) {
        $known{ grader::class::Text::folded($_) }{$key} = $whose
          for grader::class::gradebooks::Students::own_names( $roster, $row );
    };
    for my $name ( keys %{ $match->{of} } ) {
        my @rows = @{ $match->{of}{$name} };
        $add->( $_, @rows > 1 ? q{} : $name, $name ) for @rows;
    }
    my @without = @{ $match->{without} };
    $add->( $without[$_], _absent($_), grader::class::gradebooks::Students::person( $roster, $without[$_] ) )
      for 0 .. $#without;
    my %own;
    $own{ grader::class::Text::folded($_) }{$_} = $_ for @names;
    return { %known, %own };
}

# The key of an override for a student without a submission; no submission is called so.
sub _absent ($number) { return "\0$number" }

# $done: { NAME => { PASS => result or undef } }. Result: the grades, in the order of the submissions.
sub grades ( $submissions, $done, $rubric, $wishes ) {
    my @grades;
    for my $submission ( @{$submissions} ) {
        my $name  = $submission->{name};
        my $grade = grader::class::Grade::of( $submission, $done->{$name}, $rubric, $wishes->{overrides}{$name} );
        my @rows  = @{ $wishes->{match}{of}{$name} // [] };
        $grade->{student} =
          @rows
          ? join '; ', map { grader::class::gradebooks::Students::person( $wishes->{roster}, $_ ) } @rows
          : undef;
        $grade->{attention} = [ grader::class::Attention::of( $grade, $rubric->value('terms')->{names} ) ];
        push @grades, $grade;
    }
    return @grades;
}

# %facts: about => of the run, left_out => [names], wishes, assignment => its name on the learning platform, anonymous. Result:
# what to tell of what was written beside the usual, in lines.
sub write_all ( $store, $grades, %facts ) {
    my $wishes = $facts{wishes};
    my %about  = (
        %{ $facts{about} },
        left_out => $facts{left_out},
        class    => [ @{ $wishes->{wrong} }, _too_many( $grades, $wishes ), _about_roster( $grades, $wishes ) ],
        similar  => -e $store->path('similar.html')
        ? JSON::PP::true
        : JSON::PP::false,
    );
    _write( $store, q{}, $grades, \%about );
    my @said =
      $wishes->{roster}
      ? _write_platform( $store, $grades, $wishes, $facts{assignment} )
      : ();
    unshift @said, _too_many( $grades, $wishes );
    return @said if !$facts{anonymous};

    my $hide = grader::class::Anonymous->new( $store->secret, $grades, $wishes, $facts{about} );
    my @hidden =
      sort { $a->{name} cmp $b->{name} } map { $hide->grade($_) } @{$grades};
    my %shown =
      ( %about, left_out => [], class => [], similar => JSON::PP::false );
    $shown{$_} = $hide->text( $shown{$_} ) for qw(folder rubric);
    _write( $store, 'anonymous/', \@hidden, \%shown );
    return ( @said, $store->path('anonymous') . ': without names; read it before you give it away' );
}

sub _write ( $store, $place, $grades, $about ) {
    my %written;
    $store->make_folders( map { "$place$_" } qw(feedback details results) );
    for my $grade ( @{$grades} ) {
        my $file = $grade->{file};
        $written{$file} = 1;
        $store->write_file( "${place}feedback/$file.txt",
            grader::class::Feedback::text( $grade, "details/$file.txt" ) );
        $store->write_file( "${place}details/$file.txt",  grader::class::Feedback::full_text($grade) );
        $store->write_file( "${place}results/$file.json", JSON::PP->new->utf8->canonical->pretty->encode($grade) );
    }
    $store->write_file( "${place}gradebook.json", grader::class::Gradebook::json( $grades, $about ) );
    $store->write_file( "${place}gradebook.csv",  grader::class::Gradebook::csv($grades) );
    $store->write_file( "${place}summary.html",   grader::class::Page::html( $grades, $about ) );

    # Of submissions that are no longer there.
    for my $path ( map { glob quotemeta( $store->path("$place$_") ) . '/*.*' } qw(feedback details results) ) {
        unlink $path if !$written{ $path =~ s{.*/}{}r =~ s/[.]\w+\z//r };
    }
    return;
}

# Only who has a score, or is excused, has a row: nobody's score is wiped out.
sub _write_platform ( $store, $grades, $wishes, $assignment ) {
    my ( $roster,   $of )  = ( $wishes->{roster},   $wishes->{match}{of} );
    my ( $platform, $max ) = ( $roster->{platform}, 0 );
    my ( @entries,  %at );
    for my $grade ( grep { $of->{ $_->{name} } } @{$grades} ) {
        $max = $grade->{max} if ( $grade->{max} // 0 ) > $max;
        next                 if !defined $grade->{score} && $grade->{status} ne 'excused';
        my %entry = (
            score   => $grade->{score},
            excused => $grade->{status} eq 'excused',
            words   => grader::class::Feedback::paragraph($grade),
        );
        for my $row ( @{ $of->{ $grade->{name} } } ) {
            my $before = $at{$row};
            if ( !$before ) { push @entries, $at{$row} = { %entry, row => $row } }
            elsif ( ( $before->{score} // -1 ) < ( $entry{score} // -1 ) ) { %{$before} = ( %entry, row => $row ) }
        }
    }
    push @entries, map {
        {
            row     => $_->{row},
            score   => $_->{override}{points},
            excused => $_->{override}{excused},
            words   => ucfirst _by_hand($_) . q{.},
        }
    } @{ $wishes->{absent} };
    my $column = grader::class::gradebooks::Students::column( $roster, $assignment );
    $store->write_file( $platform->file, $platform->text( $roster, $column, $max, \@entries ) );
    my $warning = $platform->can('warning') ? $platform->warning( $roster, $max ) : undef;

    # Of a roster that was here before: nobody should upload that.
    unlink map { $store->path( $_->file ) }
      grep { $_ ne $platform } grader::class::gradebooks::Students::platforms();
    return ( $store->path( $platform->file ), $warning // (), _twice( $grades, $wishes ) );
}

# What was decided about a student without a submission, in words.
sub _by_hand ($absent) {
    my $override = $absent->{override};
    return ( $override->{excused} ? 'excused' : "$override->{points} points by hand" ) . ": $override->{reason}";
}

# Scores by hand over what there is to be had, in sentences: a key that was pressed twice looks so.
sub _too_many ( $grades, $wishes ) {
    my $max  = max( 0, map { $_->{max} // 0 } @{$grades} );
    my @said = map { "$_->{name} has $_->{score} of $_->{max} points by hand." }
      grep { defined $_->{max} && ( $_->{score} // 0 ) > $_->{max} } @{$grades};
    for my $absent ( grep { $max && ( $_->{override}{points} // 0 ) > $max } @{ $wishes->{absent} } ) {
        my $person = grader::class::gradebooks::Students::person( $wishes->{roster}, $absent->{row} );
        push @said, "$person has $absent->{override}{points} of $max points by hand.";
    }
    return @said;
}

# Students with more than one submission, in sentences.
sub _twice ( $grades, $wishes ) {
    my ( %of, @rows );
    for my $grade ( @{$grades} ) {
        for my $row ( @{ $wishes->{match}{of}{ $grade->{name} } // [] } ) {
            push @rows,          $row if !$of{$row};
            push @{ $of{$row} }, "$grade->{name} (" . ( $grade->{score} // $grade->{status} ) . ')';
        }
    }
    return map {
            grader::class::gradebooks::Students::person( $wishes->{roster}, $_ )
          . ' has more than one submission, and the best one counts: '
          . join( ', ', @{ $of{$_} } )
    } grep { @{ $of{$_} } > 1 } @rows;
}

sub _about_roster ( $grades, $wishes ) {
    my $roster  = $wishes->{roster} // return;
    my %by_hand = map { $_->{row} => $_ } @{ $wishes->{absent} };
    my @persons = map { grader::class::gradebooks::Students::person( $roster, $_ ) }
      grep { !$by_hand{$_} } @{ $wishes->{match}{without} };
    my @decided = map { grader::class::gradebooks::Students::person( $roster, $_->{row} ) . ' (' . _by_hand($_) . ')' }
      @{ $wishes->{absent} };
    my @nobodys = @{ $wishes->{match}{nobodys} };
    my @said    = map { "$_." } _twice( $grades, $wishes );
    push @said, 'Without a submission, but decided by hand: ' . join( '; ', @decided ) . q{.} if @decided;
    push @said, 'In the roster, but without a submission: ' . _some(@persons) . q{.}
      if @persons;
    push @said,
      'Of nobody in the roster, so not in its gradebook: ' . _some(@nobodys) . '. Say in teams.csv whose they are.'
      if @nobodys;
    return @said;
}

sub _some (@names) {
    my $more = @names > $NAMES_TOLD ? @names - $NAMES_TOLD : 0;
    splice @names, $NAMES_TOLD if $more;
    return join( '; ', @names ) . ( $more ? "; and $more more" : q{} );
}

1;
