package everywhere::Debian;

# Trees of Debian releases, made from packages of the mirror that this machine itself uses, each in a folder to chroot into.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Path qw(make_path);
use File::Temp ();
use IO::Handle;
use POSIX ();

# Nobody reads manuals and translations there, and a tree that is lost is made again.
my @QUICKLY = ( 'force-unsafe-io', map { "path-exclude=/usr/share/$_/*" } qw(man doc locale info) );

# Result: the address of a mirror, without a slash at its end; undef when apt has no source of Debian.
sub mirror () {
    return $ENV{MIRROR} =~ s{/+\z}{}r if length( $ENV{MIRROR} // q{} );
    open my $pipe, '-|', 'apt-get', 'indextargets', '--format', '$(LABEL) $(REPO_URI)', 'Created-By: Packages'
      or return;
    my ($uri) = map { /\ADebian (\S+)/ ? $1 : () } <$pipe>;
    close $pipe;
    return defined $uri ? $uri =~ s{/+\z}{}r : undef;
}

# Runs a command, and keeps what it says in a log. Result: whether it succeeded.
sub _do ( $log, @command ) {
    my $pid = fork // die "cannot start $command[0]: $!\n";
    if ( $pid == 0 ) {
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>>', $log or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT;
        say "\$ @command";
        no warnings 'exec';
        exec { $command[0] } @command
          or say "E: cannot start $command[0]: $!; to install it: apt-get install $command[0]";
        STDOUT->flush;
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return $? == 0;
}

sub _last_words ($log) {
    open my $file, '<', $log or return 'it said nothing';
    my @lines = grep { /\S/ && !/\A\$ / } <$file>;
    my ($error) = grep { /\bE: |error|fail/i } reverse @lines;
    return ( $error // $lines[-1] // 'it said nothing' ) =~ s/\s+/ /gr;
}

# Whether the mirror has a release. Result: undef, or { gone => true or false, why => sentence }.
sub _missing ( $mirror, $release, $log ) {
    my $folder = File::Temp->newdir;
    return
      if _do( $log, '/usr/lib/apt/apt-helper', 'download-file', "$mirror/dists/$release/InRelease", "$folder/got" );
    open my $said, '<', $log or return { gone => 0, why => "cannot read $log: $!" };
    local $/ = undef;
    my $gone = <$said> =~ /\b404\b|No such file|File not found/;
    return { gone => 1, why => "gone: the mirror has no $release" } if $gone;
    return { gone => 0, why => 'the mirror does not answer: ' . _last_words($log) };
}

# Makes the tree, unless it is there. Which tool works is found by letting it work. Result: undef, or { gone, why }.
sub make ( $folder, $release, $log ) {
    return if -e "$folder/made";
    return { gone => 0, why => 'only root can make a tree of Debian and enter it' } if $> != 0;
    my $mirror  = mirror() // return { gone => 0, why => 'apt has no source of Debian here; say MIRROR=address' };
    my $missing = _missing( $mirror, $release, $log );
    return $missing if $missing;
    my @tools = (
        [ 'mmdebstrap',  '--mode=root', '--variant=minbase', map { "--dpkgopt=$_" } @QUICKLY ],
        [ 'debootstrap', '--variant=minbase' ],
    );
    for my $tool (@tools) {
        system 'rm', '-rf', '--one-file-system', '--', $folder;
        make_path($folder);
        next if !_do( $log, @{$tool}, $release, "$folder/root", $mirror );
        return _ready( $folder, $log );
    }
    return { gone => 0, why => 'neither mmdebstrap nor debootstrap could make it: ' . _last_words($log) };
}

sub _ready ( $folder, $log ) {
    for my $file ( '/etc/resolv.conf', '/etc/hosts' ) {
        _do( $log, 'cp', '-L', $file, "$folder/root$file" );
    }
    _do( $log, 'sh', '-c', 'apt-config dump Acquire >"$1"/etc/apt/apt.conf.d/99-as-outside', 'sh', "$folder/root" );
    return { gone => 0, why => 'no user can be added: ' . _last_words($log) }
      if !_do( $log, 'chroot', "$folder/root", 'useradd', '--create-home', '--uid', '1000', 'student' );
    open my $made, '>', "$folder/made" or die "cannot write $folder/made: $!\n";
    close $made;
    return;
}

# Installs packages, NAME:ARCHITECTURE among them, that are not there yet. Result: undef, or why not.
sub install ( $folder, $log, @packages ) {
    my @new     = grep { !-e "$folder/has-$_" } @packages or return;
    my %foreign = map  { /:(\w+)\z/ ? ( $1 => 1 ) : () } @new;
    my $script  = join ' && ', ( map { "dpkg --add-architecture $_" } sort keys %foreign ), 'apt-get update',
      "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends @new", 'apt-get clean';
    return 'packages are missing: ' . _last_words($log) if !_do( $log, inside( $folder, $script ) );
    for my $package (@new) {
        open my $has, '>', "$folder/has-$package" or die "cannot write $folder/has-$package: $!\n";
        close $has;
    }
    return;
}

# The command that runs a line of shell as root inside, with a /proc and a /dev that are gone when it ends, and with them
# whatever it has started. The tree is the root of its mounts: whoever was only put there by chroot may make no namespaces.
sub inside ( $folder, $script ) {
    my $mounts = 'mount --rbind "$0" "$0" && mount --rbind /dev "$0"/dev && mount -t proc proc "$0"/proc'
      . ' && mount -t sysfs -o ro sysfs "$0"/sys && cd "$0"';
    my $enter = 'if pivot_root . mnt 2>/dev/null; then umount -l /mnt; else set -- "$1" chroot .; fi';
    return (
        qw(unshare --mount --pid --fork --kill-child --),
        'sh',
        '-c',
"$mounts && $enter && script=\$1 && shift && exec \"\$@\" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "
          . 'LC_ALL=C.UTF-8 TERM=dumb HOME=/root sh -c "$script"',
        "$folder/root",
        $script
    );
}

1;

__END__

=head1 NAME

everywhere::Debian - trees of Debian releases to run the kit in

=head1 FUNCTIONS

=head2 make($folder, $release, $log), install($folder, $log, @packages)

Make C<$folder/root>, and install packages in it; what is there stays. C<$log> takes what the tools say. They return nothing, or
what is in the way.

=head2 inside($folder, $script)

The command that runs a line of shell in there.

=cut
