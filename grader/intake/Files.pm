package grader::intake::Files;

# Takes in a submission: copies a folder or an archive as plain files into a folder of the workspace, and finds the sources of
# the backends there, under any name that the course has used.
#
# It follows no links of the submission, runs none of its files, and does not trust their size.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd            ();
use File::Basename qw(basename dirname);
use File::Copy     qw(copy);
use File::Find     ();
use File::Path     qw(make_path);
use grader::intake::Archive;

# Of all files together, and how many; of a file that is taken from a folder; and of a source that is compiled.
my $MOST_BYTES        = 64 * 1024 * 1024;
my $MOST_FILES        = 4000;
my $MOST_FILE_BYTES   = 8 * 1024 * 1024;
my $MOST_SOURCE_BYTES = 1024 * 1024;

my $MOST_HEADER_FOLDERS = 20;

# Left where they are: version control, what was built, and what editors and archivers drop.
my $NO_FOLDER = qr/\A(?:[.]git|[.]svn|__MACOSX|build|[.]vscode|[.]idea)\z/;
my $NO_FILE   = qr/\A[.]_|~\z|\A[.]?#|[.]sw[op]\z/;

# The other names that the course has given to a backend's file over the years.
my %OLD_NAMES = (
    hw08 => [qw(hw07_malloc.c hw08_malloc.c)],
    par  => [qw(hwx_malloc.c par_malloc.c opt_malloc.c opt_alloc.c hwx_alloc.c)],
);

# $source: a folder or an archive. $folder: an empty one to fill. %how: only => a regular expression for the paths that are
# taken from a folder; not_helpers => [paths, relative to the backend's, of sources that are no helpers: the kit's own].
# Result: an object. Dies with one line when there is nothing to take in.
sub new ( $class, $source, $folder, %how ) {
    $source = Cwd::abs_path($source) if -d $source;
    my $self =
      bless { folder => $folder, notes => [], only => $how{only} // qr//, not_helpers => $how{not_helpers} // [] },
      $class;
    if    ( -d $source )  { $self->_take_folder($source) }
    elsif ( !-f $source ) { die "$source: there is no such folder or archive\n" }
    elsif ( !grader::intake::Archive::is_archive($source) ) {
        die "$source: neither a folder nor a .tar, .tar.gz, .tgz or .zip\n";
    }
    else {
        push @{ $self->{notes} },
          grader::intake::Archive::unpack_into(
            $source,
            into    => $folder,
            bytes   => $MOST_BYTES,
            files   => $MOST_FILES,
            scratch => "$folder.tar",
          );
    }
    $self->{files} = [ _files_in($folder) ];
    return $self;
}

# What of a whole tree is graded, for only: as for the Makefile, NAME_alloc.c and all in NAME/, and what is handed in with it.
sub in_tree (@backends) {
    my $names = join '|', @backends;
    return qr{\A(?:(?:$names)(?:_alloc[.]c\z|/)|[^/]+[.](?:h|md|txt|png)\z)};
}

# The folder that holds the submission's files now.
sub folder ($self) { return $self->{folder} }

# What was left out, in sentences.
sub notes ($self) { return @{ $self->{notes} } }

# All files, relative to the folder, those nearer to the top first.
sub files ($self) { return @{ $self->{files} } }

# Copies the plain files of a folder, but not those that are too long to be of use.
sub _take_folder ( $self, $source ) {
    my ( $files, $bytes ) = ( 0, 0 );
    for my $path ( grep { $_ =~ $self->{only} } _files_in( $source, $self->{notes} ) ) {
        my $file_bytes = -s "$source/$path";
        if ( $file_bytes > $MOST_FILE_BYTES ) {
            push @{ $self->{notes} }, "'$path' was left out: it has $file_bytes bytes";
            next;
        }
        $bytes += $file_bytes;
        die "the submission holds more than $MOST_FILES files\n" if ++$files > $MOST_FILES;
        die "the submission holds more than $MOST_BYTES bytes\n" if $bytes > $MOST_BYTES;
        my $target = "$self->{folder}/$path";
        make_path( dirname($target) );
        copy( "$source/$path", $target ) or die "cannot copy $path of the submission: $!\n";
    }
    return;
}

# The plain files below a folder. What is none of that is named in @$notes.
sub _files_in ( $folder, $notes = [] ) {
    my @found;
    my $wanted = sub {
        return if !lstat $File::Find::name || -d _;
        my $path = substr $File::Find::name, length($folder) + 1;
        return if basename($path) =~ $NO_FILE;
        if ( -f _ ) { push @found, $path }
        else        { push @{$notes}, "'$path' was left out: it is no plain file, but a link or a device" }
    };
    my $sift = sub (@names) {
        return grep { $_ !~ $NO_FOLDER || !-d "$File::Find::dir/$_" } @names;
    };
    File::Find::find( { wanted => $wanted, preprocess => $sift, no_chdir => 1 }, $folder );
    @found = sort { ( $a =~ tr{/}{} ) <=> ( $b =~ tr{/}{} ) || $a cmp $b } @found;
    return @found;
}

# The file of a backend, relative to the folder, and its note when an old name was taken for the new one; nothing when the
# submission has none.
sub source_of ( $self, $backend ) {
    for my $name ( "${backend}_alloc.c", @{ $OLD_NAMES{$backend} // [] } ) {
        my ( $found, @more ) = grep { basename($_) eq $name } $self->files;
        next if !defined $found;
        my @notes;
        push @notes, "$found is taken for ${backend}_alloc.c"          if $name ne "${backend}_alloc.c";
        push @notes, "there is also $more[0], which was not looked at" if @more;
        return ( $found, @notes );
    }
    return;
}

# The other C sources, those beside or below the given one first: what may hold its helper functions. The kit's own are none:
# many hand in the whole tree.
sub helpers_for ( $self, $source ) {
    my $home   = dirname($source);
    my $prefix = $home eq q{.} ? q{} : "$home/";
    my %ours   = map  { $prefix . $_ => 1 } @{ $self->{not_helpers} };
    my @others = grep { /[.]c\z/ && $_ ne $source && !$ours{$_} } $self->files;
    return ( ( grep { index( $_, $prefix ) == 0 } @others ), grep { index( $_, $prefix ) != 0 } @others );
}

# The folders that hold headers, relative; no more than anybody needs.
sub header_folders ($self) {
    my %seen;
    my @folders = grep { !$seen{$_}++ } map { dirname($_) } grep { /[.]h\z/ } $self->files;
    splice @folders, $MOST_HEADER_FOLDERS if @folders > $MOST_HEADER_FOLDERS;
    return @folders;
}

# Why a file is no source that can be compiled; undef when it looks like one.
sub unfit ( $self, $path ) {
    my $full  = "$self->{folder}/$path";
    my $bytes = -s $full // 0;
    return "$path is empty"                                                  if $bytes == 0;
    return "$path has $bytes bytes; a source has at most $MOST_SOURCE_BYTES" if $bytes > $MOST_SOURCE_BYTES;
    return "$path is no text"                                                if $self->text($path) =~ /\x00/;
    return;
}

# The content of a file that is not too long for a source.
sub text ( $self, $path ) {
    open my $file, '<:raw', "$self->{folder}/$path" or die "cannot read $path of the submission: $!\n";
    local $/ = undef;
    return <$file> // q{};
}

1;
