#!/usr/bin/env perl

# The models of what threads of par share: they and the code name each other, and small ones hold, but for their broken
# variants. `make model` runs them whole.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd     qw(abs_path);
use FindBin qw($Bin);
use Test::More;

my $TREE = abs_path("$Bin/../..");

sub content ($path) {
    open my $file, '<', $path or die "cannot read $path: $!\n";
    local $/ = undef;
    return <$file>;
}

my @models = grep { !m{/memory[.]pml\z} } sort glob "$Bin/*.pml";
cmp_ok( scalar @models, '>=', 6, 'there are models' );
for my $path (@models) {
    my ($name) = $path =~ m{([^/]+)\z};
    my $text = content($path);
    my @wrong;
    my $named = 0;
    while ( $text =~ /^ [*] Models: (\S+): (.*)$/mg ) {
        my ( $file, @functions ) = ( $1, split ' ', $2 );
        my $code = content("$TREE/$file");
        $named += @functions;
        push @wrong, map { "$file has no function $_" } grep { $code !~ /^[^\/\n]*\b\Q$_\E\(/m } @functions;
        push @wrong, "$file does not name tests/models/$name" if $code !~ m{tests/models/\Q$name\E};
    }
    is( join( "\n", @wrong ), q{}, "$name and the code that it models name each other" );
    cmp_ok( $named, '>', 0, '... by functions' );
    my @described = $text                 =~ /^ [*] (BROKEN_\w+)/mg;
    my %used      = map { $_ => 1 } $text =~ /^#ifn?def (BROKEN_\w+)/mg;
    is_deeply( [ sort @described ], [ sort keys %used ], '... and its head tells of each broken variant' );
    like( $text, qr/^ [*] Left out:/m, '... and what is left out' );
}

SKIP: {
    skip 'there is no spin (Debian package spin; ./setup installs it)', 2
      if !grep { -x "$_/spin" } split /:/, $ENV{PATH};
    my $said = qx('$Bin/run' --quick 2>&1);
    is( $?, 0, 'every model holds, and each of its broken variants fails' ) or diag $said;
    is(
        scalar( () = $said                                    =~ /: assertion violated|: invalid end state/g ),
        scalar( () = join( q{}, map { content($_) } @models ) =~ /^ [*] BROKEN_/mg ),
        '... by a failed assertion or a deadlock'
    );
}

done_testing;
