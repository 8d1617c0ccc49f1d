package grader::class::Submissions;

# The submissions of a class: every folder and every archive in a folder, under the name of its grade, with a checksum of its
# content. Students choose the names freely, so no name is ever part of a command.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::SHA ();
use File::Find  ();
use grader::intake::Archive;
use grader::class::Text;
use grader::class::gradebooks::Students;

# What is longer counts with its length alone: the grader does not take it in.
my $MOST_BYTES = 256 * 1024 * 1024;

# What file managers leave behind when somebody unpacks the archive of a class.
my $DROPPING = qr/\A(?:[.]|__MACOSX\z|Thumbs[.]db\z|desktop[.]ini\z)/i;

# Archives of other kinds, by their names.
my $PACKED = qr/[.](?:7z|rar|gz|bz2|xz|zst|lzma|tbz2?|txz|zipx|cab|dmg|iso)\z/i;

my $MOST_TOLD = 3;      # names of what is no submission that a line gives
my $MOST_NAME = 100;    # characters of a name that go into the name of a file

# Result: { submissions => [{ name, path, file, checksum }] by name, left_out => [names] }. name is text for people; file is
# that name as the name of a file without extension: unique, of harmless characters. Dies with one line when there is no
# submission.
sub read_folder ($folder) {
    opendir my $handle, $folder or die "cannot read the folder $folder: $!\n";
    my @entries = sort grep { !/$DROPPING/ } readdir $handle;
    closedir $handle;
    my @found    = grep { -d "$folder/$_" || ( -f _ && grader::intake::Archive::is_archive($_) ) } @entries;
    my %is_found = map  { $_ => 1 } @found;
    die "there is no submission in $folder: a submission is a folder or an archive (.tar, .tar.gz, .tgz, .zip) in it",
      ( map { "; $_" } told( map { grader::class::Text::printable($_) } @entries ) ), "\n"
      if !@found;

    my ( %times, @submissions );
    $times{ _without_extension($_) }++ for @found;
    for my $entry (@found) {
        my $short = _without_extension($entry);
        my $name  = grader::class::Text::printable( $times{$short} > 1 ? $entry : $short );
        push @submissions,
          {
            name     => $name,
            path     => "$folder/$entry",
            checksum => checksum("$folder/$entry")
          };
    }
    _name_files( \@submissions );
    return {
        submissions => \@submissions,
        left_out    => [
            map  { grader::class::Text::printable($_) }
            grep { !$is_found{$_} } @entries
        ]
    };
}

# What to do with a file of this name that is no submission.
sub remedy ($name) {
    return 'put the files of each student into a folder with grader/by-student'
      if grep { $_->loose($name) } grader::class::gradebooks::Students::platforms();
    return $name =~ $PACKED
      ? 'pack it again as .tar.gz or as an ordinary .zip'
      : 'put the files of each student into a folder that is named after the student';
}

# Of names that are no submissions: sentences, one for each remedy.
sub told (@names) {
    my %with;
    push @{ $with{ remedy($_) } }, $_ for @names;
    return map {
        my @some = @{ $with{$_} };
        my $more = @some > $MOST_TOLD ? @some - $MOST_TOLD : 0;
        splice @some, $MOST_TOLD if $more;
        my $are = @some > 1 ? ' are neither folders nor archives' : ' is neither a folder nor an archive';
        join( ', ', map { "'$_'" } @some ) . ( $more ? " and $more more" : q{} ) . "$are that can be read: $_";
    } sort keys %with;
}

sub _without_extension ($name) {
    return $name =~ s/(?<=.)[.](?:zip|tar|tgz|tar[.]gz)\z//ir;
}

sub _name_files ($submissions) {
    my ( %of, %times );
    for my $submission ( @{$submissions} ) {
        my $file =
          substr $submission->{name} =~ s/[^A-Za-z0-9._-]+/_/gr =~ s/\A[.-]/_/r,
          0, $MOST_NAME;
        $of{ $submission->{path} } = $file;
        $times{ lc $file }++;
    }
    for my $submission ( @{$submissions} ) {
        my $file = $of{ $submission->{path} };
        my $mark =
          substr Digest::SHA::sha256_hex( $submission->{path} =~ s{.*/}{}sr ),
          0, 8;
        $submission->{file} = $times{ lc $file } > 1
          || $file ne $submission->{name} ? "$file-$mark" : $file;
    }
    return;
}

# Of a file, or of all that a folder holds: names, links and content.
sub checksum ($path) {
    my $sum = Digest::SHA->new(256);
    if ( !-d $path ) { _add( $sum, q{}, $path ) }
    else {
        my $add  = sub { _add( $sum, substr( $_, length $path ), $_ ) };
        my $sort = sub (@names) {
            my @sorted = sort @names;
            return @sorted;
        };
        File::Find::find( { no_chdir => 1, preprocess => $sort, wanted => $add }, $path );
    }
    return $sum->hexdigest;
}

sub _add ( $sum, $name, $path ) {
    my $bytes   = ( lstat $path )[7] // -1;
    my $kind    = -l _ ? 'link' : -d _ ? 'folder' : -f _ ? 'file' : 'other';
    my $content = $kind eq 'link' ? readlink $path : $kind eq 'file' ? "$bytes bytes" : q{};
    if ( $kind eq 'file' && $bytes <= $MOST_BYTES ) {
        my $own = Digest::SHA->new(256);
        $content = eval { $own->addfile( $path, 'b' )->hexdigest } // 'cannot be read';
    }
    $sum->add( pack '(N/a*)*', $kind, $name, $content );
    return;
}

1;
