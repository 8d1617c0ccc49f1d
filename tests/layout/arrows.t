#!/usr/bin/env perl

# Who knows whom is written down in arrows.txt beside this, and nobody knows more: read from #include and use.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use File::Find     ();
use FindBin        qw($Bin);
use Test::More;

my $TREE = abs_path("$Bin/../..");

# What was built, what others wrote, and what was handed in.
my $NOT_OURS =
  qr{\A(?:[.]\w|build/|bin/|lib/|lecture/(?:out|page|vendor)/|tests/corpus/(?:right|broken)/|tests/hostile/[^/]+/)};

sub content ($path) {
    open my $file, '<', $path or die "cannot read $path: $!\n";
    local $/ = undef;
    return <$file> // q{};
}

# ---- The table -------------------------------------------------------------------------------------------------------

# A pattern as a regular expression for paths.
sub expression ($pattern) {
    my $quoted = join '[^/]*', map { quotemeta } split /[*]/, $pattern, -1;
    return $pattern =~ m{/\z} ? qr/\A$quoted/ : qr/\A$quoted\z/;
}

# Result: rows { patterns, may => [patterns], line } from a text, and what is wrong with the text.
sub read_table ($text) {
    my ( @rows, @wrong, %known );
    my $number = 0;
    for my $line ( split /\n/, $text ) {
        $number++;
        next if $line =~ /\A(?:#|\s*\z)/;
        my ( $files, $may ) = $line =~ /\A([^:]+):\s*(.*)\z/ or push @wrong, "line $number has no colon" and next;
        my @may = split ' ', $may;
        push @wrong, map { "line $number names $_, which has no row above it" }
          grep {
            my $name = $_;
            !grep { $name eq $_ || index( $_, $name ) == 0 && $name =~ m{/\z} } keys %known
          } @may;
        my @patterns = split ' ', $files;
        $known{$_} = 1 for @patterns;
        push @rows, { patterns => \@patterns, may => [ map { expression($_) } @may ], line => $number };
    }
    return ( \@rows, @wrong );
}

# The row of a path: that of its longest pattern, or the first of two.
sub row_of ( $rows, $path ) {
    my ( $best, $length ) = ( undef, 0 );
    for my $row ( @{$rows} ) {
        for my $pattern ( @{ $row->{patterns} } ) {
            next if $path !~ expression($pattern) || length $pattern <= $length;
            ( $best, $length ) = ( $row, length $pattern );
        }
    }
    return $best;
}

# ---- The sources -----------------------------------------------------------------------------------------------------

# Result: { path => text } of all sources of a tree.
sub sources ($tree) {
    my %text;
    File::Find::find(
        {
            no_chdir   => 1,
            preprocess => sub (@names) {
                my $below = substr "$File::Find::dir/", 1 + length $tree;
                return grep { "$below$_" !~ $NOT_OURS && "$below$_/" !~ $NOT_OURS } @names;
            },
            wanted => sub {
                return if !-f || -l;
                my $path      = substr $_, 1 + length $tree;
                my $is_script = $path !~ m{[.]\w+\z} && content($_) =~ /\A#!\S+(?:\s+|\/)perl\b/;
                $text{$path} = content($_) if $is_script || $path =~ /[.](?:c|h|pm|pl|t)\z/;
            }
        },
        $tree
    );
    return \%text;
}

# The files of the tree that a source names, as paths from its root.
sub known_to ( $path, $text, $sources ) {
    my @found;
    if ( $path =~ /[.][ch]\z/ ) {
        for my $name ( $text =~ /^\s*#\s*include\s+"([^"]+)"/mg ) {
            my $beside = $path =~ m{/} ? dirname($path) . "/$name" : $name;
            push @found, exists $sources->{$name} ? $name : $beside;
        }
    }
    else {
        for my $module ( $text =~ /^\s*(?:use|require)\s+((?:grader|measure|tests|handout|lecture|realworld|everywhere)::[\w:]+)/mg ) {
            push @found, $module =~ s{::}{/}gr . '.pm';
        }
    }
    return @found;
}

# Result: what is wrong, a sentence each.
sub complaints ( $rows, $sources ) {
    my @wrong;
    for my $path ( sort keys %{$sources} ) {
        my $row = row_of( $rows, $path );
        if ( !$row ) {
            push @wrong, "$path has no row in arrows.txt";
            next;
        }
        for my $known ( known_to( $path, $sources->{$path}, $sources ) ) {
            my $its_row = row_of( $rows, $known );
            next if $its_row && $its_row == $row;
            next if grep { $known =~ $_ } @{ $row->{may} };
            push @wrong, "$path must not know $known (arrows.txt, line $row->{line})";
        }
    }
    return @wrong;
}

# ---- Looking ---------------------------------------------------------------------------------------------------------

my ( $rows, @wrong ) = read_table( content("$Bin/arrows.txt") );
is( join( "\n", @wrong ), q{}, 'the table of arrows has no circle: a row names rows above it only' );
my $sources = sources($TREE);
cmp_ok( scalar keys %{$sources}, '>', 20, 'there are sources to look at' );
is( join( "\n", complaints( $rows, $sources ) ), q{}, 'no file knows more than the table allows' );

# The same on a small tree with one arrow that points up, one file without a row, and a circle in its table.
my %small = (
    'par/os.c'      => qq{#include "par/os.h"\n#include "par/region.h"\n},
    'par/os.h'      => q{},
    'par/region.h'  => qq{#include "par/os.h"\n},
    'list_main.c'   => qq{#include "par/region.h"\n#include <stdio.h>\n},
    'grader/Job.pm' => "use strict;\nuse grader::stages::Build;\n",
    'new/one.c'     => q{},
);
my ($small_rows) =
  read_table("par/os.*:\npar/region.*: par/os.*\n*_main.c:\ngrader/Job.pm:\ngrader/stages/: grader/Job.pm\n");
is_deeply(
    [ complaints( $small_rows, \%small ) ],
    [
        'grader/Job.pm must not know grader/stages/Build.pm (arrows.txt, line 4)',
        'list_main.c must not know par/region.h (arrows.txt, line 3)',
        'new/one.c has no row in arrows.txt',
        'par/os.c must not know par/region.h (arrows.txt, line 1)',
    ],
    'a part that includes a higher one, a program that knows a backend, and a module that uses a stage are named'
);
my ( undef, @circle ) = read_table("a.c: b.c\nb.c: a.c\n");
is_deeply( \@circle, ['line 1 names b.c, which has no row above it'], 'so is a circle in the table' );

done_testing;
