package grader::class::similar::Page;

# Similar pairs on one page: the ranking, then each pair side by side with what both have marked. It is one HTML file that loads
# no other and needs no script: a region's number leads to its twin on the other side.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode                        ();
use grader::class::similar::Pairs ();
use grader::class::similar::Winnow;

my $COLOURS = 6;

my %ENTITY = ( '&' => '&amp;', '<' => '&lt;', '>' => '&gt;', q{"} => '&quot;', q{'} => '&#39;' );

my $STYLE = <<'END';
:root { --ink: #1d2430; --soft: #667085; --line: #d8dde6; --ground: #fff; --band: #f7f8fa; --bar: #3b6fb6; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #313845; --ground: #14181f; --band: #1b212b; --bar: #6f9fe0; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 110rem; padding: 2rem 1.5rem 4rem; background: var(--ground); color: var(--ink);
       font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 3rem 0 .5rem; overflow-wrap: anywhere; }
p { margin: .25rem 0; max-width: 60rem; }
.soft { color: var(--soft); }
.warn { border-left: 4px solid var(--bar); padding: .25rem 1rem; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin-top: 1.5rem; }
th, td { padding: .3rem .9rem; text-align: right; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
th.left, td.left { text-align: left; overflow-wrap: anywhere; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: .2em; }
.sides { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1rem; }
.side { border: 1px solid var(--line); border-radius: 6px; max-height: 75vh; overflow: auto; }
.side h3 { position: sticky; top: 0; left: 0; margin: 0; padding: .4rem .75rem; background: var(--band); font-size: .9rem;
           border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
pre { margin: 0; padding: .25rem 0 .75rem; font: 12px/1.45 ui-monospace, monospace; tab-size: 4; width: max-content; min-width: 100%; }
pre span { display: block; padding: 0 .75rem 0 0; white-space: pre; }
pre i { display: inline-block; width: 5.5rem; padding-right: .75rem; text-align: right; color: var(--soft); font-style: normal;
        user-select: none; }
pre a { font-weight: 700; margin-right: .6rem; }
.c0 { background: hsl(210 90% 55% / .22); } .c1 { background: hsl(35 95% 50% / .25); } .c2 { background: hsl(140 60% 42% / .22); }
.c3 { background: hsl(330 80% 60% / .2); }  .c4 { background: hsl(265 80% 65% / .22); } .c5 { background: hsl(180 70% 40% / .22); }
pre span:target { outline: 2px solid var(--bar); }
END

# $pairs: as of grader::class::similar::Pairs, each with regions. $of: likewise. $about: { folder, count, given => number of files
# that were given out, least => share, told =>
# [sentences] }. Result: bytes.
sub html ( $pairs, $of, $about ) {
    my $folder = _safe( $about->{folder} );
    my ( $gram, $guarantee, $owners ) = (
        $grader::class::similar::Winnow::GRAM,
        $grader::class::similar::Winnow::GUARANTEE,
        $grader::class::similar::Pairs::MOST_OWNERS
    );
    my $least = _percent( $about->{least} );
    my $count = @{$pairs};
    my $found =
        $count == 0 ? "No two of the $about->{count} submissions have $least or more in common that is compared."
      : $count == 1 ? "One pair of the $about->{count} submissions has $least or more in common."
      :               "$count pairs of the $about->{count} submissions have $least or more in common.";
    my $body       = join "\n", _ranking( @{$pairs} ), map { _pair( $_, $pairs->[ $_ - 1 ], $of ) } 1 .. $count;
    my $unreadable = join "\n", map { '<p>' . _safe( ucfirst $_ ) . '</p>' } @{ $about->{told} };
    return Encode::encode( 'UTF-8', <<"END" );
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Similar pairs of $folder</title>
<style>
$STYLE</style>
</head>
<body>
<h1>Similar pairs of $folder</h1>
<div class="warn">
<p><b>This is a pointer to read, not a verdict.</b> Two people who follow the same lecture write alike; a copy that was rewritten
can be missed. Read both sides, and ask, before you decide anything.</p>
</div>
<p>$found</p>
$unreadable
<p class="soft">Names, numbers, comments and layout do not count. Every run of $guarantee tokens that two have in common is found,
and nothing shorter than $gram. What the $about->{given} files hold that everybody was given does not count, nor what more
than $owners submissions have. The share is that of a submission's own fingerprints which the other has, too.</p>
$body
</body>
</html>
END
}

sub _safe ($text) { return $text =~ s/([&<>"'])/$ENTITY{$1}/gr }

sub _percent ($share) { return sprintf '%.0f%%', 100 * $share }

sub _ranking (@pairs) {
    return if !@pairs;
    my @rows;
    for my $number ( 1 .. @pairs ) {
        my $pair = $pairs[ $number - 1 ];
        my ( $one,  $other )  = map { _safe($_) } @{ $pair->{names} };
        my ( $mine, $theirs ) = map { _percent($_) } @{ $pair->{shares} };
        push @rows, qq{<tr><td><a href="#pair$number">$number</a></td><td class="left">$one</td><td>$mine</td>}
          . qq{<td class="left">$other</td><td>$theirs</td><td>${\scalar @{ $pair->{regions} }}</td></tr>};
    }
    return join "\n",
      '<table>',
'<thead><tr><th></th><th class="left">one</th><th>share</th><th class="left">other</th><th>share</th><th>regions</th></tr></thead>',
      '<tbody>', @rows, '</tbody>', '</table>';
}

sub _pair ( $number, $pair, $of ) {
    my @names = @{ $pair->{names} };
    my @sides = map { _side( $number, $_, $pair, $of->{ $names[$_] } ) } 0, 1;
    my ( $one, $other ) = map { _safe( $names[$_] ) . ' ' . _percent( $pair->{shares}[$_] ) } 0, 1;
    return qq{<h2 id="pair$number">$number. $one, $other</h2>\n<div class="sides">\n$sides[0]\n$sides[1]\n</div>};
}

# One side of a pair: its files that have a region, with the lines of the regions marked.
sub _side ( $number, $side, $pair, $submission ) {
    my %marks;    # { file => { line => [regions] } }
    for my $region ( 1 .. @{ $pair->{regions} } ) {
        my ( $from, $to ) = map { $submission->{tokens}[$_] } @{ $pair->{regions}[ $region - 1 ][$side] };
        push @{ $marks{ $from->[2] }{$_} }, $region for $from->[1] .. $to->[1];
    }
    my %seen;
    my @files;
    for my $file ( sort { $a <=> $b } keys %marks ) {
        my @lines = split /\n/, $submission->{files}[$file]{text} =~ s/\r\n?/\n/gr, -1;
        my @shown;
        for my $line ( 1 .. @lines ) {
            my $regions = $marks{$file}{$line} // [];
            my @new     = grep { !$seen{$_}++ } @{$regions};
            push @shown, _line( $number, $side, $line, $lines[ $line - 1 ], $regions, @new );
        }
        push @files, '<h3>' . _safe("$pair->{names}[$side]: $submission->{files}[$file]{name}") . '</h3>',
          '<pre>' . join( q{}, @shown ) . '</pre>';
    }
    return join "\n", '<div class="side">', @files, '</div>';
}

# A line in the colour of its last region, with the numbers of those that begin here.
sub _line ( $number, $side, $line, $text, $regions, @new ) {
    my $class = @{$regions} ? ' class="c' . ( $regions->[-1] % $COLOURS ) . q{"}        : q{};
    my $id    = @new        ? ' id="p' . $number . ( 'a', 'b' )[$side] . $new[0] . q{"} : q{};
    my $links = join q{}, map { qq{<a href="#p$number${\( ( 'b', 'a' )[$side] )}$_">$_</a>} } @new;
    return "<span$class$id><i>$links$line</i>" . _safe($text) . '</span>';
}

1;
