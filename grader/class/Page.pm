package grader::class::Page;

# The class on one page: what a person should look at, the distribution of scores, the most frequent failures, and everybody's
# points. It is one HTML file that loads no other file; it links the feedback files beside it.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode     ();
use List::Util qw(max sum0);
use grader::class::Attention;
use grader::class::Grade;

my $BINS       = 10;
my $MOST_ROWS  = 60;    # in the box; the gradebook has all
my $MOST_FAILS = 15;    # checks in the list of what failed most

my %ENTITY = (
    '&'  => '&amp;',
    '<'  => '&lt;',
    '>'  => '&gt;',
    q{"} => '&quot;',
    q{'} => '&#39;'
);

my $STYLE = <<'END';
:root { --ink: #1d2430; --soft: #667085; --line: #e3e7ee; --bar: #3b6fb6; --bad: #b3261e; --ground: #fff; --band: #f7f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #313845; --bar: #6f9fe0; --bad: #f2857d; --ground: #14181f; --band: #1b212b; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.5rem 4rem; background: var(--ground); color: var(--ink);
       font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
p { margin: .25rem 0; }
.soft { color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 1.5rem 0 0; padding: 0; list-style: none; }
.figures b { display: block; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.parts { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 0 3rem; align-items: start; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font-size: 12px; }
svg text.count { fill: var(--ink); }
svg rect { fill: var(--bar); }
svg line { stroke: var(--line); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); white-space: nowrap; }
thead th { position: sticky; top: 0; background: var(--ground); }
th:first-child, td:first-child, .left { text-align: left; overflow-wrap: anywhere; }
tbody tr:nth-child(even) { background: var(--band); }
.everybody td:first-child { min-width: 11rem; }
.wide { overflow-x: auto; }
.bad { color: var(--bad); }
.box { margin: 2rem 0 0; padding: .25rem 1.25rem 1.25rem; border: 2px solid var(--bad); border-radius: 8px; }
.box h2 { margin-top: 1rem; }
.box td { text-align: left; overflow-wrap: anywhere; }
.box td:first-child { white-space: nowrap; color: var(--bad); }
.box td:nth-child(2) { width: 16rem; }
td.note, th.note { text-align: left; min-width: 18rem; }
td.note { font-size: .85rem; }
.strip { width: 8rem; }
.strip i { display: block; height: .7rem; margin-top: .4rem; background: var(--bar); border-radius: 2px; min-width: 1px; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: .2em; }
END

# $grades: of all submissions, by name. $about: folder, when, kit, rubric, left_out => names of what is no submission, class =>
# sentences about the roster, similar => whether there is a page of similar pairs. Result: bytes.
sub html ( $grades, $about ) {
    my @scored = grep { defined $_->{score} } @{$grades};
    my $title  = _safe("Grades of $about->{folder}");
    my $left   = _histogram(@scored);
    my $right  = _failed_most( @{$grades} );
    my $body   = join "\n", _head( $grades, $about ), _box( $grades, $about ),
      qq{<div class="parts">\n<div>\n$left\n</div>\n<div>\n$right\n</div>\n</div>},
      _table( @{$grades} );
    return Encode::encode( 'UTF-8', <<"END" );
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
$STYLE</style>
</head>
<body>
$body
</body>
</html>
END
}

sub _safe ($text) { return $text =~ s/([&<>"'])/$ENTITY{$1}/gr }

sub _head ( $grades, $about ) {
    my %count;
    $count{ $_->{status} }++ for @{$grades};
    my @shares = sort { $a <=> $b }
      map { _share($_) } grep { defined $_->{score} && $_->{max} } @{$grades};
    my @figures = ( [ 'submissions', scalar @{$grades} ], [ 'graded', $count{graded} // 0 ] );
    push @figures, [ 'could not be graded', $count{broken} ]  if $count{broken};
    push @figures, [ 'not looked at yet',   $count{pending} ] if $count{pending};
    push @figures, [ 'excused',             $count{excused} ] if $count{excused};
    push @figures, [ 'full marks',          scalar grep { $_ >= 1 } @shares ];
    push @figures, [ 'median', _percent( _quantile( 0.5, @shares ) ) ],
      [ 'middle half', _percent( _quantile( 0.25, @shares ) ) . ' to ' . _percent( _quantile( 0.75, @shares ) ) ]
      if @shares;
    my $list = join "\n", map { "<li><b>$_->[1]</b> $_->[0]</li>" } @figures;
    return
        '<h1>Grades of '
      . _safe( $about->{folder} )
      . "</h1>\n"
      . '<p class="soft">'
      . _safe("$about->{when}, rubric $about->{rubric}, kit $about->{kit}")
      . "</p>\n"
      . qq{<ul class="figures">\n$list\n</ul>};
}

sub _share ($grade) { return $grade->{score} / $grade->{max} }

sub _percent ($share) { return sprintf '%.0f%%', 100 * $share }

# Of sorted numbers, between the two nearest.
sub _quantile ( $part, @sorted ) {
    my $place = $part * $#sorted;
    my $below = int $place;
    return $sorted[$below] if $below == $#sorted;
    return $sorted[$below] + ( $place - $below ) * ( $sorted[ $below + 1 ] - $sorted[$below] );
}

sub _histogram (@scored) {
    my @shares = map { _share($_) } grep { $_->{max} } @scored or return q{};
    my @bins   = (0) x $BINS;
    $bins[ $_ >= 1 ? $BINS - 1 : int( $_ * $BINS ) ]++ for @shares;
    my ( $wide, $high, $step ) = ( 500, 180, 50 );
    my $most = max @bins;
    my $svg  = qq{<line x1="0" y1="$high" x2="$wide" y2="$high"/>};
    for my $bin ( 0 .. $#bins ) {
        my ( $left, $tall ) =
          ( $bin * $step, $bins[$bin] / $most * ( $high - 20 ) );
        my ( $top, $middle ) = ( $high - $tall, $left + $step / 2 );
        $svg .= sprintf qq{\n<rect x="%d" y="%.1f" width="%d" height="%.1f" rx="2"/>}, $left + 4, $top, $step - 8, $tall
          if $bins[$bin];
        $svg .= sprintf qq{\n<text class="count" x="%d" y="%.1f" text-anchor="middle">%d</text>},
          $middle, $top - 5, $bins[$bin]
          if $bins[$bin];
        $svg .= sprintf qq{\n<text x="%d" y="%d" text-anchor="middle">%d</text>}, $left, $high + 16, $bin * 100 / $BINS
          if $bin;
    }
    $svg .=
qq{\n<text x="0" y="${\($high + 16)}">0</text>\n<text x="$wide" y="${\($high + 16)}" text-anchor="end">100%</text>};
    return <<"END";
<section>
<h2>How the scores lie</h2>
<p class="soft">Submissions by their part of the points; a bar is ten percent wide, full marks are in the last one.</p>
<svg viewBox="0 0 $wide ${\($high + 20)}" role="img" aria-label="histogram of scores">
$svg
</svg>
</section>
END
}

sub _failed_most (@grades) {
    my ( %failed, %asked, %name );
    for my $test ( grep { $_->{max} } map { @{ $_->{tests} } } @grades ) {
        $asked{ $test->{id} }++;
        $failed{ $test->{id} }++ if $test->{verdict} eq 'fail';
        $name{ $test->{id} } = $test->{name};
    }
    my @ids = sort { $failed{$b} <=> $failed{$a} || $a cmp $b } keys %failed;
    return "<section>\n<h2>What failed most</h2>\n<p>Nothing failed.</p>\n</section>"
      if !@ids;
    my $more = @ids > $MOST_FAILS ? @ids - $MOST_FAILS : 0;
    splice @ids, $MOST_FAILS if $more;
    my $rows = q{};
    for my $id (@ids) {
        my $width = 100 * $failed{$id} / $failed{ $ids[0] };
        $rows .=
          sprintf
          qq{<tr title="%s"><td>%s</td><td class="strip"><i style="width: %.1f%%"></i></td><td>%d of %d</td></tr>\n},
          _safe( $name{$id} ), _safe($id), $width, $failed{$id}, $asked{$id};
    }
    $rows .= "<tr><td colspan=3 class=soft>and $more more checks</td></tr>\n"
      if $more;
    return "<section>\n<h2>What failed most</h2>\n<table>\n<tbody>\n$rows</tbody>\n</table>\n</section>";
}

# What a person should look at stands first.
sub _box ( $grades, $about ) {
    my @matters = grader::class::Attention::all( $grades, $about->{left_out} );
    my @lines   = map { '<p>' . _safe($_) . '</p>' } @{ $about->{class} };
    push @lines, '<p><a href="similar.html">Similar pairs</a>: pointers to read, no verdicts.</p>'
      if $about->{similar};
    return if !@matters && !@lines;
    my $more = @matters > $MOST_ROWS ? @matters - $MOST_ROWS : 0;
    splice @matters, $MOST_ROWS if $more;
    my @rows;
    for my $matter (@matters) {
        my ( $kind, $grade, $name, $sentence ) = @{$matter};
        my $who = $grade ? _link($grade) : _safe($name);
        push @rows, "<tr><td>$kind</td><td>$who</td><td>" . _safe($sentence) . '</td></tr>';
    }
    push @rows, qq{<tr><td colspan="3" class="soft">and $more more, in gradebook.csv</td></tr>}
      if $more;
    push @lines, '<div class="wide"><table>', '<tbody>', @rows, '</tbody>', '</table></div>'
      if @rows;
    return join "\n", '<section class="box">', '<h2>For a person to look at</h2>', @lines, '</section>';
}

sub _table (@grades) {
    my @stages = grader::class::Grade::stages_of(@grades);
    my $head   = join q{},  map { "<th>$_</th>" } 'name', 'score', 'of', @stages, 'failed', 'untold', 'seconds';
    my $rows   = join "\n", map { _row( $_, @stages ) } @grades;
    return <<"END";
<section>
<h2>Everybody</h2>
<div class="wide everybody">
<table>
<thead><tr>$head<th class="note">beside the score</th></tr></thead>
<tbody>
$rows
</tbody>
</table>
</div>
</section>
END
}

my %NO_SCORE = ( broken => 'not graded', pending => 'pending', excused => 'excused' );

sub _row ( $grade, @stages ) {
    my @cells = (
        _link($grade),
        defined $grade->{score}
        ? ( "<b>$grade->{score}</b>", $grade->{max} // q{} )
        : ( qq{<span class="bad">$NO_SCORE{ $grade->{status} }</span>}, q{} ),
        ( map { $grade->{stages}{$_} ? "$grade->{stages}{$_}{points}" : q{} } @stages ),
        scalar( grep { $_->{max} } grader::class::Grade::with_verdict( $grade, 'fail' ) ),
        scalar( grader::class::Grade::with_verdict( $grade, 'skip' ) ),
        sprintf '%.0f',
        grader::class::Grade::seconds($grade),
    );
    my $note = join q{; }, map { _safe($_) } _notes($grade);
    return '<tr>' . join( q{}, map { "<td>$_</td>" } @cells ) . qq{<td class="note">$note</td></tr>};
}

sub _notes ($grade) {
    return grep { defined } grader::class::Grade::changes_words($grade),
      scalar grader::class::Grade::untold_words($grade);
}

# The names of these files need no escaping.
sub _link ($grade) {
    my $details = qq{<a class="soft" href="details/$grade->{file}.txt" title="every test">all</a>};
    return qq{<a href="feedback/$grade->{file}.txt">} . _safe( $grade->{name} ) . "</a> $details";
}

1;
