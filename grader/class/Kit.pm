package grader::class::Kit;

# What all grades of a class link with, compiled once into the output folder.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use POSIX      ();

# make takes a blank in a path for its end. Result: a path for it that leads to this folder, and what keeps that path alive.
sub _for_make ( $store, $folder ) {
    return $folder if $folder !~ m{[^\w./+-]}a;
    $store->make_folders('state/kit');
    my $shelter = File::Temp->newdir( TMPDIR => 1 );
    symlink $folder, "$shelter/kit" or die "cannot write a link in $shelter: $!\n";
    return ( "$shelter/kit", $shelter );
}

# Compiles it from this tree. Result: its folder. Dies with one line.
sub build ( $tree, $store, $progress ) {
    my $kit = $store->path('state/kit');
    my ( $built, $shelter ) = _for_make( $store, $kit );
    $progress->say_now('compiling what every grade links with');
    delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL BACKEND BACKENDS PROGRAMS FLAVOUR BUILD BIN V)};
    my $pid = open my $output, '-|' // die "cannot start make: $!\n";
    if ( !$pid ) {
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        exec qw(make --silent -j2 -C), $tree, 'kit', "BUILD=$built", "BIN=$built/bin", "KIT=$built"
          or POSIX::_exit(127);
    }
    my @said = <$output>;
    close $output
      or die 'the kit cannot be compiled: ',
      ( grep { /error|No rule/ } @said, 'make failed' )[0] =~ s/\s*\z/\n/r;
    return $kit;
}

1;
