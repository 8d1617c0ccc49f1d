package realworld::Kept;

# What is known of one program, kept on disk after each run, so that a run of hours that was stopped goes on where it was.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Path qw(make_path);
use JSON::PP   ();

# $key: whatever makes older results worthless when it changes. Result: { key, calls, problem, runs => { ALLOCATOR => [run of
# each round] } }.
sub load ( $folder, $name, $key ) {
    my $kept;
    if ( open my $file, '<', "$folder/$name.json" ) {
        local $/ = undef;
        $kept = eval { JSON::PP->new->decode(<$file>) };
        close $file;
    }
    return ref $kept eq 'HASH'
      && ( $kept->{key} // q{} ) eq $key ? $kept : { key => $key, runs => {} };
}

# Never half: a runner that is killed leaves the old file or the new one.
sub save ( $folder, $name, $kept ) {
    make_path($folder);
    my $path = "$folder/$name.json";
    open my $file, '>', "$path.new" or die "cannot write $path.new: $!\n";
    print {$file} JSON::PP->new->canonical->pretty->encode($kept);
    close $file and rename "$path.new", $path or die "cannot write $path: $!\n";
    return;
}

1;

__END__

=head1 NAME

realworld::Kept - the results of a program, kept between runs of the runner

=head1 FUNCTIONS

=head2 load($folder, $name, $key), save($folder, $name, \%kept)

Reads what was kept under the name, or begins anew when there is nothing or its key is another one; writes it.

=cut
