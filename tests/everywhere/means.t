#!/usr/bin/env perl

# everywhere/means.c finds nothing amiss here, and says what a system lacks that gives nothing back, lets mappings pile up, knows no
# limits and starts nothing: an emulator, or a library that plays one.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use lib "$Bin/../..";
use Test::More;

use tests::lib::Built;
use tests::lib::Files qw(write_file);

my $work = File::Temp->newdir;
my $tree = tests::lib::Built::tree();
system( qw(gcc -O1 -pthread -D_GNU_SOURCE -Wall -Wextra -Werror -o), "$work/means", "$tree/everywhere/means.c" ) == 0
  or BAIL_OUT('everywhere/means.c does not compile');

write_file( "$work/emulator.c", <<'END');
int madvise(void* start, unsigned long bytes, int advice) { (void)start, (void)bytes, (void)advice; return 0; }
int munmap(void* start, unsigned long bytes) { (void)start, (void)bytes; return 0; }
int setrlimit(int which, const void* limit) { (void)which, (void)limit; return 0; }
int posix_spawn(int* child, const char* program, ...) { (void)child, (void)program; return 8; }
END
system( qw(gcc -O1 -shared -fPIC -o), "$work/emulator.so", "$work/emulator.c" ) == 0
  or BAIL_OUT('the library that plays an emulator does not compile');

sub lacks ($preloaded) {
    local $ENV{LD_PRELOAD} = $preloaded;
    return map { /^(\w+) (.+)/ ? ( $1 => $2 ) : ( $_ => q{} ) } qx("$work/means");
}

is_deeply( { lacks(q{}) }, {}, 'nothing is missing here' );
my %missing = lacks("$work/emulator.so");
like( $missing{giving_back}, qr/does not give memory back/,                            'memory that stays' );
like( $missing{mappings},    qr/came and went leave \d+ KiB/,                          'mappings that pile up' );
like( $missing{limits},      qr/limit of the address space does not hold/,             'limits that do not hold' );
like( $missing{start},       qr/cannot start one of its kind here: Exec format error/, 'programs that start nothing' );

done_testing();
