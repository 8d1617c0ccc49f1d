package grader::class::Reports;

# Everything that people read of a class, written from the kept results: no grader runs for it.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();
use grader::class::Anonymous;
use grader::class::Attention;
use grader::class::Feedback;
use grader::class::Grade;
use grader::class::Gradebook;
use grader::class::Overrides;
use grader::class::Page;
use grader::class::gradebooks::Students;

my $NAMES_TOLD = 10;    # of students without a submission, on the page

# What people have put into the output folder. Result: { roster, match, overrides }. Dies with one line when something is wrong
# there.
sub read_wishes ( $store, $submissions ) {
    my @names  = map { $_->{name} } @{$submissions};
    my $roster = grader::class::gradebooks::Students::read_file( $store->path('roster.csv') );
    my $match =
      $roster
      ? grader::class::gradebooks::Students::match( $roster, @names )
      : { of => {} };
    my %known;
    for my $name ( sort keys %{ $match->{of} } ) {
        my @identities = grader::class::gradebooks::Students::identities( $roster, $match->{of}{$name} );
        $known{ lc $_ } = $name for @identities;
    }
    $known{ lc $_ } = $_ for @names;
    my $path = $store->path('overrides.csv');
    $store->write_file( 'overrides.csv', $grader::class::Overrides::HEAD )
      if !-e $path;
    my $overrides = grader::class::Overrides::read_file( $path, \%known );
    return { roster => $roster, match => $match, overrides => $overrides };
}

# $done: { NAME => { PASS => result or undef } }. Result: the grades, in the order of the submissions.
sub grades ( $submissions, $done, $rubric, $wishes ) {
    my @grades;
    for my $submission ( @{$submissions} ) {
        my $name  = $submission->{name};
        my $grade = grader::class::Grade::of( $submission, $done->{$name}, $rubric, $wishes->{overrides}{$name} );
        my $row   = $wishes->{match}{of}{$name};
        $grade->{student} =
          $row
          ? grader::class::gradebooks::Students::person( $wishes->{roster}, $row )
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
        class    => [ _about_roster($wishes) ],
        similar  => -e $store->path('similar.html')
        ? JSON::PP::true
        : JSON::PP::false,
    );
    _write( $store, q{}, $grades, \%about );
    my @said =
      $wishes->{roster}
      ? _write_platform( $store, $grades, $wishes, $facts{assignment} )
      : ();
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
    my ( $roster, $of ) = ( $wishes->{roster}, $wishes->{match}{of} );
    my ( $platform, $max, @entries ) = ( $roster->{platform}, 0 );
    for my $grade ( grep { $of->{ $_->{name} } } @{$grades} ) {
        $max = $grade->{max} if ( $grade->{max} // 0 ) > $max;
        next                 if !defined $grade->{score} && $grade->{status} ne 'excused';
        push @entries,
          {
            row     => $of->{ $grade->{name} },
            score   => $grade->{score},
            excused => $grade->{status} eq 'excused',
            words   => grader::class::Feedback::paragraph($grade),
          };
    }
    my $column = grader::class::gradebooks::Students::column( $roster, $assignment );
    $store->write_file( $platform->file, $platform->text( $roster, $column, $max, \@entries ) );
    my $warning = $platform->can('warning') ? $platform->warning( $roster, $max ) : undef;
    return ( $store->path( $platform->file ), $warning // () );
}

sub _about_roster ($wishes) {
    my $roster = $wishes->{roster} // return;
    my @persons =
      map { grader::class::gradebooks::Students::person( $roster, $_ ) } @{ $wishes->{match}{without} };
    my @nobodys = @{ $wishes->{match}{nobodys} };
    my @said;
    push @said, 'In the roster, but without a submission: ' . _some(@persons) . q{.}
      if @persons;
    push @said, 'Of nobody in the roster, so not in its gradebook: ' . _some(@nobodys) . q{.}
      if @nobodys;
    return @said;
}

sub _some (@names) {
    my $more = @names > $NAMES_TOLD ? @names - $NAMES_TOLD : 0;
    splice @names, $NAMES_TOLD if $more;
    return join( '; ', @names ) . ( $more ? "; and $more more" : q{} );
}

1;
