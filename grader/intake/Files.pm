package grader::intake::Files;

# Takes in a submission: a folder or an archive becomes a folder of plain files in the workspace.
#
# Nothing of the submission is run, or trusted to be small. A link counts when it leads to another file of the submission.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd            ();
use File::Basename qw(basename dirname);
use File::Copy     qw(copy);
use File::Find     ();
use File::Path     qw(make_path remove_tree);
use grader::intake::Archive;
use grader::intake::Given;
use grader::intake::Names;
use grader::intake::Places;
use grader::intake::Taken;

# Of all files together, and how many; of a file that is taken from a folder; and of a source that is compiled.
my $MOST_BYTES        = 64 * 1024 * 1024;
my $MOST_FILES        = 4000;
my $MOST_FILE_BYTES   = 8 * 1024 * 1024;
my $MOST_SOURCE_BYTES = 1024 * 1024;

my $MOST_HEADER_FOLDERS = 20;
my $MOST_UNREAD         = 5;    # that are told

# Nobody means them in a name, and they would spoil the lines in which a name is told.
my $CONTROL = qr/[\x00-\x1f\x7f]/;

# A platform puts what each student handed in into a folder of its own, and a student may have packed an archive once more.
my $MOST_WITHIN = 2;

# Archives and packed files of all kinds.
my $PACKED = qr/[.](?:zip|tar|tgz|tbz2?|txz|gz|bz2|xz|zst|7z|rar)\z/i;

# What to do when there is too much of all.
my $ALONE = 'hand in the sources, the report and the graph alone';

# Links may lead to links, so often; and all that they lead to has so many bytes at most.
my $MOST_LINKS        = 8;
my $MOST_LINKED_BYTES = 16 * 1024 * 1024;

# A link that an archive or a Windows checkout turned into a file is so short, and holds the path of its target alone.
my $MOST_LINK_BYTES = 200;

# $source: a folder or an archive. $folder: an empty one to fill. %how: only => a regular expression for the paths that are
# taken from a folder; not_helpers => [paths, relative to the backend's, of sources that are no helpers: the kit's own];
# names, given => as for grader::intake::Names::roles.
# Result: an object. Dies with one line when there is nothing to take in.
sub new ( $class, $source, $folder, %how ) {
    $source = Cwd::abs_path($source) if -d $source;
    my $self = bless {
        folder      => $folder,
        notes       => [],
        left_out    => [],
        built       => {},
        only        => $how{only}        // qr//,
        not_helpers => $how{not_helpers} // [],
        names       => $how{names}       // [],
        given       => $how{given}       // {},
      },
      $class;
    if    ( -d $source )  { $self->_take_folder($source) }
    elsif ( !-f $source ) { die "$source: there is no such folder or archive\n" }
    elsif ( !grader::intake::Archive::is_archive($source) ) {
        die grader::intake::Archive::repack($source) . "\n" if $source =~ $PACKED;
        die "$source: neither a folder nor a .tar, .tar.gz, .tgz or .zip\n";
    }
    else {
        $self->_take_archive($source);
    }
    $self->{files} = [ _files_in($folder) ];
    $self->_unpack_within for 1 .. $MOST_WITHIN;
    $self->_follow_texts;
    $self->_find_built($source) if -d $source;
    $self->{unread} = [ $self->_unread ];
    push @{ $self->{notes} }, @{ $self->{unread} };
    $self->{given} =
      eval { grader::intake::Given::found( $self->{given}, $self->{files}, $self->{left_out} ) } // die "--backend $@";
    return $self;
}

# An archive among the files is the submission when it is the only one, and there is no source beside it.
sub _unpack_within ($self) {
    return if grep { grader::intake::Names::is_helper($_) } $self->files;
    my ( $archive, @more ) = grep { grader::intake::Archive::is_archive($_) } $self->files;
    return if !defined $archive || @more || $self->{damaged}{$archive};
    my $within = $archive =~ s/(?<=[^.\/])[.](?:zip|tar|tgz|tar[.]gz)\z//ir;
    my $target = "$self->{folder}/$within";
    return if $within eq $archive || -e $target || !mkdir $target;
    if ( eval { $self->_take_archive( "$self->{folder}/$archive", $within ); 1 } ) {
        unlink "$self->{folder}/$archive";
        push @{ $self->{notes} }, "'$archive' was unpacked: there is no source beside it";
    }
    else {
        $self->{damaged}{$archive} = $@ =~ s/\n//gr;
        remove_tree($target);
    }
    $self->{files} = [ _files_in( $self->{folder} ) ];
    return;
}

# What was handed in and may hold sources, but is not looked into, in sentences.
sub _unread ($self) {
    my @unread = map {
        defined $self->{damaged}{$_}
          ? "'$_' was not unpacked: $self->{damaged}{$_}"
          : "'$_' is packed once more, and was not unpacked: hand in the files that are in it"
    } grep { $_ =~ $PACKED } $self->files;
    push @unread, map { "'$_' was left out, with $self->{built}{$_}: a folder of this name is for what was built" }
      sort keys %{ $self->{built} };
    splice @unread, $MOST_UNREAD if @unread > $MOST_UNREAD;
    return @unread;
}

# Finds the folders of a submission that are for what was built, and hold sources: folder => the path of one.
sub _find_built ( $self, $place ) {
    my $look = sub {
        return if !grader::intake::Taken::is_no_folder($_) || -l || !-d || $_ =~ $CONTROL;
        $File::Find::prune = 1;
        return if !grader::intake::Taken::is_for_built($_);
        my $path     = substr $_, length("$place/");
        my ($source) = grep { grader::intake::Names::is_helper($_) } _files_in($_);
        $self->{built}{$path} = "$path/$source" if defined $source && "$path/$source" =~ $self->{only};
    };
    File::Find::find( { wanted => $look, no_chdir => 1 }, $place );
    return;
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

# What may hold sources, but was not looked into, in sentences.
sub unread ($self) { return @{ $self->{unread} } }

# The files that were left out, [ { path, told => in a sentence } ].
sub left_out ($self) { return @{ $self->{left_out} } }

sub _leave_out ( $self, $path, $why ) {
    my $told = grader::intake::Archive::printable($path) . " was left out: $why";
    push @{ $self->{left_out} }, { path => $path, told => $told };
    push @{ $self->{notes} }, $told;
    return;
}

# All files, relative to the folder, those nearer to the top first.
sub files ($self) { return @{ $self->{files} } }

# Copies the plain files of a folder, but not those that are too long to be of use.
sub _take_folder ( $self, $source ) {
    my ( $files, $bytes ) = ( 0, 0 );
    my %links;
    my $odd = sub ( $path, $why ) { $self->_leave_out( $path, $why ) };
    for my $path ( grep { $_ =~ $self->{only} } _files_in( $source, $odd, \%links ) ) {
        my $file_bytes = -s "$source/$path";
        if ( $file_bytes > $MOST_FILE_BYTES ) {
            $self->_leave_out( $path, grader::intake::Archive::too_long( $file_bytes, $MOST_FILE_BYTES ) );
            next;
        }
        $bytes += $file_bytes;
        die "the submission holds more than $MOST_FILES files, up to '$path': $ALONE\n" if ++$files > $MOST_FILES;
        die "the submission holds more than $MOST_BYTES bytes, up to '$path': $ALONE\n" if $bytes > $MOST_BYTES;
        my $target = "$self->{folder}/$path";
        make_path( dirname($target) );
        copy( "$source/$path", $target ) or die "cannot copy $path of the submission: $!\n";
    }
    delete @links{ grep { $_ !~ $self->{only} } keys %links };
    $self->_follow( \%links );
    return;
}

# Unpacks what would be taken of a folder, into the folder, or one within it that is there.
sub _take_archive ( $self, $source, $within = q{} ) {
    my $prefix = length $within ? "$within/" : q{};
    my @said   = grader::intake::Archive::unpack_into(
        $source,
        into       => "$self->{folder}/$within",
        bytes      => $MOST_BYTES,
        file_bytes => $MOST_FILE_BYTES,
        files      => $MOST_FILES,
        links      => \my %links,
        is_skipped => sub ($path) { return $self->_is_skipped("$prefix$path") },
        advice     => $ALONE,
    );
    push @{ $self->{notes} },    map { $_->{told} } @said;
    push @{ $self->{left_out} }, map {
        { %{$_}, path => "$prefix$_->{path}" }
    } grep { defined $_->{path} } @said;
    $self->_follow( { map { ( "$prefix$_" => $links{$_} ) } keys %links } );
    return;
}

sub _is_skipped ( $self, $path ) {
    return 1 if grader::intake::Taken::is_no_file($path);
    my $folder = grader::intake::Taken::folder_not_taken($path) // return 0;
    $self->{built}{$folder} //= $path
      if grader::intake::Taken::is_for_built($folder) && grader::intake::Names::is_helper($path);
    return 1;
}

# Puts a copy of its target in the place of each link that leads to a plain file or a folder of the submission. Nothing is followed
# on the disk: a link is a name here, and its target is sought among the files that were taken.
sub _follow ( $self, $links ) {
    my %left = %{$links};
    for ( 1 .. $MOST_LINKS ) {
        for my $path ( sort keys %left ) {
            my $found = _target_of( $path, $left{$path} ) // next;
            next if grep { index( $_, "$found/" ) == 0 } keys %left;    # a folder is copied when it is complete
            next if !$self->_copy_within( $found, $path );
            push @{ $self->{notes} }, "'$path' is a link to $found";
            delete $left{$path};
        }
    }
    $self->_leave_out( $_, 'it is a link, and leads to no source of the submission' ) for sort keys %left;
    return;
}

# Result: whether there is a file or a folder at $path now.
sub _copy_within ( $self, $from, $path ) {
    my $source = "$self->{folder}/$from";
    return 0                                 if $from eq q{} || -l $source || -e "$self->{folder}/$path";
    return $self->_copy_file( $from, $path ) if -f $source;
    return 0                                 if !-d $source || index( "$path/", "$from/" ) == 0;
    return scalar grep { $self->_copy_file( "$from/$_", "$path/$_" ) } _files_in($source);
}

sub _copy_file ( $self, $from, $path ) {
    my $source = "$self->{folder}/$from";
    $self->{linked_bytes} += -s $source;
    return 0 if $self->{linked_bytes} > $MOST_LINKED_BYTES || ++$self->{linked_files} > $MOST_FILES;
    return 0 if !eval { make_path( dirname("$self->{folder}/$path") ); 1 };
    return copy( $source, "$self->{folder}/$path" );
}

# Where a link leads, relative to the submission; undef when it leads out of it.
sub _target_of ( $path, $target ) {
    return if $target =~ m{\A/|[\x00-\x1f\x7f]};
    my @parts = split m{/}, $path;
    pop @parts;
    for my $part ( split m{/}, $target ) {
        next if $part eq q{} || $part eq q{.};
        if ( $part eq q{..} ) { return if !@parts; pop @parts }
        else                  { push @parts, $part }
    }
    return join q{/}, @parts;
}

# A file that holds nothing but the path of another one, or of a folder, is a link, as zip and git on Windows keep it.
sub _follow_texts ($self) {
    my %links;
    for my $path ( grep { grader::intake::Names::is_helper($_) || /[.]h\z/ || basename($_) !~ /[.]/ } $self->files ) {
        next if -s "$self->{folder}/$path" > $MOST_LINK_BYTES;
        my ($target) = $self->text($path) =~ m{\A([\w.+/-]+)\n?\z} or next;
        my $found = _target_of( $path, $target );
        next if !defined $found || $found eq $path || $found eq q{};
        next if basename($path) =~ /[.]/ ? !-f "$self->{folder}/$found" : !-d "$self->{folder}/$found";
        $links{$path} = $target;
        unlink "$self->{folder}/$path";
    }
    return if !%links;
    $self->_follow( \%links );
    $self->{files} = [ _files_in( $self->{folder} ) ];
    return;
}

# The plain files below a folder. Links to files go to %$links, path => target; of what else is no plain file, $leave_out is told the
# path, and why.
sub _files_in ( $folder, $leave_out = sub ( $path, $why ) { }, $links = {} ) {
    my @found;
    my $wanted = sub {
        return if !lstat $File::Find::name || -d _;
        my $path = substr $File::Find::name, length($folder) + 1;
        return if grader::intake::Taken::is_no_file($path);
        if    ( $path =~ $CONTROL ) { $leave_out->( $path, 'its name is no plain text' ) }
        elsif ( -f _ )              { push @found, $path }
        elsif ( -l _ )              { $links->{$path} = readlink $File::Find::name }
        else                        { $leave_out->( $path, 'it is no plain file, but a device or a pipe' ) }
    };
    my $sift = sub (@names) {
        return grep { !grader::intake::Taken::is_no_folder($_) || !-d "$File::Find::dir/$_" } @names;
    };
    File::Find::find( { wanted => $wanted, preprocess => $sift, no_chdir => 1 }, $folder );
    @found = sort { ( $a =~ tr{/}{} ) <=> ( $b =~ tr{/}{} ) || $a cmp $b } @found;
    return @found;
}

# The file of a backend, relative to the folder, or undef when the submission has none; and sentences: why this one, and which
# was not taken.
sub source_of ( $self, $backend ) {
    my %ours = map { $_ => 1 } @{ $self->{not_helpers} };
    $self->{roles} //= grader::intake::Names::roles(
        [ grep { !$ours{$_} } $self->files ],
        $self->{names},
        given => $self->{given},
        text  => sub ($path) { return $self->unfit($path) ? q{} : $self->text($path) },
    );
    my $role = $self->{roles}{$backend} // { notes => [] };
    return ( $role->{source}, @{ $role->{notes} }, defined $role->{source} ? () : $self->_lost_sources );
}

# Where a source may be that is missing, in sentences: in what is not looked into, or it was left out.
sub _lost_sources ($self) {
    my @left_out = map { $_->{told} } grep { grader::intake::Names::is_source( $_->{path} ) } $self->left_out;
    splice @left_out, $MOST_UNREAD if @left_out > $MOST_UNREAD;
    return ( $self->unread, @left_out );
}

# The other sources: what may hold the helper functions of a backend whose source is given, [ { path, rank as of
# grader::intake::Places }, ... ], the nearest first. The kit's own are none: many hand in the whole tree. Nor is the source of
# another backend, when it defines the three calls as well.
sub helpers_for ( $self, $backend, $source ) {
    my $home   = dirname($source);
    my $prefix = $home eq q{.} ? q{} : "$home/";
    my %ours   = map { $prefix . $_ => 1 } @{ $self->{not_helpers} };
    my %taken =
      map  { $_ => 1 } grep { !defined $self->unfit($_) && grader::intake::Names::defines_calls( $self->text($_) ) }
      grep { defined } map  { scalar( ( $self->source_of( $_->[0] ) )[0] ) } @{ $self->{names} };
    return $self->_by_rank( $backend, $source,
        grep { grader::intake::Names::is_helper($_) && $_ ne $source && !$taken{$_} && !$ours{$_} } $self->files );
}

# The folders in which headers are looked up: those that hold them, and those from which an include that names a folder leads
# to a file: include/ for "heap/config.h" and include/heap/config.h. They are relative, the nearest first and no more than
# anybody needs: [those of this backend or of nobody], [those of others, and what was handed out].
sub header_folders ( $self, $backend, $source ) {
    my %seen;
    my $above   = $self->_above_includes;
    my @ranked  = $self->_by_rank( $backend, $source, grep { /[.]h\z/ || $above->{$_} } $self->files );
    my @folders = grep { !$seen{ $_->{folder} }++ } map {
        my $found = $_;
        map { { folder => $_, rank => $found->{rank} } } @{ $above->{ $found->{path} } // [] },
          $found->{path} =~ /[.]h\z/ ? dirname( $found->{path} ) : ();
    } @ranked;
    splice @folders, $MOST_HEADER_FOLDERS if @folders > $MOST_HEADER_FOLDERS;
    my $is_own = sub ($found) { return $found->{rank} < grader::intake::Places::OF_ANOTHER };
    return (
        [ map { $_->{folder} } grep { $is_own->($_) } @folders ],
        [ map { $_->{folder} } grep { !$is_own->($_) } @folders ]
    );
}

# { path => [the folders from which an include of a source or a header leads to it] }, of includes that name a folder.
sub _above_includes ($self) {
    return $self->{above_includes} if $self->{above_includes};
    my %included;
    for my $path ( grep { grader::intake::Names::is_helper($_) || /[.]h\z/ } $self->files ) {
        next if $self->unfit($path);
        my @ends = $self->text($path) =~ m{^[^\S\n]*#[^\S\n]*include[^\S\n]*["<]([\w.+-]+/[^">\n]+)[">]}mg;
        @included{@ends} = ();
    }
    my %above;
    for my $path ( $self->files ) {
        my @parts = split m{/}, $path;
        for my $first ( 0 .. $#parts ) {
            next if !exists $included{ join q{/}, @parts[ $first .. $#parts ] };
            push @{ $above{$path} }, $first == 0 ? q{.} : join q{/}, @parts[ 0 .. $first - 1 ];
        }
    }
    return $self->{above_includes} = \%above;
}

# What grader::intake::Places has to say of these paths, the nearest first.
sub _by_rank ( $self, $backend, $source, @paths ) {
    my %source_of =
      ( ( map { $_->[0] => scalar( ( $self->source_of( $_->[0] ) )[0] ) } @{ $self->{names} } ), $backend => $source );
    my %of = ( own => [], others => [], homes => [] );
    for my $name ( sort keys %source_of ) {
        my $its = $source_of{$name} // "${name}_alloc.c";
        push @{ $of{ $name eq $backend ? 'own' : 'others' } }, grader::intake::Names::folders( $name, $its );
        push @{ $of{homes} },                                  dirname($its) if $name ne $backend;
    }
    my @ranked = map { { path => $_, rank => grader::intake::Places::rank( $_, $source, %of ) } } @paths;
    @ranked = sort { $a->{rank} <=> $b->{rank} } @ranked;
    return @ranked;
}

# Why a file is no source that can be compiled; undef when it looks like one.
sub unfit ( $self, $path ) {
    my $full  = "$self->{folder}/$path";
    my $bytes = -s $full // 0;
    return "$path is empty"                                                  if $bytes == 0;
    return "$path has $bytes bytes; a source has at most $MOST_SOURCE_BYTES" if $bytes > $MOST_SOURCE_BYTES;
    my $text = $self->text($path);
    return if $text !~ /\x00/;
    my $is_wide = $text =~ /\A(?:\xff\xfe|\xfe\xff)|\A(?:[^\x00]\x00){8}|\A(?:\x00[^\x00]){8}/;
    return $is_wide ? "$path is text in UTF-16, which no compiler reads: save it as UTF-8" : "$path is no text";
}

# The content of a file that is not too long for a source.
sub text ( $self, $path ) {
    open my $file, '<:raw', "$self->{folder}/$path" or die "cannot read $path of the submission: $!\n";
    local $/ = undef;
    return <$file> // q{};
}

1;
