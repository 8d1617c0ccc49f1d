package tests::lib::StandIn;

# Programs that are never run, and a launcher that reports made-up figures of them: what a script makes of its
# measurements can then be tested to the last digit, however busy the machine is.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use JSON::PP   ();
use measure::Launch;
use tests::lib::Built;

# The launcher reads what it reports from a file beside it, and counts in another one how often each command came.
my $LAUNCHER = <<'END_OF_LAUNCHER';
#!/usr/bin/env perl
use v5.32;
use warnings;
use File::Basename qw(basename);
use FindBin        qw($Bin);
use JSON::PP       ();

my ( $report_fd, @command );
while ( defined( my $argument = shift @ARGV ) ) {
    if    ( $argument eq '--report' ) { $report_fd = shift @ARGV }
    elsif ( $argument eq '--' )       { @command = splice @ARGV }
}
$command[0] = basename( $command[0] );
open my $file, '<', "$Bin/figures.json" or die "cannot read the figures: $!\n";
my $figures_of = JSON::PP->new->decode( join '', <$file> );
my $key        = $figures_of->{"@command"} ? "@command" : $command[0];
my $figures    = $figures_of->{$key} // die "there are no figures of @command\n";

open my $calls, '+>>', "$Bin/calls" or die "cannot count the calls: $!\n";
seek $calls, 0, 0;
my $before = grep { $_ eq "$key\n" } <$calls>;
print {$calls} "$key\n";

my %report = ( exit => 0, signal => undef, stopped => undef, error => undef, strays => 0, survivors => 0 );
for my $name ( grep { $_ ne 'stdout' } keys %{$figures} ) {
    my @values = @{ $figures->{$name} };
    $report{$name} = $values[ $before < @values ? $before : $#values ];
}
print $figures->{stdout};
open my $report, '>&=', $report_fd or die "cannot report: $!\n";
print {$report} JSON::PP->new->encode( \%report );
close $report or die "cannot report: $!\n";
END_OF_LAUNCHER

sub folder (%figures_of) {
    my $folder = File::Temp->newdir;
    _write( "$folder/launch",       $LAUNCHER );
    _write( "$folder/figures.json", JSON::PP->new->encode( \%figures_of ) );
    for my $program ( map { /\A(\S+)/ } keys %figures_of ) {
        _write( "$folder/$program", "#!/bin/false\n" );
    }
    return $folder;
}

sub _write ( $path, $content ) {
    open my $file, '>', $path or die "cannot write $path: $!\n";
    print {$file} $content;
    close $file or die "cannot write $path: $!\n";
    chmod 0755, $path or die "cannot make $path executable: $!\n";
    return;
}

sub run ( $folder, $script, @arguments ) {
    tests::lib::Built::launcher();
    return measure::Launch::run(
        command =>
          [ $script, '--bin', "$folder", '--launcher', "$folder/launch", '--json', "$folder/result.json", @arguments ],
        wall_s => 300,
    );
}

sub json_of ($folder) {
    open my $file, '<', "$folder/result.json" or die "cannot read $folder/result.json: $!\n";
    return JSON::PP->new->decode( join '', <$file> );
}

1;

__END__

=head1 NAME

tests::lib::StandIn - made-up measurements for the tests of bench/compare and bench/scale

=head1 FUNCTIONS

=head2 folder('PROGRAM' => { ... }, 'PROGRAM ARGUMENTS' => { ... })

A temporary folder with these programs and a launcher, which reports the given values: a text C<stdout>, and for C<wall_s>,
C<user_s>, C<sys_s> and C<peak_kib> a list with one number for each start of the program; the last number stays. Values for a
program with its arguments win over values for the program.

=head2 run($folder, $script, @arguments)

Runs a script of bench/ on that folder; the result is that of measure::Launch::run.

=head2 json_of($folder)

The data that the script wrote with --json.

=cut
