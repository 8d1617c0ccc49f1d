#!/usr/bin/env perl

# The checksums of the kit's own files: right as they are committed, and a change is named.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::kit::Pristine;

is( join( "\n", grader::kit::Pristine::changes("$Bin/../..") ),
    q{}, 'the kit is as its checksums say (make pristine writes them)' );

my %published = map { $_ => 1 } grader::kit::Pristine::files("$Bin/../..");
ok( $published{$_}, "$_ takes part in a grade" )
  for
  qw(Makefile xmalloc.h test.pl list_main.c programs/search.c grader/Rubric.pm grader/rubrics/kit.conf measure/launch.c tests/suite/support/suite.c);
ok( !$published{$_}, "$_ is what students replace" ) for qw(par_alloc.c hw08_alloc.c par/cache.c);

my $copy = File::Temp->newdir;
for my $path ( keys %published, 'grader/kit/pristine.sha256' ) {
    make_path( "$copy/$path" =~ s{/[^/]*\z}{}r );
    copy( "$Bin/../../$path", "$copy/$path" ) or die "$path: $!";
}
is_deeply( [ grader::kit::Pristine::changes("$copy") ], [], 'a copy is as it should be' );

open my $file, '>>', "$copy/list_main.c" or die $!;
print {$file} "\n";
close $file                      or die $!;
unlink "$copy/programs/answer.c" or die $!;
open $file, '>', "$copy/programs/more.c" or die $!;
close $file or die $!;
is_deeply(
    [ grader::kit::Pristine::changes("$copy") ],
    [ 'list_main.c was changed', 'programs/answer.c is missing', 'programs/more.c was added' ],
    'what was changed, taken out or added is named'
);
ok( !eval { grader::kit::Pristine::insist("$copy"); 1 }, '... and the grader refuses' );
like(
    $@,
    qr/\Athe grader cannot run: its own files are not those .*list_main.c was changed, [^\n]*\n\z/,
    '... in one line'
);
unlink "$copy/grader/kit/pristine.sha256" or die $!;
is_deeply(
    [ grader::kit::Pristine::changes("$copy") ],
    ['grader/kit/pristine.sha256 cannot be read'],
    'without the list nothing is sure'
);

done_testing;
