package lecture::Page;

# Puts the lecture page together: its data, styles, scripts and the charting library.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use lecture::Findings;
use lecture::Ideas;
use lecture::Notes;
use lecture::OneFile;
use lecture::Profiles;
use lecture::Results;
use measure::Machine;

# In this order: each may use those before it.
my @STYLES  = qw(page/page.css page/slides.css page/charts.css heapmap/heapmap.css);
my @SCRIPTS = (
    'vendor/d3.min.js',
    ( map { "page/$_.js" } qw(words tooltip race scaling memory profiles claims) ),
    ( map { "heapmap/$_.js" } qw(model draw view) ),
    ( map { "page/$_.js" } qw(ideas programs views theme save print notes presenter main) ),
);

# All that the scripts are told.
sub data ($results) {
    my $race = $results->{race} ? _joined( @{ $results->{race} } ) : undef;
    my @all  = lecture::Ideas::in_order( _backends($results) );
    my %data = (
        made_at  => $results->{made_at},
        quiet    => lecture::Findings::quiet( $results->{quiet} ),
        quick    => $results->{quick},
        sample   => $results->{sample},
        notes    => lecture::Notes::notes(),
        machine  => $results->{machine} ? _machine( $results->{machine} ) : undef,
        backends => { map { $_ => lecture::Ideas::about($_) } @all },
        order    => \@all,
        problems => $results->{problems},
        race     => $race,
        rungs    => $race ? lecture::Findings::rungs($race) : [],
        heapmaps => [ sort { !$a->{captions} <=> !$b->{captions} } @{ $results->{heapmaps} // [] } ],  # told ones first
        entry    => $lecture::Profiles::ENTRY,
        map { $_ => $results->{$_} ? $results->{$_}[-1] : undef } qw(memory profiles claims),
    );
    $data{scaling} =
      [ sort { ( $b->{pattern} eq 'pairs' ) <=> ( $a->{pattern} eq 'pairs' ) } @{ $results->{scaling} // [] } ];
    $_->{finding} = lecture::Findings::race($_)    for $race ? @{ $race->{sections} } : ();
    $_->{finding} = lecture::Findings::scaling($_) for @{ $data{scaling} };
    $_->{waits}   = lecture::Findings::waits($_)   for @{ $data{scaling} };
    for my $kind ( grep { $data{$_} } qw(memory profiles claims) ) {
        $data{$kind}{finding} = lecture::Findings->can($kind)->( $data{$kind} );
    }
    $_->{finding} = lecture::Findings::claims_of($_) for $data{claims} ? @{ $data{claims}{groups} } : ();
    return \%data;
}

# Of two files of races the later one counts, section by section.
sub _joined (@races) {
    my %section_of = map {
        map { $_->{id} => $_ }
          @{ $_->{sections} }
    } @races;
    return {
        threads  => $races[-1]{threads},
        sections => [ map { $section_of{$_} // () } qw(large small) ],
    };
}

sub _backends ($results) {
    my @series = map { @{ $_->{series} } } map { @{ $results->{$_} // [] } } qw(scaling memory);
    return (
        'sys',
        ( map { $_->{backend} } @{ $results->{heapmaps} // [] } ),
        ( map { $_->{backend} } @series, map { @{ $_->{list} } } @{ $results->{profiles} // [] } ),
        map { @{ $_->{backends} } } map { @{ $_->{sections} } } @{ $results->{race} // [] },
    );
}

sub _machine ($machine) {
    return {
        sentence => measure::Machine::sentence($machine),
        short    => sprintf( '%d cores, %.0f GiB', $machine->{cores}, $machine->{memory_mib} / 1024 )
    };
}

sub html ($data) {
    return lecture::OneFile::html(
        template => 'page/page.html',
        styles   => \@STYLES,
        scripts  => \@SCRIPTS,
        data     => $data
    );
}

1;

__END__

=head1 NAME

lecture::Page - the lecture page as one file

=head1 FUNCTIONS

=head2 data(\%results)

The data for the page's scripts, made from the result of lecture::Results::read_all: results, titles, problems.

=head2 html(\%data)

The page, as bytes, not characters.

=cut
