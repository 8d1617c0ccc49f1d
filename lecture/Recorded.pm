package lecture::Recorded;

# The recorded sample: the results of one lecture on a quiet machine, in one file of the tree, so that the page can be shown at
# once. It carries its date and its machine, and the page says that it was not measured here.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use File::Path     qw(make_path);
use File::Temp     ();
use JSON::PP       ();
use lecture::Findings;
use lecture::Results;
use measure::Table qw(fail);

# What the launcher knows of each run, and no picture shows (run.t compares the pages). The maps of the longer trace would be
# half of the file, so they are left out, too.
my %LEFT_OUT = map { $_ => 1 }
  qw(command stdout stderr question summaries normalised over_limit worst limits looks idle_looks
  question_cpu_s question_wall_s major_faults minor_faults involuntary_switches strays survivors stdout_bytes stderr_bytes);

sub results ($path) {
    open my $file, '<', $path
      or fail("there is no recorded sample at $path: make lecture measures here; make sample then records it");
    local $/ = undef;
    my $sample = eval { JSON::PP->new->utf8->decode( <$file> // '' ) };
    fail("$path is no recorded sample, or was cut off: git checkout $path brings it back")
      if ref $sample ne 'HASH' || ref $sample->{files} ne 'HASH';
    my $folder = File::Temp->newdir( TMPDIR => 1 );
    my @paths;
    for my $name ( sort keys %{ $sample->{files} } ) {
        push @paths, "$folder/$name";
        open my $part, '>', $paths[-1] or fail("cannot write $paths[-1]: $!");
        print {$part} JSON::PP->new->utf8->encode( $sample->{files}{$name} );
        close $part or fail("cannot write $paths[-1]: $!");
    }
    my $results = lecture::Results::read_all(@paths);
    my ($date) = ( $results->{made_at} // '' ) =~ /\A([-\d]+)T/;
    $results->{sample} = 'A recorded sample' . ( defined $date ? " of $date" : '' ) . ', not measured on this machine.';
    return $results;
}

# Writes the sample from files of results, of which $results is what was read.
sub record ( $path, $results, @paths ) {
    my $quiet = lecture::Findings::quiet( $results->{quiet} );
    fail("no sample is recorded: $quiet->{sentence}")                 if $quiet->{state} ne 'quiet';
    fail('no sample is recorded of the quick form: run make lecture') if $results->{quick};
    my @missing = sort keys %{ $results->{problems} };
    fail("no sample is recorded, for there are no right results for @missing: run make lecture") if @missing;
    my %files;
    for my $from ( grep { !m{/ivec-[^/]*\z} } @paths ) {
        open my $file, '<', $from or fail("cannot read $from: $!");
        local $/ = undef;
        $files{ $from =~ s{.*/}{}r } = _thinned( JSON::PP->new->utf8->decode(<$file>) );
    }
    make_path( dirname($path) );
    open my $file, '>', $path or fail("cannot write $path: $!");
    print {$file} JSON::PP->new->utf8->canonical->encode( { files => \%files } ), "\n";
    close $file or fail("cannot write $path: $!");
    printf "The sample is %s, %.0f KiB: %s\n", $path, ( -s $path ) / 1024, $quiet->{sentence};
    return;
}

sub _thinned ($value) {
    return [ map { _thinned($_) } @{$value} ]                                                if ref $value eq 'ARRAY';
    return { map { $_ => _thinned( $value->{$_} ) } grep { !$LEFT_OUT{$_} } keys %{$value} } if ref $value eq 'HASH';
    return !ref $value && defined $value && $value =~ /\A-?\d+\.\d{6,}\z/ ? 0 + sprintf '%.5g', $value : $value;
}

1;

__END__

=head1 NAME

lecture::Recorded - the recorded sample of the lecture

=head1 FUNCTIONS

=head2 results($path)

What lecture::Results::read_all makes of the sample, and C<sample>, a sentence that says what it is.

=head2 record($path, \%results, @paths)

Writes the sample from these files of results. Ends the script with one line when the machine was busy, or something is missing.

=cut
